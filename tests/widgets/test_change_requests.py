"""A customer asks for a change in their window, and staff answer at a POS; both see what becomes of it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.change_request import granting
from core.domain.commands import DeclineChange
from core.domain.menu import ChangesUntil
from core.domain.order import NewLine, Order, PaymentState, RequestState
from core.domain.status import OrderStatus
from core.ui.ordering.basket_list import FEWER
from core.ui.ordering.view import OrderingView
from core.ui.theme import Theme
from pos_app.order.card import spoken
from tests.support import customer_window, pos_window
from tests.support.customer_window import Stage
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SODA
from tests.support.ordering import Finger
from tests.support.pos_window import Till

A_SODA = NewLine(item_id=SODA.id)
P = OrderStatus.PENDING


@pytest.fixture
def backend() -> FakeBackend:
    made = customer_window.shop()
    made.allow_changes()
    return made


def state(backend: FakeBackend, order: Order) -> RequestState | None:
    request = backend.orders[order.id].change_request
    return request.state if request is not None else None


def answer(backend: FakeBackend, order_id: Order, reason: str = "") -> Order:
    """As a POS would."""
    order = backend.orders[order_id.id]
    request = order.open_request
    assert request is not None
    if reason:
        return backend.change(order, DeclineChange(version=order.version, answers=request.version, reason=reason))
    return backend.change(order, granting(order, request))


# -- the customer


def begin(stage: Stage) -> Finger:
    stage.click("ask_change")
    view = stage.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    return Finger(view, stage.qtbot)


def test_a_customer_puts_a_change_together_and_asks(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    stage.arrive()
    finger = begin(stage)
    assert order.number in next(each.text() for each in stage.find(QWidget, "change_bar").findChildren(QLabel))
    finger.tile(SODA.name)
    stage.click("checkout")
    assert not stage.sees("fulfilment"), "only content is asked for"
    stage.type("order_note", "Do not ring")
    stage.click("place_order")
    stage.settle()
    asked = backend.orders[order.id].open_request
    assert asked is not None
    assert [(each.name, each.before, each.now) for each in asked.changes] == [(SODA.name, 0, 1)]
    assert asked.note == "Do not ring"
    assert stage.sees("orders_page"), "they see what they have asked for"
    assert "has not answered" in stage.text("request_title")
    words = stage.text("request_words")
    assert SODA.name in words
    assert "Do not ring" in words
    assert backend.orders[order.id].total_minor == order.total_minor


def has_room(lines: QWidget) -> bool:
    return lines.isVisible() and lines.height() > 200


def test_a_second_change_shows_its_lines_and_asks_nothing_while_nothing_is_changed(
    stage: Stage, backend: FakeBackend, dressing: Callable[[Theme], None]
) -> None:
    dressing(Theme("light"))
    stage.window.resize(1280, 800)
    order = customer_window.order(backend)
    stage.arrive()
    stage.click("tab_order")
    stage.settle()
    view = stage.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    Finger(view, stage.qtbot).tile(SODA.name)
    stage.click("checkout")  # with the questions that a change does not ask
    stage.click("checkout_back")
    stage.click("basket_empty")
    stage.click("tab_my_orders")
    stage.settle()
    for _request in range(2):
        finger = begin(stage)
        stage.click("checkout")
        lines = stage.find(QWidget, "checkout_lines")  # in the room of the questions that a change does not ask
        stage.qtbot.waitUntil(partial(has_room, lines), timeout=3_000)
        key = stage.find(QAbstractButton, "place_order")
        assert (key.isEnabled(), key.text()) == (False, "Nothing is changed yet")
        stage.qtbot.keyClick(stage.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert stage.sees("change_bar"), "Ctrl+Enter asks nothing either"
        stage.type("order_note", "x")
        assert key.isEnabled()
        stage.type("order_note", order.note)
        assert not key.isEnabled()
        stage.click("checkout_back")
        finger.tile(SODA.name)
        stage.click("checkout")
        stage.click("place_order")
        stage.settle()
        answer(backend, order)
        stage.settle()
    assert backend.orders[order.id].open_request is None


def test_what_waits_to_be_sent_says_so_and_is_sent_once(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    stage.arrive()
    finger = begin(stage)
    finger.line(CHIPS.name, FEWER)
    backend.fail_with = Unreachable("The server is away.")
    stage.click("checkout")
    stage.click("place_order")
    stage.qtbot.waitUntil(lambda: stage.sees("request_title"))
    assert "waiting to be sent" in stage.text("request_title")
    assert state(backend, order) is None
    backend.fail_with = None
    stage.window._context.api.try_now()
    stage.qtbot.waitUntil(lambda: state(backend, order) is RequestState.ASKED, timeout=10_000)
    stage.settle()
    assert [each.request.state for each in backend.requests[order.id]] == [RequestState.ASKED]
    assert "has not answered" in stage.text("request_title")


def test_the_answer_is_seen_at_once(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    stage.arrive()
    backend.ask(order.id, A_SODA)
    stage.settle()
    assert stage.sees("request_withdraw")
    answer(backend, order, "Already on the grill")
    stage.settle()
    assert "could not accept" in stage.text("request_title")
    assert "Already on the grill" in stage.text("request_words")
    backend.ask(order.id, A_SODA)
    stage.settle()
    answer(backend, order)
    stage.settle()
    assert "has accepted" in stage.text("request_title")
    assert not stage.sees("request_withdraw")


def test_what_is_left_to_pay_of_a_paid_order_is_told(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.small_order(backend)
    pos_window.change(backend, order, payment=PaymentState.PAID)
    backend.ask(order.id, A_SODA)
    stage.arrive()
    assert "+ $1.09 to pay" in stage.text("request_words")
    answer(backend, order)
    stage.settle()
    assert "$1.09 is left to pay." in stage.text("request_words")


def test_they_can_leave_it_as_it_is(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    stage.arrive()
    begin(stage).tile(SODA.name)
    stage.click("change_leave")
    assert stage.sees("orders_page")
    backend.ask(order.id, A_SODA)
    stage.settle()
    stage.click("request_withdraw")
    stage.settle()
    assert state(backend, order) is RequestState.WITHDRAWN
    assert not stage.sees("request")


def test_the_button_is_there_while_the_shop_allows_it(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    stage.arrive()
    assert stage.sees("ask_change")
    for step in (OrderStatus.CONFIRMED, OrderStatus.PREPARING):
        assert stage.sees("ask_change")
        backend.move(order.id, step)
        stage.settle()
    assert not stage.sees("ask_change")
    backend.allow_changes(ChangesUntil.NEVER)
    customer_window.order(backend)
    stage.settle()
    stage.click_row(0)
    stage.qtbot.waitUntil(lambda: not stage.sees("ask_change"))


def test_what_the_shop_may_still_accept_can_be_taken_back(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    backend.ask(order.id, A_SODA)
    stage.arrive()
    for step in (OrderStatus.CONFIRMED, OrderStatus.PREPARING):
        backend.move(order.id, step)
        stage.settle()
    assert not stage.sees("ask_change")
    stage.click("request_withdraw")
    stage.settle()
    assert state(backend, order) is RequestState.WITHDRAWN


def test_an_order_of_an_earlier_day_offers_no_change(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    old = msgspec.structs.replace(order, placed_at=order.placed_at - timedelta(days=1, hours=2))
    backend.orders[order.id] = old
    stage.arrive()
    stage.qtbot.waitUntil(lambda: stage.sees("cancel_order"))
    assert not stage.sees("ask_change")


def test_a_basket_in_progress_is_not_lost(stage: Stage, backend: FakeBackend) -> None:
    customer_window.order(backend)
    stage.arrive()
    stage.click("tab_order")
    view = stage.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    finger = Finger(view, stage.qtbot)
    stage.qtbot.waitUntil(lambda: view.menu.tiles.shown.rowCount() > 0)
    finger.tile(SODA.name)
    stage.click("tab_my_orders")
    stage.click("ask_change")
    assert "basket in progress" in stage.notice()
    assert finger.lines() == [(1, SODA.name)]


def test_a_request_that_comes_too_late_is_answered_in_words(stage: Stage, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    stage.arrive()
    finger = begin(stage)
    finger.tile(SODA.name)
    backend.fail_with = Unreachable("The server is away.")
    stage.click("checkout")
    stage.click("place_order")
    stage.qtbot.waitUntil(lambda: stage.sees("request_title"))
    backend.fail_with = None
    for step in (OrderStatus.CONFIRMED, OrderStatus.PREPARING):
        backend.move(order.id, step)
    stage.window._context.api.try_now()
    stage.qtbot.waitUntil(lambda: stage.sees("decision_title"), timeout=10_000)
    assert "could not be asked for" in stage.text("decision_title")
    assert "at the counter" in stage.text("decision_words")
    stage.click("decision_give_up")
    stage.settle()
    assert state(backend, order) is None
    assert not stage.sees("decision")


# -- the till


def asked_order(backend: FakeBackend) -> Order:
    order = customer_window.order(backend)
    return backend.ask(order.id, A_SODA, note="Do not ring")


def test_a_request_rings_and_is_on_the_card(till: Till, backend: FakeBackend) -> None:
    order = customer_window.order(backend)
    till.arrive()
    assert not till.sees("arrivals")
    backend.ask(order.id, A_SODA)
    till.settle()
    assert till.text("arrivals_title") == "1 customer asks for a change"
    assert SODA.name in till.text("arrivals_message")
    assert f"+ 1 {SODA.name}" in spoken(till.card(order))
    till.click("acknowledge")
    assert not till.sees("arrivals")
    backend.ask(order.id, NewLine(item_id=SODA.id, quantity=2))
    till.settle()
    assert till.sees("arrivals"), "a newer one is another"
    answer(backend, order, "no")
    till.settle()
    assert not till.sees("arrivals")


def test_a_cashier_accepts_in_the_details(till: Till, backend: FakeBackend) -> None:
    order = asked_order(backend)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_details")
    till.settle()
    words = till.words("details_request")
    assert f"+ 1 {SODA.name}" in words
    assert "Do not ring" in words
    till.click("details_accept")
    till.settle()
    after = backend.orders[order.id]
    assert (state(backend, order), after.note, after.amendments) == (RequestState.ACCEPTED, "Do not ring", 1)
    assert not till.sees("details_request")
    assert "as the customer asked for" in till.words("details_history")


def test_a_cashier_declines_with_a_reason(till: Till, backend: FakeBackend) -> None:
    order = asked_order(backend)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_decline")
    till.type("reason", "It is packed")
    till.click("reason_confirm")
    till.settle()
    request = backend.orders[order.id].change_request
    assert request is not None
    assert (request.state, request.reason) == (RequestState.DECLINED, "It is packed")
    assert backend.orders[order.id].total_minor == order.total_minor


def test_what_was_withdrawn_while_the_reason_was_typed_is_not_declined(till: Till, backend: FakeBackend) -> None:
    order = asked_order(backend)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_decline")
    till.type("reason", "It is packed")
    backend.ask(order.id, note="Ring twice")
    till.settle()
    till.click("reason_confirm")
    till.settle()
    assert state(backend, order) is RequestState.WITHDRAWN


def test_an_accepted_request_of_an_online_order_opens_no_payment(till: Till, backend: FakeBackend) -> None:
    order = customer_window.small_order(backend)
    pos_window.change(backend, order, payment=PaymentState.PAID)
    backend.ask(order.id, A_SODA)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_accept")
    till.settle()
    assert state(backend, order) is RequestState.ACCEPTED
    assert not till.sees("payment_dialog")
    assert backend.orders[order.id].payment is PaymentState.UNPAID


def test_a_waiting_answer_is_named_on_the_sync_page(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    order = asked_order(backend)
    till.arrive()
    backend.fail_with = Unreachable("The server is away.")
    till.press(order, "more")
    till.choose("menu_accept")
    qtbot.waitUntil(lambda: till.card(order).order.note == "Do not ring")
    backend.fail_with = None
    till.window._context.api.try_now()
    till.settle()
    assert state(backend, order) is RequestState.ACCEPTED
