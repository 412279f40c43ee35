"""A status display's source without a backend: its tickets, pushes and failures are set by the test."""

import contextlib
import queue
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from core.client.connection import Connection
from core.client.errors import ClientError, Unreachable
from core.domain.ids import OrderId
from core.domain.status import OrderStatus
from core.protocol.display import SHOWN, Ticket, TicketFrame, TicketFrames, TicketMoved, TicketsMessage, TicketsReply
from core.protocol.feed import Heartbeat, Hello

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def ticket(number: str, status: OrderStatus, minute: int = 0, first_name: str = "") -> Ticket:
    """A ticket with that number, in its status since `minute` past noon."""
    since = NOON + timedelta(minutes=minute)
    return Ticket(order_id=OrderId(number), number=number, status=status, since=since, first_name=first_name)


class FakeBoard:
    """A `StatusDisplaySource`. Reads block while `gate` is cleared; without `pushing` no socket can be opened."""

    shop_name = "La Cantina"

    def __init__(self, *tickets: Ticket, pushing: bool = False) -> None:
        self.tickets = {each.order_id: each for each in tickets}
        self.seq = len(tickets)
        self.epoch = "epoch"
        self.pushing = pushing
        self.fail_with: ClientError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.looks = 0
        self.hellos: list[Hello] = []
        self.clock = NOON
        self.closed = False
        self.connection = Connection("http://127.0.0.1:9")
        self._subscriptions: list[_PushSubscription] = []

    @property
    def cursor(self) -> str:
        return f"{self.epoch}.{self.seq}.event-{self.seq}"

    def move(self, moved: Ticket, *, push: bool = True) -> None:
        """Change a ticket, and push the change unless `push` is False."""
        before, self.seq = self.seq, self.seq + 1
        self.tickets.pop(moved.order_id, None)
        if moved.status in SHOWN:
            self.tickets[moved.order_id] = moved
        if push:
            frame = TicketFrame(seq=self.seq, prev=before, event=TicketMoved(ticket=moved))
            self.say(TicketFrames(frames=(frame,), cursor=self.cursor))

    def say(self, message: TicketsMessage) -> None:
        for subscription in self._subscriptions:
            subscription.messages.put(message)

    def hang_up(self) -> None:
        """Close every socket, as the server would."""
        for subscription in list(self._subscriptions):
            subscription.close()

    # -- the source

    def read_tickets(self) -> TicketsReply:
        self.looks += 1
        reply = TicketsReply(tickets=tuple(self.tickets.values()), cursor=self.cursor)
        self.gate.wait(20)
        if self.fail_with is not None:
            raise self.fail_with
        return reply

    @contextlib.contextmanager
    def listen(self) -> Iterator["_PushSubscription"]:
        if not self.pushing:
            raise Unreachable("No push here.")
        subscription = _PushSubscription(self)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    def probe(self) -> None:
        """Does nothing: the test sets the connection's state."""

    def token(self) -> str:
        return "token"

    def server_now(self) -> datetime:
        return self.clock

    def close(self) -> None:
        self.closed = True


class _PushSubscription:
    def __init__(self, source: FakeBoard) -> None:
        self.messages: queue.SimpleQueue[TicketsMessage | None] = queue.SimpleQueue()
        self._source = source

    def send_hello(self, hello: Hello) -> None:
        self._source.hellos.append(hello)
        self.messages.put(Heartbeat(head=self._source.seq, cursor=self._source.cursor))

    def receive(self) -> TicketsMessage:
        message = self.messages.get()
        if message is None:
            raise Unreachable("The push connection ended.")
        return message

    def close(self) -> None:
        self.messages.put(None)
