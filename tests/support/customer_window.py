"""The customer's window over a fake backend, driven by its controls."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QListView, QWidget
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.domain.commands import PlaceOrder
from core.domain.ids import ItemId, ModifierId
from core.domain.order import NewLine, Order, Tender
from core.domain.status import Fulfilment
from core.ui.jobs import Jobs
from core.ui.refresh import Refresher
from core.ui.rows import ROW
from core.ui.theme import Theme
from customer_view import bootstrap
from customer_view.settings import CustomerSettings
from customer_view.window import CustomerWindow
from tests.support.fake_backend import FakeBackend
from tests.support.fake_client import FakeClient
from tests.support.fingers import click, click_disabled, type_into
from tests.support.menus import BOWL, CHIPS, SODA
from tests.support.shown import own_folder, shown, until_live, until_settled

W = TypeVar("W", bound=QWidget)
AISHA: Final = "5550100"
JONAS: Final = "5550200"
PASSWORD: Final = "correct horse"
LONG_S: Final = 3600.0
SHORT_S: Final = 0.2


def shop() -> FakeBackend:
    """A fake backend with two customers and no orders."""
    backend = FakeBackend()
    backend.add_customer("Aisha Bello", AISHA, PASSWORD)
    backend.add_customer("Jonas Weber", JONAS, PASSWORD)
    return backend


def order(backend: FakeBackend, phone: str = AISHA, *, delivery: bool = False) -> Order:
    """An order of that customer, placed in another window."""
    lines = (
        NewLine(
            item_id=BOWL.id, quantity=2, modifier_ids=(ModifierId("mild"), ModifierId("guacamole")), note="No onions"
        ),
        NewLine(item_id=ItemId(CHIPS.id)),
    )
    request = PlaceOrder(
        lines=lines,
        fulfilment=Fulfilment.DELIVERY if delivery else Fulfilment.PICKUP,
        tender=Tender.CASH_ON_DELIVERY if delivery else Tender.CARD,
        address="12 Harbour Street" if delivery else "",
        note="Ring twice",
    )
    return backend.add_order(request, backend.customers[phone][0])


def small_order(backend: FakeBackend, phone: str = AISHA) -> Order:
    return backend.add_order(PlaceOrder(lines=(NewLine(item_id=SODA.id),)), backend.customers[phone][0])


class Screen:
    """A window, driven by its controls."""

    def __init__(self, qtbot: QtBot, window: CustomerWindow, jobs: Jobs) -> None:
        self.qtbot = qtbot
        self.window = window
        self.jobs = jobs

    # -- looking

    def find(self, kind: type[W], name: str) -> W:
        """The control of that name, visible or hidden."""
        found = self.window.findChild(kind, name)
        assert found is not None, f"no {kind.__name__} {name!r}"
        return found

    def sees(self, name: str) -> bool:
        found = self.window.findChild(QWidget, name)
        return found is not None and found.isVisible()

    def text(self, name: str) -> str:
        control = self.find(QWidget, name)
        assert isinstance(control, QLabel | QAbstractButton | QLineEdit)
        return control.text()

    def words(self) -> str:
        """The texts of all widgets of the process; of painted ones the accessible texts."""
        words = []
        for widget in QApplication.allWidgets():
            words += [widget.accessibleName(), widget.accessibleDescription(), widget.toolTip()]
            if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
                words.append(widget.text())
            if isinstance(widget, QListView) and widget.model() is not None:
                model = widget.model()
                words += [
                    str(model.data(model.index(row, 0), Qt.ItemDataRole.AccessibleTextRole))
                    for row in range(model.rowCount())
                ]
        return "\n".join(words)

    @property
    def order_list(self) -> QListView:
        return self.find(QListView, "order_list")

    def listed(self) -> list[Order]:
        model = self.order_list.model()
        return [model.data(model.index(row, 0), ROW) for row in range(model.rowCount())]

    def notice(self) -> str:
        """The text of the visible notice; empty for none."""
        bars = [bar for bar in self.window.findChildren(QWidget, "notice") if bar.isVisible()]
        return " ".join(bar.accessibleName() for bar in bars)

    def ticking(self) -> list[Refresher]:
        """The visit's refreshers with a running timer."""
        visits = [each for each in self.window.findChildren(Refresher) if each is not self.window._account.reach]
        return [each for each in visits if any(t.isActive() for t in each.findChildren(QTimer))]

    # -- acting

    def click(self, name: str) -> None:
        click(self.qtbot, self.find(QAbstractButton, name))

    def click_disabled(self, name: str) -> None:
        """Press a disabled control."""
        click_disabled(self.qtbot, self.find(QAbstractButton, name))

    def act_on_notice(self) -> None:
        """Press the button of the visible notice."""
        buttons = [each for each in self.window.findChildren(QAbstractButton, "notice_action") if each.isVisible()]
        click(self.qtbot, buttons[0])

    def type(self, name: str, text: str) -> None:
        type_into(self.qtbot, self.find(QLineEdit, name), text)

    def click_row(self, row: int) -> None:
        index = self.order_list.model().index(row, 0)
        assert index.isValid(), f"the list has no row {row}"
        rect: QRect = self.order_list.visualRect(index)
        self.qtbot.mouseClick(self.order_list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rect.center()))

    def sign_in(self, phone: str = AISHA, password: str = PASSWORD) -> None:
        self.type("sign_in_login", phone)
        self.type("sign_in_password", password)
        self.click("sign_in_submit")

    def arrive(self, phone: str = AISHA, password: str = PASSWORD) -> None:
        """Sign in, and wait until the orders are shown."""
        self.sign_in(phone, password)
        self.qtbot.waitUntil(lambda: self.sees("orders_page") and self.jobs.busy == 0)

    def settle(self) -> None:
        """Wait until no job runs."""
        self.qtbot.waitUntil(lambda: self.jobs.busy == 0)


class Stage(Screen):
    """The shipped window over a fake backend."""

    def __init__(self, qtbot: QtBot, window: CustomerWindow, backend: FakeBackend) -> None:
        super().__init__(qtbot, window, window._context.jobs)
        self.backend = backend
        self.api = window._context.api

    @override
    def arrive(self, phone: str = AISHA, password: str = PASSWORD) -> None:
        super().arrive(phone, password)
        self.until_live()

    def until_live(self) -> None:
        until_live(self.qtbot, self.window._context)
        self.settle()

    @override
    def settle(self) -> None:
        """Wait until no job runs, everything that can be sent was sent, and all updates were applied."""
        until_settled(self.qtbot, self.window._context, self.backend)


@contextmanager
def open_window(qtbot: QtBot, backend: FakeBackend, **settings: object) -> Iterator[Stage]:
    """A shown window that refreshes only on request, unless the settings say otherwise. It is closed and deleted
    afterwards, and the backend's gate is opened."""
    quiet: dict[str, Any] = {
        "history_refresh_s": LONG_S,
        "tracker_refresh_s": LONG_S,
        "idle_sign_out_s": 0.0,
        "sounds": False,
        "theme": "light",
        "keyring": False,
    }
    with own_folder() as folder:
        chosen = CustomerSettings(**(quiet | {"data_dir": folder} | settings))
        theme = Theme(chosen.theme, chosen.text_scale, reduced_motion=chosen.reduced_motion)
        window, api = bootstrap.open_window(chosen, theme, FakeClient(backend))
        with shown(qtbot, window, window._context.jobs, lambda: bootstrap.close(api, chosen)):
            try:
                yield Stage(qtbot, window, backend)
            finally:
                backend.gate.set()
