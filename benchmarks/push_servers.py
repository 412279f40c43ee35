"""Who tells the displays, each as a process of its own: Orderbell, and the least that could do it.

`python -m benchmarks.push_servers orderbell DIRECTORY PORT COMMITS` is the backend as it is served, which also writes
down when each commit was done. `… bare PORT MESSAGE` writes the same bytes to every socket and nothing else.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop
from typing_extensions import override

from benchmarks import databases, servers
from core import logs
from core.admin import setup
from core.admin.serving import make_server
from core.own_process import python
from core.server.settings import ServerSettings
from core.store.engine.database import Database

PID: Final = "pid"
"""The file in which the backend says who it is."""
UPGRADED: Final = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class Order(msgspec.Struct, frozen=True):
    """What the bare server is asked to do: so many messages, so many a second, numbered on from `before`."""

    before: int
    messages: int
    per_second: float


@contextmanager
def orderbell(folder: Path) -> Iterator[tuple[int, Path]]:
    """The backend on `orderbell.db` in `folder`. Gives its port, and the file of its commits: a monotonic ns a line."""
    port, commits = servers.free_port(), folder / "commits.txt"
    command = python("-m", "benchmarks.push_servers", "orderbell", str(folder), str(port), str(commits))
    with servers.running(command, port, folder / "orderbell.log", folder=databases.ROOT):
        yield port, commits


@contextmanager
def bare(folder: Path, message: bytes) -> Iterator[int]:
    """A fan-out of `message`, a template with `%d` for the number, to whoever connects. Gives the port."""
    port, template = servers.free_port(), folder / "message.txt"
    template.write_bytes(message)
    command = python("-m", "benchmarks.push_servers", "bare", str(port), str(template))
    with servers.running(command, port, folder / "bare.log", folder=databases.ROOT):
        yield port


def frame(payload: bytes) -> bytes:
    """A text message as a server sends it (RFC 6455 §5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    return b"\x81\x7e" + size.to_bytes(2, "big") + payload


class _Bare(asyncio.Protocol):
    """A display sends a handshake and is written to; whoever sends an `Order` is told when each message was begun."""

    def __init__(self, message: bytes, displays: set[asyncio.WriteTransport]) -> None:
        self._message = message
        self._displays = displays
        self._telling: asyncio.Task[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are none by descent

    @override
    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET "):
            self._displays.add(self._transport)
            self._transport.write(UPGRADED)
        elif data.startswith(b"{"):
            self._telling = asyncio.ensure_future(self._tell(msgspec.json.decode(data, type=Order)))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._displays.discard(self._transport)

    async def _tell(self, order: Order) -> None:
        began = []
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number in range(1, order.messages + 1):
            await asyncio.sleep(start + number / order.per_second - loop.time())
            began.append(time.monotonic_ns())
            sent = frame(self._message % (order.before + number))
            for display in self._displays:
                display.write(sent)
        self._transport.write(msgspec.json.encode(began) + b"\n")


async def _serve_bare(port: int, message: bytes) -> None:
    displays: set[asyncio.WriteTransport] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Bare(message, displays), "127.0.0.1", port, backlog=2048
    )
    await server.serve_forever()


def _serve_orderbell(folder: Path, port: int, commits: Path) -> None:
    logs.setup()
    (folder / PID).write_text(str(os.getpid()))
    database = Database(f"sqlite:///{folder / 'orderbell.db'}")
    keys, _ = setup.open_keys(folder / "keys.json")
    listen = database.listen
    with commits.open("w") as written:

        def noted(on_events: Callable[[], None] | None, on_reconnected: Callable[[], None] | None = None) -> None:
            def note() -> None:
                print(time.monotonic_ns(), file=written, flush=True)
                if on_events is not None:
                    on_events()

            listen(note, on_reconnected)

        database.listen = noted  # type: ignore[method-assign]
        make_server(
            database,
            keys,
            ServerSettings(port=port, data_dir=str(folder), access_token_s=86_400, sockets_max=100_000),
            lambda _: None,
        ).run()


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    if kind == "bare":
        uvloop.run(_serve_bare(int(arguments[0]), Path(arguments[1]).read_bytes()))
    else:
        _serve_orderbell(Path(arguments[0]), int(arguments[1]), Path(arguments[2]))
