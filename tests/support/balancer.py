"""A TCP load balancer before several backends, as a chain of shops has it. It passes on whole connections."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter

from typing_extensions import override

from tests.support.listening import CHUNK, Listening, open_at


class Balancer(Listening):
    """Listens on a free port for the duration of a `with`. Connections go to `upstreams` in turn, skipping those that
    refuse; with none left they are refused. `upstreams` may be changed meanwhile."""

    def __init__(self, *upstreams: str) -> None:
        super().__init__("balancer")
        self.upstreams = list(upstreams)
        self.handed: dict[str, int] = {}
        """The number of connections passed to each upstream."""
        self._turn = 0

    @override
    async def _carry(self, reader: StreamReader, writer: StreamWriter, opened: list[StreamWriter]) -> None:
        for _ in self.upstreams:
            self._turn += 1
            url = self.upstreams[self._turn % len(self.upstreams)]
            with contextlib.suppress(OSError):
                there = await open_at(url, opened)
                self.handed[url] = self.handed.get(url, 0) + 1
                await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))
                return


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    """Copy bytes until one side closes; then close the other."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
