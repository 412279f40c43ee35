"""A crowd of displays: sockets that take what they are told, and when. Lean, so that the server is what is measured."""

import asyncio
import os
import struct
import time
from collections.abc import Callable
from typing import Final, cast

import msgspec
from typing_extensions import override

from core.protocol.routes import SOCKET_PATH

HANDSHAKE: Final = (
    f"GET {SOCKET_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()
_AT_ONCE: Final = 50
_WITHIN_S: Final = 60.0
_SEQ: Final = b'"seq":'


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's message (RFC 6455 §5.2), masked with zeros."""
    size = len(payload)
    head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else bytes((0x80 | opcode, 0xFE)) + struct.pack(">H", size)
    return head + b"\0\0\0\0" + payload


class Display(asyncio.Protocol):
    """One of them. `tell` is called with each message and when it came (monotonic ns)."""

    def __init__(self, hello: bytes, crowd: "Crowd") -> None:
        self.transport: asyncio.Transport
        self.upgraded = asyncio.get_running_loop().create_future()
        self.seen = 0
        """The number of the last event it was told."""
        self._hello = hello
        self._crowd = crowd
        self._rest = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are none by descent
        self.transport.write(HANDSHAKE)

    @override
    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        data = self._rest + data if self._rest else data
        if not self.upgraded.done():
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            assert data.startswith(b"HTTP/1.1 101"), data[:200]
            self.upgraded.set_result(None)
            if self._hello:
                self.transport.write(masked(1, self._hello))
            data = data[end + 4 :]
        while len(data) >= 2:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(data[2:10], "big"), 10
            if len(data) < start + size:
                break
            self._take(data[0] & 15, data[start : start + size], now)
            data = data[start + size :]
        self._rest = data

    def _take(self, opcode: int, payload: bytes, now: int) -> None:
        if opcode == 9:
            self.transport.write(masked(10, payload))
        elif opcode == 1:
            at = payload.rfind(_SEQ)
            if at < 0:
                self._crowd.greeted += 1  # a heartbeat
                return
            number = int(payload[at + 6 : payload.index(b",", at)])
            self._crowd.took(self.seen, number, now)
            self.seen = number
        elif opcode == 8:
            self._crowd.closed.append(int.from_bytes(payload[:2], "big"))


class Crowd:
    """So many displays of one server, and when the last of them was told each event."""

    def __init__(self, port: int, hello: bytes, count: int) -> None:
        self.displays: list[Display] = []
        self.greeted = 0
        self.closed: list[int] = []
        """The codes of those that the server closed."""
        self.told: dict[int, list[int]] = {}
        """Of each event: how many were told it, and when the last was."""
        self._port = port
        self._hello = hello
        self._count = count

    async def open(self) -> None:
        """Connect them all; done when each was answered."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_WITHIN_S):
            for start in range(0, self._count, _AT_ONCE):
                batch = [
                    loop.create_connection(lambda: Display(self._hello, self), "127.0.0.1", self._port)
                    for _ in range(start, min(start + _AT_ONCE, self._count))
                ]
                opened = [display for _, display in await asyncio.gather(*batch)]
                await asyncio.gather(*(display.upgraded for display in opened))
                self.displays += opened
            await until(lambda: not self._hello or self.greeted >= self._count)

    def took(self, before: int, number: int, now: int) -> None:
        for event in range(before + 1, number + 1):
            entry = self.told.get(event)
            if entry is None:
                self.told[event] = [1, now]
            else:
                entry[0] += 1
                entry[1] = now

    async def all_told(self, number: int) -> None:
        """Wait until every display was told the event of that number. Raises `TimeoutError`."""
        async with asyncio.timeout(_WITHIN_S):
            await until(lambda: self.told.get(number, [0])[0] >= len(self.displays) - len(self.closed))

    def close(self) -> None:
        for display in self.displays:
            display.transport.abort()


async def until(reached: Callable[[], bool]) -> None:
    while not reached():  # noqa: ASYNC110 - a measurement's end is not worth a signal on its hot path
        await asyncio.sleep(0.01)


def hello(token: str, cursor: str) -> bytes:
    return msgspec.json.encode({"token": token, "cursor": cursor})


def allow_files(count: int) -> None:
    """Have this process, and those it starts, open so many files, where that is limited."""
    if os.name == "posix":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, most) if most > 0 else count, most))
