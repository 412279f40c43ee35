"""Searching the cached orders, by the rules of the server's staff list."""

from collections.abc import Iterable
from datetime import UTC
from typing import Final

from core.client.errors import Unreachable
from core.domain.order import Order
from core.protocol.replies import OrderDetails, StaffOrderPage
from core.protocol.requests import OrderQuery

_KEPT: Final = "kept:"


class KeptPage(StaffOrderPage, frozen=True, kw_only=True):
    """Orders found in the cache. The server may have more of them."""

    why: Unreachable | None = None
    """Why the server was not asked; None on a further page."""


class KeptDetails(OrderDetails, frozen=True, kw_only=True):
    """A cached order, without its history, which only the server has."""

    why: Unreachable | None = None
    """Why the server did not answer; None when it does not know the order yet."""


def is_kept(cursor: str) -> bool:
    """Whether the cursor is of a `KeptPage`. Pages continue where they came from: the server's list is another one."""
    return cursor.startswith(_KEPT)


def find(orders: Iterable[Order], query: OrderQuery, why: Unreachable | None = None) -> KeptPage:
    """One page of all matches, an order of exactly the number that is sought first: newest first, or the order board's
    order for open ones."""
    found = query.finds(sorted(orders, key=_place, reverse=not query.open))
    total = len(found)
    if is_kept(query.cursor):
        found = _after(query.cursor.removeprefix(_KEPT), found, query)
    shown = tuple(found[: query.limit])
    more = len(found) > len(shown)
    cursor = _KEPT + _place(shown[-1]) if more else None
    return KeptPage(orders=shown, total=total, next_cursor=cursor, why=why)


def _after(place: str, found: list[Order], query: OrderQuery) -> list[Order]:
    """The orders after a place, whose order may have left the list since."""
    for position, order in enumerate(found):
        here, is_first = _place(order), query.sought.is_exactly(order.number)
        if here == place:
            return found[position + 1 :]
        if not is_first and (here > place if query.open else here < place):
            return found[position:]
    return []


def _place(order: Order) -> str:
    """The sort key of pages, which never changes."""
    return f"{order.placed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f} {order.id}"
