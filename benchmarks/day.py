"""A day of both windows: 30 s refreshes and 60 s trackers, orders, the network gone and back, people coming and going.

And a year of mornings and evenings: each window opened and closed again and again. What must not grow is counted in the
windows' process and in the server's.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import psutil

from benchmarks import databases
from benchmarks.day_probe import AN_HOUR, Part, handles
from benchmarks.measure import Claim, Result
from core.own_process import python
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.server import ServerProcess

Left = dict[str, float]
_TICKS: Final = 24 * AN_HOUR
MORE: Final = {"threads": 0, "server threads": 3, "timers": 0, "Qt objects": 10, "sockets": 4, "handles": 4}
"""So many more there may be late than early: a toast that is shown, a pool's connections that are kept for the next
call, a thread of a server's pool that is first needed late. One that is left behind each hour would be some twelve."""
_STEEP: Final = {"Python objects": 300, "KiB": 512}
"""The most that a step may add: in an hour an order is placed, which is kept, and another moved 30 times, SQLite's page
caches are not full yet, and the allocator keeps what it may need again."""
_QUIET: Final = {"Python objects": 30, "KiB": 32}
"""The same where nothing happens."""


class Broken(Exception):
    """The windows' process ended badly, or complained; the message has what it wrote."""


def run(quick: bool) -> Result:
    hours, openings = (4, 20) if quick else (_TICKS // AN_HOUR, 200)
    rows, claims = [], []
    for name, part in (
        ("a quiet day", Part(url="", folder="", quiet=True, ticks=hours * AN_HOUR)),
        ("a day, pushed", Part(url="", folder="", ticks=hours * AN_HOUR)),
        ("a day, polled", Part(url="", folder="", push=False, ticks=hours * AN_HOUR)),
        (f"{openings} openings", Part(url="", folder="", openings=openings)),
    ):
        windows, server = played(part)
        steep = _QUIET if part.quiet else _STEEP
        for side, found in (("windows", windows), ("server", server)):
            for what in found[0]:
                values, told = [each[what] for each in found], f"{name}: {side}, {what}"
                early, late = _ends(values)
                rows.append((told, f"{early:,.0f}", f"{late:,.0f}", f"{slope(values):+,.1f}"))
                if what in MORE:
                    claims.append(Claim(f"{told}, late over early", late - early, "most", MORE[what]))
                else:
                    claims.append(Claim(f"{told}, more a step", slope(values), "most", steep[what]))
    return Result(
        name="day",
        title=f"{hours} hours of both windows, {hours * AN_HOUR:,} refreshes, and {openings} openings of each",
        columns=("", "early", "late", "a step"),
        rows=tuple(rows),
        claims=tuple(claims),
        notes=("Early and late: the most in the second and in the last quarter. A step is an hour, or ten openings.",),
    )


def played(part: Part) -> tuple[list[Left], list[Left]]:
    """What was left behind after each step, in the windows' process and in the server's. Raises `Broken`."""
    with tempfile.TemporaryDirectory(prefix="orderbell-benchmark-") as name:
        folder = Path(name)
        shop.lay_out(folder / "server" / "orderbell.db")
        with ServerProcess(folder / "server") as server, FaultProxy(server.url) as proxy:
            assert server.process is not None
            process = psutil.Process(server.process.pid)
            part = msgspec.structs.replace(part, url=proxy.url, folder=str(folder))
            windows, served = [], []
            for left in _probe(part, proxy):
                windows.append(left)
                served.append(
                    {"server threads": float(process.num_threads())} | handles(process) | {"KiB": _kib(process)}
                )
    return windows, served


def _probe(part: Part, proxy: FaultProxy) -> Iterator[Left]:
    """Run the windows, and take the network away and give it back when they ask for it."""
    # What Python itself cannot take apart at its own end, PySide's descriptors, is nothing that a day has left.
    unclosed = ["-W", "error::ResourceWarning", "-W", "ignore:gc:ResourceWarning"]
    command = python(*unclosed, "-m", "benchmarks.day_probe")
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaints:
        probe = subprocess.Popen(
            [*command, msgspec.json.encode(part).decode()],
            cwd=databases.ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        with probe:
            assert probe.stdin is not None
            assert probe.stdout is not None
            for line in probe.stdout:
                said = json.loads(line)
                if "left" in said:
                    yield said["left"]
                    continue
                if said["ask"] == "down":
                    proxy.choose = lambda _line: Fault.REFUSE
                    proxy.cut()
                else:
                    proxy.choose = lambda _line: Fault.NONE
                probe.stdin.write("done\n")
                probe.stdin.flush()
        complaints.seek(0)
        written = complaints.read()
        if probe.returncode or "ResourceWarning" in written or "Traceback" in written:
            raise Broken(written[-4000:])


def _kib(process: psutil.Process) -> float:
    return process.memory_info().rss / 1024


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """The most in the second quarter, and in the last: the first is warming up."""
    quarter = max(1, len(values) // 4)
    return max(values[quarter : 2 * quarter]), max(values[-quarter:])


def slope(values: Sequence[float]) -> float:
    """By how much it grows a step, the first quarter left out: the straight line that fits best."""
    rest = values[len(values) // 4 :]
    middle, mean = (len(rest) - 1) / 2, sum(rest) / len(rest)
    across = sum((at - middle) ** 2 for at in range(len(rest)))
    return sum((at - middle) * (value - mean) for at, value in enumerate(rest)) / across if across else 0.0
