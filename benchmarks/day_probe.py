"""`python -m benchmarks.day_probe '{…}'`: both windows in one process, through simulated days or through many openings.

Nobody waits for a timer: each tick stands for 30 s, in which every refresher whose time has come has its timeout. What
is left behind is counted once an hour (or ten openings) and said on standard output, one JSON object a line. `down` and
`up` are asked of whoever reads that, and answered with a line on standard input.
"""

# ruff: noqa: SLF001 - a probe looks inside

import gc
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from benchmarks.click_probe import control, fill_in, wait_for
from benchmarks.measure import end_at_a_mistake
from core.client.sync.api import SyncedApi
from core.client.sync.engine import ConnectionState
from core.domain.commands import ChangeStatus, PlaceOrder, RecallOrder
from core.domain.order import NewLine, Order
from core.domain.status import OrderStatus
from core.protocol import routes
from core.ui.app import start_application
from core.ui.refresh import Refresher
from core.ui.theme import Theme
from customer_view import bootstrap as customer_view
from customer_view.settings import CustomerSettings
from customer_view.window import CustomerWindow
from pos_app import bootstrap as pos_app
from pos_app.settings import PosSettings
from pos_app.window import PosWindow
from tests.support import shop

TICK_S: Final = 30
AN_HOUR: Final = 120
_OPENINGS: Final = 10
_FRIES: Final = (NewLine(item_id=shop.FRIES),)
_WAY: Final = (OrderStatus.CONFIRMED, OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.COMPLETED)


class Part(msgspec.Struct, frozen=True):
    """What to play. `push` or by polling alone; so many ticks, and then so many openings of each window.

    On a `quiet` day nothing happens but refreshes.
    """

    url: str
    folder: str
    push: bool = True
    quiet: bool = False
    ticks: int = 0
    openings: int = 0


class Windows:
    """A till with Kim at it, and Ada's own window."""

    def __init__(self, part: Part, theme: Theme) -> None:
        folder = Path(part.folder)
        self._till = PosSettings(
            server_url=part.url,
            theme="light",
            sounds=False,
            idle_lock_s=0,
            device=shop.DEVICE,
            push=part.push,
            data_dir=str(folder / "pos"),
        )
        self._view = CustomerSettings(
            server_url=part.url,
            theme="light",
            sounds=False,
            idle_sign_out_s=0,
            push=part.push,
            data_dir=str(folder / "customer"),
            keep_session=True,
        )
        self._theme = theme
        self.live = ConnectionState.LIVE if part.push else ConnectionState.POLLING

    @contextmanager
    def till(self) -> Iterator[PosWindow]:
        window = pos_app.open_window(self._till, self._theme)
        window.show()
        try:
            yield window
        finally:
            window.close()
            _gone(window)

    @contextmanager
    def view(self) -> Iterator[tuple[CustomerWindow, SyncedApi]]:
        window, api = customer_view.open_window(self._view, self._theme)
        window.show()
        try:
            yield window, api
        finally:
            window.close()
            customer_view.close(api, self._view)
            _gone(window)


