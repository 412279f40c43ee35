"""What waits for those who may see the same, kept once for all of them; and one of them, with how far it has got."""

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
"""Whoever has more than this waiting does not read."""
_encode: Final = msgspec.json.Encoder().encode


class Line(Protocol):
    """A socket as the hub needs it: written to at once or not at all. `core.server.push.protocol` gives it."""

    on_writable: Callable[[], None] | None
    """Called when it takes something again, after it took nothing."""

    def write(self, message: bytes) -> bool:
        """Send a message, made by `as_message`; False when the socket takes nothing now."""

    def abort(self) -> None:
        """Let go of it, with what it has not taken."""


class Channel:
    """An audience's newest events, as frames that chain, from the oldest that somebody may still need."""

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
        """All that comes after `position`, as one message; made once for all who stand there."""
        made = self._made.get(position)
        if made is None:
            frames = [frame for seq, frame in self._frames if seq > position]
            made = self._made[position] = as_message(encode_frames(frames, cursor))
        return made

    def heartbeat(self, cursor: str) -> bytes:
        return as_message(_encode(Heartbeat(head=self.last, cursor=cursor)))

    def forget(self) -> None:
        """Let go of what everybody has got."""
        lowest = min((subscriber.position for subscriber in self.subscribers), default=self.last)
        self._made.clear()
        while self._frames and self._frames[0][0] <= lowest:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._floor, frame = self._frames.popleft()
        self._bytes -= len(frame)


def as_message(text: bytes) -> bytes:
    """A text message as it goes over the wire (RFC 6455 §5.6): the same bytes for everybody, so made once."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


class Subscriber:
    """A socket that has said who it is."""

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
        """Whose it is and until when; a later `Hello` renews it."""
        self.audience = Audience.of(verified.principal)
        self.channel: Channel | None = None
        self.line = line
        self.position = -1
        """It was sent everything up to here; -1 while it is still being sent what it missed."""
        self.queued = False
        """It is in line to be told something."""
        self.blocked = False
        """It took nothing when it was last told something; its line says when it does again."""
        self.due = False
        """It is owed a heartbeat."""
        self.spoke_at = 0.0
        self.closed = False
        self._send = send

    async def tell(self, text: bytes) -> None:
        """Send a message, however long the socket takes nothing. To one that has gone, nothing is sent."""
        if self.closed:
            return
        try:
            await self._send({"type": "websocket.send", "text": text.decode()})
        except OSError:  # it has just gone; its own task will notice
            self.closed = True
        except RuntimeError:
            if not self.closed:  # else it was closed while this waited to be sent
                raise

    async def end(self, code: Close, within_s: float) -> None:
        """Close the socket with `code`; without it, when it takes nothing for `within_s` seconds."""
        self.closed = True
        await end(self._send, self.line, code, within_s)


async def end(send: Send, line: Line, code: Close, within_s: float) -> None:
    """Close a socket with `code`, or let go of it when it does not take that in time."""
    try:
        async with asyncio.timeout(within_s):
            await send({"type": "websocket.close", "code": int(code), "reason": code.name.lower()})
    except TimeoutError:
        line.abort()
    except (OSError, RuntimeError):  # closed already, by the other side or by the server's stop
        pass
