"""uvicorn's WebSocket, with a way to let go of a peer that takes nothing more."""

from typing import Final

from typing_extensions import override
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from core.protocol.feed import HEARTBEAT_S, SILENCE_S
from core.server.push.socket import ABORT

PING_S: Final = HEARTBEAT_S
PONG_WITHIN_S: Final = SILENCE_S - PING_S - 5
"""A peer that has gone without a word is found after a ping's interval and this, within `SILENCE_S`."""


class PushProtocol(WebSocketsSansIOProtocol):
    """Closing waits for what was written to be taken, which a peer that has gone or stopped reading never does."""

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][ABORT] = {"abort": self.transport.abort}

    @override
    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()
