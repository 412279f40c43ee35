"""What is asked in a sale is a panel of the window: its reasons are tiles, and its numbers have keys on the screen."""

from collections.abc import Callable

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot

from core.domain.acts import Act
from core.domain.commands import TakePayment
from core.domain.order import Order, PaymentState, Tender
from core.domain.people import Role
from core.domain.rights import Right
from core.domain.status import OrderStatus
from core.ui.theme import Theme
from core.ui.widgets.controls import chip_place
from core.ui.widgets.overlay import Overlay
from pos_app.new_order.page import NewOrderPage
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS
from tests.support.pos_window import Till, change, open_till, place
from tests.support.scanner import scan
from tests.widgets.test_presses import Mouse

S = OrderStatus


def panel(till: Till, name: str = "reason_dialog") -> QDialog:
    """The panel that is open, which is no window of the system's."""
    found = till.find(QDialog, name)
    assert found.isVisible()
    assert not found.isWindow()
    assert found.window() is till.window
    assert QApplication.activeModalWidget() is None
    return found


def order_of(till: Till, backend: FakeBackend, what: str) -> Order:
    order = place(backend, status=S.PENDING if what == "reject" else S.READY)
    if what in ("refund", "unpay"):
        order = change(backend, order, payment=PaymentState.PAID, tender=Tender.CASH)
    till.arrive()
    return order


@pytest.mark.parametrize("what", ["cancel", "reject", "refund", "unpay"])
def test_a_reason_is_asked_in_the_window_and_escape_does_nothing(till: Till, backend: FakeBackend, what: str) -> None:
    order = order_of(till, backend, what)
    before = backend.orders[order.id]
    till.window._actions.do(what, order.id)
    asked = panel(till)
    assert till.find_button("reason_0").hasFocus() or asked.focusWidget() is till.find_button("reason_0")
    till.key(Qt.Key.Key_Escape)
    till.settle()
    assert not till.sees("reason_dialog")
    assert backend.orders[order.id] == before


@pytest.mark.parametrize(("what", "keys"), [("cancel", 2), ("reject", 2), ("unpay", 2)])
def test_enter_chooses_the_first_reason_and_enter_confirms_it(
    till: Till, backend: FakeBackend, what: str, keys: int
) -> None:
    order = order_of(till, backend, what)
    before = backend.orders[order.id]
    till.window._actions.do(what, order.id)
    for _press in range(keys):
        till.key(Qt.Key.Key_Return)
    till.settle()
    assert not till.sees("reason_dialog")
    after = backend.orders[order.id]
    assert (after.status, after.payment) != (before.status, before.payment)


def test_over_the_details_it_is_a_panel_of_theirs(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "card", double=True)
    till.settle()
    till.window._actions.do("cancel", order.id)
    asked = till.find(QDialog, "reason_dialog")
    assert asked.isVisible()
    assert asked.window() is till.find(QDialog, "details_dialog")
    till.click("reason_back")
    assert till.sees("details_dialog")


