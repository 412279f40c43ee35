"""The tracker: one order's truth, with its times and words, never another order's."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest
from PySide6.QtCore import QPropertyAnimation
from PySide6.QtWidgets import QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from core.domain.commands import CancelOrder, TakeOrder
from core.domain.order import NewLine, Order, StatusChange
from core.domain.people import Role
from core.domain.status import Fulfilment, OrderStatus, look, status_info, steps_of
from core.protocol import routes
from core.protocol.replies import StatusReport
from core.protocol.route import Request
from core.ui.text import clock
from customer_view.tracker.order_sheet import rows
from customer_view.tracker.stepper import steps
from tests.support.contexts import answer_by
from tests.support.customer_window import JONAS, SHORT_S, Stage, open_window, order, small_order
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SODA, taxed
from tests.support.steps import NEXT, ONLINE, way

S = OrderStatus
STEPS = len(steps_of(Fulfilment.PICKUP))


@pytest.fixture
def following(qtbot: QtBot, backend: FakeBackend) -> Iterator[Stage]:
    """A window whose tracker refreshes by its own timer, and whose list does not."""
    with open_window(qtbot, backend, tracker_refresh_s=SHORT_S) as made:
        yield made


def tracker(stage: Stage) -> str:
    return stage.find(QWidget, "tracker").accessibleName()


def band(stage: Stage) -> str:
    return stage.find(QWidget, "status_band").accessibleName()


def report_of(subject: Order, *changes: tuple[OrderStatus, datetime]) -> StatusReport:
    status = changes[-1][0]
    return StatusReport(
        order_id=subject.id,
        number=subject.number,
        status=status,
        version=len(changes),
        updated_at=changes[-1][1],
        status_info=status_info(status, subject.fulfilment),
        history=tuple(StatusChange(source=None, target=target, at=at) for target, at in changes),
    )


# -- what the steps say


def test_a_delivery_has_one_step_more(backend: FakeBackend) -> None:
    at = datetime.now().astimezone()
    assert len(steps(order(backend), None, at)[0]) == STEPS
    assert len(steps(order(backend, delivery=True), None, at)[0]) == len(steps_of(Fulfilment.DELIVERY)) > 5


def test_each_step_says_when(backend: FakeBackend) -> None:
    placed = order(backend)
    at = [placed.placed_at + timedelta(minutes=n) for n in range(3)]
    subject = msgspec.structs.replace(placed, status=ONLINE[1], version=3)
    told = zip((S.PENDING, *ONLINE[:2]), at, strict=True)
    shown, current = steps(subject, report_of(subject, *told), at[2])
    assert current == 2
    assert [step.time for step in shown] == [clock(at[0]), clock(at[1]), f"since {clock(at[2])}", *[""] * (STEPS - 3)]


def test_a_recalled_step_lies_ahead_again(backend: FakeBackend) -> None:
    placed = order(backend)
    at = [placed.placed_at + timedelta(minutes=n) for n in range(5)]
    subject = msgspec.structs.replace(placed, status=ONLINE[1], version=5)
    told = zip((S.PENDING, *ONLINE[:3], ONLINE[1]), at, strict=True)
    shown, current = steps(subject, report_of(subject, *told), at[4])
    assert current == 2
    assert [step.time for step in shown] == [clock(at[0]), clock(at[1]), f"since {clock(at[4])}", *[""] * (STEPS - 3)]


def test_the_next_day_is_told(backend: FakeBackend) -> None:
    placed = order(backend)
    tomorrow = placed.placed_at + timedelta(days=1)
    subject = msgspec.structs.replace(placed, status=ONLINE[0], version=2)
    shown, _current = steps(subject, report_of(subject, (S.PENDING, placed.placed_at), (ONLINE[0], tomorrow)), tomorrow)
    assert "Today" in shown[1].time


@pytest.mark.parametrize("status", [S.REJECTED, S.CANCELLED])
def test_an_order_that_ended_early_has_no_steps(backend: FakeBackend, status: OrderStatus) -> None:
    subject = msgspec.structs.replace(order(backend), status=status)
    assert steps(subject, None, subject.placed_at) == ((), -1)


def test_the_sheet_has_it_all(backend: FakeBackend) -> None:
    words = [
        " ".join((row.quantity, row.name, *row.details, row.amount)) for row in rows(order(backend, delivery=True))
    ]
    told = "\n".join(words)
    for part in (
        "12 Harbour Street",
        "Ring twice",
        "2 Chicken Bowl",
        "Mild salsa, Guacamole +",
        "Note: No onions",
        "20.88",
    ):
        assert part in told
    assert "10.44" in told, "what one of them costs"
    assert "Tax 8.25\N{NO-BREAK SPACE}% included $1.93" in told


def test_a_tax_on_top_is_added_up(backend: FakeBackend) -> None:
    subject = order(backend)
    lines = tuple(msgspec.structs.replace(line, taxes=()) for line in subject.lines)
    old = msgspec.structs.replace(subject, tax_minor=200, total_minor=subject.subtotal_minor + 200, lines=lines)
    assert [row.name for row in rows(old)][-3:] == ["Subtotal", "Tax", "Total"]


def test_each_rate_has_a_row(backend: FakeBackend) -> None:
    backend.menu = taxed(included=False)
    lines = (NewLine(item_id=CHIPS.id), NewLine(item_id=SODA.id))
    found = backend.add_order(TakeOrder(lines=lines, fulfilment=Fulfilment.PICKUP), None, "POS1")
    assert [(row.name.replace("\N{NO-BREAK SPACE}", " "), row.amount) for row in rows(found)][-4:] == [
        ("Subtotal", "$5.54"),
        ("VAT 7 %", "$0.31"),
        ("VAT 19 %", "$0.21"),
        ("Total", "$6.06"),
    ]


# -- what is on screen


def test_the_details_say_what_was_ordered_and_where_it_stands(stage: Stage, backend: FakeBackend) -> None:
    subject = order(backend, delivery=True)
    backend.move(subject.id, NEXT)
    stage.arrive()
    assert stage.text("order_number") == subject.number
    assert stage.text("order_handover") == "Delivery · Pay on delivery"
    assert tracker(stage).startswith(f"Step 2 of {len(steps_of(Fulfilment.DELIVERY))}: {look(NEXT).label}, since ")
    assert look(NEXT).description in band(stage)
    assert "Chicken Bowl" in stage.find(QWidget, "order_sheet").accessibleName()
    assert stage.text("status_freshness").startswith("Updated")


def test_it_follows_by_its_own_timer_and_the_list_with_it(following: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    stage = following
    subject = order(backend)
    stage.arrive()
    listed = backend.calls["history"]
    for step, status in enumerate(way(S.PENDING, S.READY), 2):
        backend.move(subject.id, status)
        told = f"Step {step} of {STEPS}: {look(status).label}, since "
        qtbot.waitUntil(lambda told=told: told in tracker(stage))  # type: ignore[misc]
        assert stage.listed()[0].status is status
    assert "collect it at the counter" in band(stage), "the customer's turn"
    assert backend.calls["history"] == listed
    for status in way(S.READY):
        backend.move(subject.id, status)
    qtbot.waitUntil(lambda: f"Step {STEPS} of {STEPS}: Completed" in tracker(stage))
    stage.settle()
    assert len(stage.ticking()) == 1, "only the list is still asked for: this order is done"


@pytest.mark.parametrize(("status", "reason"), [(S.REJECTED, "We are out of beans"), (S.CANCELLED, "The oven broke")])
def test_an_order_that_ended_early_says_why(
    stage: Stage, backend: FakeBackend, status: OrderStatus, reason: str
) -> None:
    subject = order(backend)
    backend.move(subject.id, status, reason=reason)
    stage.arrive()
    assert not stage.sees("tracker")
    assert reason in band(stage)
    assert not stage.sees("cancel_order")
    assert len(stage.ticking()) == 1


def test_a_refresh_by_hand_of_a_closed_order_asks_once(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    subject = order(backend)
    backend.move(subject.id, S.REJECTED, reason="No")
    stage.arrive()
    before = backend.calls["status"]
    stage.click("refresh_status")
    qtbot.waitUntil(lambda: backend.calls["status"] == before + 1)
    stage.settle()
    assert stage.find(QPushButton, "refresh_status").isEnabled()
    assert len(stage.ticking()) == 1


def test_news_from_the_list_bring_the_times_at_once(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    subject = order(backend)
    stage.arrive()
    way_there = way(S.PENDING, S.PREPARING)
    for step in way_there:
        backend.move(subject.id, step)
    stage.click("refresh_orders")
    told = f"Step {1 + len(way_there)} of {STEPS}: Preparing, since "
    qtbot.waitUntil(lambda: tracker(stage).startswith(told))


def test_one_orders_answer_is_never_seen_on_another(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    older, newer = order(backend), order(backend)
    stage.arrive()
    backend.move(newer.id, NEXT)
    backend.gate.clear()
    stage.click("refresh_status")
    stage.click_row(1)
    assert stage.text("order_number") == older.number
    backend.gate.set()
    stage.settle()
    assert stage.text("order_number") == older.number
    assert "Step 1" in tracker(stage)
    assert stage.find(QPushButton, "refresh_status").isEnabled()


def test_an_answer_that_news_overtook_is_asked_for_again(
    stage: Stage, backend: FakeBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = order(backend)
    stage.arrive()
    held, asked = threading.Event(), threading.Event()
    status = stage.api.call

    def answer_late(request: Request[StatusReport]) -> StatusReport:
        report = status(request)
        asked.set()
        held.wait(10)
        return report

    answer_by(monkeypatch, stage.api, routes.ORDER_STATUS, answer_late)
    stage.click("refresh_status")
    qtbot.waitUntil(asked.is_set)
    backend.move(subject.id, NEXT)
    stage.click("refresh_orders")
    qtbot.waitUntil(lambda: "Step 2" in tracker(stage))
    assert "since" not in tracker(stage), "nobody has told yet when"
    held.set()
    qtbot.waitUntil(lambda: f"Step 2 of {STEPS}: {look(NEXT).label}, since" in tracker(stage))


def test_another_order_is_shown_from_its_top(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    for _ in range(2):
        subject = order(backend)
        backend.orders[subject.id] = msgspec.structs.replace(subject, lines=subject.lines * 20)
    stage.arrive()
    bar = stage.find(QScrollArea, "order_scroll").verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 300)
    bar.setValue(300)
    stage.click("refresh_status")
    stage.settle()
    assert bar.value() == 300
    stage.click_row(1)
    assert bar.value() == 0


def test_the_step_is_reached_by_a_movement(following: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    subject = order(backend)
    following.arrive()
    animation = following.find(QWidget, "tracker").findChild(QPropertyAnimation)
    assert animation is not None
    with qtbot.waitSignal(animation.finished):
        backend.move(subject.id, NEXT)


def test_reduced_motion_moves_nothing(qtbot: QtBot, backend: FakeBackend) -> None:
    subject = order(backend)
    with open_window(qtbot, backend, tracker_refresh_s=SHORT_S, reduced_motion=True) as stage:
        stage.arrive()
        animation = stage.find(QWidget, "tracker").findChild(QPropertyAnimation)
        assert animation is not None
        started: list[object] = []
        animation.stateChanged.connect(lambda new, _old: started.append(new))
        backend.move(subject.id, NEXT)
        qtbot.waitUntil(lambda: "Step 2" in tracker(stage))
        assert started == []


# -- cancelling


def cancel(stage: Stage, reason: str = "") -> None:
    stage.click("cancel_order")
    if reason:
        stage.type("cancel_reason", reason)
    stage.click("cancel_confirm")


def test_a_placed_order_can_be_cancelled(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    subject = order(backend)
    stage.arrive()
    cancel(stage, "Ordered twice")
    qtbot.waitUntil(lambda: "is cancelled" in stage.notice())
    assert backend.orders[subject.id].status is S.CANCELLED
    assert stage.listed()[0].status is S.CANCELLED
    assert "Ordered twice" in band(stage)
    assert not stage.sees("cancel_order")


def test_on_second_thoughts_it_is_kept(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    order(backend)
    stage.arrive()
    stage.click("cancel_order")
    stage.click("cancel_keep")
    qtbot.waitUntil(lambda: not stage.sees("cancel_dialog"))
    assert "cancel" not in backend.calls


@pytest.mark.parametrize("status", [S.CONFIRMED, S.PREPARING, S.READY])
def test_only_a_placed_order_can_be_cancelled(stage: Stage, backend: FakeBackend, status: OrderStatus) -> None:
    subject = order(backend)
    for step in way(S.PENDING, status):
        backend.move(subject.id, step)
    stage.arrive()
    assert not stage.sees("cancel_order")


def test_the_shop_was_faster(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    subject = order(backend)
    stage.arrive()
    stage.click("cancel_order")
    backend.pushes = False
    backend.move(subject.id, NEXT)
    stage.click("cancel_confirm")
    qtbot.waitUntil(lambda: stage.sees("decision"))
    assert look(NEXT).label in stage.text("decision_words")
    assert not stage.notice(), "the order that is shown asks by itself"
    qtbot.waitUntil(lambda: "Step 2" in tracker(stage))
    assert stage.listed()[0].status is NEXT


def test_cancelled_already_is_what_was_wanted(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    subject = order(backend)
    stage.arrive()
    stage.click("cancel_order")
    backend.pushes = False
    backend.move(subject.id, S.CANCELLED, Role.CUSTOMER)
    stage.click("cancel_confirm")
    qtbot.waitUntil(lambda: "is cancelled" in stage.notice())


def test_the_shop_was_faster_while_the_question_was_open(following: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    stage = following
    subject = order(backend)
    stage.arrive()
    stage.click("cancel_order")
    backend.move(subject.id, NEXT)
    qtbot.waitUntil(lambda: not stage.sees("cancel_dialog"))
    assert "could not be cancelled" in stage.notice()
    assert "cancel" not in backend.calls


def test_pressed_twice_it_is_sent_once(stage: Stage, backend: FakeBackend, qtbot: QtBot) -> None:
    order(backend)
    stage.arrive()
    backend.gate.clear()
    cancel(stage)
    button = stage.find(QPushButton, "cancel_order")
    assert button.text() == "Cancelling…"
    stage.click_disabled("cancel_order")
    backend.gate.set()
    stage.settle()
    assert backend.calls["cancel"] == 1


def test_an_answer_that_was_lost_is_asked_for_again_and_not_done_twice(
    stage: Stage, backend: FakeBackend, qtbot: QtBot
) -> None:
    order(backend)
    stage.arrive()
    backend.answers_to_lose = 1
    cancel(stage, "Too late")
    qtbot.waitUntil(lambda: "is cancelled" in stage.notice())
    (first, request), again = backend.asked
    assert (first, request) == again
    assert isinstance(request, CancelOrder)
    assert request.reason == "Too late"
    assert [change.target for change in backend.history[stage.listed()[0].id]] == [S.PENDING, S.CANCELLED]


def test_two_hundred_lines_are_shown_at_once(stage: Stage, backend: FakeBackend) -> None:
    subject = order(backend)
    backend.orders[subject.id] = msgspec.structs.replace(subject, lines=subject.lines * 100)
    stage.arrive()
    assert stage.find(QWidget, "order_sheet").height() > 5000
    assert stage.find(QWidget, "order_sheet").accessibleName().count("Chicken Bowl") == 100


def test_another_customers_order_is_not_followed(stage: Stage, backend: FakeBackend) -> None:
    theirs = small_order(backend, JONAS)
    stage.arrive()
    assert stage.listed() == []
    assert theirs.number not in stage.words()
