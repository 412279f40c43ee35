"""uvicorn's WebSocket with non-blocking writes and an abort."""

import random
from collections.abc import Callable
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Final

from typing_extensions import override
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from core.protocol.feed import HEARTBEAT_S, SILENCE_S
from core.server.push.socket import EXTENSION

SEND_BUFFER: Final = 64 * 1024
PING_S: Final = HEARTBEAT_S
PONG_WITHIN_S: Final = SILENCE_S - PING_S - 5
"""A dead peer is found after a ping's interval and this, within `SILENCE_S`."""


class PushProtocol(WebSocketsSansIOProtocol):
    """Implements `core.server.push.channel.Line`. Through ASGI a send waits while the peer does not read, and closing
    waits for it to read the rest: a thousand sockets cannot be served one after the other that way."""

    on_writable: Callable[[], None] | None = None

    def write(self, message: bytes) -> bool:
        takes = self.writable.is_set() and not (self.close_sent or self.disconnected or self.transport.is_closing())
        if takes:
            self.transport.write(message)
        return takes

    def abort(self) -> None:
        self.transport.abort()

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            # The system would buffer megabytes for a peer that reads nothing, and hide that it does not.
            self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER)
            self.scope["extensions"][EXTENSION] = {"line": self}

    @override
    def start_keepalive(self) -> None:
        """Spread the first pings, since many peers connect at once after a restart."""
        if self.ping_interval:
            first_s = random.uniform(0, self.ping_interval)  # noqa: S311 - no secret
            self.ping_timer = self.loop.call_later(first_s, self.send_keepalive_ping)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self.on_writable is not None:
            self.on_writable()

    @override
    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()

    @override
    def shutdown(self) -> None:
        super().shutdown()
        if not self.writable.is_set():  # else the server's stop would wait for it
            self.transport.abort()
