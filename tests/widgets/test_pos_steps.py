"""Moving orders: one press a step, shown at once, made once, taken back within seconds, refused in words."""

import itertools
from datetime import timedelta

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from core.client.errors import Conflict, NotKept, ServerFault
from core.domain.ids import OpId
from core.domain.order import Order
from core.domain.status import Fulfilment, OrderStatus, look, steps_of
from core.protocol import routes
from core.protocol.route import Request
from core.ui.widgets.overlay import Overlay
from pos_app.order.card import Own
from tests.support.contexts import answer_by, disk_held
from tests.support.fake_backend import OFFLINE, FakeBackend
from tests.support.pos_window import Till, later, open_till, paid, place
from tests.support.scanner import TYPED_MS, scan
from tests.support.steps import FIRST, NEXT, ONLINE

S = OrderStatus


def fail_to_accept(till: Till, monkeypatch: pytest.MonkeyPatch) -> list[OpId]:
    """This machine's disk takes no change; gives the op ids of those that were tried."""
    tried: list[OpId] = []

    def change_status(request: Request[Order]) -> Order:
        tried.append(request.op_id)
        raise NotKept("This machine's disk is full.")

    answer_by(monkeypatch, till.api, routes.CHANGE_STATUS, change_status)
    return tried


def reject(till: Till, order: Order) -> None:
    till.press(order, "more")
    till.choose("menu_reject")
    till.type("reason", "Sold out")
    till.click("reason_confirm")
    till.settle()


@pytest.mark.parametrize("delivery", [False, True])
def test_one_press_a_step_from_new_to_done(till: Till, backend: FakeBackend, delivery: bool) -> None:
    order = paid(backend, place(backend, delivery=delivery))
    till.arrive()
    for here, after in itertools.pairwise(steps_of(order.fulfilment)):
        assert till.where(order) is here
        till.press(order)
        till.settle()
        assert till.server(order) is after
    assert till.where(order) is None


