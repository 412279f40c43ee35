"""The backend as a server process, made the same way for `orderbell serve`, commands and tests."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import uvicorn
from typing_extensions import override

from core.decoding import decode
from core.protocol.feed import MESSAGE_LIMIT
from core.server.app import Orderbell, create_app
from core.server.auth.keys import Keys
from core.server.auth.tls import Presented
from core.server.background import repeating
from core.server.http.connection import HttpConnection
from core.server.push.protocol import PING_S, PONG_WITHIN_S, PushProtocol
from core.server.settings import ServerSettings
from core.settings import here
from core.store.engine.database import Database, parse_url
from core.store.engine.owner import AlreadyServed, Ownership, file_of

log = logging.getLogger(__name__)

NOTE: Final = "server.json"
"""The file in the data directory with the running backend's address."""
GOODBYE_S: Final = 1.0


class Serving(msgspec.Struct, frozen=True):
    """A listening backend."""

    url: str
    ca_file: str = ""
    """The certificate it is verified by; empty over plain HTTP and for a public one."""


class Server(uvicorn.Server):
    """uvicorn with a callback when it listens, and renewal of its certificate."""

    def __init__(
        self, config: uvicorn.Config, on_listening: Callable[[str], None], presented: Presented | None
    ) -> None:
        super().__init__(config)
        self._on_listening = on_listening
        self._presented = presented
        self._port = 0

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._keep_proof(port)
            self._on_listening(url_of(host, port, tls=self._presented is not None))

    def _keep_proof(self, port: int) -> None:
        """Write the secret by which this user's windows prove to be on this machine; without it they have to be
        paired."""
        app = self.config.app
        assert isinstance(app, Orderbell)
        try:
            here.keep(port, app.services.here)
            self._port = port
        except OSError as error:
            message = "windows of this machine have to be paired: nothing can be kept for them"
            log.warning(message, extra={"cause": str(error)})

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        here.forget(self._port)
        async with repeating(self._hang_up):
            await super().shutdown(sockets)

    async def _hang_up(self) -> None:
        """Abort idle TLS connections: their peers do not answer the shutdown, for which asyncio waits 30 s."""
        closing = self._closing()
        await asyncio.sleep(GOODBYE_S)
        for connection in closing & self._closing():
            if connection.transport.get_write_buffer_size() == 0:
                connection.transport.abort()

    def _closing(self) -> set[Any]:
        return {each for each in self.server_state.connections if each.transport.is_closing()}

    @override
    async def main_loop(self) -> None:
        async with repeating(*([self._presented.follow] if self._presented else [])):
            await super().main_loop()


def url_of(host: str, port: int, *, tls: bool) -> str:
    """The URL of a server that listens on `host`, from this machine; loopback for one that listens everywhere."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http{'s' if tls else ''}://{f'[{local}]' if ':' in local else local}:{port}"


def make_server(
    database: Database,
    keys: Keys,
    configured: ServerSettings,
    on_listening: Callable[[str], None],
    presented: Presented | None = None,
) -> Server:
    """A server ready to `run()`, over TLS when it has a certificate. `on_listening` is called with its URL."""
    config = uvicorn.Config(
        create_app(database, keys, configured),
        host=configured.host,
        port=configured.port,
        http=HttpConnection,
        ws=PushProtocol,
        ws_max_size=MESSAGE_LIMIT,
        ws_per_message_deflate=False,  # doubles the time and triples the memory of a socket
        ws_ping_interval=PING_S,
        ws_ping_timeout=PONG_WITHIN_S,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=configured.stop_within_s,
    )
    if presented is not None:
        config.load()
        config.ssl = presented.context
    return Server(config, on_listening, presented)


def quieten() -> None:
    """Turn off logs of libraries that duplicate ours."""
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@contextmanager
def advertised(server: ServerSettings, serving: Serving) -> Iterator[None]:
    """Write where the backend listens for other commands of this machine, for the duration of the block."""
    note = _note(server)
    note.write_bytes(msgspec.json.encode(serving))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def running(server: ServerSettings) -> Serving | None:
    """The address of the backend that owns this database."""
    try:
        return decode(_note(server).read_bytes(), Serving)
    except (OSError, msgspec.DecodeError):
        return None


@contextmanager
def owned(server: ServerSettings) -> Iterator[None]:
    """Exclusive use of the database, for work that no running backend can do. Raises `AlreadyServed`."""
    try:
        with Ownership(server.database):
            private(server.database)
            yield
    except AlreadyServed as error:
        serving = running(server)
        raise AlreadyServed(f"{error} It is served at {serving.url}." if serving else f"{error}") from None


def private(url: str) -> None:
    """Make new database files readable by their owner alone: they contain phone numbers and hashes of PINs. (SQLite
    gives its other files the same rights; on Windows the directory's apply.)"""
    path = file_of(parse_url(url))
    if path is not None:
        path.touch(mode=0o600)


def _note(server: ServerSettings) -> Path:
    return server.directory / NOTE
