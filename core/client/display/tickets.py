"""The board as a display knows it: all of it once, and from then on what is pushed, as long as that fits together."""

from typing import Final

from core.domain.ids import OrderId
from core.domain.status import OrderStatus, look
from core.protocol.display import SHOWN, BoardMessage, BoardReply, Ticket
from core.protocol.feed import Cursor, Heartbeat

NOWHERE: Final = -1
"""Before the first answer."""


class Board:
    """Which orders are being prepared and which are ready, as of `cursor`. It belongs to one thread."""

    def __init__(self) -> None:
        self._tickets: dict[OrderId, Ticket] = {}
        self._place: Cursor | None = None

    def clear(self) -> None:
        """Know nothing, as before the first answer."""
        self._tickets = {}
        self._place = None

    @property
    def cursor(self) -> str:
        """Where this stands in the shop's history; empty before the first answer. May be read from any thread."""
        return str(self._place) if self._place is not None else ""

    @property
    def position(self) -> int:
        return self._place.seq if self._place is not None else NOWHERE

    @property
    def preparing(self) -> tuple[Ticket, ...]:
        """Longest being prepared first: the next to be ready."""
        return tuple(sorted(self._in(OrderStatus.PREPARING), key=lambda ticket: (ticket.since, ticket.order_id)))

    @property
    def ready(self) -> tuple[Ticket, ...]:
        """Latest first: the one that somebody is looking for now."""
        tickets = self._in(OrderStatus.READY)
        return tuple(sorted(tickets, key=lambda ticket: (ticket.since, ticket.order_id), reverse=True))

    def _in(self, status: OrderStatus) -> list[Ticket]:
        return [ticket for ticket in self._tickets.values() if look(ticket.status).display is status]

    def take(self, reply: BoardReply, asked_at: int) -> bool:
        """The whole board. False when what was pushed since the question is newer than the answer.

        `asked_at` is the `position` when it was asked for. An answer that knows less than was known then comes from a
        server whose history was put back: it is how things are now, however little that is.
        """
        place = Cursor.parse(reply.cursor)
        if self._place is not None and place.epoch == self._place.epoch and asked_at <= place.seq < self._place.seq:
            return False
        self._tickets = {ticket.order_id: ticket for ticket in reply.tickets}
        self._place = place
        return True

    def advance(self, message: BoardMessage) -> bool:
        """Something pushed. False when something before it is missing: ask for the whole."""
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
                    moved.append(frame.event.ticket)
                    position = frame.seq
                elif frame.seq > position:
                    return False
            for ticket in moved:
                self._tickets.pop(ticket.order_id, None)
                if ticket.status in SHOWN:
                    self._tickets[ticket.order_id] = ticket
        if following.seq > self._place.seq:
            self._place = following
        return True
