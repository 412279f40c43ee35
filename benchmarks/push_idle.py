"""What a display that only listens costs the backend in memory."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import databases, push_servers, servers
from benchmarks.measure import Claim, Result, Spread
from benchmarks.push_displays import Crowd, allow_files, hello
from benchmarks.push_fanout import ORDERS, Cashier

_PAGE_KIB: Final = 4


def run(quick: bool) -> Result:
    count, rounds = (200, 1) if quick else (2_000, 3)
    allow_files(10_000)
    each: list[float] = []
    for _ in range(rounds):
        with ExitStack() as stack:
            folder = stack.enter_context(databases.folder(ORDERS))
            port, commits = stack.enter_context(push_servers.orderbell(folder))
            stack.enter_context(servers.on_core(-1))
            process = (folder / push_servers.PID).read_text()
            each.append(uvloop.run(_grown_by(Cashier(port, commits), count, process)) / count)
    spread = Spread.of(each)
    return Result(
        name="push-idle",
        title="Memory of the backend for a display that listens",
        columns=("displays", "KiB each"),
        rows=((f"{count:,}", spread.shown()),),
        claims=(Claim("KiB for an idle connection", spread.median, "most", 25),),
        notes=("Resident memory with all of them connected, less that before, divided by their number.",),
    )


async def _grown_by(cashier: Cashier, count: int, process: str) -> float:
    cursor = cashier.cursor()
    few = Crowd(cashier.port, hello(cashier.token, cursor), 20)
    await few.open()  # so that what is made once is made
    before = _resident_kib(process)
    crowd = Crowd(cashier.port, hello(cashier.token, cursor), count)
    await crowd.open()
    grown = _resident_kib(process) - before
    crowd.close()
    few.close()
    return grown


def _resident_kib(process: str) -> float:
    """Linux says it in pages (proc(5), statm)."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE_KIB
