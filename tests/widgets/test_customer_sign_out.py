"""Leaving: nothing of one customer is left for the next, whoever or whatever ends the visit."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QListView, QPushButton
from pytestqt.qtbot import QtBot

from core.client.errors import ServerFault, SignedOut
from core.client.sync.engine import ConnectionState, SyncStatus
from core.client.sync.outbox import Counts
from core.clock import Clock
from core.protocol import routes
from core.protocol.replies import OrderPage
from core.protocol.route import Request
from core.ui.idle import IdleWatch
from customer_view.account.sign_out_dialog import SignOutDialog
from customer_view.visit import Visit
from tests.support.contexts import answer_by
from tests.support.customer_window import AISHA, JONAS, SHORT_S, Stage, open_window, order, small_order
from tests.support.fake_backend import FakeBackend
from tests.support.steps import NEXT
from tests.widgets.conftest import PassTime

IDLE_S = 100.0
WARNED_S = 80.0


@pytest.fixture
def idling(qtbot: QtBot, backend: FakeBackend, pass_time: PassTime) -> Iterator[Stage]:
    with open_window(qtbot, backend, idle_sign_out_s=IDLE_S) as made:
        yield made


def forget_deleted() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def test_nothing_is_left_for_the_next(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    theirs = order(backend, delivery=True)
    own = small_order(backend, JONAS)
    stage.arrive(AISHA)
    assert theirs.number in stage.words()
    visit = stage.window.findChild(Visit)
    assert visit is not None
    store = weakref.ref(visit._store)
    gone = weakref.ref(visit)
    del visit
    backend.fail_with = ServerFault("It answered 500.")
    stage.click("refresh_orders")
    qtbot.waitUntil(lambda: "server had a problem" in stage.notice())
    backend.fail_with = None
    stage.click("sign_out")
    qtbot.waitUntil(lambda: stage.sees("sign_in_login"))
    forget_deleted()
    for trace in (theirs.number, "Aisha", AISHA, "Harbour", "Bowl", "had a problem"):
        assert trace not in stage.words(), trace
    assert stage.text("sign_in_login") == ""
    qtbot.waitUntil(lambda: store() is None)  # the session ends in a worker
    assert gone() is None
    stage.arrive(JONAS)
    assert [each.id for each in stage.listed()] == [own.id]
    assert stage.text("person") == "Jonas"
    assert theirs.number not in stage.words()


def test_somebody_elses_answer_never_appears(
    stage: Stage, backend: FakeBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = order(backend)
    own = small_order(backend, JONAS)
    stage.arrive(AISHA)
    late, asked = threading.Event(), threading.Event()
    history = stage.api.call

    def answer_late(request: Request[OrderPage]) -> OrderPage:
        page = history(request)
        asked.set()
        late.wait(10)
        return page

    with monkeypatch.context() as patch:
        answer_by(patch, stage.api, routes.HISTORY, answer_late)
        stage.click("refresh_orders")
        qtbot.waitUntil(asked.is_set)
    stage.click("sign_out")
    qtbot.waitUntil(lambda: stage.find(QPushButton, "sign_in_submit").isEnabled())
    stage.sign_in(JONAS)
    qtbot.waitUntil(lambda: [each.id for each in stage.find(QListView, "order_list").model().rows] == [own.id])  # type: ignore[attr-defined]
    late.set()
    stage.settle()
    assert [each.id for each in stage.listed()] == [own.id]
    assert theirs.number not in stage.words()


def test_what_the_last_one_asked_for_is_not_done_in_the_next_ones_name(
    stage: Stage, backend: FakeBackend, qtbot: QtBot
) -> None:
    for _ in range(25):
        small_order(backend)
    backend.snapshot_most = 20
    stage.arrive(AISHA)
    history, status = backend.calls["history"], backend.calls["status"]
    backend.gate.clear()
    stage.click("refresh_orders")
    stage.click("refresh_status")
    stage.order_list.scrollToBottom()
    qtbot.waitUntil(lambda: backend.calls["history"] == history + 2 and backend.calls["status"] == status + 1)
    stage.click("cancel_order")
    stage.click("cancel_confirm")
    qtbot.waitUntil(lambda: backend.calls.get("cancel") == 1)  # pressed is begun, whatever hangs, and so it is hers
    qtbot.waitUntil(lambda: stage.window._context.bridge.sync_status.counts.open == 1)  # or it would leave unasked
    stage.click("sign_out")
    stage.click("sign_out_confirm")
    backend.gate.set()
    stage.settle()
    calls = dict(backend.calls)
    stage.arrive(JONAS)
    begins = {"sign_in", "snapshot", "events", "listen", "menu"}
    assert {call for call in calls if backend.calls[call] > calls[call]} <= begins | {"history", "status"}
    assert backend.calls["cancel"] == 1


def test_the_next_session_begins_after_the_last_has_ended(
    stage: Stage, backend: FakeBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.arrive()
    ended = threading.Event()
    sign_out = stage.api.sign_out

    def end_late() -> None:
        ended.wait(10)
        sign_out()

    monkeypatch.setattr(stage.api, "sign_out", end_late)
    stage.click("sign_out")
    qtbot.waitUntil(lambda: stage.sees("sign_in_login"))
    before = backend.calls["sign_in"]
    stage.type("sign_in_login", JONAS)
    stage.type("sign_in_password", "correct horse")
    qtbot.keyClick(stage.find(QLineEdit, "sign_in_password"), Qt.Key.Key_Return)
    assert not stage.find(QPushButton, "sign_in_submit").isEnabled()
    assert backend.calls["sign_in"] == before
    ended.set()
    qtbot.waitUntil(lambda: stage.find(QPushButton, "sign_in_submit").isEnabled())
    stage.click("sign_in_submit")
    qtbot.waitUntil(lambda: stage.sees("orders_page"))
    assert stage.text("person") == "Jonas"


def test_a_session_that_the_server_ends_says_why(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    theirs = order(backend)
    stage.arrive()
    backend.fail_with = SignedOut("Your session has expired.")
    stage.click("refresh_status")
    qtbot.waitUntil(lambda: stage.sees("sign_in_login"))
    assert "Your session has expired." in stage.notice()
    forget_deleted()
    assert theirs.number not in stage.words()
    assert stage.ticking() == []
    backend.fail_with = None
    stage.arrive()
    assert stage.notice() == ""


def test_an_open_question_goes_with_the_visit(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    order(backend)
    stage.arrive()
    stage.click("cancel_order")
    stage.type("cancel_reason", "My secret reason")
    backend.fail_with = SignedOut("Your session has expired.")
    stage.find(QPushButton, "refresh_status").click()
    qtbot.waitUntil(lambda: stage.sees("sign_in_login"))
    forget_deleted()
    assert "secret" not in stage.words()


# -- nobody there


def test_left_alone_it_warns_and_signs_out(
    idling: Stage, backend: FakeBackend, qtbot: QtBot, pass_time: PassTime
) -> None:
    theirs = order(backend)
    idling.arrive()
    pass_time(IDLE_S - 1)
    qtbot.waitUntil(lambda: idling.sees("still_there"))
    assert "signed out in 1 second" in idling.text("still_there_words")
    pass_time(IDLE_S - WARNED_S)
    qtbot.waitUntil(lambda: idling.sees("sign_in_login"))
    assert "signed out" in idling.notice()
    assert not idling.sees("still_there")
    forget_deleted()
    assert theirs.number not in idling.words()


def test_a_touch_stays_and_does_nothing_else(
    idling: Stage, backend: FakeBackend, qtbot: QtBot, pass_time: PassTime
) -> None:
    order(backend)
    order(backend)
    idling.arrive()
    chosen = idling.text("order_number")
    pass_time(WARNED_S)
    qtbot.waitUntil(lambda: idling.sees("still_there"))
    idling.click_row(1)
    qtbot.waitUntil(lambda: not idling.sees("still_there"))
    assert idling.text("order_number") == chosen
    idling.click_row(1)
    assert idling.text("order_number") != chosen


def test_any_key_stays(idling: Stage, backend: FakeBackend, qtbot: QtBot, pass_time: PassTime) -> None:
    order(backend)
    idling.arrive()
    pass_time(WARNED_S)
    qtbot.waitUntil(lambda: idling.sees("still_there"))
    qtbot.keyClick(idling.find(QPushButton, "stay"), Qt.Key.Key_A)
    qtbot.waitUntil(lambda: not idling.sees("still_there"))
    assert idling.sees("orders_page")


def test_the_warning_stands_in_front_of_an_open_question(
    idling: Stage, backend: FakeBackend, qtbot: QtBot, pass_time: PassTime
) -> None:
    order(backend)
    idling.arrive()
    idling.click("cancel_order")
    pass_time(WARNED_S)
    qtbot.waitUntil(lambda: idling.sees("still_there"))
    pass_time(IDLE_S - WARNED_S)
    qtbot.waitUntil(lambda: idling.sees("sign_in_login"))
    assert not idling.sees("cancel_dialog")


def test_a_half_filled_form_is_cleared_as_well(idling: Stage, qtbot: QtBot, pass_time: PassTime) -> None:
    idling.click("tab_sign_up")
    idling.type("sign_up_name", "Somebody Shy")
    pass_time(IDLE_S)
    qtbot.waitUntil(lambda: idling.text("sign_up_name") == "")
    assert not idling.sees("still_there")


def test_the_countdown_tells_each_second_once(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("core.clock.own", Clock(lambda: now[0], lambda: now[0]))
    watch = IdleWatch(180.0, 20.0)
    told: list[int] = []
    watch.warned.connect(told.append)
    watch.start()
    with qtbot.waitSignal(watch.ended):
        for now[0] in (200.0, 259.0, 261.0, 261.2, 262.5, 279.5, 280.1):
            watch._on_timer_elapsed()
    assert told == [19, 18, 1]


def test_with_zero_it_never_ends(qtbot: QtBot) -> None:
    watch = IdleWatch(0.0)
    watch.start()
    assert not watch._timer.isActive()


@pytest.mark.slow
def test_many_customers_one_after_the_other_leave_nothing(qtbot: QtBot, backend: FakeBackend) -> None:
    with open_window(
        qtbot, backend, history_refresh_s=SHORT_S, tracker_refresh_s=SHORT_S, idle_sign_out_s=60.0
    ) as stage:
        for phone in (AISHA, JONAS):
            backend.move(order(backend, phone).id, NEXT)
        stage.arrive()
        stage.click("sign_out")
        qtbot.waitUntil(lambda: stage.sees("sign_in_login"))
        forget_deleted()
        labels = len(stage.window.findChildren(QLabel))
        for turn in range(12):
            stage.settle()
            stage.sign_in((AISHA, JONAS)[turn % 2])
            qtbot.waitUntil(lambda: stage.sees("orders_page"))
            stage.click("sign_out")
            qtbot.waitUntil(lambda: stage.sees("sign_in_login"))
        forget_deleted()
        stage.settle()
        assert len(stage.window.findChildren(QLabel)) == labels
        assert stage.ticking() == []
        calls = dict(backend.calls)
        stage.settle()
        assert backend.calls == calls


def test_on_a_screen_that_is_ones_own_nobody_is_signed_out_by_waiting(
    qtbot: QtBot, backend: FakeBackend, pass_time: PassTime
) -> None:
    with open_window(qtbot, backend, idle_sign_out_s=IDLE_S, keep_session=True) as stage:
        order(backend)
        stage.arrive()
        pass_time(100 * IDLE_S)
        stage.click("tab_my_orders")  # where a screen of the shop's would not know whose press it is
        assert stage.sees("orders_page")
        assert not stage.sees("still_there")


def test_the_question_before_leaving_follows_what_has_arrived(stage: Stage) -> None:
    stage.arrive()
    dialog = SignOutDialog(stage.window._context.theme, Counts(waiting=1), stage.window)
    dialog.open()
    assert "1 waiting to send" in stage.text("sign_out_words")
    stage.window._on_sync_status_changed(SyncStatus(state=ConnectionState.LIVE))
    assert "waiting" not in stage.text("sign_out_words")
    assert stage.text("sign_out_title") == "Everything has reached the shop"
