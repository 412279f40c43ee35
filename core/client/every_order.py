"""All orders of a search, read page by page: all of them or none."""

from collections.abc import Callable
from typing import Final

import msgspec

from core.client.errors import Refused
from core.domain.ids import OrderId
from core.domain.order import Order
from core.protocol.replies import StaffOrderPage
from core.protocol.requests import STAFF_MAX, OrderQuery

_CHANGED: Final = "The server's orders have changed while they were read. Export them again."


class EveryOrder(msgspec.Struct, frozen=True):
    orders: tuple[Order, ...]
    cashiers: dict[OrderId, str]
    """The staff who took each order; without orders that customers placed."""


def read(
    page_of: Callable[[OrderQuery], StaffOrderPage], query: OrderQuery, told: Callable[[int, int], None]
) -> EveryOrder:
    """Read all orders of `query` from the server.

    Args:
        told: Called after each page with the orders read so far and their total, 0 while nobody knows it.

    Raises `Refused` when orders went missing while they were read.
    """
    orders: dict[OrderId, Order] = {}
    cashiers: dict[OrderId, str] = {}
    at_first: int | None = None
    cursor: str | None = ""
    while cursor is not None:
        page = page_of(msgspec.structs.replace(query, limit=STAFF_MAX, cursor=cursor, cashiers=True))
        orders |= {order.id: order for order in page.orders}
        cashiers |= page.cashiers
        at_first = page.total if at_first is None else at_first
        cursor = page.next_cursor
        told(len(orders), 0 if page.total_is_least else page.total)
    if len(orders) < (at_first or 0) and not query.status:  # an order leaves a status, and no other search
        raise Refused(_CHANGED)
    return EveryOrder(tuple(orders.values()), cashiers)
