"""The content of status displays: the numbers of orders that wait, are being prepared, and are ready.

A display reads a `TicketsReply` and follows it on the socket of `core.protocol.feed`, with `Hello` and `Heartbeat` as
any client, but gets `TicketFrames`. When one does not follow, it reads the whole list again.
"""

from datetime import datetime
from typing import Final

import msgspec

from core.domain.ids import OrderId
from core.domain.status import LOOKS, OrderStatus
from core.protocol.feed import Batch, Framed, Heartbeat

SHOWN: Final = frozenset(status for status, look in LOOKS.items() if look.display is not None)
"""Statuses that a display has a heading for. The server decides which orders are sent."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """An order, as far as a status display may know it."""

    order_id: OrderId
    number: str
    status: OrderStatus
    since: datetime
    """When it came to this status."""
    first_name: str = ""
    """Empty unless the shop has names shown (`[server] board_names`), and for an order that has none."""


class TicketsReply(msgspec.Struct, frozen=True, kw_only=True):
    """Every order that waits, is being prepared or ready, longest in its status first, as of `cursor`."""

    tickets: tuple[Ticket, ...]
    cursor: str


class TicketMoved(msgspec.Struct, frozen=True, kw_only=True, tag="ticket_moved", tag_field="kind"):
    """An order is now, or is no longer, one that a status display shows: it does when it is `shown` and its status is
    in `SHOWN`."""

    ticket: Ticket
    shown: bool = True


class TicketFrame(Framed[TicketMoved], frozen=True, kw_only=True):
    """One event."""


class TicketFrames(Batch[TicketFrame], frozen=True, kw_only=True):
    """Events, oldest first. After applying all of them, the display is at `cursor`."""


TicketsMessage = TicketFrames | Heartbeat
"""A message of the server on a display's socket."""
