"""The customer's window with many orders loaded, refreshed and told of changes again and again; prints blocks as JSON.

A block is how much later than asked a 1 ms timer of the GUI thread comes round: what a key press would have waited.
"""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, SignalInstance
from PySide6.QtWidgets import QListView

from benchmarks import databases, dataset
from benchmarks.measure import end_at_a_mistake
from core.client.http.api import HttpApi
from core.client.order_store import Changes, OrderStore
from core.domain.commands import ChangeStatus
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.requests import StaffSignIn
from core.ui.app import run_window, start_application
from core.ui.rows import ROW
from customer_view.account.presenter import Account
from customer_view.bootstrap import open_window
from customer_view.history.presenter import History
from customer_view.settings import CustomerSettings
from customer_view.window import CustomerWindow

Part = TypeVar("Part", bound=QObject)

ORDERS: Final = 500
CHANGED: Final = 10
_TICK_MS: Final = 1
_SETTLE_MS: Final = 150


def _wait_for(signal: SignalInstance, act: Callable[[], object]) -> None:
    """Do `act` and let events pass until `signal` comes."""
    loop = QEventLoop()
    signal.connect(loop.quit)
    QTimer.singleShot(30_000, loop, lambda: loop.exit(1))
    act()
    if loop.exec():
        raise TimeoutError(f"{signal} did not come within 30 s")
    signal.disconnect(loop.quit)


def _longest_block_ms(act: Callable[[], None]) -> float:
    """The GUI thread's longest block during `act` and while its results are painted."""
    last = time.perf_counter_ns()
    longest = 0

    def tick() -> None:
        nonlocal last, longest
        now = time.perf_counter_ns()
        longest = max(longest, now - last)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(_TICK_MS)
    act()
    loop = QEventLoop()
    QTimer.singleShot(_SETTLE_MS, loop.quit)
    loop.exec()
    timer.stop()
    return max(0.0, longest / 1e6 - _TICK_MS)


class _Shop:
    """A cashier elsewhere, who moves orders."""

    def __init__(self, url: str) -> None:
        self._api = HttpApi(url)
        self._api.staff_sign_in(StaffSignIn(staff=dataset.CASHIER, pin=databases.PIN, device=dataset.DEVICE))

    def confirm(self, orders: list[Order]) -> None:
        """Begin to; this process's window goes on meanwhile."""
        threading.Thread(target=self._confirm, args=(orders,)).start()

    def _confirm(self, orders: list[Order]) -> None:
        for order in orders:
            self._api.call(
                routes.CHANGE_STATUS(order.id, body=ChangeStatus(to=OrderStatus.CONFIRMED, version=order.version))
            )


def _part(window: QObject, kind: type[Part]) -> Part:
    found = window.findChild(kind)
    if found is None:
        raise LookupError(f"the window has no {kind.__name__}")
    return found


def _play(window: CustomerWindow, phone: str, shop: _Shop, rounds: int) -> dict[str, object]:
    """Sign in, load the orders, and then, `rounds` times: do nothing at all, refresh them with nothing new, have some
    of them changed elsewhere, which is pushed, and refresh them meanwhile."""
    account = _part(window, Account)
    _wait_for(account.signed_in, lambda: account.sign_in(phone, databases.PASSWORD))
    history, store = _part(window, History), window.store
    while not history.is_loaded:
        _wait_for(history.loaded, lambda: None)
    model = next(view.model() for view in window.findChildren(QListView) if view.model() is not None)
    while model.rowCount() < ORDERS:
        _wait_for(history.loaded, history.fetch_more)

    def refresh() -> None:
        _wait_for(history.loaded, history.refresher.refresh)

    idle, same, changed = [], [], []
    refresh()
    for _ in range(rounds):
        idle.append(_longest_block_ms(lambda: None))
        same.append(_longest_block_ms(refresh))
        rows: list[Order] = [model.index(row, 0).data(ROW) for row in range(model.rowCount())]
        moved = [order for order in rows if order.status is OrderStatus.PENDING][:CHANGED]
        changed.append(_longest_block_ms(lambda: _move(moved, shop, store, refresh)))  # noqa: B023 (called at once)
    return {"orders": model.rowCount(), "idle": idle, "same": same, "changed": changed}


def _move(orders: list[Order], shop: _Shop, store: OrderStore, refresh: Callable[[], None]) -> None:
    """Have `orders` confirmed elsewhere and refresh the list; until the window shows every one of them so."""
    loop = QEventLoop()
    QTimer.singleShot(30_000, loop, lambda: loop.exit(1))

    def look(_changes: Changes) -> None:
        if all(held.status is OrderStatus.CONFIRMED for order in orders if (held := store.get(order.id)) is not None):
            loop.exit()

    unsubscribe = store.subscribe(look)
    shop.confirm(orders)
    refresh()
    look(Changes())
    if any(held.status is OrderStatus.PENDING for order in orders if (held := store.get(order.id))) and loop.exec():
        raise TimeoutError("the changes were not shown within 30 s")
    unsubscribe()


def main() -> None:
    url, phone, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    settings = CustomerSettings(
        server_url=url,
        theme="light",
        page_size=100,
        history_refresh_s=3600,
        tracker_refresh_s=3600,
        idle_sign_out_s=0,
        data_dir=tempfile.mkdtemp(),
        keyring=False,
    )
    app, theme = start_application("Orderbell", settings)
    window, _api = open_window(settings, theme)

    sys.excepthook = end_at_a_mistake

    def play() -> None:
        print(json.dumps(_play(window, phone, _Shop(url), rounds)), flush=True)
        os._exit(0)  # what was measured is printed; taking windows apart is not measured

    QTimer.singleShot(0, play)
    run_window(app, window, settings)


if __name__ == "__main__":
    main()
