"""The till by keyboard alone: what is highlighted answers Enter, digits are money, and a scanner presses nothing."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QListView, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from core.domain.order import PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus, steps_of
from core.ui.ordering.item_dialog import ItemDialog
from core.ui.pace import GAP_S
from core.ui.theme import Theme
from pos_app.menu.page import MenuPage
from pos_app.new_order.page import NewOrderPage
from pos_app.order.details_dialog import DetailsDialog
from pos_app.shortcuts_dialog import KEYS
from tests.support.fake_backend import FakeBackend
from tests.support.menus import BOWL, MENU, SODA
from tests.support.ordering import Finger
from tests.support.pos_window import ANA, Till, change, open_till, paid, place
from tests.support.scanner import LATE_S, TYPED_MS, handled, press, scan

S = OrderStatus


def focused() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


def tab_to(qtbot: QtBot, name: str) -> QWidget:
    for _press in range(40):
        qtbot.keyClick(focused(), Qt.Key.Key_Tab)
        if focused().objectName() == name:
            return focused()
    raise AssertionError(f"Tab never leads to {name}")


@pytest.fixture
def page(till: Till) -> NewOrderPage:
    till.arrive()
    made = till.new_order()
    Finger(made.view, till.qtbot).tile(SODA.name)
    return made


def at_checkout(till: Till, page: NewOrderPage) -> None:
    till.qtbot.keyClick(focused(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert page.view.at_checkout


def test_a_sale_is_made_of_enter_and_digits(till: Till, page: NewOrderPage, backend: FakeBackend) -> None:
    at_checkout(till, page)
    assert focused().objectName() == "cash_given"
    till.qtbot.keyClicks(focused(), "20")
    till.qtbot.keyClick(focused(), Qt.Key.Key_Return)
    till.settle()
    (order,) = backend.orders.values()
    assert (order.tender, order.total_minor) == (Tender.CASH, SODA.price_minor)
    assert till.text("sale_settlement") == "Change: $18.91"


@pytest.mark.parametrize(
    "where", ["payment_card", "split_2", "tip_10", "fulfilment_dine_in", "checkout_back", "checkout_lines"]
)
def test_digits_at_the_checkout_are_the_cash_given(till: Till, page: NewOrderPage, where: str) -> None:
    at_checkout(till, page)
    tab_to(till.qtbot, where)
    till.qtbot.keyClicks(focused(), "5")
    assert focused().objectName() == "cash_given"
    till.qtbot.keyClicks(focused(), "0")
    assert till.text("cash_given") == "50"
    assert page.view.menu.search.text() == ""


def test_digits_are_a_name_where_a_name_is_typed(till: Till, page: NewOrderPage) -> None:
    at_checkout(till, page)
    tab_to(till.qtbot, "customer_search")
    till.qtbot.keyClicks(focused(), "42")
    assert (till.text("customer_search"), till.text("cash_given")) == ("42", "")


@pytest.mark.parametrize("code", ["4006381333931", "POS1-000064", "ONLINE-000127"])
@pytest.mark.parametrize("end", [Qt.Key.Key_Return, Qt.Key.Key_Tab])
@pytest.mark.parametrize("where", ["cash_given", "payment_cash", "checkout_lines"])
@pytest.mark.parametrize("handled_every_s", [0.0, LATE_S])
def test_a_scanned_code_takes_no_payment(
    till: Till, page: NewOrderPage, backend: FakeBackend, code: str, end: Qt.Key, where: str, handled_every_s: float
) -> None:
    """Be it that the window is busy meanwhile."""
    at_checkout(till, page)
    if where != "cash_given":
        tab_to(till.qtbot, where)
    scan(code, end, handled_every_s=handled_every_s)
    till.settle()
    assert "take" not in backend.calls
    assert till.text("cash_given") == ""


def test_a_code_whose_first_sign_was_long_on_its_way_is_no_amount(
    till: Till, page: NewOrderPage, backend: FakeBackend
) -> None:
    """As in a busy window of a system that says not when keys were pressed: it takes longer over the first sign than a
    scanner over the next."""
    at_checkout(till, page)
    with handled(2 * GAP_S):
        till.qtbot.keyClicks(focused(), "4")
    with handled(0):
        till.qtbot.keyClicks(focused(), "006381333931")
        till.qtbot.keyClick(focused(), Qt.Key.Key_Return)
    till.settle()
    assert (till.text("cash_given"), "take" in backend.calls) == ("", False)


def test_digits_that_a_busy_window_handles_together_are_an_amount(
    till: Till, page: NewOrderPage, backend: FakeBackend
) -> None:
    at_checkout(till, page)
    scan("00000020", every_ms=TYPED_MS, handled_every_s=0.0)
    till.settle()
    assert till.text("sale_settlement") == "Change: $18.91"


@pytest.mark.parametrize("fulfilment", Fulfilment)
def test_tab_leads_to_what_is_chosen_and_space_changes_nothing(
    till: Till, page: NewOrderPage, fulfilment: Fulfilment
) -> None:
    at_checkout(till, page)
    till.click(f"fulfilment_{fulfilment}")
    before = page._form.values
    till.qtbot.keyClick(tab_to(till.qtbot, f"fulfilment_{fulfilment}"), Qt.Key.Key_Space)
    stops = set()
    for _press in range(30):
        till.qtbot.keyClick(focused(), Qt.Key.Key_Tab)
        stops.add(focused().objectName())
    assert {name for name in stops if name.startswith("fulfilment_")} == {f"fulfilment_{fulfilment}"}
    assert page._form.values == before


def test_enter_chooses_what_the_arrows_lead_to(till: Till, page: NewOrderPage) -> None:
    at_checkout(till, page)
    button = tab_to(till.qtbot, "fulfilment_dine_in")
    till.qtbot.keyClick(button, Qt.Key.Key_Right)
    till.qtbot.keyClick(focused(), Qt.Key.Key_Return)
    assert focused() is till.find(QToolButton, "fulfilment_pickup")
    assert page._form.values.fulfilment is Fulfilment.PICKUP


def test_the_tenders_are_one_tab_each_from_the_amount(till: Till, page: NewOrderPage) -> None:
    """The keys of the amount are for fingers: eighteen stops fewer."""
    at_checkout(till, page)
    passed = []
    for _press in range(4):
        till.qtbot.keyClick(focused(), Qt.Key.Key_Tab)
        passed.append(focused().objectName())
    assert passed == ["payment_cash", "payment_card", "payment_voucher", "split_1"]


def test_keys_that_are_pressed_leave_the_keyboard_where_enter_pays(
    till: Till, page: NewOrderPage, backend: FakeBackend
) -> None:
    at_checkout(till, page)
    for name in ("split_2", "split_1", "tip_10", "tip_0", "pad_3", "pad_back", "pad_2"):
        till.click(name)
        assert focused().objectName() == "cash_given", name
    assert till.text("cash_given") == "2"
    till.qtbot.keyClick(focused(), Qt.Key.Key_Return)
    till.settle()
    assert [order.given_minor for order in backend.orders.values()] == [200]


def test_enter_in_an_items_choices_adds_what_space_has_chosen(till: Till, page: NewOrderPage) -> None:
    finger = Finger(page.view, till.qtbot)
    finger.tile(BOWL.name)
    dialog = finger.dialog
    mild = dialog.focusWidget()
    assert mild is not None
    assert mild.objectName() == "choice_mild"
    till.qtbot.keyClick(mild, Qt.Key.Key_Return)
    assert dialog.isVisible(), "nothing is chosen yet"
    till.qtbot.keyClick(mild, Qt.Key.Key_Space)
    assert dialog.wanted.modifier_ids == ("mild",)
    till.qtbot.keyClick(mild, Qt.Key.Key_Return)
    assert not page.view.findChildren(ItemDialog) or not dialog.isVisible()
    assert (1, BOWL.name) in finger.lines()


def test_details_answer_enter_step_after_step(till: Till, backend: FakeBackend) -> None:
    order = paid(backend, place(backend))
    till.arrive()
    till.press(order, "card", double=True)
    till.settle()
    dialog = till.find(DetailsDialog, "details_dialog")
    for after in steps_of(order.fulfilment)[1:]:
        step = dialog.focusWidget()
        assert step is till.find(QPushButton, "details_step")
        till.qtbot.keyClick(step, Qt.Key.Key_Return)
        till.settle()
        assert till.server(order) is after


def test_a_code_scanned_over_the_details_presses_nothing(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "card", double=True)
    till.settle()
    step = till.find(DetailsDialog, "details_dialog").focusWidget()
    assert step is not None
    scan("POS1-000064")
    till.settle()
    assert till.server(order) is S.PENDING
    assert till.sees("details_dialog")
    press(Qt.Key.Key_Return, "\r", 10**9)
    till.settle()
    assert till.server(order) is not S.PENDING, "by hand, once the code is over"


@pytest.mark.parametrize("searching", [False, True])
def test_a_scanner_may_end_its_code_with_tab(till: Till, backend: FakeBackend, searching: bool) -> None:
    order = place(backend)
    till.arrive()
    if searching:
        till.find(QLineEdit, "search").setFocus()
    scan(order.number, Qt.Key.Key_Tab)
    till.qtbot.waitUntil(lambda: till.sees("details_dialog"))


def test_down_leads_from_the_categories_to_the_items(till: Till, page: NewOrderPage) -> None:
    pills = page.view.menu.pills
    pills.setFocus(Qt.FocusReason.TabFocusReason)
    till.qtbot.keyClick(pills, Qt.Key.Key_Down)
    assert focused() is page.view.menu.tiles


def test_the_card_of_keys_names_how_to_check_out() -> None:
    assert "Ctrl+Enter" in {key for key, _meaning in KEYS}


def test_a_new_tills_staff_sign_in_by_finger(till: Till) -> None:
    for letter in "MAYA":
        till.click(f"key_{letter}")
    assert till.text("staff_name") == "Maya"
    till.click("keys_digits_letters")
    for digit in "1234":
        till.click(f"key_{digit}")
    till.click("sign_in")
    till.qtbot.waitUntil(lambda: till.window.signed_in)


def test_a_name_has_accents_and_spaces(till: Till) -> None:
    till.click("key_J")
    till.click("keys_accented")
    till.click("key_É")
    till.click("key_space_accented")
    till.click("key_Ø")
    till.click("key_delete_accented")
    till.click("keys_letters")
    till.click("key_K")
    assert till.text("staff_name") == "Jé K"


@pytest.mark.parametrize("field", ["customer_search", "cash_given", "order_note"])
def test_ctrl_and_a_digit_go_to_a_page_from_every_field(till: Till, page: NewOrderPage, field: str) -> None:
    """As a real keyboard has it: with the digit for its text."""
    Finger(page.view, till.qtbot).tile(SODA.name)
    till.click("checkout")
    part = till.find(QLineEdit, field)
    part.setFocus()
    control = Qt.KeyboardModifier.ControlModifier
    QApplication.sendEvent(part, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_1, control, "1"))
    assert till.sees("board_page")
    assert till.text("cash_given") == ""


M = Qt.KeyboardModifier
COMMANDS = [M.ControlModifier, M.AltModifier, M.MetaModifier]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_changes_no_quantity(till: Till, page: NewOrderPage, command: Qt.KeyboardModifier) -> None:
    """Ctrl and + makes a browser's page larger; here it ordered another one."""
    basket, lines, search = page.view.basket, page.view.basket.lines, page.view.menu.search
    for field in (lines, search):
        field.setFocus()
        for key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Equal):
            till.qtbot.keyClick(field, key, command)
    lines.setFocus()
    till.qtbot.keyClick(lines, Qt.Key.Key_Delete, command)
    assert [line.wanted.quantity for line in basket._basket.basket.lines] == [1]
    search.clear()  # a field of Qt's types what Alt is held with
    for field, quantity in ((lines, 2), (search, 3)):
        field.setFocus()
        till.qtbot.keyClick(field, Qt.Key.Key_Plus)
        assert [line.wanted.quantity for line in basket._basket.basket.lines] == [quantity]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_searches_nothing_and_takes_nothing(
    till: Till, page: NewOrderPage, command: Qt.KeyboardModifier
) -> None:
    tiles = page.view.menu.tiles
    tiles.setFocus(Qt.FocusReason.TabFocusReason)
    till.qtbot.keyClick(tiles, Qt.Key.Key_B, command)
    till.qtbot.keyClick(tiles, Qt.Key.Key_Space, command)
    assert page.view.menu.search.text() == ""
    assert QApplication.activeModalWidget() is None
    till.qtbot.keyClick(tiles, Qt.Key.Key_At, M.ControlModifier | M.AltModifier)
    assert page.view.menu.search.text() == "@", "AltGr types"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Space])
