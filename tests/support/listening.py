"""A TCP server for tests: asyncio in a thread, on a free loopback port."""

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from asyncio import StreamReader, StreamWriter
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from core.settings import here

START_WITHIN_S: Final = 10
CHUNK: Final = 64 * 1024


class Listening(ABC):
    """Accepts connections for the duration of a `with`, and closes open ones at its end."""

    def __init__(self, name: str) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(START_WITHIN_S):
            raise RuntimeError(f"the {self._thread.name} did not start")
        return self

    def stand_for(self, url: str) -> None:
        """Accept this user's proof of being on this machine as the server at `url` does."""
        proof = here.proof(url)
        if proof:
            here.keep(self.port, proof)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        here.forget(self.port)
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def cut(self) -> None:
        """Close every connection, whatever it is doing."""
        self._loop.call_soon_threadsafe(self._cancel)

    @abstractmethod
    async def _carry(self, reader: StreamReader, writer: StreamWriter, opened: list[StreamWriter]) -> None:
        """Serve a connection. Its end by either side is no error. Afterwards it and all of `opened` are closed."""

    def _cancel(self) -> None:
        for task in self._connections:
            task.cancel()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        # A connection that asyncio has accepted and not yet begun is left open when its server is closed before that.
        self._loop.remove_reader(server.sockets[0].fileno())
        await asyncio.sleep(0)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            self._cancel()
            await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
        server.close()

    def _on_connection(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = self._loop.create_task(self._until_it_ends(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        task.add_done_callback(lambda _task: writer.transport.abort())  # a connection may be closed before it is served

    async def _until_it_ends(self, reader: StreamReader, writer: StreamWriter) -> None:
        opened = [writer]
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._carry(reader, writer, opened)
        finally:
            for each in opened:
                each.transport.abort()


async def open_at(url: str, opened: list[StreamWriter]) -> tuple[StreamReader, StreamWriter]:
    """Connect to the server at `url`, and add the connection to `opened`. Raises `OSError`."""
    parts = urlsplit(url)
    pair = await asyncio.open_connection(parts.hostname, parts.port)
    opened.append(pair[1])
    return pair
