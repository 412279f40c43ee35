"""The cashier's window over a fake backend, driven by its controls."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

import msgspec
from PySide6.QtCore import QModelIndex, QRect, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.domain.commands import PlaceOrder
from core.domain.ids import ModifierId
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus, steps_of
from core.ui.jobs import Jobs
from core.ui.rows import ROW
from core.ui.theme import Theme
from pos_app.board.card_delegate import Part
from pos_app.board.column_model import CARD
from pos_app.board.column_view import ColumnView
from pos_app.bootstrap import open_window
from pos_app.history.list_view import HistoryList
from pos_app.history.page import HistoryPage
from pos_app.new_order.page import NewOrderPage
from pos_app.order.card import Card
from pos_app.settings import PosSettings
from pos_app.window import PosWindow
from tests.support.fake_backend import FakeBackend
from tests.support.fake_client import FakeClient
from tests.support.fingers import click, click_disabled, type_into
from tests.support.menus import BOWL, CHIPS, SODA
from tests.support.shown import own_folder, shown, until_live, until_settled

W = TypeVar("W", bound=QWidget)
LONG_S: Final = 3600.0
MAYA: Final = ("Maya", "1234")
ANA: Final = ("Ana", "9999")


def place(
    backend: FakeBackend,
    name: str = "Aisha Bello",
    status: OrderStatus = OrderStatus.PENDING,
    *,
    delivery: bool = False,
    lines: int = 1,
    note: str = "",
) -> Order:
    """An order placed in another window, moved step by step to `status`."""
    phone = f"555{len(backend.customers):04d}"
    customer = next((c for c, _ in backend.customers.values() if c.name == name), None)
    bowl = NewLine(item_id=BOWL.id, quantity=2, modifier_ids=(ModifierId("hot"),), note="No onions")
    more = [NewLine(item_id=(CHIPS if n % 2 else SODA).id) for n in range(1, lines)]
    request = PlaceOrder(
        lines=(bowl, *more),
        fulfilment=Fulfilment.DELIVERY if delivery else Fulfilment.PICKUP,
        tender=Tender.CASH_ON_DELIVERY if delivery else Tender.CARD,
        address="12 Harbour Street" if delivery else "",
        note=note,
    )
    order = backend.add_order(request, customer or backend.add_customer(name, phone))
    for step in steps_of(order.fulfilment)[1:]:
        if order.status is status:
            break
        order = backend.move(order.id, step)
    return order


def change(backend: FakeBackend, order: Order, **fields: object) -> Order:
    """Change fields of the order, but its status, as somebody else would."""
    held = backend.orders[order.id]
    changed = msgspec.structs.replace(held, version=held.version + 1, **fields)
    backend.keep(held, changed)
    return changed


def paid(backend: FakeBackend, order: Order) -> Order:
    return change(backend, order, payment=PaymentState.PAID)


def later(backend: FakeBackend, waited: timedelta) -> None:
    """Advance the shop's clock."""
    backend.pass_time(waited)


