"""What a till pays for working without a server: accepting an operation, and catching up, both ways."""

import statistics
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.measure import Claim, Result
from core.client.http.api import HttpClient
from core.client.sync.api import SyncedApi
from core.client.sync.engine import SyncStatus
from core.client.sync.updates import Changed
from core.domain.commands import TakeOrder
from core.domain.order import NewLine
from core.protocol import routes
from core.protocol.requests import StaffSignIn
from tests.support import shop
from tests.support.server import ServerProcess

_LINES = (NewLine(item_id=shop.FRIES), NewLine(item_id=shop.BOWL, modifier_ids=(shop.CHICKEN,)))


class _Till:
    """A window's door, and when its outbox came to stand at nothing."""

    def __init__(self, url: str, path: Path) -> None:
        self.drained = threading.Event()
        self.live = threading.Event()
        self.api = SyncedApi(HttpClient(url), path, on_changed=self._changed, on_sync_status=self._stands)

    def _changed(self, _changed: Changed) -> None:
        return

    def _stands(self, sync_status: SyncStatus) -> None:
        if sync_status.counts.waiting == 0:
            self.drained.set()
        else:
            self.drained.clear()
        if sync_status.state == "live":
            self.live.set()


def run(quick: bool) -> Result:
    """Accept while `waiting` others wait, then let all of them go to a server in a process of its own."""
    waiting, more = (200, 200) if quick else (1_000, 1_000)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shop.lay_out(directory / "server" / "orderbell.db")
        till_path = directory / "till.db"
        with ServerProcess(directory / "server") as server:
            _sign_in(server.url, till_path)
        till = _Till("http://127.0.0.1:9", till_path)
        till.api.resume()
        for _ in range(waiting):
            _take(till)
        taken_ms = sorted(_take(till) for _ in range(more))
        till.api.close()
        with ServerProcess(directory / "server") as server:
            till = _Till(server.url, till_path)
            count = waiting + more
            start = time.perf_counter()
            till.api.resume()
            till.drained.wait(120)
            drained_s = time.perf_counter() - start
            left = len(till.api.operations())
            till.api.close()
    p99 = taken_ms[int(0.99 * len(taken_ms))]
    per_thousand_s = drained_s * 1000 / count
    return Result(
        name="outbox",
        title=f"The client's outbox, at synchronous=FULL, {waiting:,} operations waiting",
        columns=("", "value"),
        rows=(
            ("accept an order, p50 ms", f"{statistics.median(taken_ms):.2f}"),
            ("accept an order, p99 ms", f"{p99:.2f}"),
            (f"drain {count:,} operations, s", f"{drained_s:.2f}"),
            ("left", str(left)),
        ),
        claims=(
            Claim("an operation is accepted within 20 ms (p99)", p99, "most", 20),
            Claim("1,000 waiting operations drain in 5 s", per_thousand_s, "most", 5),
            Claim("operations left behind", left, "most", 0),
        ),
    )


def _sign_in(url: str, path: Path) -> None:
    till = _Till(url, path)
    till.api.staff_sign_in(StaffSignIn(staff=shop.KIM.name, pin=shop.KIM.pin, device=shop.DEVICE))
    till.live.wait(30)
    till.api.call(routes.MENU())
    till.api.close()


def _take(till: _Till) -> float:
    start = time.perf_counter()
    till.api.call(routes.TAKE(body=TakeOrder(lines=_LINES)))
    return (time.perf_counter() - start) * 1000
