"""A usual sale costs few presses: three lines, one with an option, paid in cash; from New until the change is shown. By
mouse only, and by keyboard only, in the shipped window."""

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from core.domain.order import Order, PaymentState, Tender
from core.domain.payment import payments_of
from core.domain.status import Fulfilment, steps_of
from core.ui.ordering.press_list import BODY, PressList
from pos_app.new_order.page import NewOrderPage
from tests.support.fake_backend import FakeBackend
from tests.support.menus import BOWL, CHIPS, SODA
from tests.support.pos_window import ANA, Till, place

MOST_BY_MOUSE = 9
MOST_BY_KEYBOARD = 16
LAST = steps_of(Fulfilment.PICKUP)[-2]
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def page(till: Till) -> NewOrderPage:
    till.arrive()
    return till.new_order()


class Mouse:
    def __init__(self, till: Till) -> None:
        self._till = till
        self.presses = 0

    def tile(self, tiles: PressList, name: str) -> None:
        model = tiles.model()
        at = next(row for row in range(model.rowCount()) if model.index(row, 0).data() == name)
        spot: QPoint = tiles.part_rect(model.index(at, 0), BODY).center()
        self._press(tiles.viewport(), spot)

    def button(self, name: str) -> None:
        found = self._till.find(QAbstractButton, name)
        self._till.qtbot.waitUntil(lambda: found.isVisible() and found.isEnabled())
        self._press(found, found.rect().center())

    def field(self, name: str) -> None:
        found = self._till.find_line(name)
        self._press(found, found.rect().center())

    def _press(self, part: QWidget, spot: QPoint) -> None:
        assert part.visibleRegion().contains(spot), "a finger reaches it"
        self._till.qtbot.mouseClick(part, LEFT, pos=spot)
        self.presses += 1