class Screen:
    """A window, driven by its controls."""

    def __init__(self, qtbot: QtBot, window: PosWindow, jobs: Jobs) -> None:
        self.qtbot = qtbot
        self.window = window
        self.jobs = jobs

    # -- looking

    def find(self, kind: type[W], name: str) -> W:
        """The control of that name; a visible one first."""
        found = self.window.findChildren(kind, name)
        assert found, f"no {kind.__name__} {name!r}"
        return next((each for each in found if each.isVisible()), found[0])

    def sees(self, name: str) -> bool:
        return any(each.isVisible() for each in self.window.findChildren(QWidget, name))

    def text(self, name: str) -> str:
        control = self.find(QWidget, name)
        assert isinstance(control, QLabel | QAbstractButton | QLineEdit)
        return control.text()

    def find_button(self, name: str) -> QAbstractButton:
        return self.find(QAbstractButton, name)

    def find_line(self, name: str) -> QLineEdit:
        return self.find(QLineEdit, name)

    def words(self, name: str) -> str:
        """The visible texts inside the control of that name."""
        inner = self.find(QWidget, name).findChildren(QLabel)
        return "\n".join(each.text() for each in inner if each.isVisible())

    def current(self) -> str:
        """The number of the focused card; empty for none."""
        view = QApplication.focusWidget()
        card = view.current if isinstance(view, ColumnView) else None
        return card.order.number if card is not None else ""

    def column(self, status: OrderStatus) -> ColumnView:
        return self.find(ColumnView, f"column_{status}")

    def cards(self, status: OrderStatus) -> list[Card]:
        model = self.column(status).model()
        return [model.data(model.index(row, 0), CARD) for row in range(model.rowCount())]

    def numbers(self, status: OrderStatus) -> list[str]:
        return [card.order.number for card in self.cards(status)]

    def where(self, order: Order) -> OrderStatus | None:
        """The column that shows an order; None for none."""
        return self.window.board.column_of(order.id)

    def card(self, order: Order) -> Card:
        """The order's card."""
        status = self.where(order)
        assert status is not None, f"{order.number} is not on the board"
        return next(card for card in self.cards(status) if card.order.id == order.id)

    def index(self, order: Order) -> QModelIndex:
        status = self.where(order)
        assert status is not None, f"{order.number} is not on the board"
        return self.window.board.columns[status].index_of(order.id)

    def notice(self) -> str:
        return self.window.workspace.notice.text

    def undo(self) -> str:
        return self.window.workspace.undo.text

    def timers(self) -> list[QTimer]:
        return [timer for timer in self.window.findChildren(QTimer) if timer.isActive()]

    # -- acting

    def click(self, name: str) -> None:
        click(self.qtbot, self.find(QAbstractButton, name))

    def click_disabled(self, name: str) -> None:
        """Press a disabled control."""
        click_disabled(self.qtbot, self.find_button(name))

    def type(self, name: str, text: str) -> None:
        field = self.find(QLineEdit, name)
        field.setFocus()
        type_into(self.qtbot, field, text)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in an open dialog, or else in the window. Without a desktop a dialog does not get the keyboard
        when it opens, nor the window when it closes."""
        dialog: QWidget | None = QApplication.activeModalWidget()
        if dialog is None:
            self.window.activateWindow()
            self.qtbot.waitUntil(self.window.isActiveWindow)
        front = dialog or self.window
        focused: QWidget | None = front.focusWidget()
        self.qtbot.keyClick(focused or front, key, modifier)

    def press(self, order: Order, part: Part = "step", *, double: bool = False) -> None:
        """Press a part of the order's card."""
        status, index = self.where(order), self.index(order)
        assert status is not None
        view = self.column(status)
        view.scrollTo(index)
        rect: QRect = view.part_rect(index, part)
        place = rect.center() if part != "card" else rect.topLeft() + rect.center() / 8
        if double:
            self.qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
        else:
            self.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def menu(self) -> QMenu:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu), "no menu is open"
        return menu

    def choices(self) -> list[str]:
        """The entries of the open menu."""
        return [action.objectName() for action in self.menu().actions() if action.objectName()]

    def choose(self, name: str) -> None:
        menu = self.menu()
        action = menu.findChild(QAction, name)
        assert action is not None, f"the menu has no {name!r}"
        assert action.isEnabled(), f"{name!r} is disabled"
        action.trigger()
        menu.close()

    def sign_in(self, person: tuple[str, str] = MAYA) -> None:
        name, pin = person
        self.type("staff_name", name)
        self.type("pin", pin)
        self.click("sign_in")

    def arrive(self, person: tuple[str, str] = MAYA) -> None:
        """Sign in, and wait until the board is loaded."""
        self.sign_in(person)
        self.qtbot.waitUntil(lambda: self.window.signed_in)
        self.settle()

    def settle(self) -> None:
        """Wait until no job runs."""
        self.qtbot.waitUntil(lambda: self.jobs.busy == 0)

    def refresh(self) -> None:
        """Press F5 and wait for the answer."""
        self.key(Qt.Key.Key_F5)
        self.settle()


class Till(Screen):
    """The shipped window over a fake backend."""

    def __init__(self, qtbot: QtBot, window: PosWindow, backend: FakeBackend) -> None:
        super().__init__(qtbot, window, window._context.jobs)
        self.backend = backend
        self.api = window._context.api

    def server(self, order: Order) -> OrderStatus:
        """The order's status at the backend."""
        return self.backend.orders[order.id].status

    @override
    def arrive(self, person: tuple[str, str] = MAYA) -> None:
        super().arrive(person)
        self.until_live()

    def new_order(self) -> NewOrderPage:
        """Go to the New page, and wait for its menu."""
        self.click("nav_new")
        self.settle()
        page = self.find(NewOrderPage, "new_order_page")
        self.qtbot.waitUntil(lambda: page.view.menu.tiles.shown.rowCount() == 4)
        return page

    def history(self) -> HistoryPage:
        """Go to the History page, and wait for its rows."""
        self.click("nav_history")
        self.settle()
        return self.find(HistoryPage, "history_page")

    @property
    def found(self) -> list[str]:
        """The order numbers on the History page."""
        model = self.find(HistoryList, "history_list").model()
        return [model.data(model.index(row, 0), ROW).order.number for row in range(model.rowCount())]

    def until_live(self) -> None:
        until_live(self.qtbot, self.window._context)
        self.settle()

    @override
    def settle(self) -> None:
        """Wait until no job runs, everything that can be sent was sent, and all updates were applied."""
        until_settled(self.qtbot, self.window._context, self.backend)


@contextmanager
def open_till(qtbot: QtBot, backend: FakeBackend, **settings: object) -> Iterator[Till]:
    """A shown window that refreshes only on request, unless the settings say otherwise. It is closed and deleted
    afterwards, and the backend's gate is opened."""
    quiet = {"board_refresh_s": LONG_S, "idle_lock_s": 0.0, "sounds": False, "theme": "light", "keyring": False}
    with own_folder() as folder:
        chosen = PosSettings(**(quiet | {"data_dir": folder} | settings))  # type: ignore[arg-type]
        theme = Theme(chosen.theme, chosen.text_scale, reduced_motion=chosen.reduced_motion)
        window = open_window(chosen, theme, client=FakeClient(backend))
        with shown(qtbot, window, window._context.jobs):
            try:
                yield Till(qtbot, window, backend)
            finally:
                backend.gate.set()
