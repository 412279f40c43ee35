"""One address before several backends, as a chain has it: whole connections are handed on, whatever is said on them."""

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

START_WITHIN_S: Final = 10
_CHUNK: Final = 64 * 1024


class Balancer:
    """Listens on a free port for the length of a `with`. A connection goes to the next of `upstreams` that takes it,
    and is refused when none does. They may be changed while it runs."""

    def __init__(self, *upstreams: str) -> None:
        self.upstreams = list(upstreams)
        self.port = 0
        self.handed: dict[str, int] = {}
        """How many connections each upstream was given."""
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="balancer")

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(START_WITHIN_S):
            raise RuntimeError("the balancer did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            found = await self._upstream()
            if found is not None:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pass_on(reader, found[1]))
                    both.create_task(_pass_on(found[0], writer))
        except asyncio.CancelledError:
            pass  # the balancer ends; asyncio's own streams would log it
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.upstreams:
            self._turn += 1
            url = self.upstreams[self._turn % len(self.upstreams)]
            parts = urlsplit(url)
            with contextlib.suppress(OSError):
                found = await asyncio.open_connection(parts.hostname, parts.port)
                self.handed[url] = self.handed.get(url, 0) + 1
                return found
        return None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side has gone; then the other side learns of it."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
