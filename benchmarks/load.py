"""A closed-loop HTTP load: a few connections, each asking the next thing as soon as it has its answer.

Deliberately not a client library: requests are ready-made bytes and an answer is read no further than its length, so
that the server is what is measured. `benchmarks.http` shows by a bare hello that this is so.
"""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

_HEAD_END = b"\r\n\r\n"


class UnexpectedAnswer(Exception):
    """The server said something else than was expected, so its speed means nothing."""


class Figures(msgspec.Struct, frozen=True):
    """What one run came to."""

    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


def request(method: str, path: str, token: str = "", body: bytes = b"", **headers: str) -> bytes:
    """One request, ready to be sent. `headers` are named with underscores."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _HEAD_END + body


class _Connection:
    __slots__ = ("address", "needed", "received", "requests", "sent_at", "socket")

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes]) -> None:
        self.address = address
        self.requests = requests
        self.socket = self._open()
        self.received = b""
        self.needed = 0
        self.sent_at = 0

    def _open(self) -> socket.socket:
        opened = socket.create_connection(self.address, timeout=30)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def reopen(self) -> None:
        self.socket.close()
        self.socket = self._open()

    def ask(self) -> None:
        self.received, self.needed = b"", 0
        self.sent_at = time.perf_counter_ns()
        self.socket.sendall(next(self.requests))

    def take(self) -> bool:
        """Read what has come; True once the answer is whole."""
        part = self.socket.recv(262_144)
        if not part:
            raise UnexpectedAnswer(f"the connection ended after {self.received[:200]!r}")
        self.received = self.received + part if self.received else part
        if not self.needed:
            head_end = self.received.find(_HEAD_END)
            if head_end < 0:
                return False
            self.needed = head_end + len(_HEAD_END) + _content_length(self.received[:head_end])
        return len(self.received) >= self.needed

    def check(self) -> bool:
        """True when the server keeps the connection. Raises `UnexpectedAnswer` unless it answered 200."""
        if not self.received.startswith(b"HTTP/1.1 200"):
            raise UnexpectedAnswer(self.received[:600].decode(errors="replace"))
        return b"onnection: close" not in self.received[: self.received.find(_HEAD_END)]


def _content_length(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(b"content-length:")
    if start < 0:
        raise UnexpectedAnswer(f"an answer without a length: {head!r}")
    return int(lower[start + 15 :].split(b"\r\n", 1)[0])


def run(port: int, scripts: Sequence[Iterator[bytes]], seconds: float) -> Figures:
    """Play each of `scripts` on a connection of its own to 127.0.0.1 for `seconds`, then wait for what is under way.

    A script is left where the run ended and can be played on. Raises `UnexpectedAnswer` at the first that is not 200.
    """
    connections = [_Connection(("127.0.0.1", port), script) for script in scripts]
    try:
        return _play(connections, seconds)
    finally:
        for connection in connections:
            connection.socket.close()


def run_paced(port: int, script: Iterator[bytes], per_second: float, seconds: float) -> Figures:
    """The same on one connection with a request each `1 / per_second`; an answer that is late is late for all that
    were due meanwhile."""
    connection = _Connection(("127.0.0.1", port), script)
    latencies: list[int] = []
    began = time.perf_counter_ns()
    try:
        for turn in range(round(per_second * seconds)):
            due = began + int(turn / per_second * 1e9)
            if (early := due - time.perf_counter_ns()) > 0:
                time.sleep(early / 1e9)
            connection.ask()
            while not connection.take():
                pass
            latencies.append(time.perf_counter_ns() - max(due, connection.sent_at if early > 0 else due))
            if not connection.check():
                connection.reopen()
    finally:
        connection.socket.close()
    latencies.sort()
    elapsed = (time.perf_counter_ns() - began) / 1e9
    return Figures(len(latencies), elapsed, _percentile(latencies, 50), _percentile(latencies, 99))


def _play(connections: Sequence[_Connection], seconds: float) -> Figures:
    latencies: list[int] = []
    with selectors.DefaultSelector() as selector:
        clock = time.perf_counter_ns
        began = clock()
        until = began + int(seconds * 1e9)
        for connection in connections:
            connection.ask()
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        waiting = len(connections)
        while waiting:
            ready = selector.select(30)
            if not ready:
                raise UnexpectedAnswer("no answer for 30 s")
            for key, _ in ready:
                connection = key.data
                if not connection.take():
                    continue
                now = clock()
                latencies.append(now - connection.sent_at)
                keep = connection.check()
                if now >= until:
                    waiting -= 1
                    selector.unregister(connection.socket)
                    connection.socket.close()  # at once: a server that closes may wait for us to do the same
                elif keep:
                    connection.ask()
                else:
                    _ask_anew(selector, connection)
        elapsed = (clock() - began) / 1e9
    latencies.sort()
    return Figures(len(latencies), elapsed, _percentile(latencies, 50), _percentile(latencies, 99))


def _ask_anew(selector: selectors.BaseSelector, connection: _Connection) -> None:
    began = time.perf_counter_ns()
    selector.unregister(connection.socket)
    connection.reopen()
    connection.ask()
    connection.sent_at = began  # connecting is part of what the person waits for
    selector.register(connection.socket, selectors.EVENT_READ, connection)


def _percentile(sorted_ns: Sequence[Any], percent: int) -> float:
    return float(sorted_ns[min(len(sorted_ns) - 1, len(sorted_ns) * percent // 100)]) / 1e6
