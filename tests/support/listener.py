"""A subscriber of the event feed for tests, over a WebSocket of its own."""

import json
from types import TracebackType
from typing import Self

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from core.client.storage.cache import order_id_of
from core.protocol.feed import Frame, Frames, Heartbeat, Message
from core.protocol.routes import SOCKET_PATH

WITHIN_S = 20
_decode = msgspec.json.Decoder(Message).decode


def hello(token: str, cursor: str = "", witness: str = "") -> str:
    return json.dumps({"token": token, "cursor": cursor, "witness": witness})


class Listener:
    """A WebSocket for the duration of a `with`."""

    def __init__(self, url: str, first: str | bytes | None = None, query: str = "") -> None:
        self.cursor = ""
        self.heard: list[Frame] = []
        """All frames received."""
        self.texts: list[str] = []
        """All messages received, as text."""
        self._first = first
        address = url.replace("http", "ws", 1) + SOCKET_PATH + query
        self._opening = connect(address, compression=None, proxy=None, close_timeout=2)

    def __enter__(self) -> Self:
        self.socket: ClientConnection = self._opening.__enter__()
        if self._first is not None:
            self.socket.send(self._first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opening.__exit__(kind, error, trace)

    def renew(self, token: str) -> None:
        """Send another `Hello` with a new token."""
        self.socket.send(hello(token))

    def message(self, within_s: float = WITHIN_S) -> Frames | Heartbeat:
        """The next message. Raises `TimeoutError` or `ConnectionClosed`."""
        text = self.socket.recv(within_s)
        assert isinstance(text, str)
        message: Frames | Heartbeat = _decode(text)
        self.texts.append(text)
        self.cursor = message.cursor
        if isinstance(message, Frames):
            self.heard += message.frames
        return message

    def until(self, seq: int) -> list[Frame]:
        """Receive until the event at `seq`."""
        while not self.heard or self.heard[-1].seq < seq:
            self.message()
        return self.heard

    def until_about(self, order_id: str) -> Frame:
        """Receive until an event about an order; returns its frame."""
        while not (found := [frame for frame in self.heard if order_id_of(frame.event) == order_id]):
            self.message()
        return found[-1]

    def caught_up(self) -> Heartbeat:
        """The next heartbeat; frames before it are added to `heard`."""
        while True:
            message = self.message()
            if isinstance(message, Heartbeat):
                return message

    def closed(self, within_s: float = WITHIN_S) -> int:
        """The close code of the server. Raises `TimeoutError` when the socket stays open."""
        try:
            while True:
                self.message(within_s)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 1006


def chained(frames: list[Frame], position: int) -> bool:
    """Whether each frame follows the one before it, the first one `position`."""
    for frame in frames:
        if not frame.follows(position):
            return False
        position = frame.seq
    return True
