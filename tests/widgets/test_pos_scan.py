"""Scanned codes: they open an order, and never press anything."""

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.domain.status import OrderStatus
from pos_app.board.scanner import Scanner
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import Till, place
from tests.support.scanner import TYPED_MS, press, scan
from tests.support.steps import NEXT

S = OrderStatus


def test_a_scanned_number_opens_its_order_and_confirms_nothing(till: Till, backend: FakeBackend) -> None:
    place(backend, "Aisha")
    order = place(backend, "Jonas")
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan(order.number)
    assert till.sees("details_dialog")
    assert till.find_line("search").text() == ""
    till.settle()
    assert "change_status" not in backend.calls
    assert order.number in till.words("details_dialog")


def test_a_code_that_a_busy_window_handles_late_is_a_code(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    order = place(backend, "Jonas")
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan("NN", None, every_ms=TYPED_MS, handled_every_s=0.0)
    assert till.sees("new_order_page"), "two letters by hand, which the window handles together"
    till.key(Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    till.column(S.PENDING).setFocus()
    scan(order.number, None)
    press(Qt.Key.Key_Return, "\r", 10**9)
    till.settle()
    assert not till.sees("details_dialog"), "that Enter was pressed long after what looks like a code"


def test_a_scanned_id_of_a_closed_order_is_asked_for(till: Till, backend: FakeBackend) -> None:
    order = place(backend, "Jonas", S.COMPLETED)
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan(order.id.upper())
    till.qtbot.waitUntil(lambda: till.sees("details_dialog"))
    till.settle()
    assert order.number in till.words("details_dialog")


def test_a_scanned_number_of_a_closed_order_is_asked_for(till: Till, backend: FakeBackend) -> None:
    place(backend, "Aisha", S.COMPLETED)
    order = place(backend, "Jonas", S.COMPLETED)
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan(order.number)
    till.qtbot.waitUntil(lambda: till.sees("details_dialog"))
    till.settle()
    assert order.number in till.words("details_dialog")


def test_a_code_that_means_nothing_is_said(till: Till) -> None:
    till.arrive()
    till.column(S.PENDING).setFocus()
    scan("NOBODY-000999")
    till.settle()
    assert "No order has the number or code NOBODY-000999" in till.notice()
    assert not till.sees("new_order_page")  # The N in it was no shortcut.


def test_a_letter_by_itself_is_a_shortcut(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    till.arrive()
    qtbot.keyClicks(till.column(S.PENDING), "n")
    qtbot.waitUntil(lambda: till.sees("new_order_page"))
    till.settle()
    till.key(Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert till.sees("board_page")
    qtbot.keyClicks(till.column(S.PENDING), "?")
    assert till.sees("shortcuts_dialog")
    till.click("shortcuts_close")
    till.key(Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    till.settle()
    assert till.sees("history_page")


def test_slow_fingers_are_no_scanner(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    order = place(backend)
    till.arrive()
    scanner = till.window.findChild(Scanner)
    assert scanner is not None
    view = till.column(S.PENDING)
    for character in "1234":
        with qtbot.waitSignal(scanner.typed):
            qtbot.keyClicks(view, character)
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.server(order) is NEXT
