"""Finding orders among those held here, by the rules of the server's staff list."""

from collections.abc import Iterable
from datetime import datetime

from core.domain.order import Order
from core.protocol.replies import OrderPage
from core.protocol.requests import OrderQuery


def find(orders: Iterable[Order], query: OrderQuery) -> OrderPage:
    """One page of all that matches: newest first, or the board's order for open ones."""
    found = [order for order in orders if _matches(order, query)]
    found.sort(key=lambda order: (order.placed_at, order.id), reverse=not query.open)
    return OrderPage(orders=tuple(found[: query.limit]), total=len(found))


def _matches(order: Order, query: OrderQuery) -> bool:
    if query.open and not order.status.is_open:
        return False
    if query.status and order.status not in query.status:
        return False
    if query.placed_from and order.placed_at < datetime.fromisoformat(query.placed_from):
        return False
    if query.placed_to and order.placed_at >= datetime.fromisoformat(query.placed_to):
        return False
    words = query.q.strip().lower()
    if not words:
        return True
    digits = "".join(filter(str.isdecimal, words))
    return (
        words in order.number.lower()
        or words in order.customer_name.lower()
        or bool(digits and digits in order.customer_phone)
    )
