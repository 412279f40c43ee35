"""`python -m benchmarks.click_probe URL PHONE FOLDER CLICKS SECONDS`: three real windows, and a cashier who clicks.

A till, a customer's window that is told by push, and one of the same customer that only looks every 30 s. Prints how
many milliseconds after each click the new status was painted in either, as JSON. All three share one thread, so the
till's own work is in every figure.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLineEdit, QWidget
from typing_extensions import override

from benchmarks.measure import end_at_a_mistake
from core.admin.setup import DEMO_PASSWORD, DEMO_STAFF
from core.domain.ids import OrderId
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.ui.app import start_application
from core.ui.rows import ROW
from customer_view.bootstrap import open_window as open_customer
from customer_view.settings import CustomerSettings
from pos_app.bootstrap import open_window as open_pos
from pos_app.settings import PosSettings

STEPS: Final = (OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PREPARING, OrderStatus.READY)
_PATIENCE_S: Final = 60.0


class Watch(QObject):
    """When each status that is waited for was painted in a customer's list."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        self._waited: dict[tuple[OrderId, OrderStatus], int] = {}
        self.taken_ms: list[float] = []
        view.viewport().installEventFilter(self)

    def clicked(self, order_id: OrderId, status: OrderStatus, at_ns: int) -> None:
        self._waited[order_id, status] = at_ns

    @property
    def waits(self) -> bool:
        return bool(self._waited)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and self._waited:
            QTimer.singleShot(0, self._on_painted)
        return False

    def _on_painted(self) -> None:
        now_ns, shown = time.perf_counter_ns(), {order.id: order.status for order in rows(self._view)}
        for (order_id, status), at_ns in list(self._waited.items()):
            if STEPS.index(shown[order_id]) >= STEPS.index(status):
                del self._waited[order_id, status]
                self.taken_ms.append((now_ns - at_ns) / 1e6)


def rows(view: QAbstractItemView) -> list[Order]:
    model = view.model()
    return [model.index(row, 0).data(ROW) for row in range(model.rowCount())]


def wait_for(condition: Callable[[], bool]) -> None:
    if condition():
        return
    loop, until_s = QEventLoop(), time.monotonic() + _PATIENCE_S
    timer = QTimer(loop)  # a single shot for each look would leave something behind, each time

    def look() -> None:
        if condition():
            loop.exit(0)
        elif time.monotonic() > until_s:
            loop.exit(1)

    timer.timeout.connect(look)
    timer.start(2)
    late = loop.exec()
    timer.timeout.disconnect(look)
    timer.stop()
    if late:
        raise TimeoutError(condition)


def pause(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(max(0, round(seconds * 1000)), loop.quit)
    loop.exec()


def control(window: QWidget, name: str) -> QWidget:
    """The visible control of that name, waited for."""

    def found() -> QWidget | None:
        return next((each for each in window.findChildren(QWidget, name) if each.isVisible()), None)

    wait_for(lambda: found() is not None)
    widget = found()
    assert widget is not None
    return widget


def fill_in(window: QWidget, texts: dict[str, str], submit: str) -> None:
    for name, text in texts.items():
        field = control(window, name)
        assert isinstance(field, QLineEdit)
        field.setText(text)
    button = control(window, submit)
    assert isinstance(button, QAbstractButton)
    wait_for(button.isEnabled)  # it is not while somebody is being signed out
    button.click()


def step(pos: QWidget, order_id: OrderId, status: OrderStatus) -> int:
    """Click the button of the order's card, which stands in its status's column; when that was."""
    view = control(pos, f"column_{status.value}")
    assert isinstance(view, QAbstractItemView)
    model = view.model()

    def at() -> int:
        cards = (model.index(row, 0).data(ROW) for row in range(model.rowCount()))
        return next((row for row, card in enumerate(cards) if card.order.id == order_id), -1)

    wait_for(lambda: at() >= 0)
    index = model.index(at(), 0)
    view.scrollTo(index)
    pause(0.02)
    target = view.part_rect(index, "step").center()  # type: ignore[attr-defined]
    began_ns = time.perf_counter_ns()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=target)
    return began_ns


def play(pos: QWidget, live: QWidget, polling: QWidget, phone: str, clicks: int, seconds: float) -> dict[str, object]:
    fill_in(pos, {"staff_name": DEMO_STAFF[-1].name, "pin": DEMO_STAFF[-1].pin}, "sign_in")
    views = []
    for window in (live, polling):
        fill_in(window, {"sign_in_login": phone, "sign_in_password": DEMO_PASSWORD}, "sign_in_submit")
        view = control(window, "order_list")
        assert isinstance(view, QAbstractItemView)
        views.append(view)
    pushed, polled = map(Watch, views)
    wait_for(lambda: all(len(rows(view)) * (len(STEPS) - 1) >= clicks for view in views))
    chip = control(live, "connection_chip")
    wait_for(lambda: "Live" in chip.text())  # type: ignore[attr-defined]
    began_s = time.monotonic()
    orders = [order.id for order in rows(views[0])]
    for number in range(clicks):
        order_id, at = orders[number // (len(STEPS) - 1)], number % (len(STEPS) - 1)
        model = views[0].model()
        views[0].scrollTo(model.index(orders.index(order_id), 0))
        pause(began_s + seconds * number / clicks - time.monotonic())
        clicked_ns = step(pos, order_id, STEPS[at])
        for watch in (pushed, polled):
            watch.clicked(order_id, STEPS[at + 1], clicked_ns)
        wait_for(lambda: not pushed.waits)
    wait_for(lambda: not polled.waits)
    return {"pushed": pushed.taken_ms, "polled": polled.taken_ms}


def main() -> None:
    url, phone, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    clicks, seconds = int(sys.argv[4]), float(sys.argv[5])
    customer = CustomerSettings(
        server_url=url, theme="light", sounds=False, idle_sign_out_s=0, data_dir=str(folder / "live")
    )
    looking = msgspec.structs.replace(customer, push=False, data_dir=str(folder / "polling"))
    till = PosSettings(server_url=url, theme="light", sounds=False, idle_lock_s=0, data_dir=str(folder / "pos"))
    app, theme = start_application("Orderbell", customer)
    sys.excepthook = end_at_a_mistake
    pos = open_pos(till, theme)
    live, _api = open_customer(customer, theme)
    polling, _polling_api = open_customer(looking, theme)
    for window in (pos, live, polling):
        window.show()

    def begin() -> None:
        print(json.dumps(play(pos, live, polling, phone, clicks, seconds)), flush=True)
        os._exit(0)  # what was measured is printed; taking windows apart is not measured

    QTimer.singleShot(0, begin)
    app.exec()


if __name__ == "__main__":
    main()
