"""What a person does is judged by when they did it, also where the window is busy and handles it late."""

from types import SimpleNamespace
from unittest.mock import patch

from PySide6.QtCore import QObject, QPoint, QStringListModel, Qt, QTimer
from pytestqt.qtbot import QtBot

from core.domain.order import PaymentState
from core.domain.status import OrderStatus
from core.ui.ordering.press_list import PressList
from core.ui.pace import Pressed, Quiet
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import Till, place


def test_what_waited_while_the_window_was_busy_is_handled_before_a_silence_is_over(qtbot: QtBot) -> None:
    owner, passed = QObject(), []
    quiet = Quiet(0.01, owner)
    quiet.passed.connect(lambda: passed.append("silence"))
    now_s = [100.0]
    with patch("core.ui.pace.time", SimpleNamespace(monotonic=lambda: now_s[0])):
        quiet.begin()
        now_s[0] += 0.5  # busy: by now the timer is late, and this waits behind it
        quiet.timeout.connect(lambda: QTimer.singleShot(0, owner, quiet.stop))
        qtbot.waitUntil(lambda: not quiet.isActive())
    assert passed == []


def test_a_silence_in_a_window_that_is_not_busy_is_over(qtbot: QtBot) -> None:
    owner = QObject()
    quiet = Quiet(0.01, owner)
    with qtbot.waitSignal(quiet.passed):
        quiet.begin()


def test_a_short_press_that_is_handled_late_is_no_long_one(qtbot: QtBot) -> None:
    """As long as the window is busy the list cannot know that the finger has gone."""
    rows = PressList()
    rows.can_hold = True
    rows.setModel(QStringListModel(["a", "b"], rows))
    qtbot.addWidget(rows)
    rows.show()
    long: list[object] = []
    rows.held_long.connect(long.append)
    middle = rows.visualRect(rows.model().index(0, 0)).center()
    qtbot.mousePress(rows.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(middle))
    rows._long._due_s -= 1
    rows._long.timeout.emit()
    assert (long, rows._long.isActive()) == ([], True)
    with qtbot.waitSignal(rows.pressed_part):
        qtbot.mouseRelease(rows.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(middle))
    assert (long, rows._long.isActive()) == ([], False)


def test_a_systems_count_that_begins_anew_is_not_believed() -> None:
    assert Pressed(5, 20.0).since_s(Pressed(4_294_967_290, 19.5)) == 0.5
    assert Pressed(1_060, 20.0).since_s(Pressed(1_000, 10.0)) == 0.06
    assert Pressed(0, 20.0).since_s(Pressed(1_000, 19.0)) == 1.0


def test_a_second_enter_on_a_payment_steps_no_order_on_the_board(till: Till, backend: FakeBackend) -> None:
    other, paid = place(backend), place(backend, status=OrderStatus.PREPARING)
    till.arrive()
    board = till.window._pages.board
    assert board is not None
    till.press(paid, "more")
    till.choose("menu_payments")
    till.click("payment_card")
    till.settle()
    assert backend.orders[paid.id].payment is PaymentState.PAID
    board.focus_order(other.id)
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.server(other) is OrderStatus.PENDING, "it was meant for the payment"
    till.qtbot.waitUntil(lambda: not till.window._settling.isActive())
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.server(other) is OrderStatus.CONFIRMED