def test_a_command_moves_no_order(till: Till, backend: FakeBackend, key: Qt.Key, command: Qt.KeyboardModifier) -> None:
    order = place(backend, status=S.CONFIRMED)
    till.arrive()
    till.key(key, command)
    till.settle()
    assert QApplication.activeModalWidget() is None
    assert till.server(order) is S.CONFIRMED


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_opens_nothing_and_takes_nothing_off_the_menu(
    till: Till, backend: FakeBackend, command: Qt.KeyboardModifier
) -> None:
    place(backend, status=S.COMPLETED)
    till.arrive(ANA)
    for name, key in (("history", Qt.Key.Key_Return), ("menu", Qt.Key.Key_Space)):
        till.click(f"nav_{name}")
        till.settle()
        rows = till.find(QListView, f"{name}_list")
        rows.setFocus()
        rows.setCurrentIndex(rows.model().index(1 if name == "menu" else 0, 0))
        till.qtbot.keyClick(rows, key, command)
        till.settle()
    assert QApplication.activeModalWidget() is None
    assert backend.menu == MENU
    assert not till.find(MenuPage, "menu_page").unsaved


@pytest.mark.parametrize("tender", [Tender.CASH, Tender.CARD])
def test_enter_takes_an_unpaid_order_as_it_was_to_be_paid(till: Till, backend: FakeBackend, tender: Tender) -> None:
    """The keyboard was on Cash, whatever was highlighted."""
    order = change(backend, place(backend, status=S.READY), tender=tender)
    till.arrive()
    till.key(Qt.Key.Key_Return)
    assert till.sees("payment_panel")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert backend.orders[order.id].tender is tender
    assert backend.orders[order.id].payment is PaymentState.PAID


@pytest.mark.parametrize("scale", [100, 150, 200])
def test_the_cash_that_is_typed_is_seen(
    qtbot: QtBot, backend: FakeBackend, scale: int, dressing: Callable[[Theme], None]
) -> None:
    """On a small screen the field was below what is scrolled."""
    dressing(Theme("light", scale))
    with open_till(qtbot, backend, text_scale=scale) as till:
        till.window.resize(*((1024, 768) if scale == 100 else (1280, 800)))
        till.arrive()
        page = till.new_order()
        Finger(page.view, qtbot).tile(SODA.name)
        at_checkout(till, page)
        cash = till.find_line("cash_given")
        qtbot.keyClicks(cash, "20")
        qtbot.waitUntil(lambda: cash.visibleRegion().boundingRect() == cash.rect())
