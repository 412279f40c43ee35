"""One address before several backends, as a chain has it: whole connections are handed on, whatever is said on them."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter

from typing_extensions import override

from tests.support.listening import CHUNK, Listening, open_at


class Balancer(Listening):
    """Listens on a free port for the length of a `with`. A connection goes to the next of `upstreams` that takes it,
    and is refused when none does. They may be changed while it runs."""

    def __init__(self, *upstreams: str) -> None:
        super().__init__("balancer")
        self.upstreams = list(upstreams)
        self.handed: dict[str, int] = {}
        """How many connections each upstream was given."""
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
    """Until either side has gone; then the other side learns of it."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