def test_cards_take_presses_after_tab_went_round_in_a_panel(till: Till, backend: FakeBackend) -> None:
    """Not when the panel takes the Python side of the window's scroll bars with it."""
    order = place(backend)
    till.arrive()
    panel = Overlay(till.window._context.theme, till.window)
    key = QPushButton("Add")
    panel.column.addWidget(key)
    panel.open()
    key.setFocus()
    for _ in range(3):
        till.key(Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is key
    with till.qtbot.waitSignal(panel.destroyed):
        panel.reject()
    till.press(order)
    till.settle()
    assert till.server(order) is NEXT


def test_a_step_shows_at_once_and_says_that_it_is_being_sent(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.gate.clear()
    with disk_held(till.window._context):
        till.press(order)
        assert till.where(order) is NEXT
        assert till.card(order).sending
    till.qtbot.waitUntil(lambda: not till.card(order).sending)
    assert till.where(order) is NEXT
    assert till.card(order).own is Own.ON_ITS_WAY
    till.qtbot.waitUntil(lambda: "1 waiting to send" in till.text("connection_chip"))
    assert till.server(order) is S.PENDING
    backend.gate.set()
    till.settle()
    assert till.server(order) is NEXT
    assert till.card(order).own is Own.NONE
    till.qtbot.waitUntil(lambda: "waiting" not in till.text("connection_chip"))


def test_pressing_twice_makes_one_step(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    with disk_held(till.window._context):
        till.press(order)
        till.press(order)
        till.window._actions.do("recall", order.id)
    till.settle()
    assert backend.calls["change_status"] == 1
    assert "recall" not in backend.calls
    assert till.server(order) is NEXT


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
    assert till.server(first) is NEXT
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


def test_a_lost_answer_is_asked_for_again_under_the_same_op_id(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.answers_to_lose = 1
    till.press(order)
    till.settle()
    assert till.where(order) is till.server(order) is NEXT
    assert len(backend.asked) == 2
    assert len(backend.operations) == 1
    assert len(backend.history[order.id]) == 2
    assert till.notice() == ""


def test_what_could_not_be_accepted_is_tried_again_under_the_same_op_id(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    tried = fail_to_accept(till, monkeypatch)
    till.press(order)
    till.settle()
    assert till.server(order) is S.PENDING
    assert till.where(order) is S.PENDING
    assert till.card(order).unsent
    assert order.number in till.notice()
    assert "not sent" in till.notice()
    monkeypatch.undo()
    till.click("notice_action")
    till.settle()
    assert till.where(order) is NEXT
    assert till.server(order) is NEXT
    assert [op_id for op_id, _request in backend.asked] == tried
    assert len(backend.history[order.id]) == 2
    assert till.notice() == ""


def test_the_cards_own_button_tries_again_too(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    fail_to_accept(till, monkeypatch)
    till.press(order)
    till.settle()
    assert till.card(order).unsent
    monkeypatch.undo()
    till.press(order)
    till.settle()
    assert till.where(order) is till.server(order) is NEXT
    assert len(backend.operations) == 1


def test_a_step_that_waits_for_the_server_says_so_and_is_sent_by_itself(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.fail_with = OFFLINE
    till.qtbot.waitUntil(lambda: "Offline" in till.text("connection_chip"))
    till.press(order)
    till.settle()
    assert till.where(order) is NEXT
    assert till.card(order).own is Own.WAITING
    assert "sent as soon as the server is back" in till.undo()
    backend.fail_with = None
    till.refresh()
    assert till.where(order) is till.server(order) is NEXT
    assert len(backend.operations) == 1


def test_a_refresh_that_shows_an_unsent_step_as_made_ends_the_matter(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    fail_to_accept(till, monkeypatch)
    till.press(order)
    till.settle()
    monkeypatch.undo()
    backend.move(order.id, NEXT)
    till.refresh()
    assert till.where(order) is NEXT
    assert not till.card(order).unsent
    till.window.workspace.notice.act()  # "Try again" must not become the next step.
    till.settle()
    assert "change_status" not in backend.calls
    assert till.server(order) is NEXT


def test_another_intention_is_another_operation(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    tried = fail_to_accept(till, monkeypatch)
    till.press(order)
    till.settle()
    monkeypatch.undo()
    reject(till, order)
    assert till.server(order) is S.REJECTED
    ((op_id, _request),) = backend.asked
    assert op_id not in tried


def test_the_same_intention_is_the_same_operation_however_it_is_said(
    till: Till, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place(backend)
    till.arrive()
    tried = fail_to_accept(till, monkeypatch)
    reject(till, order)
    assert "was not sent" in till.notice()
    monkeypatch.undo()
    reject(till, order)
    assert till.server(order) is S.REJECTED
    assert [op_id for op_id, _request in backend.asked] == tried


def test_a_fault_of_the_server_is_not_called_offline(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.fail_with = ServerFault("It answered 500.")
    till.press(order)
    till.qtbot.waitUntil(lambda: [each.failed_attempts > 0 for each in till.api.operations()] == [True])
    till.qtbot.waitUntil(lambda: till.card(order).own is Own.ON_ITS_WAY)
    assert "Offline" not in till.text("connection_chip")
    backend.fail_with = None
    till.api.try_now()
    till.settle()
    assert till.server(order) is NEXT


def test_somebody_faster_with_the_same_wish_is_followed(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.pushes = False
    for step in ONLINE[:2]:
        backend.move(order.id, step)
    till.press(order)
    till.settle()
    assert till.where(order) is ONLINE[1]
    assert till.card(order).own is Own.NONE
    assert len(backend.history[order.id]) == 3


def test_somebody_faster_with_another_wish_is_said_in_words(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.pushes = False
    backend.move(order.id, S.REJECTED, reason="Sold out")
    till.press(order)
    till.settle()
    assert till.window._changes.own(order.id) is Own.CONFLICT
    till.window._actions.do("step", order.id)
    assert till.sees("sync_page")
    assert "Rejected" in till.words("sync_page")
    assert till.server(order) is S.REJECTED


def test_an_order_that_is_gone_is_said(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    del backend.orders[order.id]
    till.press(order)

    def parked() -> bool:
        till.api.try_now()
        return till.card(order).own is Own.PARKED

    till.qtbot.waitUntil(parked)
    till.press(order)
    assert till.sees("sync_page")
    assert "There is no such order." in till.words("sync_page")


def test_undo_takes_a_step_back(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order)
    till.settle()
    assert till.undo() == f"{order.number} is {look(NEXT).label}"
    till.click("undo_action")
    till.settle()
    assert till.where(order) is till.server(order) is S.PENDING


def test_undo_brings_a_handed_over_order_back(till: Till, backend: FakeBackend) -> None:
    last = steps_of(Fulfilment.PICKUP)[-2]
    order = paid(backend, place(backend, status=last))
    till.arrive()
    till.press(order)
    till.settle()
    assert till.where(order) is None
    till.refresh()
    till.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    till.settle()
    assert till.where(order) is till.server(order) is last
    backend.move(order.id, S.COMPLETED)
    till.refresh()
    assert till.where(order) is None  # It is listed again like any other, and leaves like any other.


def test_undo_of_a_recall_is_the_step_again(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=FIRST)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_recall")
    till.settle()
    assert till.server(order) is S.CONFIRMED
    till.click("undo_action")
    till.settle()
    assert till.server(order) is FIRST


def test_undo_goes_by_itself(qtbot: QtBot, backend: FakeBackend) -> None:
    order = place(backend)
    with open_till(qtbot, backend, undo_s=0.2) as till:
        till.arrive()
        till.press(order)
        till.settle()
        qtbot.waitUntil(lambda: not till.window.workspace.undo.isVisible())
        till.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        till.settle()
        assert till.server(order) is NEXT


def test_a_conflict_without_an_order_still_says_so(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.fail_with = Conflict("Somebody was faster.", order=None)
    till.press(order)
    till.qtbot.waitUntil(lambda: till.card(order).own is Own.PARKED)
    till.press(order)
    assert till.sees("sync_page")
    assert "Somebody was faster." in till.words("sync_page")


def test_the_whole_job_without_a_mouse(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    first, second = place(backend, "Aisha"), place(backend, "Jonas")
    third = place(backend, "Zoe", S.READY)
    till.find_line("staff_name").setFocus()
    qtbot.keyClicks(till.find_line("staff_name"), "Maya")
    till.key(Qt.Key.Key_Return)
    qtbot.keyClicks(till.find_line("pin"), "1234")
    till.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: till.window.signed_in)
    till.until_live()
    assert till.window.board.shown == 3
    assert till.current() == first.number
    till.key(Qt.Key.Key_Down)
    assert till.current() == second.number
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.server(second) is NEXT
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
    scan("Nobody home", every_ms=TYPED_MS)
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
    assert till.server(order) is NEXT
    assert till.server(other) is S.PENDING
    assert backend.calls["change_status"] == 1


def test_details_that_stay_open_over_midnight_say_yesterday(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "card", double=True)
    till.settle()
    assert "Today" in till.words("details_dialog")
    later(backend, timedelta(days=1))
    till.api.call(routes.MENU())
    till.qtbot.waitUntil(lambda: "Yesterday" in till.words("details_dialog"))
