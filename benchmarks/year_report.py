"""How long does a report over a year take, and does anybody else wait for it?"""

import itertools
import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Final

from benchmarks import databases, dataset, load, servers, traffic
from benchmarks.measure import Claim, Result, Spread
from core.protocol.reports import By

SIZE: Final = 1_000_000
CLAIMED_S: Final = 2.0
CLAIMED_P99_MS: Final = 5.0
DETAILS_A_SECOND: Final = 40
REPORTS_A_SECOND: Final = 2
_YEAR: Final = "first=2025-06-01&last=2026-06-01"
_ASKED: Final = 2_000


def run(quick: bool) -> Result:
    size, seconds = (20_000, 10.0) if quick else (SIZE, 40.0)
    with databases.folder(size, databases.sold) as folder, servers.orderbell(folder) as port, servers.on_core(-1):
        token = traffic.staff_token(port, dataset.ADMIN)
        details = _details(folder, size, token)
        load.run_paced(port, details, DETAILS_A_SECOND, seconds / 10)
        alone = load.run_paced(port, details, DETAILS_A_SECOND, seconds)
        beside, taken = _beside(port, token, details, seconds)
    rows = [(f"a year by {by}", f"{len(found):,}", Spread.of(found).shown(3)) for by, found in taken.items()]
    slowest = max(Spread.of(found).median for found in taken.values())
    return Result(
        name="year",
        title=(
            f"A year's report over {size:,} orders, {REPORTS_A_SECOND} a second, beside {DETAILS_A_SECOND} order "
            "details a second, over HTTP"
        ),
        columns=("report", "times", "s (least-most)"),
        rows=tuple(rows),
        claims=(
            Claim("s of the slowest report, the median of its times", slowest, "most", CLAIMED_S),
            Claim("ms of order details meanwhile, p99", beside.p99_ms, "most", CLAIMED_P99_MS),
        ),
        notes=(
            f"order details without reports: p50 {alone.p50_ms:.2f} ms, p99 {alone.p99_ms:.2f} ms",
            f"order details beside reports: p50 {beside.p50_ms:.2f} ms, p99 {beside.p99_ms:.2f} ms",
        ),
    )


def _details(folder: Path, size: int, token: str) -> Iterator[bytes]:
    """Requests for orders at random, as a cashier's."""
    with sqlite3.connect(folder / "orderbell.db") as connection:
        step = max(1, size // _ASKED)
        ids = [row[0] for row in connection.execute("SELECT id FROM orders WHERE rowid % ? = 0", (step,))]
    connection.close()
    random.Random(7).shuffle(ids)
    return itertools.cycle([load.request("GET", f"/api/pos/orders/{order_id}/", token) for order_id in ids])


def _beside(
    port: int, token: str, details: Iterator[bytes], seconds: float
) -> tuple[load.Figures, dict[By, list[float]]]:
    """Details at their pace while somebody looks at one report after the other."""
    taken: dict[By, list[float]] = {by: [] for by in By}
    ended = Event()

    def report() -> None:
        for by in itertools.cycle(By):
            if ended.is_set() and all(taken.values()):
                return
            asked = load.request("GET", f"/api/admin/reports/sales/?{_YEAR}&by={by.value}", token)
            taken[by].append(load.run(port, [iter([asked])], 0).p50_ms / 1000)
            ended.wait(1 / REPORTS_A_SECOND)

    with ThreadPoolExecutor(1) as reporter:
        reports = reporter.submit(report)
        figures = load.run_paced(port, details, DETAILS_A_SECOND, seconds)
        ended.set()
        reports.result()
    return figures, taken
