"""The WebSocket of pushed events. A client never depends on it (`core.client.sync`)."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from core.client.errors import ClientError, Diverged, Gone, SignedOut, Unreachable
from core.client.http.shared_socket import SharedSocket
from core.client.http.trust import context, unreachable
from core.protocol.feed import HEARTBEAT_S, SILENCE_S, Close, Hello
from core.protocol.routes import SOCKET_PATH

_OPEN_WITHIN_S: Final = 5.0
_CLOSE_WITHIN_S: Final = 1.0
_MESSAGE_LIMIT: Final = 8 * 2**20
M = TypeVar("M")


class Socket(Generic[M]):
    """An open socket. `receive` belongs to one thread; `close` is thread-safe."""

    def __init__(
        self, server_url: str, connection: ClientConnection, read: Callable[[bytes], M], on_message: Callable[[], None]
    ) -> None:
        self._server_url = server_url
        self._connection = connection
        self._on_message = on_message
        self._read = read
        self._asked_at = 0.0
        self._latency_s: float | None = None

    @property
    def latency_s(self) -> float | None:
        """The round-trip time of a message, when known."""
        return self._connection.latency or self._latency_s

    def send_hello(self, hello: Hello) -> None:
        """Authenticate and send the cursor; again with every new token. Raises `ClientError`."""
        self._asked_at = time.monotonic()
        with _as_client_errors(self._server_url):
            self._connection.send(msgspec.json.encode(hello), text=True)

    def receive(self) -> M:
        """The next message. Raises `ClientError`; `Unreachable` also when the server has been silent for 35 s."""
        with _as_client_errors(self._server_url):
            text = self._connection.recv(SILENCE_S, decode=False)
        if self._latency_s is None:
            self._latency_s = time.monotonic() - self._asked_at
        try:
            message = self._read(text)
        except msgspec.DecodeError as error:
            raise Unreachable("The server pushes what this window cannot read.") from error
        self._on_message()
        return message

    def close(self) -> None:
        self._connection.close()


@contextlib.contextmanager
def open_socket(
    server_url: str, read: Callable[[bytes], M], ca_file: str = "", on_message: Callable[[], None] = lambda: None
) -> Iterator[Socket[M]]:
    """A socket to the backend at `server_url`, whose messages are decoded by `read`, which raises
    `msgspec.DecodeError`.

    `on_message` is called for each decoded message. `ca_file` as for `HttpApi`. Raises `Unreachable`.
    """
    parts = urlsplit(server_url)
    address = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    with contextlib.ExitStack() as stack:
        with _as_client_errors(server_url):
            connection = stack.enter_context(
                connect(
                    "ws" + server_url.removeprefix("http") + SOCKET_PATH,
                    ssl=_shared_context(ca_file) if server_url.startswith("https") else None,
                    sock=socket.create_connection(address, _OPEN_WITHIN_S),  # with one of ours no redirect is followed
                    compression=None,
                    proxy=None,
                    open_timeout=_OPEN_WITHIN_S,
                    close_timeout=_CLOSE_WITHIN_S,
                    ping_interval=HEARTBEAT_S,
                    ping_timeout=SILENCE_S - HEARTBEAT_S,
                    max_size=_MESSAGE_LIMIT,
                )
            )
        yield Socket(server_url, connection, read, on_message)


def _shared_context(ca_file: str) -> ssl.SSLContext:
    made = context(ca_file)
    made.sslsocket_class = SharedSocket
    return made


@contextlib.contextmanager
def _as_client_errors(server_url: str) -> Iterator[None]:
    try:
        yield
    except ConnectionClosed as error:
        raise _closed(error.rcvd.code if error.rcvd else None, server_url) from error
    except OSError as error:  # a certificate that proves nothing among them, which is a ValueError as well
        raise unreachable(error, server_url) from error
    except (InvalidStatus, InvalidURI, ValueError) as error:  # the last two for a redirect
        raise Unreachable("{address} answers, and pushes nothing to this window.", address=server_url) from error
    except InvalidHandshake as error:
        raise unreachable(error, server_url) from error


def _closed(code: int | None, server_url: str) -> ClientError:
    match code:
        case Close.SIGNED_OUT:
            return SignedOut("The session is over.")
        case Close.DIVERGED:
            return Diverged("The server's history is another one.")
        case Close.GONE:
            return Gone("The server no longer remembers that far back.")
        case _:
            return Unreachable("The push connection to {address} ended.", address=server_url)
