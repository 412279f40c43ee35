"""uvicorn's HTTP connection with timeouts.

By default a peer that connects and sends nothing, or sends a request's head or body a byte at a time, or never reads
its answer, is kept for ever. A few thousand of those from one laptop use up the server's file handles.
"""

import logging
from asyncio import BaseTransport, TimerHandle
from typing import Final, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

log = logging.getLogger(__name__)

REQUEST_WITHIN_S: Final = 20.0
"""From connecting, or from the first byte of a later request, until the last byte of its body."""
READ_WITHIN_S: Final = 60.0
"""For an answer that is too large to be sent at once, and for its rest when the connection is to be closed."""
HEAD_LIMIT: Final = 32 * 1024
"""Bytes of an incomplete head. One that arrives in a single read may be as large as a read."""
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class HttpConnection(HttpToolsProtocol):
    """It uses a timer only where a request did not arrive in one piece, so others cost nothing."""

    _deadline: TimerHandle | None = None
    _stalled: TimerHandle | None = None
    _head_bytes: int = 0
    _is_socket: bool = False
    """Whether it was upgraded; the WebSocket has timeouts of its own."""

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect(REQUEST_WITHIN_S)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_socket or self._is_answering():
            self._expect_no_more()
            return
        if self._deadline is None:
            self._expect(REQUEST_WITHIN_S)
        self._head_bytes = self._head_bytes + len(data) if self._is_in_head() else 0
        if self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    @override
    def handle_websocket_upgrade(self) -> None:
        self._is_socket = True
        super().handle_websocket_upgrade()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(READ_WITHIN_S, self._give_up)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._expect(READ_WITHIN_S)

    @override
    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self._expect(READ_WITHIN_S)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_no_more()
        self.resume_writing()
        super().connection_lost(exc)

    def _is_in_head(self) -> bool:
        return bool(self.scope) and "method" not in cast("dict[str, object]", self.scope)

    def _is_answering(self) -> bool:
        """Whether a whole request has arrived, and an answer is due."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not (cycle.more_body or cycle.response_complete) and not self._is_in_head()

    def _expect(self, within_s: float) -> None:
        self._expect_no_more()
        self._deadline = self.loop.call_later(within_s, self._give_up)

    def _expect_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        log.debug("closing a connection that timed out")
        self.transport.abort()
