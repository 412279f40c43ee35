"""For customers: place an order, and follow one's own. The customer comes from the token alone."""

import logging
from typing import Any, Final

import msgspec

from core.domain.amendment import changes_of
from core.domain.commands import AskChange, CancelOrder, PlaceOrder
from core.domain.ids import OrderId
from core.domain.order import Order
from core.domain.status import status_info
from core.protocol import routes
from core.protocol.replies import OrderPage, StatusReport
from core.protocol.requests import HistoryQuery
from core.protocol.route import Nothing
from core.server.endpoints import examples
from core.server.endpoints.conditional import etag, unless_known
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint
from core.server.endpoints.idempotency import operate
from core.server.http import problems
from core.server.orders import numbers, ordering
from core.server.routes import menu
from core.store import amendments, order_pages, orders, status_history
from core.store.order_pages import Found
from core.store.sql.statements import Transaction

log = logging.getLogger(__name__)


async def place(call: Call[PlaceOrder, Nothing]) -> Encoded[Order]:
    customer_id = call.principal.customer_id
    fields = {"customer_id": customer_id, "request_id": call.request_id}
    log.info("creating an order for customer %s", customer_id, extra=fields)
    made: list[Order] = []

    former = await numbers.former_number(call)

    def work(transaction: Transaction) -> Order:
        if not former:  # an order that was acknowledged, and lost by a restore, is not limited
            ordering.check_open(transaction, call.principal, call.services.settings.open_orders_max)
        order = ordering.place(transaction, call.services.offers, call.principal, call.body, former)
        if not former:
            ordering.check_size(order, call.services.settings.order_kib_max)
        made.append(order)
        return order

    await numbers.prove_history(call, call.body.id)
    reply = await numbers.with_number_proof(call, await operate(call, work))
    if call.services.offers.missed(call.principal.shop_id):
        await menu.load_offer(call)
    if made:
        number = made[0].number
        fields |= {"number": number}
        log.info("created, number %s for customer %s", number, customer_id, extra=fields)
    else:
        log.info("created before, answered again for customer %s", customer_id, extra=fields)
    return reply


async def history(call: Call[Nothing, HistoryQuery]) -> Encoded[OrderPage]:
    customer_id = call.principal.customer_id
    log.info(
        "fetching history for customer %s",
        customer_id,
        extra={"customer_id": customer_id, "request_id": call.request_id},
    )

    def work(transaction: Transaction) -> tuple[Found, Encoded[OrderPage]]:
        found = order_pages.find_history(transaction, customer_id, call.query)
        return found, unless_known(call, etag(found.fingerprint()), lambda: found.page(transaction))

    found, reply = await call.services.database.read(work)
    log.info(
        "fetched %s of total %s for customer %s",
        found.count,
        found.total,
        customer_id,
        extra={"customer_id": customer_id, "count": found.count, "total": found.total, "request_id": call.request_id},
    )
    return reply


def _named(transaction: Transaction, call: Call[Any, Nothing]) -> OrderId:
    """The order that the path names by its id or, for older clients, by its number: the newest of the customer's own.
    Raises `Refusal` 404."""
    if not orders.is_number(call.parameter):
        return call.order_id
    found = orders.newest_of_number(transaction, call.principal.customer_id, call.parameter.upper())
    if found is None:
        raise problems.not_found("order")
    return found


async def order(call: Call[Nothing, Nothing]) -> Encoded[Order]:
    def work(transaction: Transaction) -> Encoded[Order]:
        order_id = _named(transaction, call)
        tag = ordering.tag(transaction, call.principal, order_id)
        return unless_known(call, tag, lambda: ordering.own(transaction, call.principal, order_id))

    return await call.services.database.read(work)


async def status(call: Call[Nothing, Nothing]) -> Encoded[StatusReport]:
    def report(transaction: Transaction, order_id: OrderId) -> StatusReport:
        found = ordering.own(transaction, call.principal, order_id)
        # Which member of staff it was, and where they stood, is the shop's own business.
        steps = tuple(
            msgspec.structs.replace(change, by="", approver="", device="")
            for change in status_history.of(transaction, found.id)
        )
        return StatusReport(
            order_id=found.id,
            number=found.number,
            status=found.status,
            version=found.version,
            updated_at=found.updated_at,
            status_info=status_info(found.status, found.fulfilment),
            history=steps,
            changed=changes_of(amendments.of(transaction, found.id), found) if found.amendments else (),
        )

    def work(transaction: Transaction) -> Encoded[StatusReport]:
        order_id = _named(transaction, call)
        tag = ordering.tag(transaction, call.principal, order_id)
        return unless_known(call, tag, lambda: report(transaction, order_id))

    return await call.services.database.read(work)


async def cancel(call: Call[CancelOrder, Nothing]) -> Encoded[Order]:
    def find(transaction: Transaction) -> tuple[OrderId, orders.Stamp | None]:
        order_id = _named(transaction, call)
        return order_id, orders.stamp(transaction, order_id)

    order_id, stamp = await call.services.database.read(find)
    return await operate(
        call,
        lambda transaction: ordering.change(transaction, call.principal, order_id, call.body),
        in_shop=stamp.shop_id if stamp is not None else None,
    )


async def ask_change(call: Call[AskChange, Nothing]) -> Encoded[Order]:
    settings = call.services.settings

    def work(transaction: Transaction) -> Order:
        offers = call.services.offers
        order = ordering.change(transaction, call.principal, call.order_id, call.body, offers)
        if order.version > call.body.version:
            ordering.check_request(transaction, order, offers, settings.change_requests_max, settings.order_kib_max)
        return order

    stamp = await call.services.database.read(lambda transaction: orders.stamp(transaction, call.order_id))
    reply = await operate(call, work, in_shop=stamp.shop_id if stamp is not None else None)
    if call.services.offers.missed(call.principal.shop_id):
        await menu.load_offer(call)
    return reply


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.PLACE, place, examples.PLACE, examples.ORDER),
    Endpoint(routes.HISTORY, history, example_reply=examples.PAGE),
    Endpoint(routes.ORDER, order, example_reply=examples.ORDER),
    Endpoint(routes.ORDER_STATUS, status, example_reply=examples.REPORT),
    Endpoint(routes.CANCEL, cancel, examples.CANCEL, examples.ORDER),
    Endpoint(routes.ASK_CHANGE, ask_change, examples.ASK_CHANGE, examples.ORDER),
)
