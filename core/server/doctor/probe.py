"""The probe order: checks that a customer's order is found by that customer, and by nobody else.

It takes every step of a real order, from token to history, in one transaction that is rolled back: no number is used,
and no event is published.
"""

from typing import Final

import msgspec

from core.decoding import decode
from core.domain.commands import PlaceOrder
from core.domain.errors import DomainError
from core.domain.ids import CustomerId, ShopId, uuid7
from core.domain.menu import Menu
from core.domain.order import NewLine, Order
from core.domain.people import Customer, Principal, Role
from core.protocol.health import Check, Result
from core.protocol.requests import HistoryQuery
from core.server.http.problems import Refusal
from core.server.orders import ordering
from core.server.services import Services
from core.store import events, order_pages, people, shops
from core.store.sql.statements import Transaction

NAME: Final = "customer id"


class _TakenBack(Exception):
    """The result, raised to roll back the transaction."""

    def __init__(self, found: Check) -> None:
        super().__init__(found.says)
        self.found = found


async def probe(services: Services, shop_id: ShopId) -> Check:
    """Place an order as a customer who does not exist, read it back, compare, and roll back."""

    def work(transaction: Transaction) -> None:
        raise _TakenBack(_compared(services, transaction, shop_id))

    try:
        await services.database.write(work, shop_id)
    except _TakenBack as taken_back:
        return taken_back.found
    except (Refusal, DomainError) as refused:
        return _failed(f"A customer's order was refused: {refused}")
    raise AssertionError("unreachable")


def _compared(services: Services, transaction: Transaction, shop_id: ShopId) -> Check:
    shop = shops.get(transaction, shop_id)
    line = None if shop is None else _line(services.offers.of(transaction, shop).menu)
    if line is None:
        return Check(name=NAME, result=Result.SKIPPED, says="There is nothing to order: the menu has nothing to sell.")
    mine, others = _customer(transaction, shop_id), _customer(transaction, shop_id)
    token = services.access.sign(
        Principal(subject=mine, role=Role.CUSTOMER, name="Probe", session_id=uuid7(), shop_id=shop_id)
    )
    bearer = services.access.verify(token).principal
    body = msgspec.json.encode({"lines": [line], "customer_id": others})  # ignored: the customer is the token's
    placed = ordering.place(transaction, services.offers, bearer, decode(body, PlaceOrder))
    told = events.after(transaction, shop_id, events.head(transaction, shop_id).seq - 1, 1)
    if bearer.customer_id != mine or placed.customer_id != mine:
        return _failed("An order is not its customer's: the token says another than the order.")
    if _history(transaction, mine) != (placed,):
        return _failed("A customer's order is not in their history as it was placed.")
    if _history(transaction, others) != ():
        return _failed("A customer's order is in another customer's history.")
    if [each.customer_id for each in told] != [mine]:
        return _failed("What is told of an order is not told to its customer alone.")
    return Check(
        name=NAME,
        result=Result.OK,
        says="A test order was its customer's in token, order, history and event. It was rolled back.",
    )


def _line(menu: Menu) -> NewLine | None:
    """The first available item, with the fewest choices."""
    for item in menu.items().values():
        if item.available:
            chosen = tuple(modifier.id for group in item.groups for modifier in group.modifiers[: group.least])
            return NewLine(item_id=item.id, modifier_ids=chosen)
    return None


def _customer(transaction: Transaction, shop_id: ShopId) -> CustomerId:
    made = CustomerId(uuid7())
    phone = f"000{int(made.replace('-', ''), 16) % 10**18:018d}"  # no real number is that long
    people.insert_customer(transaction, Customer(id=made, name="Probe", phone=phone), "", shop_id)
    return made


def _history(transaction: Transaction, customer_id: CustomerId) -> tuple[Order, ...]:
    return order_pages.history(transaction, customer_id, HistoryQuery()).orders


def _failed(says: str) -> Check:
    return Check(
        name=NAME,
        result=Result.FAIL,
        says=says,
        do="Stop taking online orders, and tell whoever looks after the software: orderbell doctor --bundle FILE.zip",
    )
