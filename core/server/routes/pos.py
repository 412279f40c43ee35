"""For staff, in their own shop: the order board, the counter, and the moves of an order."""

from datetime import datetime
from typing import Any, Final, TypeVar

from core.domain.acts import Act, Need
from core.domain.commands import Change, TakeOrder
from core.domain.order import Order
from core.protocol import routes
from core.protocol.replies import CustomerList, OrderDetails, StaffOrderPage
from core.protocol.requests import CustomerQuery, OrderQuery
from core.protocol.route import Nothing
from core.protocol.security import ExportNote, SecurityEvent
from core.server.auth import rights
from core.server.auth.security import actor
from core.server.drawers.chain import Note
from core.server.drawers.reports import supplement
from core.server.endpoints import examples
from core.server.endpoints.conditional import etag, knows, not_modified, unless_known
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint
from core.server.endpoints.idempotency import operate
from core.server.http import problems
from core.server.orders import numbers, ordering
from core.server.routes import menu, reports
from core.store import amendments, change_requests, events, ledger, order_pages, people, shops, status_history
from core.store.sql.statements import Transaction

C = TypeVar("C", bound=Change)


async def search(call: Call[Nothing, OrderQuery]) -> Encoded[StaffOrderPage]:
    query, shop_id = call.query, call.principal.shop_id
    placed_from = _instant(query.placed_from, "placed_from")
    placed_to = _instant(query.placed_to, "placed_to")
    # Nothing in a shop changes without an event, so its newest one says whether any list has changed.
    tag = etag(str(await call.services.database.read(lambda transaction: events.head(transaction, shop_id))))
    if knows(call, tag):
        return not_modified(tag)

    def found(transaction: Transaction) -> StaffOrderPage:
        if query.report:  # the orders behind a figure say what it is
            rights.check(transaction, call.principal, [Need(Act.REPORTS)])
        since = placed_from
        if not query.open and not rights.may(transaction, call.principal, Act.PAST_ORDERS):
            today = ordering.today(transaction, shop_id)
            since = max(today, placed_from or today)
        behind = reports.behind(transaction, shop_id, query)
        return order_pages.search(transaction, shop_id, query, since, placed_to, behind)

    database = call.services.database
    page = await (database.report(found) if query.report else database.search(found))
    return unless_known(call, tag, lambda: page)


async def take(call: Call[TakeOrder, Nothing]) -> Encoded[Order]:
    former = await numbers.former_number(call)

    def work(transaction: Transaction) -> Order:
        order = ordering.take(transaction, call.services.offers, call.principal, call.body, former)
        _add_to_report(transaction, call, call.body.drawer, notes)
        return order

    notes: list[Note] = []
    await numbers.prove_history(call, call.body.id)
    reply = await numbers.with_number_proof(call, await operate(call, work))
    await call.services.note_reports(notes)
    if call.services.offers.missed(call.principal.shop_id):
        await menu.load_offer(call)
    return reply


async def details(call: Call[Nothing, Nothing]) -> Encoded[OrderDetails]:
    def found(transaction: Transaction) -> OrderDetails:
        order = ordering.in_shop(transaction, call.principal, call.order_id)
        ordering.check_past(transaction, call.principal, order)
        return OrderDetails(
            order=order,
            history=status_history.of(transaction, order.id),
            payments=ledger.changes(transaction, order.id, order.total_minor),
            amendments=amendments.of(transaction, order.id) if order.amendments else (),
            requests=change_requests.of(transaction, order.id) if order.change_request is not None else (),
        )

    def work(transaction: Transaction) -> Encoded[OrderDetails]:
        tag = ordering.tag(transaction, call.principal, call.order_id)
        return unless_known(call, tag, lambda: found(transaction))

    return await call.services.database.read(work)


async def change(call: Call[C, Nothing]) -> Encoded[Order]:
    def work(transaction: Transaction) -> Order:
        order = ordering.change(transaction, call.principal, call.order_id, call.body, call.services.offers)
        _add_to_report(transaction, call, getattr(call.body, "drawer", ""), notes)
        return order

    notes: list[Note] = []
    reply = await operate(call, work)
    await call.services.note_reports(notes)
    if call.services.offers.missed(call.principal.shop_id):
        await menu.load_offer(call)
    return reply


def _add_to_report(transaction: Transaction, call: Call[Any, Nothing], drawer: str, notes: list[Note]) -> None:
    """Make a supplement, when the act belongs to a session that has its Z by now."""
    notes.clear()
    if drawer:
        note = supplement(transaction, call.principal.shop_id, drawer, call.services.report_key)
        notes += [note] if note else []


async def customers(call: Call[Nothing, CustomerQuery]) -> CustomerList:
    call.services.lookups.take(call.principal.subject)
    shop_id = call.principal.shop_id
    found = await call.services.database.search(
        lambda transaction: people.find_customers(transaction, call.query.q, shops.country(transaction, shop_id))
    )
    await call.services.security.searched(call.principal, call.address, [each.id for each in found])
    return CustomerList(customers=tuple(found))


async def exported(call: Call[ExportNote, Nothing]) -> ExportNote:
    about = f"{call.body.rows} {call.body.what}"
    await call.services.security.note(actor(call.principal, call.address), SecurityEvent.EXPORTED, about)
    return call.body


def _instant(text: str, field: str) -> datetime | None:
    """An aware instant in ISO 8601, or None for no text. Raises `Refusal` naming `field`."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise problems.invalid("An instant looks like 2026-05-04T11:30:00Z.", field) from None
    if at.tzinfo is None:
        raise problems.invalid("An instant needs its offset from UTC: 2026-05-04T11:30:00Z.", field)
    return at


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.CHANGE_STATUS, change, examples.CHANGE_STATUS, examples.ORDER),
    Endpoint(routes.ORDERS, search, example_reply=examples.STAFF_PAGE),
    Endpoint(routes.TAKE, take, examples.TAKE, examples.ORDER),
    Endpoint(routes.DETAILS, details, example_reply=examples.DETAILS),
    Endpoint(routes.RECALL, change, examples.RECALL, examples.ORDER),
    Endpoint(routes.CHANGE_PAYMENT, change, examples.CHANGE_PAYMENT, examples.ORDER),
    Endpoint(routes.TAKE_PAYMENT, change, examples.TAKE_PAYMENT, examples.ORDER),
    Endpoint(routes.UNDO_PAYMENT, change, examples.UNDO_PAYMENT, examples.ORDER),
    Endpoint(routes.REFUND, change, examples.REFUND, examples.ORDER),
    Endpoint(routes.DECLINE_CHANGE, change, examples.DECLINE_CHANGE, examples.ORDER),
    Endpoint(routes.AMEND, change, examples.AMEND, examples.ORDER),
    Endpoint(routes.CUSTOMERS, customers, example_reply=examples.CUSTOMERS),
    Endpoint(routes.NOTE_EXPORT, exported, examples.EXPORTED, examples.EXPORTED),
)
