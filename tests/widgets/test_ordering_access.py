"""Order pages for everybody: every control has a name for those who hear it, and room for a finger."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QLineEdit, QTextBrowser, QWidget
from pytestqt.qtbot import QtBot

from core.domain.commands import TakeOrder
from core.domain.ids import ModifierId
from core.domain.order import NewLine
from core.ui.jobs import Jobs
from core.ui.ordering.item_dialog import ItemDialog
from core.ui.theme import Theme
from core.ui.widgets.receipt import ReceiptDialog
from customer_view.order.page import OrderPage
from pos_app.new_order.page import NewOrderPage
from tests.support.contexts import customer_context, pos_context
from tests.support.fake_backend import FakeBackend
from tests.support.menus import BOWL, SODA

CONTROLS = (QAbstractButton, QAbstractItemView, QLineEdit, QTextBrowser)


@pytest.fixture
def theme(dressing: Callable[[Theme], None]) -> Theme:
    """The page as it is shown: dressed."""
    made = Theme("light")
    dressing(made)
    return made


@pytest.fixture
def backend() -> FakeBackend:
    made = FakeBackend()
    made.add_customer("Aisha", "+15550100")
    return made


@pytest.fixture
def order_page(qtbot: QtBot, theme: Theme, backend: FakeBackend) -> Iterator[OrderPage]:
    with customer_context(qtbot, backend, "+15550100", theme) as context:
        page = OrderPage(context)
        _open(page, qtbot)
        yield page


@pytest.fixture
def new_order_page(qtbot: QtBot, theme: Theme, backend: FakeBackend) -> Iterator[NewOrderPage]:
    with pos_context(qtbot, backend, theme=theme) as context:
        page = NewOrderPage(context)
        _open(page, qtbot)
        yield page


def _open(page: OrderPage | NewOrderPage, qtbot: QtBot) -> None:
    page.resize(1200, 1000)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: page.view.menu.tiles.shown.rowCount() == 4)
    page.view._ordering.add(NewLine(item_id=SODA.id))


def faults(inside: QWidget, theme: Theme) -> list[str]:
    """What is wrong with the controls that can be seen."""
    found = []
    for control in inside.findChildren(QWidget):
        if not isinstance(control, CONTROLS) or not control.isVisible():
            continue
        name = control.objectName() or type(control).__name__
        words = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        if not control.objectName():
            found.append(f"{name}: no object name")
        if not words:
            found.append(f"{name}: nothing to read out")
        if isinstance(control, QAbstractButton | QLineEdit) and control.height() < theme.touch_px:
            found.append(f"{name}: {control.height()} px high")
        if isinstance(control, QAbstractButton) and control.width() < theme.touch_px:
            found.append(f"{name}: {control.width()} px wide")
    return found


def focus_order(page: QWidget, qtbot: QtBot) -> list[str]:
    """The controls that Tab comes by, from the first until it is back there."""
    names: list[str] = []
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    while (focused := QApplication.focusWidget()) is not None and focused.objectName() not in names:
        names.append(focused.objectName())
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    return names


def test_the_customers_page(order_page: OrderPage, theme: Theme, qtbot: QtBot) -> None:
    assert faults(order_page, theme) == []
    order_page.view.menu.search.setFocus()
    around = focus_order(order_page, qtbot)
    assert {"menu_search", "menu_refresh", "menu_categories", "menu_tiles", "basket_lines", "checkout"} <= set(around)
    order_page.view.show_checkout()
    assert faults(order_page, theme) == []
    around = focus_order(order_page, qtbot)
    assert {"place_order", "checkout_back", "order_note", "checkout_lines"} <= set(around)


def test_the_cashiers_page(new_order_page: NewOrderPage, theme: Theme, qtbot: QtBot) -> None:
    assert faults(new_order_page, theme) == []
    new_order_page.view.show_checkout()
    assert faults(new_order_page, theme) == []
    around = focus_order(new_order_page, qtbot)
    assert {"payment_cash", "customer_search", "cash_given", "order_note"} <= set(around)
    assert "cash_quick_0" not in around, "an amount is typed by who has a keyboard: six Tabs fewer"


@pytest.mark.parametrize("text_scale", [100, 150, 200])
def test_an_items_choices(qtbot: QtBot, dressing: Callable[[Theme], None], text_scale: int) -> None:
    scaled = Theme("dark", text_scale)
    dressing(scaled)
    window = QWidget()
    window.resize(1280, 800)
    qtbot.addWidget(window)
    dialog = ItemDialog(BOWL, "USD", scaled, None, window)
    dialog.open()
    assert faults(dialog, scaled) == []
    assert dialog.height() <= window.height()
    dialog.close()


def test_the_receipt(qtbot: QtBot, theme: Theme, jobs: Jobs, backend: FakeBackend) -> None:
    line = NewLine(item_id=BOWL.id, modifier_ids=(ModifierId("hot"),))
    order = backend.add_order(TakeOrder(lines=(line,)), None, "POS1")
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ReceiptDialog(order, "La Cantina", theme, jobs, 1000, window)
    dialog.open()
    assert faults(dialog, theme) == []
    dialog.close()
