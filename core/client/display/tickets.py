"""The tickets of a status display: read completely once, then updated by pushed changes."""

from typing import Final

from core.domain.ids import OrderId
from core.domain.status import OrderStatus, look
from core.protocol.display import SHOWN, Ticket, TicketsMessage, TicketsReply
from core.protocol.feed import Cursor, Heartbeat

NOWHERE: Final = -1
"""The position before the first answer."""


class Tickets:
    """The orders that wait, in preparation and ready, as of `cursor`. Belongs to one thread."""

    def __init__(self) -> None:
        self._tickets: dict[OrderId, Ticket] = {}
        self._place: Cursor | None = None

    def clear(self) -> None:
        """Reset to the state before the first answer."""
        self._tickets = {}
        self._place = None

    @property
    def cursor(self) -> str:
        """The position in the shop's history; empty before the first answer. Thread-safe."""
        return str(self._place) if self._place is not None else ""

    @property
    def position(self) -> int:
        return self._place.seq if self._place is not None else NOWHERE

    @property
    def waiting(self) -> tuple[Ticket, ...]:
        """Longest waiting first."""
        return tuple(sorted(self._in(OrderStatus.CONFIRMED), key=lambda ticket: (ticket.since, ticket.order_id)))

    @property
    def preparing(self) -> tuple[Ticket, ...]:
        """Longest in preparation first: the next to be ready."""
        return tuple(sorted(self._in(OrderStatus.PREPARING), key=lambda ticket: (ticket.since, ticket.order_id)))

    @property
    def ready(self) -> tuple[Ticket, ...]:
        """Newest first."""
        tickets = self._in(OrderStatus.READY)
        return tuple(sorted(tickets, key=lambda ticket: (ticket.since, ticket.order_id), reverse=True))

    def _in(self, status: OrderStatus) -> list[Ticket]:
        return [ticket for ticket in self._tickets.values() if look(ticket.status).display is status]

    def take(self, reply: TicketsReply, asked_at: int) -> bool:
        """Take a complete list. False when pushed changes since the request are newer than the answer.

        `asked_at` is the `position` at the request. An answer older than that is of a server whose history was put
        back, and is taken.
        """
        place = Cursor.parse(reply.cursor)
        if self._place is not None and place.epoch == self._place.epoch and asked_at <= place.seq < self._place.seq:
            return False
        self._tickets = {ticket.order_id: ticket for ticket in reply.tickets}
        self._place = place
        return True

    def advance(self, message: TicketsMessage) -> bool:
        """Apply a pushed message. False when one before it is missing: read the complete list."""
        following = Cursor.parse(message.cursor)
        if self._place is None or following.epoch != self._place.epoch:
            return False
        position = self._place.seq
        if isinstance(message, Heartbeat):
            if message.head > position:
                return False
        else:
            moved = []
            for frame in message.frames:
                if frame.follows(position):
                    moved.append(frame.event)
                    position = frame.seq
                elif frame.seq > position:
                    return False
            for event in moved:
                ticket = event.ticket
                self._tickets.pop(ticket.order_id, None)
                if event.shown and ticket.status in SHOWN:
                    self._tickets[ticket.order_id] = ticket
        if following.seq > self._place.seq:
            self._place = following
        return True
