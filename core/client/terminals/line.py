"""A terminal at a TCP address that speaks lines of JSON: the simulator's. Each request has an id, which its answer
repeats; other lines, as late or doubled answers, are ignored."""

import socket
import time
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from core.client.terminals.driver import BY_HAND, ByHand, CardTerminal, Silence, TerminalReply
from core.decoding import decode
from core.domain.ids import OpId, uuid7

LONGEST_LINE: Final = 4096
_CONNECT_S: Final = 3.0


class Ask(msgspec.Struct, frozen=True):
    """A request."""

    id: str
    do: Literal["start", "refund", "ask", "cancel"]
    key: Annotated[str, Meta(max_length=60)]
    amount_minor: int = 0
    currency: str = ""


class Answer(msgspec.Struct, frozen=True):
    id: str
    key: str
    said: TerminalReply


def terminal_at(address: str) -> CardTerminal | None:
    """The driver that a setting names: `by-hand`, `HOST:PORT`; empty: none. Raises `ValueError`."""
    if not address:
        return None
    if address == BY_HAND:
        return ByHand()
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise ValueError(f"{address!r} is no card terminal: by-hand, or HOST:PORT")
    return LineTerminal(host, int(port))


class LineTerminal:
    """`wait_s`: how long a guest may take; asking is answered at once, or is silence after `ask_s`."""

    def __init__(self, host: str, port: int, wait_s: float = 90.0, ask_s: float = 3.0) -> None:
        self._address = host, port
        self._wait_s = wait_s
        self._ask_s = ask_s

    def start(self, key: OpId, amount_minor: int, currency: str) -> TerminalReply:
        return self._request(Ask(uuid7(), "start", key, amount_minor, currency), self._wait_s)

    def refund(self, key: OpId, amount_minor: int, currency: str) -> TerminalReply:
        return self._request(Ask(uuid7(), "refund", key, amount_minor, currency), self._wait_s)

    def ask(self, key: OpId) -> TerminalReply:
        return self._request(Ask(uuid7(), "ask", key), self._ask_s)

    def cancel(self, key: OpId) -> TerminalReply:
        return self._request(Ask(uuid7(), "cancel", key), self._ask_s)

    def _request(self, ask: Ask, wait_s: float) -> TerminalReply:
        until_s = time.monotonic() + wait_s
        try:
            with socket.create_connection(self._address, min(_CONNECT_S, wait_s)) as line:
                line.sendall(msgspec.json.encode(ask) + b"\n")
                while True:
                    answer = self._next(line, until_s)
                    if answer is not None and (answer.id, answer.key) == (ask.id, ask.key):
                        return answer.said
        except OSError as error:
            raise Silence(f"{self._address[0]}:{self._address[1]}: {error}") from error

    def _next(self, line: socket.socket, until_s: float) -> Answer | None:
        """The next line; None for what is no answer. Raises `OSError`."""
        raw = bytearray()
        while not raw.endswith(b"\n"):
            line.settimeout(max(0.001, until_s - time.monotonic()))
            if time.monotonic() >= until_s:
                raise TimeoutError("no answer in time")
            byte = line.recv(1)
            if not byte:
                raise ConnectionError("the line was closed")
            raw += byte
            if len(raw) > LONGEST_LINE:
                raise ConnectionError("a line too long")
        try:
            answer = decode(bytes(raw), Answer)
        except msgspec.DecodeError:
            return None
        return answer
