"""A card terminal that is a process, for trying out and for tests: `orderbell card-terminal`.

It loses, delays and doubles answers, and loses requests, as often as asked. What it heard and charged is in its file,
one JSON line each, written before it answers: a test adds it up, and the simulator goes on with it after a restart.
"""

import random
import socketserver
import threading
import time
from pathlib import Path
from typing import Literal

import msgspec
from typing_extensions import override

from core.client.terminals.driver import TerminalReply, Word
from core.client.terminals.line import LONGEST_LINE, Answer, Ask
from core.decoding import decode


class Received(msgspec.Struct, frozen=True):
    """One line of the file."""

    do: Literal["start", "refund", "ask", "cancel"]
    key: str
    charged_minor: int
    """What the guest's card was charged by it; below zero, given back."""
    word: Word
    reference: str = ""


class Faults(msgspec.Struct, frozen=True):
    """Probabilities of faults, 0 to 1."""

    lose: float = 0.0
    """The answer."""
    unheard: float = 0.0
    """The request, so that nothing is done."""
    late: float = 0.0
    """What was asked arrives twice as late as the till waits: after it has asked, or called it off."""
    double: float = 0.0
    delay_s: float = 0.0
    decline: float = 0.0


class Simulator:
    """A terminal's behaviour by key: its first answer for a key stays. A payment that was called off is never made,
    even if it arrives later."""

    def __init__(self, path: Path, faults: Faults, seed: int) -> None:
        self._path = path
        self.faults = faults
        self.chance = random.Random(seed)  # noqa: S311 - faults
        self._known: dict[str, TerminalReply] = {}
        self._lock = threading.Lock()
        if path.exists():
            for line in path.read_bytes().splitlines():
                heard = decode(line, Received)
                if heard.word.is_last:
                    self._known[heard.key] = TerminalReply(heard.word, heard.reference)

    def receive(self, ask: Ask) -> TerminalReply:
        with self._lock:
            said, charged_minor = self._known.get(ask.key), 0
            if said is None and ask.do in ("start", "refund"):
                declines = self.chance.random() < self.faults.decline
                said = (
                    TerminalReply(Word.DECLINED)
                    if declines
                    else TerminalReply(Word.DONE, f"SLIP-{len(self._known) + 1}")
                )
                charged_minor = 0 if declines else ask.amount_minor * (1 if ask.do == "start" else -1)
            elif said is None and ask.do == "cancel":
                said = TerminalReply(Word.CANCELLED)
            said = said or TerminalReply(Word.UNHEARD)
            if said.word.is_last:
                self._known[ask.key] = said
            heard = Received(ask.do, ask.key, charged_minor, said.word, said.reference)
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(heard) + b"\n")
            return said

    def happens(self, how_often: float) -> bool:
        with self._lock:
            return self.chance.random() < how_often


class _Line(socketserver.StreamRequestHandler):
    server: "Server"

    @override
    def handle(self) -> None:
        raw = self.rfile.readline(LONGEST_LINE)
        simulator, faults = self.server.simulator, self.server.simulator.faults
        try:
            ask = decode(raw, Ask)
        except msgspec.DecodeError:
            return
        if simulator.happens(faults.unheard):
            return
        if simulator.happens(faults.late) and ask.do in ("start", "refund"):
            self.request.shutdown(2)  # the till hears nothing, and goes on
            time.sleep(faults.delay_s)
            simulator.receive(ask)
            return
        said = simulator.receive(ask)
        time.sleep(faults.delay_s if simulator.happens(0.5) else 0.0)
        if simulator.happens(faults.lose):
            return
        answer = msgspec.json.encode(Answer(ask.id, ask.key, said)) + b"\n"
        stale = msgspec.json.encode(Answer("another", ask.key, TerminalReply(Word.DONE, "STALE"))) + b"\n"
        self.wfile.write(stale + answer * 2 if simulator.happens(faults.double) else answer)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, simulator: Simulator) -> None:
        super().__init__(("127.0.0.1", port), _Line)
        self.simulator = simulator
