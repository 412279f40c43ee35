"""Moving orders: one press a step, shown at once, made once, taken back within seconds, refused in words."""

import itertools

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.client.errors import Conflict, NotFound, ServerFault, Unreachable
from core.domain.commands import ChangeStatus
from core.domain.ids import OpId, OrderId
from core.domain.order import Order
from core.domain.status import OrderStatus
from tests.support.fake_api import FakeBackend
from tests.support.pos_window import Till, open_till, place

S = OrderStatus
OFFLINE = Unreachable("The server cannot be reached. Check the network; this window keeps trying.")


def lose_answers(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does what it is asked, and no answer comes back."""
    real = till.api.change_status

    def change_status(op_id: OpId, order_id: OrderId, request: ChangeStatus) -> Order:
        real(op_id, order_id, request)
        raise OFFLINE

    monkeypatch.setattr(till.api, "change_status", change_status)


@pytest.mark.parametrize(
    ("delivery", "steps"),
    [
        (False, [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.COMPLETED]),
        (True, [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.OUT_FOR_DELIVERY, S.COMPLETED]),
    ],
)
def test_one_press_a_step_from_new_to_done(
    till: Till, backend: FakeBackend, delivery: bool, steps: list[OrderStatus]
) -> None:
    order = place(backend, delivery=delivery)
    till.arrive()
    for here, after in itertools.pairwise(steps):
        assert till.where(order) is here
        till.press(order)
        till.settle()
        assert till.server(order) is after
    assert till.where(order) is None


def test_a_step_shows_at_once_and_says_that_it_is_being_sent(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.gate.clear()
    till.press(order)
    assert till.where(order) is S.CONFIRMED
    assert till.card(order).sending
    assert "1 waiting to send" in till.text("connection_chip")
    assert till.server(order) is S.PENDING
    backend.gate.set()
    till.settle()
    assert not till.card(order).sending
    assert "waiting" not in till.text("connection_chip")


def test_pressing_twice_makes_one_step(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.gate.clear()
    till.press(order)
    till.press(order)
    till.window._actions.do("recall", order.id)
    backend.gate.set()
    till.settle()
    assert backend.calls["change_status"] == 1
    assert "recall" not in backend.calls
    assert till.server(order) is S.CONFIRMED


def test_the_second_press_of_a_double_click_confirms_nobody_else(till: Till, backend: FakeBackend) -> None:
    first, second = place(backend), place(backend)
    till.arrive()
    view = till.column(S.PENDING)
    spot = view.part_rect(till.index(first), "step").center()
    till.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    till.settle()
    assert view.part_rect(till.index(second), "step").center() == spot
    till.qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    till.qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    till.settle()
    assert till.server(first) is S.CONFIRMED
    assert till.server(second) is S.PENDING


def test_a_press_that_ends_elsewhere_does_nothing(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    view = till.column(S.PENDING)
    till.qtbot.mousePress(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.part_rect(till.index(order), "step").center()
    )
    till.qtbot.mouseRelease(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.part_rect(till.index(order), "more").center()
    )
    assert "change_status" not in backend.calls


def test_a_lost_answer_is_tried_again_under_the_same_op_id(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    lose_answers(till, monkeypatch)
    till.press(order)
    till.settle()
    assert till.server(order) is S.CONFIRMED  # It was made, and nobody here knows.
    assert till.where(order) is S.PENDING
    assert till.card(order).unsent
    assert order.number in till.notice()
    assert "not sent" in till.notice()
    monkeypatch.undo()
    till.click("notice_action")
    till.settle()
    assert till.where(order) is S.CONFIRMED
    assert till.server(order) is S.CONFIRMED
    assert len(backend.operations) == 1
    assert len(backend.history[order.id]) == 2
    assert till.notice() == ""


def test_the_cards_own_button_tries_again_too(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.fail_with = OFFLINE
    till.press(order)
    till.settle()
    assert till.card(order).unsent
    backend.fail_with = None
    till.press(order)
    till.settle()
    assert till.where(order) is till.server(order) is S.CONFIRMED
    assert len(backend.operations) == 1


def test_a_refresh_that_shows_a_lost_step_as_made_ends_the_matter(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    lose_answers(till, monkeypatch)
    till.press(order)
    till.settle()
    till.refresh()
    assert till.where(order) is S.CONFIRMED
    assert not till.card(order).unsent
    calls = backend.calls["change_status"]
    till.window.workspace.notice.act()  # "Try again" must not become the next step.
    till.settle()
    assert backend.calls["change_status"] == calls
    assert till.server(order) is S.CONFIRMED


def test_another_intention_is_another_operation(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    lose_answers(till, monkeypatch)
    till.press(order)
    till.settle()
    till.press(order, "more")
    till.choose("menu_reject")
    till.type("reason", "Sold out")
    till.click("reason_confirm")
    till.settle()
    assert till.server(order) is S.CONFIRMED  # The first one had been made after all, so the second conflicts.
    assert "changed by somebody else" in till.notice()
    assert till.where(order) is S.CONFIRMED


def test_the_same_intention_is_the_same_operation_however_it_is_said(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    lose_answers(till, monkeypatch)
    for _ in range(2):
        till.press(order, "more")
        till.choose("menu_reject")
        till.type("reason", "Sold out")
        till.click("reason_confirm")
        till.settle()
    monkeypatch.undo()
    assert till.server(order) is S.REJECTED
    assert len(backend.operations) == 1
    assert "was not sent" in till.notice()


def test_a_fault_of_the_server_is_not_called_offline(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.fail_with = ServerFault("It answered 500.")
    till.press(order)
    till.settle()
    assert "The server had a problem" in till.notice()
    assert till.card(order).unsent


def test_somebody_faster_is_said_in_words_and_followed(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.move(order.id, S.CONFIRMED)
    backend.move(order.id, S.PREPARING)
    till.press(order)
    till.settle()
    assert till.where(order) is S.PREPARING
    assert f"{order.number} was changed by somebody else" in till.notice()
    assert "It is Preparing now" in till.notice()
    assert not till.card(order).unsent


def test_an_order_that_is_gone_is_said(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.fail_with = NotFound("There is no such order.")
    till.press(order)
    till.settle()
    assert "Not found" in till.notice()
    assert not till.card(order).unsent


def test_undo_takes_a_step_back(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order)
    till.settle()
    assert till.undo() == f"{order.number} is Confirmed"
    till.click("undo_action")
    till.settle()
    assert till.where(order) is till.server(order) is S.PENDING


def test_undo_brings_a_handed_over_order_back(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.READY)
    till.arrive()
    till.press(order)
    till.settle()
    assert till.where(order) is None
    till.refresh()
    till.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    till.settle()
    assert till.where(order) is till.server(order) is S.READY
    backend.move(order.id, S.COMPLETED)
    till.refresh()
    assert till.where(order) is None  # It is listed again like any other, and leaves like any other.


def test_undo_of_a_recall_is_the_step_again(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_recall")
    till.settle()
    assert till.server(order) is S.CONFIRMED
    till.click("undo_action")
    till.settle()
    assert till.server(order) is S.PREPARING


def test_undo_goes_by_itself(qtbot: QtBot, backend: FakeBackend) -> None:
    order = place(backend)
    with open_till(qtbot, backend, undo_s=0.2) as till:
        till.arrive()
        till.press(order)
        till.settle()
        qtbot.waitUntil(lambda: not till.window.workspace.undo.isVisible())
        till.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        till.settle()
        assert till.server(order) is S.CONFIRMED


def test_a_conflict_without_an_order_still_says_so(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.fail_with = Conflict("Somebody was faster.", order=None)
    till.press(order)
    till.settle()
    assert "The order has changed" in till.notice()
    assert till.where(order) is S.PENDING


def test_the_whole_job_without_a_mouse(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    first, second = place(backend, "Aisha"), place(backend, "Jonas")
    third = place(backend, "Zoe", S.READY)
    till.find_line("staff_name").setFocus()
    qtbot.keyClicks(till.find_line("staff_name"), "Maya")
    till.key(Qt.Key.Key_Return)
    qtbot.keyClicks(till.find_line("pin"), "1234")
    till.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: till.window.board.shown == 3)
    assert till.current() == first.number
    till.key(Qt.Key.Key_Down)
    assert till.current() == second.number
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.server(second) is S.CONFIRMED
    assert till.current() == first.number
    till.key(Qt.Key.Key_Right)
    assert till.current() == second.number
    till.key(Qt.Key.Key_Right)  # Over an empty column.
    assert till.current() == third.number
    till.key(Qt.Key.Key_Right)
    assert till.current() == third.number
    till.key(Qt.Key.Key_Left)
    till.key(Qt.Key.Key_Backspace)
    till.settle()
    assert till.server(second) is S.PENDING
    till.key(Qt.Key.Key_Left)
    till.key(Qt.Key.Key_End)
    assert till.current() == second.number
    till.key(Qt.Key.Key_Delete)
    qtbot.keyClicks(till.find_line("reason"), "Nobody home")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.server(second) is S.CANCELLED
    till.key(Qt.Key.Key_Space)
    assert till.sees("details_dialog")
    till.settle()
    till.key(Qt.Key.Key_Escape)
    assert not till.sees("details_dialog")


def test_enter_held_down_makes_one_step(till: Till, backend: FakeBackend) -> None:
    order, other = place(backend), place(backend)
    till.arrive()
    view = till.column(S.PENDING)
    for repeat in (False, True, True, True):
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", autorep=repeat)
        QApplication.sendEvent(view, event)
    till.settle()
    assert till.server(order) is S.CONFIRMED
    assert till.server(other) is S.PENDING
    assert backend.calls["change_status"] == 1
