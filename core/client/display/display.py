"""A status display's connection to the backend: it signs in by itself, and subscribes to pushed changes."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Protocol

from core.client.connection import Connection
from core.client.errors import ClientError, Refused, SignedOut
from core.client.http.api import HttpApi
from core.client.http.push import Socket
from core.client.sync.synchronizer import backoff_s
from core.decoding import Reader, reader
from core.protocol import routes
from core.protocol.display import TicketsMessage, TicketsReply
from core.protocol.feed import Hello
from core.protocol.requests import DeviceSignIn
from core.workers import keep_running, run_aside

log = logging.getLogger(__name__)

_MOVES: Final[Reader[TicketsMessage]] = reader(TicketsMessage)


class PushSubscription(Protocol):
    """An open socket of a status display. See `core.client.http.push.Socket`."""

    def send_hello(self, hello: Hello) -> None: ...
    def receive(self) -> TicketsMessage: ...
    def close(self) -> None: ...


class StatusDisplaySource(Protocol):
    """The source of a status display's tickets. All methods raise `ClientError` and are thread-safe."""

    @property
    def shop_name(self) -> str:
        """Empty before the first answer."""

    @property
    def connection(self) -> Connection: ...
    def probe(self) -> None:
        """Ask whether the server answers; the result is recorded on the connection."""

    def read_tickets(self) -> TicketsReply: ...
    def listen(self) -> AbstractContextManager[PushSubscription]: ...
    def token(self) -> str: ...
    def server_now(self) -> datetime: ...
    def close(self) -> None: ...


class Display:
    """A `StatusDisplaySource` over HTTP that signs in by itself, and again whenever its session has ended."""

    def __init__(self, http: HttpApi, sign_in: DeviceSignIn) -> None:
        self._http = http
        self._sign_in = sign_in

    @property
    def shop_name(self) -> str:
        tokens = self._http.tokens
        return tokens.shop_name if tokens is not None else ""

    def read_tickets(self) -> TicketsReply:
        try:
            return self._http.call(routes.TICKETS())
        except SignedOut:
            try:
                self._http.device_sign_in(self._sign_in)
            except SignedOut as error:  # a wrong secret; it may be fixed on the server, so try again
                raise Refused(error.message, title="This display is not known") from error
            return self._http.call(routes.TICKETS())

    def listen(self) -> AbstractContextManager[Socket[TicketsMessage]]:
        client = self._http.client
        return client.open_socket(_MOVES.decode)

    @property
    def connection(self) -> Connection:
        return self._http.client.connection

    def probe(self) -> None:
        self._http.client.probe()

    def token(self) -> str:
        return self._http.access_token()

    def server_now(self) -> datetime:
        return self._http.server_now()

    def close(self) -> None:
        """End the session, here and on the server when it can be reached."""
        self._http.sign_out()
        self._http.close()


class Listening:
    """A thread that receives pushed messages, and reconnects with jitter.

    `place` returns the cursor to start from; while it is empty, nothing is received. `on_message` and `on_lost` are
    called in the thread: with a message; when the socket has ended, or could not be opened.
    """

    def __init__(
        self,
        source: StatusDisplaySource,
        place: Callable[[], str],
        on_message: Callable[[TicketsMessage], None],
        on_lost: Callable[[ClientError], None],
    ) -> None:
        self._source = source
        self._place = place
        self._on_message = on_message
        self._on_lost = on_lost
        self._wake = threading.Event()
        self._stopping = False
        self._failures = 0
        self._subscription: PushSubscription | None = None
        self._thread = keep_running(self._run, "board-listen")

    def start(self) -> None:
        self._thread.start()

    def hurry(self) -> None:
        """Open the socket now if it is not open: the server has answered elsewhere."""
        self._wake.set()

    def stop(self, wait_s: float = 0.0) -> None:
        """Receive no more; wait at most `wait_s` for the thread to end."""
        self._stopping = True
        self._wake.set()
        subscription = self._subscription
        if subscription is not None:  # the closing handshake may take long
            run_aside(subscription.close, "board-close")
        if self._thread.ident is not None:
            self._thread.join(wait_s)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            if self._place():
                try:
                    self._follow()
                except ClientError as error:
                    self._on_lost(error)
                except Exception:
                    log.exception("receiving pushed messages failed; trying again")
            if not self._stopping:
                self._wake.wait(backoff_s(self._failures) if self._place() else None)
                self._failures += 1

    def _follow(self) -> None:
        """Receive messages until the socket ends, which raises."""
        with self._source.listen() as subscription:
            self._subscription = subscription
            try:
                said = ""
                while not self._stopping:
                    token = self._source.token()
                    if token != said:
                        subscription.send_hello(Hello(token=token, cursor=self._place()))
                        said = token
                    self._on_message(subscription.receive())
                    self._failures = 0
            finally:
                self._subscription = None