class Day:
    """Two open windows, and the hours that pass over them."""

    def __init__(self, till: PosWindow, view: CustomerWindow, api: SyncedApi, live: ConnectionState) -> None:
        self._till, self._view = till, view
        counter = till._context.api
        assert isinstance(counter, SyncedApi)
        self._counter, self._guest = counter, api
        self._live = live
        self._now_s = 0

    def begin(self) -> None:
        sign_in_kim(self._till)
        sign_in_ada(self._view)
        self._settle()
        self._order = self._carried(self._guest.call(routes.PLACE(body=PlaceOrder(lines=_FRIES))), _WAY[:2])

    def quiet_hour(self) -> None:
        """Everybody looks, and nothing has changed."""
        for _ in range(AN_HOUR):
            self._tick()
        self._settle()

    def hour(self) -> None:
        """One order from its placing to its end, one that goes to and fro, and everything else that a day has."""
        for tick in range(AN_HOUR):
            match tick:
                case 10:
                    self._carried(self._guest.call(routes.PLACE(body=PlaceOrder(lines=_FRIES))), _WAY)
                case 40:
                    ask("down")
                    self._counter.try_now()
                    self._guest.try_now()
                    self._until(
                        lambda: (
                            ConnectionState.OFFLINE in (self._counter.sync_status.state, self._guest.sync_status.state)
                        )
                    )
                case 46:
                    ask("up")
                    self._counter.try_now()
                    self._guest.try_now()
                    self._settle()
                case 70:
                    control(self._view, "sign_out").click()  # type: ignore[attr-defined]
                    sign_in_ada(self._view)
                    self._till.workspace.leave_wanted.emit("sign_out")
                    wait_for(lambda: not self._till.signed_in)
                    sign_in_kim(self._till)
                    self._settle()
                case 90:
                    self._till.hide()
                    self._view.hide()
                case 93:
                    self._till.show()
                    self._view.show()
                case 100:
                    for page in ("new", "history", "sync", "orders"):
                        self._till.show_page(page)
                        self._tick_jobs()
                    for tab in ("tab_order", "tab_my_orders"):
                        control(self._view, tab).click()  # type: ignore[attr-defined]
                        self._tick_jobs()
            if tick % 4 == 0:
                self._to_and_fro()
            self._tick()
        self._settle()

    def _tick(self) -> None:
        self._now_s += TICK_S
        for window in (self._till, self._view):
            for refresher in window.findChildren(Refresher):
                if refresher.active and self._now_s % max(TICK_S, refresher.interval_s) == 0:
                    timer = refresher.findChild(QTimer)
                    assert isinstance(timer, QTimer)
                    timer.timeout.emit()
        if self._live is ConnectionState.POLLING:
            self._counter.try_now()
            self._guest.try_now()
        self._tick_jobs()

    def _tick_jobs(self) -> None:
        wait_for(lambda: self._till._context.jobs.busy == 0 and self._view._context.jobs.busy == 0)

    def _to_and_fro(self) -> None:
        """Ready, and not ready after all."""
        order = self._order
        if order.status is OrderStatus.READY:
            asked = RecallOrder(version=order.version, reason="not yet")
            self._order = self._counter.call(routes.RECALL(order.id, body=asked))
        else:
            asked_for = ChangeStatus(to=OrderStatus.READY, version=order.version)
            self._order = self._counter.call(routes.CHANGE_STATUS(order.id, body=asked_for))

    def _carried(self, order: Order, way: tuple[OrderStatus, ...]) -> Order:
        self._until(lambda: self._till.store.get(order.id) is not None)
        for status in way:
            order = self._counter.call(
                routes.CHANGE_STATUS(order.id, body=ChangeStatus(to=status, version=order.version, reason="so"))
            )
        return order

    def _settle(self) -> None:
        """Both are as live as they get, nothing waits, and the till's words are on the customer's screen."""
        apis = (self._counter, self._guest)
        self._until(lambda: all(api.sync_status.state is self._live and not api.operations() for api in apis))
        self._tick_jobs()

    def _until(self, reached: Callable[[], bool]) -> None:
        wait_for(reached)


def sign_in_kim(till: PosWindow) -> None:
    fill_in(till, {"staff_name": shop.KIM.name, "pin": shop.KIM.pin}, "sign_in")
    wait_for(lambda: till.signed_in and till._context.jobs.busy == 0)


def sign_in_ada(view: CustomerWindow) -> None:
    fill_in(view, {"sign_in_login": shop.ADA.phone, "sign_in_password": shop.ADA.password}, "sign_in_submit")
    control(view, "orders_page")
    wait_for(lambda: view._context.jobs.busy == 0)


def until_live(view: CustomerWindow, api: SyncedApi, live: ConnectionState) -> None:
    wait_for(lambda: view._context.jobs.busy == 0 and api.sync_status.state is live)


def ask(what: str) -> None:
    """Have the network taken away or given back."""
    say(ask=what)
    sys.stdin.readline()


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def left_behind() -> dict[str, float]:
    """What there is of everything that must not grow."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    process = psutil.Process()
    roots = QApplication.topLevelWidgets()
    objects = [each for root in roots for each in root.findChildren(QObject)]
    return {
        # The one that brings the log into the file ends by itself, half a second after a commit.
        "threads": sum(thread.name != "log" for thread in threading.enumerate()),
        "timers": sum(isinstance(each, QTimer) for each in objects),
        "Qt objects": len(objects) + len(roots),
        **handles(process),
        "Python objects": len(gc.get_objects()),
        "KiB": process.memory_info().rss / 1024,
    }


def handles(process: psutil.Process) -> dict[str, float]:
    """Open sockets, and files and sockets together, of a process."""
    sockets = len(process.net_connections())
    if sys.platform == "win32":
        return {"sockets": sockets, "handles": process.num_handles()}
    return {"sockets": sockets, "handles": process.num_fds()}


def _gone(window: Any) -> None:
    window._context.jobs.close(wait_s=5)
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def play(part: Part, windows: Windows) -> None:
    if part.ticks:
        with windows.till() as till, windows.view() as (view, api):
            day = Day(till, view, api, windows.live)
            day.begin()
            for _ in range(part.ticks // AN_HOUR):
                (day.quiet_hour if part.quiet else day.hour)()
                say(left=left_behind())
    if part.openings:
        with windows.view() as (view, _api):
            sign_in_ada(view)
        for number in range(part.openings):
            with windows.till() as till, windows.view() as (view, api):
                control(till, "pin")
                control(view, "orders_page")
                until_live(view, api, windows.live)
            if number % _OPENINGS == _OPENINGS - 1:
                say(left=left_behind())


def main() -> None:
    part = msgspec.json.decode(sys.argv[1], type=Part)
    app, theme = start_application("Orderbell", CustomerSettings(theme="light", sounds=False))
    sys.excepthook = end_at_a_mistake

    def begin() -> None:
        play(part, Windows(part, theme))
        app.quit()

    QTimer.singleShot(0, begin)
    app.exec()


if __name__ == "__main__":
    main()
