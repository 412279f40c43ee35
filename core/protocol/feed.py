"""The event feed: what a subscriber may see of a shop's events, in order, pulled or pushed.

A client takes a `Snapshot`, keeps its `cursor`, and from then on applies each `Frame` that `follows` its position. When
one does not follow, it pulls (`routes.EVENTS`). The same frames are pushed over a WebSocket at `routes.SOCKET_PATH`:
the client's first message is a `Hello`; the server sends `Frames`, first what was missed and then new ones, and a
`Heartbeat` once the client has caught up and whenever nothing else was sent for `HEARTBEAT_S`.
"""

import re
from enum import IntEnum
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta
from typing_extensions import override

from core.domain.drawers import DrawerSession
from core.domain.held_baskets import HeldBasket
from core.domain.ids import DeviceId
from core.domain.order import Order
from core.domain.rights import Roles
from core.protocol.events import Event, UnknownEvent

HELLO_WITHIN_S: Final = 5
"""A socket that has not authenticated for so long is closed."""
HEARTBEAT_S: Final = 15
SILENCE_S: Final = 35
"""A peer that has sent nothing for so long is gone. Both ends apply it."""
PAGE_LIMIT: Final = 200
PAGE_MAX: Final = 500
MESSAGE_LIMIT: Final = 16 * 1024
"""Bytes in the longest message that a client may send."""

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
CursorText = Annotated[str, Meta(max_length=120)]


class Cursor(msgspec.Struct, frozen=True):
    """A place in a shop's history that proves itself: the epoch, the number, and the event that had that number.

    A server whose history was put back and has continued differently has another event there, or another epoch, and
    detects it. Cursors are opaque text to clients, apart from `seq`.
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

    Numbers are the shop's, so a customer's have gaps; `prev` distinguishes a gap from a loss.
    """

    seq: int
    prev: int

    def follows(self, position: int) -> bool:
        """Whether a subscriber at `position` may apply this next.

        A cursor may be past `prev`, on an event that the subscriber may not see. A frame that does not follow was
        either applied already (`seq` ≤ position) or something before it is missing (`prev` > position).
        """
        return self.prev <= position < self.seq


E = TypeVar("E")
F = TypeVar("F")


class Framed(FeedPosition, Generic[E], frozen=True, kw_only=True):
    """One event. `E` is its type, or `msgspec.Raw` where it is passed on or decoded later."""

    event: E


class Batch(msgspec.Struct, Generic[F], frozen=True, kw_only=True, tag="frames", tag_field="kind"):
    """Events, oldest first. After applying all of them, the client is at `cursor`."""

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
    """Events after `cursor`. See `Hello` for `witness`."""

    cursor: CursorText
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_LIMIT
    witness: CursorText = ""


class EventPage(Pulled[Frame], frozen=True, kw_only=True):
    """Events after the requested cursor. After applying them, the client is at `cursor`.

    409 `diverged`: the server's history is another one than the cursor's. 410 `gone`: the events after it have been
    trimmed. After either the client takes a `Snapshot`; after `diverged` it also sends again what was acknowledged to
    it.
    """


SNAPSHOT_PAGE: Final = 100
"""The number of orders that a current client requests in a page."""


class SnapshotQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of `limit` orders, those after the id `after`; 0 for all of them at once, for older clients."""

    limit: Annotated[int, Meta(ge=0, le=PAGE_MAX)] = 0
    after: Annotated[str, Meta(max_length=36)] = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The orders as of `cursor`: later events are in the feed, earlier ones are included.

    Pages are sorted by id. With all of them the client is at the cursor of the *first* page: orders of later ones may
    be newer, and the feed repeats their events.

    For staff: every open order of the shop, oldest first, and then those closed in the last 24 hours. For a customer:
    their newest 100 orders, newest first.
    """

    cursor: str
    orders: tuple[Order, ...]
    total: int
    """For a customer: the number of all their orders. For staff: the number of orders here."""
    menu_version: int
    series: DeviceId | None = None
    """The number series of the staff's POS, and its highest issued number: `POS1`, 64."""
    series_last: int = 0
    drawer: DrawerSession | None = None
    """The newest session of the drawer of the staff's POS; None before the first."""
    own_drawers: tuple[DrawerSession, ...] = ()
    """Of people's own drawers there, those that are open, and the bearer's newest."""
    baskets: tuple[HeldBasket, ...] = ()
    """For staff: the baskets that the shop holds. In pages they are on the first."""
    roles: Roles = ()
    """For staff: what the roles of the shop may do."""
    next_after: str = ""
    """The id after which the next page begins; empty: this was the last, or all."""


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The client's first message: its token and cursor. Sent again with a newer token it extends the socket.

    In a later one `cursor` and `witness` are ignored, and its token must be the same person's. Each is answered with a
    `Heartbeat`, after what was missed.
    """

    token: Annotated[str, Meta(min_length=1, max_length=4096)]
    cursor: CursorText = ""
    """Where to start. Required in the first one."""
    witness: CursorText = ""
    """The furthest cursor the client knows of, as `Event-Cursor` on the answer to a write of its own. It is checked
    like `cursor` but not started from: a client whose write was lost in a restore detects it even though its cursor is
    before the loss."""


class Frames(Batch[Frame], frozen=True, kw_only=True):
    """Events, oldest first. After applying all of them, the client is at `cursor`."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag="heartbeat", tag_field="kind"):
    """The server is alive. `head` is the newest event that this subscriber may see.

    A client that has less than `head` has missed something and pulls. One that has it is at `cursor` from now on, so
    that a quiet customer's cursor does not become too old.
    """

    head: int
    cursor: str


Message = Frames | Heartbeat
"""A message of the server on the socket: JSON, one a text message."""


class Close(IntEnum):
    """Why the server closed the socket (RFC 6455 §7.4.2, private use).

    Besides these: 1012 when the server stops, 1009 for a message over `MESSAGE_LIMIT`, 1011 when the peer answers no
    ping. Unless noted below, the client reconnects from its cursor, with jitter.
    """

    MALFORMED = 4400
    """The message was no `Hello`, or a later one was another person's: a bug of the client."""
    SIGNED_OUT = 4401
    """The token is invalid or expired, or its session has ended. Reconnect with a new one."""
    NO_HELLO = 4408
    DIVERGED = 4409
    """Take a snapshot, and send again what was acknowledged."""
    GONE = 4410
    """Take a snapshot."""
    TOO_SLOW = 4429
    """The client did not read. Nothing is lost: it reconnects from its cursor."""
    TOO_MANY = 4430
    """The same person or screen has opened more sockets than allowed, and this was the oldest."""
    UNAVAILABLE = 4503
    """The server's database is out of reach."""
