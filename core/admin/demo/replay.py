"""Sends orders through the running backend as people would: placed or taken at the counter, then moved on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import msgspec

from core.client.http.api import HttpApi
from core.domain.commands import ChangeStatus, PlaceOrder, TakeOrder
from core.domain.ids import new_order_id
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.people import Role
from core.domain.status import Fulfilment, Move, OrderStatus, steps_of, target_of
from core.protocol import routes

_MOVERS: Final = 4
_STREETS: Final = ("12 Orchard Lane", "4 Mill Road", "88 Harbour Street", "1 Station Square")
_NAMES: Final = ("", "Jonas", "", "Priya", "", "Maria del Carmen", "", "Sam")

STILL_OPEN: Final = {
    OrderStatus.PENDING: 2,
    OrderStatus.CONFIRMED: 2,
    OrderStatus.PREPARING: 3,
    OrderStatus.READY: 2,
}
"""How many of the last orders are left at each status, so that the order board is not empty."""
_LEFT: Final = tuple(status for status, count in reversed(STILL_OPEN.items()) for _ in range(count))
_AT_ONCE: Final = 20
"""Orders placed before they are moved on: the server limits a customer's open orders."""


class Placed(msgspec.Struct, frozen=True):
    """The orders that the backend acknowledged."""

    orders: tuple[Order, ...]

    @property
    def lines(self) -> int:
        return sum(len(order.lines) for order in self.orders)


def replay(
    orders: Sequence[tuple[NewLine, ...]],
    cashier: HttpApi,
    customers: Sequence[HttpApi],
    progress: Callable[[int], None] = lambda _done: None,
) -> Placed:
    """Place every order, in the order given, and move all but the last few to their end.

    Three in ten come from `customers`, in turn; the others are taken at the counter. Raises `ClientError`.
    """
    placed: list[Order] = []
    targets = [OrderStatus.COMPLETED] * (len(orders) - len(_LEFT)) + list(_LEFT)
    with ThreadPoolExecutor(_MOVERS) as pool:
        for first in range(0, len(orders), _AT_ONCE):
            for position, lines in enumerate(orders[first : first + _AT_ONCE], start=first):
                if customers and position % 10 in (0, 4, 7):
                    order = _place(customers[position % len(customers)], position, lines)
                else:
                    order = _take(cashier, position, lines)
                placed.append(order)
                progress(position + 1)
            for _moved in pool.map(partial(advance, cashier), placed[first:], targets[first:]):
                pass
    return Placed(tuple(placed))


def advance(cashier: HttpApi, order: Order, target: OrderStatus) -> Order:
    """Move `order` step by step until it is `target`; one that is there or further stays where it is."""
    steps = steps_of(order.fulfilment)
    while steps.index(order.status) < steps.index(target):
        step = target_of(order.status, Move.ADVANCE, order.fulfilment, Role.CASHIER)
        assert step is not None
        order = cashier.call(routes.CHANGE_STATUS(order.id, body=ChangeStatus(to=step, version=order.version)))
    return order


def _place(customer: HttpApi, position: int, lines: tuple[NewLine, ...]) -> Order:
    delivery = position % 3 == 1
    request = PlaceOrder(
        id=new_order_id(),
        lines=lines,
        fulfilment=Fulfilment.DELIVERY if delivery else Fulfilment.PICKUP,
        tender=Tender.CASH_ON_DELIVERY if delivery else Tender.CASH,
        address=_STREETS[position % len(_STREETS)] if delivery else "",
    )
    return customer.call(routes.PLACE(body=request))


def _take(cashier: HttpApi, position: int, lines: tuple[NewLine, ...]) -> Order:
    request = TakeOrder(
        id=new_order_id(),
        lines=lines,
        fulfilment=Fulfilment.DINE_IN if position % 2 else Fulfilment.PICKUP,
        tender=Tender.CARD if position % 3 else Tender.CASH,
        payment=PaymentState.PAID,
        customer_name=_NAMES[position % len(_NAMES)],
    )
    return cashier.call(routes.TAKE(body=request))
