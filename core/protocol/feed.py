"""The event feed: what a subscriber may see of a shop's events, in order, pulled or pushed.

A client takes a `Snapshot`, keeps its `cursor`, and from then on applies each `Frame` that `follows` where it stands.
Whatever does not follow, it pulls (`routes.EVENTS`). The same frames come by themselves over a WebSocket at
`routes.SOCKET_PATH`: the client's first message is a `Hello`; the server sends `Frames`, first what was missed and then
what happens, and a `Heartbeat` once the client has caught up and whenever nothing else was sent for `HEARTBEAT_S`.
"""

import re
from enum import IntEnum
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta
from typing_extensions import override

from core.domain.ids import DeviceId
from core.domain.order import Order
from core.protocol.events import Event, UnknownEvent

HELLO_WITHIN_S: Final = 5
"""A socket that has not said who it is for so long is closed."""
HEARTBEAT_S: Final = 15
SILENCE_S: Final = 35
"""A peer that was not heard of for so long is gone, whatever its socket says. Both ends hold the other to it."""
PAGE_LIMIT: Final = 200
PAGE_MAX: Final = 500
MESSAGE_LIMIT: Final = 16 * 1024
"""Bytes in the longest message that a client may send."""

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
CursorText = Annotated[str, Meta(max_length=120)]


class Cursor(msgspec.Struct, frozen=True):
    """A place in a shop's history that proves itself: the epoch, the number, and the event that had that number.

    A server whose history was put back and has gone on differently has another event there, or another epoch, and
    notices. Clients keep cursors as text and give them back as they are; `seq` is all they may read in one.
    """

    epoch: str
    seq: int
    event_id: str
    """Empty at `seq` 0, before the first event."""

    @override
    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}.{self.event_id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises `ValueError` on anything that is not a cursor."""
        epoch, _, rest = text.partition(".")
        number, dot, event_id = rest.partition(".")
        if epoch and dot and "." not in event_id and _NUMBER.fullmatch(number) and int(number) < 1 << 63:
            return cls(epoch, int(number), event_id)
        raise ValueError("this is not a cursor")


class FeedPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a subscriber's chain. `prev` is the last event before it that this subscriber may see, 0 for none.

    Numbers are the shop's, so a customer's have holes; `prev` tells a hole from a loss.
    """

    seq: int
    prev: int

    def follows(self, position: int) -> bool:
        """Whether whoever has everything up to `position` may apply this next.

        A cursor may stand past `prev`, on an event that the subscriber may not see. A frame that does not follow
        was either seen already (`seq` ≤ position) or something before it is missing (`prev` > position).
        """
        return self.prev <= position < self.seq


E = TypeVar("E")
F = TypeVar("F")


class Framed(FeedPosition, Generic[E], frozen=True, kw_only=True):
    """One event. `E` is what it was read as, or `msgspec.Raw` where it is passed on or read later."""

    event: E


class Batch(msgspec.Struct, Generic[F], frozen=True, kw_only=True, tag="frames", tag_field="kind"):
    """What happened, oldest first. Having applied all of it, the client stands at `cursor`."""

    frames: tuple[F, ...]
    cursor: str


class Pulled(msgspec.Struct, Generic[F], frozen=True, kw_only=True):
    """See `EventPage`."""

    frames: tuple[F, ...]
    cursor: str
    more: bool


class Frame(Framed[Event | UnknownEvent], frozen=True, kw_only=True):
    """One event."""


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What comes after `cursor`. See `Hello` for `witness`."""

    cursor: CursorText
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_LIMIT
    witness: CursorText = ""


class EventPage(Pulled[Frame], frozen=True, kw_only=True):
    """Events after the cursor that was asked for. Having applied them, the client stands at `cursor`.

    409 `diverged`: the server's history is another one than the cursor's. 410 `gone`: it no longer goes back that
    far. After either the client takes a `Snapshot`; after `diverged` it also sends again what was acknowledged to it.
    """


SNAPSHOT_PAGE: Final = 100
"""Orders of a page that a client of today asks for."""


class SnapshotQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of `limit` orders, those after the id `after`; 0 for all of them at once, as older clients ask."""

    limit: Annotated[int, Meta(ge=0, le=PAGE_MAX)] = 0
    after: Annotated[str, Meta(max_length=36)] = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand at `cursor`: everything after it is in the feed, nothing before it is missing here.

    In pages the orders come by their ids. Whoever has them all stands at the cursor of the *first* page: orders of
    later ones may be newer, which the feed then tells again.

    For staff: every open order of the shop, oldest first, and then those closed in the last 24 hours. For a
    customer: their newest 100 orders, newest first.
    """

    cursor: str
    orders: tuple[Order, ...]
    total: int
    """For a customer: how many orders they have in all. For staff: as many as there are here."""
    menu_version: int
    series: DeviceId | None = None
    """The number series of the staff's terminal, and the highest number it has given: `POS1`, 64."""
    series_last: int = 0
    next_after: str = ""
    """Where the next page begins; empty: this was the last, or all."""


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The client's first message: who it is, and what it has. Sent again with a newer token it extends the socket.

    A later one moves nothing: its `cursor` and `witness` are not looked at, and its token must be the same person's.
    Every one is answered with a `Heartbeat`, after what was missed.
    """

    token: Annotated[str, Meta(min_length=1, max_length=4096)]
    cursor: CursorText = ""
    """Where to start. It must be given in the first one."""
    witness: CursorText = ""
    """The furthest cursor the client knows of by any road, as `Event-Cursor` on the answer to a write of its own.

    It is proven like `cursor` but not started from: a client whose write was lost with a restored backup finds out
    even though its cursor lies before the loss.
    """


class Frames(Batch[Frame], frozen=True, kw_only=True):
    """What happened, oldest first. Having applied all of it, the client stands at `cursor`."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag="heartbeat", tag_field="kind"):
    """The server lives. `head` is the newest event that this subscriber may see.

    A client that has less than `head` has missed something and pulls. One that has it stands at `cursor` from now on,
    so that a quiet customer's cursor does not grow too old to go on from.
    """

    head: int
    cursor: str


Message = Frames | Heartbeat
"""What the server says on the socket: JSON, one a text message."""


class Close(IntEnum):
    """Why the server closed the socket (RFC 6455 §7.4.2, private use).

    Besides these: 1012 when the server stops, 1009 for a message over `MESSAGE_LIMIT`, 1011 when the peer answers no
    ping. Where nothing else is said below, the client connects again from its cursor, with jitter.
    """

    MALFORMED = 4400
    """The message was no `Hello`, or a later one was somebody else's: a defect of the client."""
    SIGNED_OUT = 4401
    """The token is not valid, has ended, or its session has. Come back with a fresh one."""
    NO_HELLO = 4408
    DIVERGED = 4409
    """Take a snapshot, and send again what was acknowledged."""
    GONE = 4410
    """Take a snapshot."""
    TOO_SLOW = 4429
    """The client did not read. Nothing is lost: its cursor says where to go on."""
    TOO_MANY = 4430
    """The same person or screen has opened more sockets than one may hold, and this was the oldest."""
    UNAVAILABLE = 4503
    """The server's database is out of reach."""