class Keyboard:
    """Each key counts, and so does one that is held."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self.presses = 0

    def type(self, text: str) -> None:
        for sign in text:
            self._till.qtbot.keyClicks(self._focused(), sign)
            self.presses += 1

    def press(self, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self._till.qtbot.keyClick(self._focused(), key, held)
        self.presses += 1 if held is Qt.KeyboardModifier.NoModifier else 2

    @staticmethod
    def _focused() -> QWidget:
        found = QApplication.focusWidget()
        assert found is not None
        return found


def check(till: Till, backend: FakeBackend, change: str) -> None:
    """It is what was asked for, and the cashier sees the change, on New."""
    assert till.text("sale_settlement") == change
    assert till.sees("new_order_page")
    till.settle()
    order: Order
    (order,) = backend.orders.values()
    assert [line.name for line in order.lines] == [SODA.name, CHIPS.name, BOWL.name]
    assert [modifier.name for modifier in order.lines[2].modifiers] == ["Hot salsa"]
    assert (order.payment, order.tender) == (PaymentState.PAID, Tender.CASH)


@pytest.mark.parametrize(
    ("key", "change"), [("payment_cash", "Change: $0.00"), ("cash_quick_1", "Change: $5.97")], ids=["exact", "a note"]
)
def test_by_mouse(till: Till, page: NewOrderPage, backend: FakeBackend, key: str, change: str) -> None:
    mouse, tiles = Mouse(till), page.view.menu.tiles
    for item in (SODA, CHIPS, BOWL):
        mouse.tile(tiles, item.name)
    mouse.button("choice_hot")
    mouse.button("item_add")
    mouse.button("checkout")
    mouse.button(key)
    till.qtbot.waitUntil(lambda: till.sees("sale_settlement"))
    check(till, backend, change)
    assert mouse.presses == 7
    assert mouse.presses <= MOST_BY_MOUSE


@pytest.mark.parametrize(("given", "change"), [("", "Change: $0.00"), ("20", "Change: $5.97")], ids=["exact", "a note"])
def test_by_keyboard(till: Till, page: NewOrderPage, backend: FakeBackend, given: str, change: str) -> None:
    keyboard = Keyboard(till)
    for letters in ("ca", "g", "c"):
        keyboard.type(letters)
        keyboard.press(Qt.Key.Key_Return)
    till.qtbot.waitUntil(lambda: till.sees("item_add"))
    keyboard.type("2")  # the second option
    keyboard.press(Qt.Key.Key_Return)
    keyboard.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    keyboard.type(given)
    keyboard.press(Qt.Key.Key_Return)
    till.qtbot.waitUntil(lambda: till.sees("sale_settlement"))
    check(till, backend, change)
    assert keyboard.presses <= MOST_BY_KEYBOARD
    assert keyboard.presses == 12 + len(given)


def test_the_last_change_is_seen_until_the_next_order_is_begun(till: Till, page: NewOrderPage) -> None:
    mouse, tiles = Mouse(till), page.view.menu.tiles
    mouse.tile(tiles, SODA.name)
    mouse.button("checkout")
    mouse.button("cash_quick_1")
    till.qtbot.waitUntil(lambda: till.sees("next_order"))
    mouse.button("next_order")
    assert till.text("last_settlement") == "Change: $3.91"
    mouse.tile(tiles, CHIPS.name)
    assert not till.sees("last_sale")
    mouse.button("basket_empty")
    assert not till.sees("last_sale"), "that was another order"


def test_who_comes_back_to_new_finds_the_menu_and_the_last_change(till: Till, page: NewOrderPage) -> None:
    mouse = Mouse(till)
    mouse.tile(page.view.menu.tiles, SODA.name)
    mouse.button("checkout")
    mouse.button("cash_quick_1")
    till.qtbot.waitUntil(lambda: till.sees("next_order"))
    till.click("nav_orders")
    till.click("nav_new")
    assert not till.sees("sale_done")
    assert till.text("last_settlement") == "Change: $3.91"
    mouse.tile(page.view.menu.tiles, CHIPS.name)


def test_the_next_order_begins_with_a_letter(till: Till, page: NewOrderPage) -> None:
    Mouse(till).tile(page.view.menu.tiles, SODA.name)
    keyboard = Keyboard(till)
    keyboard.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    keyboard.press(Qt.Key.Key_Return)
    till.qtbot.waitUntil(lambda: till.sees("next_order"))
    keyboard.type("ch")
    assert page.view.menu.search.text() == "ch"
    assert till.sees("last_sale")


def test_esc_goes_back_and_nothing_is_lost(till: Till, page: NewOrderPage) -> None:
    mouse = Mouse(till)
    mouse.tile(page.view.menu.tiles, SODA.name)
    mouse.button("checkout")
    till.type("customer_search", "Table 7")
    till.type("cash_given", "20")
    mouse.button("tip_10")
    till.key(Qt.Key.Key_Escape)
    assert not till.sees("payment_panel")
    assert page.view.stage is page.view.basket
    mouse.button("checkout")
    assert (till.text("customer_search"), till.text("cash_given")) == ("Table 7", "20")
    assert till.find_button("tip_10").isChecked()


def test_the_second_half_of_a_double_click_takes_nothing(till: Till, page: NewOrderPage, backend: FakeBackend) -> None:
    mouse = Mouse(till)
    mouse.tile(page.view.menu.tiles, SODA.name)
    mouse.button("checkout")
    till.type("cash_given", "1")
    key = till.find_button("payment_cash")
    till.qtbot.mouseClick(key, LEFT)
    till.settle()
    key = till.find_button("payment_cash")
    assert key.text() == "Cash $0.09"
    till.qtbot.mouseDClick(key, LEFT)
    till.settle()
    (order,) = backend.orders.values()
    assert order.payment is PaymentState.UNPAID


def held_down(till: Till, part: QWidget) -> None:
    """Enter, as a keyboard sends it while it is held."""
    for repeats in (False, True, True):
        key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", repeats)
        QApplication.sendEvent(part, key)
        till.settle()


def test_enter_that_is_held_down_takes_one_part(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST)
    till.arrive()
    till.press(order)
    till.type("cash_given", "1")
    held_down(till, till.find_line("cash_given"))
    assert len(payments_of(backend.orders[order.id])) == 1


def test_a_payment_is_there_again_after_the_lock_and_not_for_somebody_else(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST)
    till.arrive()
    till.press(order)
    till.type("cash_given", "7")
    till.window.lock()
    till.sign_in()
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    assert till.sees("payment_page")
    assert till.text("cash_given") == "7"
    till.window.lock()
    till.sign_in(ANA)
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    assert till.sees("board_page")
    assert not till.sees("payment_page")


def test_the_page_that_led_to_a_payment_is_shown_again(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST)
    till.arrive()
    till.click("nav_history")
    till.settle()
    for end in ("payment_back", "payment_card"):
        till.window._actions.do("payments", order.id)
        assert till.sees("payment_page")
        till.click(end)
        till.settle()
        assert till.sees("history_page"), end
    assert backend.orders[order.id].payment is PaymentState.PAID
    assert till.server(order) is LAST, "it is paid, and not handed over"


def test_another_page_leaves_a_payment_and_takes_nothing(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST)
    till.arrive()
    till.press(order)
    till.click("nav_new")
    till.click("nav_orders")
    assert till.sees("board_page")
    till.press(order)
    assert till.sees("payment_page")
    assert backend.orders[order.id].payment is PaymentState.UNPAID


def test_a_basket_that_is_held_at_the_checkout_is_held_beside_the_menu(till: Till, page: NewOrderPage) -> None:
    mouse = Mouse(till)
    mouse.tile(page.view.menu.tiles, SODA.name)
    mouse.button("checkout")
    till.key(Qt.Key.Key_F8)
    assert not till.sees("payment_panel")
    assert page.view.menu.isVisible()
