"""What is ordered in the rush, and whether the backend has it."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from core.admin.demo.processes import ProcessFailed
from core.admin.demo.samples import sample_orders
from core.client.http.api import HttpApi
from core.domain.menu import Menu
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus
from core.protocol import routes
from core.protocol.requests import OrderQuery

_SEED: Final = 20_261_129
_NAMES: Final = ("", "", "7", "Table 12", "Zoe", "")
_HANDED: Final = (Fulfilment.DINE_IN, Fulfilment.DINE_IN, Fulfilment.PICKUP)


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """One order as a customer says it to the cashier."""

    lines: tuple[NewLine, ...]
    fulfilment: Fulfilment
    tender: Tender
    name: str
    given: int
    """The cash given: 0 for the exact amount, else which of the offered amounts."""


def orders_of(menu: Menu, count: int, *, named: bool) -> Sequence[Ordered]:
    """The same ones every time; without names where none can be typed."""
    chance = random.Random(_SEED)
    return [
        Ordered(
            lines=lines,
            fulfilment=chance.choice(_HANDED),
            tender=chance.choice((Tender.CASH, Tender.CASH, Tender.CARD)),
            name=chance.choice(_NAMES) if named else "",
            given=chance.choice((0, 1, 2)),
        )
        for lines in sample_orders(menu, count)
    ]


def found(api: HttpApi, number: str) -> Order:
    """The order as the backend has it."""
    orders = api.call(routes.ORDERS(query=OrderQuery(q=number))).orders
    return next(order for order in orders if order.number == number)


def check(order: Order, ordered: Ordered, menu: Menu) -> None:
    """Raises `ProcessFailed` when the backend's order is not what was ordered, paid and handed over."""
    items, has = menu.items(), Counter[tuple[str, frozenset[str]]]()
    asked = Counter[tuple[str, frozenset[str]]]()
    for line in ordered.lines:
        groups = items[line.item_id].groups
        names = {modifier.id: modifier.name for group in groups for modifier in group.modifiers}
        asked[line.item_id, frozenset(names[each] for each in line.modifier_ids)] += line.quantity
    for each in order.lines:
        has[each.item_id, frozenset(modifier.name for modifier in each.modifiers)] += each.quantity
    expected = {
        "lines": (has, asked),
        "fulfilment": (order.fulfilment, ordered.fulfilment),
        "tender": (order.tender, ordered.tender),
        "payment": (order.payment, PaymentState.PAID),
        "name": (order.customer_name, ordered.name),
        "status": (order.status, OrderStatus.COMPLETED),
    }
    wrong = [f"{what} is {is_}, and should be {be}" for what, (is_, be) in expected.items() if is_ != be]
    if wrong:
        raise ProcessFailed(f"{order.number}: {'; '.join(wrong)}")
