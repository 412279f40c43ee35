"""The page of the drawer: a session from its float to its Z, by mouse and by keyboard, with and without a server."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QListView
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.drawers import DrawerAct
from core.domain.menu import DrawerUse
from core.ui.rows import ROW
from core.ui.text import money
from core.ui.widgets.fields import Picker
from pos_app.drawer.rows import Line
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import ANA, MAYA, Till


def _rows(till: Till) -> list[Line]:
    model = till.find(QListView, "drawer_rows").model()
    return [model.index(row, 0).data(ROW) for row in range(model.rowCount())]


def _go(till: Till, who: tuple[str, str] = MAYA) -> None:
    till.arrive(who)
    till.click("nav_drawer")
    till.settle()


def _opened(till: Till, amount: str = "100") -> None:
    till.click("drawer_open")
    till.type("count_sum", amount)
    till.click("count_confirm")
    till.settle()


def _show(till: Till, what: str) -> None:
    picker = till.find(Picker, "drawer_shown")
    at = picker.findData(what)
    picker.setCurrentIndex(at)
    picker.activated.emit(at)
    till.settle()


def test_enter_confirms_a_reason_that_space_has_chosen(till: Till, backend: FakeBackend) -> None:
    _go(till)
    _opened(till)
    till.click("drawer_paid_out")
    till.type("move_amount", "12.50")
    reason = till.find_button("reason_0")
    reason.setFocus(Qt.FocusReason.TabFocusReason)
    till.qtbot.keyClick(reason, Qt.Key.Key_Space)
    assert reason.isChecked()
    till.qtbot.keyClick(reason, Qt.Key.Key_Return)
    till.settle()
    assert not till.sees("reason_confirm")
    assert any(line.amount == money(-1_250, "USD") for line in _rows(till))


def test_enter_on_a_chosen_reason_takes_it_back_nowhere(till: Till, backend: FakeBackend) -> None:
    _go(till)
    _opened(till)
    till.click("drawer_paid_out")
    reason = till.find_button("reason_0")
    reason.setFocus(Qt.FocusReason.TabFocusReason)
    for _press in range(2):
        till.qtbot.keyClick(reason, Qt.Key.Key_Return)
    assert reason.isChecked(), "the amount is missing still"
    assert till.text("reason") == reason.text()
    till.type("move_amount", "3")
    till.qtbot.keyClick(till.find_line("move_amount"), Qt.Key.Key_Return)
    till.settle()
    assert not till.sees("reason_confirm")


def test_a_session_by_mouse(till: Till, backend: FakeBackend) -> None:
    _go(till)
    assert till.text("drawer_state") == "The drawer is closed"
    till.click("drawer_open")
    till.type("count_2000", "4")
    till.type("count_100", "7")
    assert till.text("count_total") == "$87.00"
    till.click("count_confirm")
    till.settle()
    assert till.text("drawer_state") == "The drawer is open"
    till.click("drawer_paid_out")
    till.type("move_amount", "12.50")
    till.click("reason_0")
    assert till.text("reason_confirm") == "Paid out · $12.50"
    till.click("reason_confirm")
    till.settle()
    till.click("drawer_no_sale")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert [(line.title, line.amount) for line in _rows(till)] == [
        ("No sale", ""),
        ("Paid out", money(-1_250, "USD")),
        ("Opened", "$87.00"),
    ]
    till.click("drawer_count")
    till.type("count_sum", "74.40")
    till.click("count_confirm")
    till.settle()
    assert till.text("close_difference") == "$0.10 too little"
    till.type("close_deposit", "24.40")
    assert till.text("close_left") == "Left in it: $50.00"
    till.click("close_confirm")
    till.settle()
    assert till.text("drawer_state") == "The drawer is closed"
    assert backend.drawers["POS1"].entries[-1].amount_minor == 2440
    assert [each.count for each in backend.drawers["POS1"].opened.denominations] == [7, 4]


def test_a_session_by_keyboard(till: Till, backend: FakeBackend) -> None:
    _go(till)
    till.key(Qt.Key.Key_Return)
    for key in (Qt.Key.Key_5, Qt.Key.Key_Return):
        till.key(key)
    dialog = till.find(QDialog, "count_dialog")
    for _ in range(20):
        if not dialog.isVisible():
            break
        till.key(Qt.Key.Key_Return)
    till.settle()
    till.qtbot.waitUntil(lambda: "POS1" in backend.drawers)
    assert backend.drawers["POS1"].opened.amount_minor == 5, "five of the smallest coin, and Enter from field to field"
    assert till.text("drawer_state") == "The drawer is open"
    assert till.window.focusWidget() is till.find_button("drawer_count")


def test_a_large_difference_is_explained_and_may_be_counted_again(till: Till, backend: FakeBackend) -> None:
    _go(till)
    _opened(till)
    till.click("drawer_count")
    till.type("count_sum", "80")
    till.click("count_confirm")
    till.settle()
    assert till.text("close_difference") == "$20.00 too little"
    assert not till.find_button("close_confirm").isEnabled()
    till.click("close_again")
    till.type("count_sum", "90")
    till.click("count_confirm")
    till.settle()
    till.type("close_reason", "a note fell behind")
    till.click("close_confirm")
    till.settle()
    entries = backend.drawers["POS1"].entries
    assert [each.act for each in entries] == [
        DrawerAct.OPENED,
        DrawerAct.COUNTED,
        DrawerAct.COUNTED,
        DrawerAct.CLOSED,
    ]
    assert entries[-1].reason == "a note fell behind"


def test_the_count_is_blind(till: Till, backend: FakeBackend) -> None:
    _go(till)
    _opened(till, "123.45")
    till.click("drawer_count")
    dialog = till.find(QDialog, "count_dialog")
    assert "123.45" not in till.words("count_dialog")
    dialog.reject()
    assert till.text("drawer_state") == "The drawer is open"


def test_without_a_server_a_drawer_is_opened_and_closed(till: Till, backend: FakeBackend) -> None:
    _go(till)
    backend.fail_with = Unreachable("The server cannot be reached.")
    _opened(till)
    till.click("drawer_drop")
    till.type("move_amount", "60")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    till.click("drawer_count")
    till.type("count_sum", "40")
    till.click("count_confirm")
    till.settle()
    assert till.text("close_difference") == "It adds up"
    till.click("close_confirm")
    till.settle()
    assert till.text("drawer_state") == "The drawer is closed"
    assert "POS1" not in backend.drawers
    backend.fail_with = None
    till.key(Qt.Key.Key_F5)
    till.settle()
    till.qtbot.waitUntil(lambda: "POS1" in backend.drawers and not backend.drawers["POS1"].is_open)


def test_each_has_their_own_where_the_shop_says_so(till: Till, backend: FakeBackend) -> None:
    """Maya's stays open while Ana, who is an admin, opens hers; she closes Maya's from the list of all drawers."""
    backend.menu = msgspec.structs.replace(backend.menu, drawers=DrawerUse.PERSON, version=backend.menu.version + 1)
    _go(till)
    _opened(till)
    assert till.text("drawer_state") == "The drawer of Maya is open"
    till.click("cashier")
    till.choose("menu_sign_out")
    till.settle()
    _go(till, ANA)
    assert till.text("drawer_state") == "The drawer is closed"
    _opened(till, "50")
    assert till.text("drawer_state") == "The drawer of Ana is open"
    _show(till, "sessions")
    hers = next(row for row, line in enumerate(_rows(till)) if "Maya" in line.detail)
    rows = till.find(QListView, "drawer_rows")
    rows.setCurrentIndex(rows.model().index(hers, 0))
    rows.setFocus()
    till.qtbot.keyClick(rows, Qt.Key.Key_Return)
    till.settle()
    assert till.text("drawer_state") == "The drawer of Maya is open"
    till.click("drawer_count")
    till.type("count_sum", "100")
    till.click("count_confirm")
    till.qtbot.waitUntil(lambda: till.sees("close_confirm"))
    till.click("close_confirm")
    till.settle()
    closed = next(each for each in backend.drawers.values() if each.opened.by == "Maya")
    assert (closed.is_open, closed.entries[-1].by) == (False, "Ana")
    assert till.text("drawer_state") == "The drawer of Ana is open"


def test_x_is_offered_to_who_may_know_what_should_be_there(till: Till, backend: FakeBackend) -> None:
    _go(till)
    _opened(till)
    assert not till.sees("drawer_x"), "a cashier counts first"
    till.click("drawer_count")
    till.type("count_sum", "100")
    till.click("count_confirm")
    till.settle()
    till.qtbot.waitUntil(lambda: till.sees("close_again"))
    till.key(Qt.Key.Key_Escape)
    till.settle()
    assert till.sees("drawer_x")


def test_an_admin_is_offered_x_at_any_time(till: Till, backend: FakeBackend) -> None:
    _go(till, ANA)
    _opened(till)
    assert till.sees("drawer_x")


def test_what_breaks_a_rule_is_said(till: Till, backend: FakeBackend) -> None:
    _go(till)
    _opened(till)
    till.click("drawer_count")
    till.type("count_sum", "abc")
    assert not till.find_button("count_confirm").isEnabled()


def test_cashiers_see_their_own_drawer_and_admins_all(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    _go(till)
    assert till.find(Picker, "drawer_shown").findData("sessions") < 0


def test_admins_see_all_drawers(till: Till, backend: FakeBackend) -> None:
    _go(till, ANA)
    _opened(till)
    _show(till, "sessions")
    assert [(line.title, line.amount) for line in _rows(till)] == [("POS1", "Open")]


@pytest.mark.parametrize("by_key", [False, True])
def test_a_z_is_shown_as_it_is_printed(till: Till, backend: FakeBackend, by_key: bool) -> None:
    _go(till)
    _opened(till)
    till.click("drawer_count")
    till.type("count_sum", "100")
    till.click("count_confirm")
    till.settle()
    till.click("close_confirm")
    till.settle()
    _show(till, "reports")
    (line,) = _rows(till)
    assert line.title == "POS1 · Z 1"
    view = till.find(QListView, "drawer_rows")
    view.setCurrentIndex(view.model().index(0, 0))
    if by_key:
        view.setFocus()
        till.key(Qt.Key.Key_Return)
    else:
        view.scrollTo(view.model().index(0, 0))
        place = view.visualRect(view.model().index(0, 0)).center()
        till.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    till.settle()
    assert till.sees("report_dialog")
    till.find(QDialog, "report_dialog").reject()
