"""Cursors of pages of orders: the position where a page ended, as opaque text."""

import base64
import binascii

import msgspec

from core.domain.errors import DomainError
from core.domain.ids import OrderId


class Position(msgspec.Struct, frozen=True):
    """A place in a sorted list of orders: the instant an order was placed (µs), and its id to break ties."""

    placed_us: int
    order_id: OrderId


def encode(position: Position) -> str:
    text = f"{position.placed_us}.{position.order_id}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(cursor: str) -> Position:
    """The position in `cursor`. Raises `DomainError` on text that `encode` did not make."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        placed, separator, order_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(".")
        position = Position(int(placed), OrderId(order_id))
    except (ValueError, binascii.Error):
        raise DomainError("This cursor is not one we gave out.", "cursor") from None
    if not separator or encode(position) != cursor or abs(position.placed_us) >= 1 << 62:
        raise DomainError("This cursor is not one we gave out.", "cursor")
    return position
