"""Channels, which hold an audience's pending messages once for all its subscribers; and subscribers, with their
positions."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from starlette.types import Send
from websockets.frames import Frame, Opcode

from core.protocol.feed import Close, Heartbeat
from core.server.auth.tokens import Verified
from core.server.push.feed import Audience, encode_frame, encode_frames
from core.store.events import Kept

WAITING_MESSAGES: Final = 256
WAITING_BYTES: Final = 1024 * 1024
"""A socket with more bytes pending counts as not reading."""
_encode: Final = msgspec.json.Encoder().encode


class Line(Protocol):
    """A socket that is written to at once or not at all. Implemented by `core.server.push.protocol`."""

    on_writable: Callable[[], None] | None
    """Called when it accepts messages again."""

    def write(self, message: bytes) -> bool:
        """Send a message, made by `as_message`; False when the socket is blocked now."""

    def abort(self) -> None:
        """Close it, discarding what is pending."""


class Channel:
    """An audience's newest events, as a chain of frames, from the oldest that a subscriber may still need."""

    def __init__(self, position: int, last: int) -> None:
        self.subscribers: set[Subscriber] = set()
        self.last = last
        """The newest event that this audience may see."""
        self._floor = position
        """Everything the audience may see after it is in `_frames`."""
        self._frames: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._made: dict[int, bytes] = {}

    def append(self, event: Kept) -> None:
        frame = encode_frame(event, self.last)
        self.last = event.seq
        self._frames.append((event.seq, frame))
        self._bytes += len(frame)
        self._made.clear()
        while len(self._frames) > WAITING_MESSAGES or self._bytes > WAITING_BYTES:
            self._drop_oldest()

    def holds(self, position: int) -> bool:
        """Whether everything after `position` is still here."""
        return position >= self._floor

    def message(self, position: int, cursor: str) -> bytes:
        """All frames after `position`, as one message, made once for all subscribers at that position."""
        made = self._made.get(position)
        if made is None:
            frames = [frame for seq, frame in self._frames if seq > position]
            made = self._made[position] = as_message(encode_frames(frames, cursor))
        return made

    def heartbeat(self, cursor: str) -> bytes:
        return as_message(_encode(Heartbeat(head=self.last, cursor=cursor)))

    def forget(self) -> None:
        """Drop the frames that every subscriber has."""
        lowest = min((subscriber.position for subscriber in self.subscribers), default=self.last)
        self._made.clear()
        while self._frames and self._frames[0][0] <= lowest:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._floor, frame = self._frames.popleft()
        self._bytes -= len(frame)


def as_message(text: bytes) -> bytes:
    """A text message in wire format (RFC 6455 §5.6): the same bytes for everybody, so made once."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


class Subscriber:
    """An authenticated socket."""

    __slots__ = (
        "_send",
        "audience",
        "blocked",
        "channel",
        "closed",
        "due",
        "line",
        "position",
        "queued",
        "spoke_at",
        "verified",
    )

    def __init__(self, verified: Verified, send: Send, line: Line) -> None:
        self.verified = verified
        """Its principal and expiry; a later `Hello` renews it."""
        self.audience = Audience.of(verified.principal)
        self.channel: Channel | None = None
        self.line = line
        self.position = -1
        """It was sent everything up to here; -1 while it is catching up."""
        self.queued = False
        """Whether it is in the hub's queue."""
        self.blocked = False
        """Whether its socket refused the last message; `line.on_writable` ends it."""
        self.due = False
        """Whether a heartbeat is due."""
        self.spoke_at = 0.0
        self.closed = False
        self._send = send

    async def send(self, text: bytes) -> None:
        """Send a message, waiting for the socket. Does nothing once it is closed."""
        if self.closed:
            return
        try:
            await self._send({"type": "websocket.send", "text": text.decode()})
        except OSError:  # closed meanwhile; the socket's own task handles that
            self.closed = True
        except RuntimeError:
            if not self.closed:  # skipped when it was closed while this waited
                raise

    async def end(self, code: Close, within_s: float) -> None:
        """Close the socket with `code`, or abort it after `within_s` seconds."""
        self.closed = True
        await end(self._send, self.line, code, within_s)


async def end(send: Send, line: Line, code: Close, within_s: float) -> None:
    """Close a socket with `code`, or abort it when that takes longer than `within_s` seconds."""
    try:
        async with asyncio.timeout(within_s):
            await send({"type": "websocket.close", "code": int(code), "reason": code.name.lower()})
    except TimeoutError:
        line.abort()
    except (OSError, RuntimeError):  # closed already, by the other side or by the server's stop
        pass