def test_a_letter_begins_another_reason_and_a_scanned_code_is_none(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.window._actions.do("cancel", order.id)
    scan("POS1-000064", handled_every_s=0.0)
    till.settle()
    assert till.sees("reason_dialog")
    assert till.text("reason") == ""
    assert till.server(order) is S.PENDING
    scan("Nobody home", every_ms=200)
    till.settle()
    assert till.server(order) is S.CANCELLED
    assert backend.orders[order.id].reason == "Nobody home"


def press_number(mouse: Mouse, number: str) -> None:
    for sign in number:
        mouse.button("digits_sign" if sign == "." else f"digits_{sign}")


def test_a_drawer_is_opened_moved_counted_and_closed_by_mouse_only(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    mouse = Mouse(till)
    mouse.button("nav_drawer")
    till.settle()
    mouse.button("drawer_open")
    panel(till, "count_dialog")
    mouse.field("count_sum")
    press_number(mouse, "100.50")
    mouse.button("count_confirm")
    till.settle()
    assert backend.drawers["POS1"].opened.amount_minor == 10_050
    mouse.button("drawer_paid_out")
    press_number(mouse, "12")
    mouse.button("reason_0")
    mouse.button("reason_confirm")
    till.settle()
    mouse.button("drawer_count")
    mouse.field("count_2000")
    press_number(mouse, "4")
    mouse.field("count_50")
    press_number(mouse, "17")
    mouse.button("count_confirm")
    till.settle()
    assert till.text("close_difference") == "It adds up"
    panel(till, "close_dialog")
    press_number(mouse, "8")
    mouse.button("digits_back")
    press_number(mouse, "38.50")
    mouse.button("close_confirm")
    till.settle()
    assert backend.drawers["POS1"].entries[-1].amount_minor == 3_850
    assert mouse.presses == 30


def test_a_discount_is_given_by_mouse_only(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    mouse = Mouse(till)
    mouse.button("nav_new")
    till.settle()
    page = till.find(NewOrderPage, "new_order_page")
    till.qtbot.waitUntil(lambda: page.view.menu.tiles.shown.rowCount() == 4)
    mouse.tile(page.view.menu.tiles, CHIPS.name)
    before = mouse.presses
    mouse.button("basket_discount")
    press_number(mouse, "2.5")
    mouse.button("reason_0")
    mouse.button("reason_confirm")
    assert mouse.presses - before == 6
    discount = page._ordering.basket.basket.discount
    assert discount is not None
    assert discount.rate == 2_500


def test_an_amount_is_refunded_by_mouse_only(till: Till, backend: FakeBackend) -> None:
    order = order_of(till, backend, "refund")
    till.window._actions.do("refund", order.id)
    mouse = Mouse(till)
    press_number(mouse, "3.79")
    assert till.text("reason_confirm") == "Refund $3.79 (Cash)"
    mouse.button("reason_0")
    mouse.button("reason_confirm")
    till.settle()
    assert backend.orders[order.id].refunded_minor == 379
    assert mouse.presses == 6


def test_a_manager_allows_it_by_mouse_only(qtbot: QtBot, backend: FakeBackend) -> None:
    backend.staff["Max"] = ("246810", Role.MANAGER)
    backend.allow(Role.CASHIER)
    backend.allow(Role.MANAGER, Right(Act.VOID))
    order = place(backend, status=S.PREPARING)
    with open_till(qtbot, backend) as till:
        till.arrive()
        till.window._actions.do("cancel", order.id)
        mouse = Mouse(till)
        mouse.button("reason_0")
        mouse.button("reason_confirm")
        till.qtbot.waitUntil(lambda: till.sees("approval_dialog"))
        panel(till, "approval_dialog")
        till.qtbot.waitUntil(lambda: till.sees("approval_manager"))
        mouse.button("approval_manager")
        press_number(mouse, "246810")
        mouse.button("approval_give")
        till.settle()
        assert till.server(order) is S.CANCELLED
        assert mouse.presses == 10


def press_beside(till: Till, name: str) -> None:
    dialog = till.find(QDialog, name)
    around = next(each for each in till.window.findChildren(Overlay) if each.isAncestorOf(dialog))
    till.qtbot.waitUntil(lambda: not around._settling.isActive())
    beside = around.sheet.geometry().topLeft() - QPoint(5, 5)
    till.qtbot.mouseClick(around, Qt.MouseButton.LeftButton, pos=beside)


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_press_beside_a_panel_throws_away_nothing_that_was_typed(
    till: Till, backend: FakeBackend, by_hand: bool
) -> None:
    till.arrive()
    till.click("nav_drawer")
    till.settle()
    till.click("drawer_open")
    if by_hand:
        till.type("count_2000", "4")
    else:
        Mouse(till).field("count_2000")
        press_number(Mouse(till), "4")
    press_beside(till, "count_dialog")
    assert till.sees("count_dialog")
    assert till.text("count_total") == "$80.00"
    till.find_line("count_2000").clear()
    press_beside(till, "count_dialog")
    assert not till.sees("count_dialog")


def test_why_a_drawer_differs_is_said_by_mouse_only(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    mouse = Mouse(till)
    mouse.button("nav_drawer")
    till.settle()
    mouse.button("drawer_open")
    mouse.field("count_sum")
    press_number(mouse, "100")
    mouse.button("count_confirm")
    till.settle()
    mouse.button("drawer_count")
    mouse.field("count_sum")
    press_number(mouse, "80")
    mouse.button("count_confirm")
    till.settle()
    assert not till.find_button("close_confirm").isEnabled()
    mouse.button("reason_0")
    mouse.button("close_confirm")
    till.settle()
    assert backend.drawers["POS1"].entries[-1].reason == "Wrong change given"


def test_in_a_refund_names_and_the_hint_are_whole_and_the_connection_is_seen_through_the_veil(
    qtbot: QtBot, backend: FakeBackend, dressing: Callable[[Theme], None]
) -> None:
    dressing(Theme("light"))
    order = place(backend, status=S.READY, lines=2)
    long = "Chips and Guacamole, a large bowl"
    order = change(backend, order, lines=tuple(msgspec.structs.replace(each, name=long) for each in order.lines))
    backend.change(order, TakePayment(version=order.version))
    with open_till(qtbot, backend) as till:
        till.window.resize(1024, 768)
        till.arrive()
        till.window._actions.do("refund", order.id)
        asked, hint = panel(till), till.find_line("refund_amount")
        spare = hint.width() - hint.fontMetrics().horizontalAdvance(hint.placeholderText())
        assert spare >= 2 * till.window._context.theme.space(4)
        name = next(each for each in asked.findChildren(QLabel) if long in each.text())
        assert name.width() >= name.fontMetrics().horizontalAdvance(name.text())
        chip = chip_place(till.window)
        seen = till.window.grab().toImage()
        corner, beside = (seen.pixelColor(chip.topLeft() + QPoint(x, 2)) for x in (2, -4))
        assert corner == beside, "no box around the pill"
        pill = seen.pixelColor(chip.center().x(), chip.top() + 11)
        assert pill.lightness() > beside.lightness() + 50
