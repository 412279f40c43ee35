"""How long a cashier's press takes to be accepted while every question to the server hangs."""

import os
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from benchmarks.measure import Claim, Result
from core.domain.commands import TakeOrder
from core.domain.order import NewLine, Order
from core.protocol import routes
from core.ui.jobs import Jobs
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.server import ServerProcess
from tests.support.synced import Screen

_TAKE = TakeOrder(lines=(NewLine(item_id=shop.FRIES),))
_HANGING = 60


def run(quick: bool) -> Result:
    """Orders taken one after the other through a window's jobs, over a network that answers nothing."""
    presses = 40 if quick else 300
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QCoreApplication.instance() or QCoreApplication([])
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shop.lay_out(directory / "server" / "orderbell.db")
        with (
            ServerProcess(directory / "server") as server,
            FaultProxy(server.url) as proxy,
            Screen(proxy.url, directory / "till.db") as till,
        ):
            till.staff()
            till.until_live()
            order = till.api.call(routes.TAKE(body=_TAKE))
            till.until_sent()
            proxy.choose = lambda _line: Fault.HALF_OPEN
            proxy.freeze(frozen=True)
            jobs = Jobs()
            for _ in range(_HANGING):
                jobs.ask(lambda: till.api.call(routes.DETAILS(order.id)), _nothing, _nothing)
            taken_ms = sorted(_taken_ms(app, jobs, till) for _ in range(presses))
            hung = jobs.busy
            jobs.close()
            proxy.choose = lambda _line: Fault.REFUSE
            proxy.cut()
    p50, p99 = taken_ms[presses // 2], taken_ms[min(presses - 1, round(presses * 0.99))]
    return Result(
        name="hanging",
        title="A press at the till → accepted, while every question hangs, milliseconds",
        columns=("questions that hang", "p50", "p99", "most"),
        rows=((f"{hung}", f"{p50:,.1f}", f"{p99:,.1f}", f"{taken_ms[-1]:,.1f}"),),
        claims=(Claim("accepted, p99, ms", p99, "most", 50),),
        notes=(f"{presses} orders, each on the disk before it counts as accepted.",),
    )


def _taken_ms(app: QCoreApplication, jobs: Jobs, till: Screen) -> float:
    done: list[Order] = []
    began_s = time.perf_counter()
    jobs.run(lambda: till.api.call(routes.TAKE(body=_TAKE)), done.append, _fail)
    while not done:
        app.processEvents()
    return (time.perf_counter() - began_s) * 1000


def _nothing(_result: object) -> None:
    return


def _fail(error: Exception) -> None:
    raise error
