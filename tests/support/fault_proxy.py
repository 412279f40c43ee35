"""A TCP proxy that injects network faults at chosen points of an HTTP exchange."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from enum import Enum
from typing import Self

from typing_extensions import override

from tests.support.listening import CHUNK, Listening, open_at


class Fault(Enum):
    NONE = "none"
    REFUSE = "refuse"
    """The connection is reset before a byte is read."""
    CUT_BEFORE = "cut before"
    """The request is lost on its way: the server never sees it."""
    CUT_AFTER = "cut after"
    """The server has committed and answered; the answer is lost."""
    CUT_WITHIN = "cut within"
    """Half of the answer arrives."""
    DELAY = "delay"
    HALF_OPEN = "half open"
    """The connection is accepted, and never answered."""
    TRICKLE = "trickle"
    """The answer comes byte by byte."""
    DUPLICATE = "duplicate"
    """The request reaches the server twice."""
    HOLD = "hold"
    """The request is delayed until `release`."""
    HOLD_ANSWER = "hold answer"
    """The server has committed and answered; the answer is delayed until `release`."""
    INSTEAD = "instead"
    """The proxy answers with `instead`; the server does not get the request."""


Choose = Callable[[str], Fault]
"""Chooses the fault of the request with this first line."""


class FaultProxy(Listening):
    """Listens on a free port for the duration of a `with`. `url` stays the same when `upstream` is restarted elsewhere.
    `choose` is called once for each request, in the proxy's thread."""

    def __init__(self, upstream: str, choose: Choose = lambda _line: Fault.NONE, *, pause_s: float = 0.2) -> None:
        super().__init__("fault-proxy")
        self.upstream = upstream
        self.choose = choose
        self.met: dict[Fault, int] = dict.fromkeys(Fault, 0)
        self.pause_s = pause_s
        """The duration of DELAY, and of TRICKLE's pause between two bytes."""
        self.instead = b""
        """The bytes of an HTTP answer; the connection is closed after it."""
        self._flow = asyncio.Event()
        self._flow.set()
        self._released = asyncio.Event()

    @override
    def __enter__(self) -> Self:
        super().__enter__()
        self.stand_for(self.upstream)
        return self

    def freeze(self, *, frozen: bool) -> None:
        """Stop or resume all traffic on open sockets, which stay open, as with an unplugged cable far away."""
        self._loop.call_soon_threadsafe(self._flow.clear if frozen else self._flow.set)

    def release(self) -> None:
        """Let delayed requests and answers pass; later ones are delayed until the next call."""

        def let_go() -> None:
            self._released.set()
            self._released = asyncio.Event()

        self._loop.call_soon_threadsafe(let_go)

    @override
    async def _carry(self, reader: StreamReader, writer: StreamWriter, opened: list[StreamWriter]) -> None:
        there: tuple[StreamReader, StreamWriter] | None = None
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            fault = self.choose(head.split(b"\r\n", 1)[0].decode("latin-1"))
            self.met[fault] += 1
            if fault in (Fault.REFUSE, Fault.CUT_BEFORE, Fault.INSTEAD):
                writer.write(self.instead if fault is Fault.INSTEAD else b"")
                await writer.drain()
                return
            if fault is Fault.HALF_OPEN:
                await self._stop.wait()
                return
            if fault is Fault.DELAY:
                await self._pause()
            if fault is Fault.HOLD:
                await self._released.wait()
            if there is None:
                there = await open_at(self.upstream, opened)
            if fault is Fault.DUPLICATE:
                other = await open_at(self.upstream, opened)
                other[1].write(head + body)
                await _answer(other[0])
            there[1].write(head + body)
            if b"upgrade: websocket" in head.lower():
                await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))
                return
            answer = await _answer(there[0])
            if fault is Fault.CUT_AFTER:
                return
            if fault is Fault.CUT_WITHIN:
                writer.write(answer[: len(answer) // 2])
                await writer.drain()
                return
            if fault is Fault.HOLD_ANSWER:
                await self._released.wait()
            await self._give(writer, answer, byte_by_byte=fault is Fault.TRICKLE)

    async def _give(self, writer: StreamWriter, answer: bytes, *, byte_by_byte: bool) -> None:
        if not byte_by_byte:
            writer.write(answer)
        else:
            for position in range(len(answer)):
                writer.write(answer[position : position + 1])
                await self._pause()
        await writer.drain()

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), self.pause_s)

    async def _pump(self, reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._flow.wait()
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def _answer(reader: StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(_length(head))
