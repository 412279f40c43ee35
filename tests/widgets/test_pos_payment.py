"""Money is never silent: an unpaid order is not handed over unasked, nor a paid one called off without saying so."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt

from core.domain.commands import RefundOrder
from core.domain.order import Order, PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus, steps_of
from core.ui.text import money
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import Till, change, paid, place
from tests.support.scanner import scan

S = OrderStatus
LAST = steps_of(Fulfilment.PICKUP)[-2]
"""The status from which an order that is picked up is handed over."""


def by_button(till: Till, order: Order) -> None:
    till.press(order)


def by_enter(till: Till, order: Order) -> None:
    assert till.window._pages.board is not None
    till.window._pages.board.focus_order(order.id)
    till.key(Qt.Key.Key_Return)


def in_details(till: Till, order: Order) -> None:
    till.press(order, "card", double=True)
    till.settle()
    till.click("details_step")


def in_details_by_enter(till: Till, order: Order) -> None:
    till.press(order, "card", double=True)
    till.settle()
    till.key(Qt.Key.Key_Return)


def by_scanner(till: Till, order: Order) -> None:
    scan(order.number)
    till.settle()
    till.key(Qt.Key.Key_Return)


def by_undo(till: Till, order: Order) -> None:
    """Back from out for delivery's end, and that undone."""
    till.press(order)
    till.click("payment_none")
    till.settle()
    assert till.server(order) is S.COMPLETED
    till.click("undo_action")
    till.settle()
    till.press(order, "more")
    till.choose("menu_recall")
    till.settle()
    till.press(order)  # a step back, and ready to be handed over again
    till.settle()
    assert till.server(order) is LAST
    till.press(order)


ROADS = [by_button, by_enter, in_details, in_details_by_enter, by_scanner, by_undo]


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("tender", [Tender.CASH, Tender.CARD, None])
def test_an_unpaid_order_is_not_handed_over_unasked(
    till: Till, backend: FakeBackend, road: Callable[[Till, Order], None], tender: Tender | None
) -> None:
    order = place(backend, status=LAST)
    till.arrive()
    road(till, order)
    due = f"To pay: {money(order.total_minor, order.currency)}"
    assert till.text("payment_due") == due
    till.settle()
    assert till.server(order) is LAST
    till.click(f"payment_{tender}" if tender else "payment_none")
    till.settle()
    held = backend.orders[order.id]
    assert held.status is S.COMPLETED
    if tender:
        assert (held.payment, held.tender) == (PaymentState.PAID, tender)
    else:
        assert held.payment is PaymentState.UNPAID


def test_what_is_asked_can_be_left(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST)
    till.arrive()
    till.press(order)
    till.key(Qt.Key.Key_Escape)
    till.settle()
    assert (till.server(order), backend.orders[order.id].payment) == (LAST, PaymentState.UNPAID)


def test_the_recall_of_a_handed_over_order_is_not_undone_unasked(till: Till, backend: FakeBackend) -> None:
    last = steps_of(Fulfilment.DELIVERY)[-2]
    order = place(backend, status=last, delivery=True)
    till.arrive()
    till.press(order)
    till.click("payment_none")
    till.settle()
    till.click("undo_action")
    till.settle()
    assert till.server(order) is last
    backend.move(order.id, S.COMPLETED)
    till.settle()
    till.window._actions.do("recall", order.id)
    till.settle()
    assert till.server(order) is last
    till.click("undo_action")  # the recall's: the last step again
    assert till.sees("payment_due")
    assert till.server(order) is last


def test_a_paid_order_is_handed_over_with_one_press(till: Till, backend: FakeBackend) -> None:
    order = paid(backend, place(backend, status=LAST))
    till.arrive()
    till.press(order)
    till.settle()
    assert till.server(order) is S.COMPLETED
    assert not till.sees("payment_panel")


@pytest.mark.parametrize(("what", "status"), [("cancel", S.CANCELLED), ("reject", S.REJECTED)])
def test_calling_a_paid_order_off_says_what_to_give_back_until_it_is(
    till: Till, backend: FakeBackend, what: str, status: OrderStatus
) -> None:
    order = paid(backend, place(backend))
    amount = money(order.total_minor, order.currency)
    till.arrive()
    till.press(order, "more")
    till.choose(f"menu_{what}")
    assert f"It is paid. Give back {amount} (Card)." in till.words("reason_dialog")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert backend.orders[order.id].status is status
    assert till.undo() == f"Give back {amount} (Card) {order.number} is {status.capitalize()}, and was paid."
    assert backend.orders[order.id].payment is PaymentState.PAID
    till.click("undo_action")
    till.settle()
    assert backend.orders[order.id].payment is PaymentState.REFUNDED
    last = backend.payments[order.id][-1]
    assert (last.by, last.reason) == ("Maya", backend.orders[order.id].reason)


def test_calling_off_what_nobody_paid_for_says_nothing_of_money(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_cancel")
    assert "Give back" not in till.words("reason_dialog")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert till.undo() == ""


@pytest.mark.parametrize("tender", [Tender.CARD, None])
def test_a_decision_to_hand_over_after_all_asks_as_well(
    till: Till, backend: FakeBackend, tender: Tender | None
) -> None:
    """It was paid when it was handed over; meanwhile somebody found that it was not."""
    order = paid(backend, place(backend, status=LAST))
    till.arrive()
    backend.gate.clear()
    till.press(order)
    till.qtbot.waitUntil(lambda: till.window.store.operations(order.id) != ())
    change(backend, order, payment=PaymentState.UNPAID)
    backend.gate.set()
    till.settle()
    assert till.server(order) is LAST
    till.press(order)  # there is something to decide
    till.settle()
    till.click("decision_again")
    assert till.text("payment_due") == f"To pay: {money(order.total_minor, order.currency)}"
    assert till.server(order) is LAST
    till.click(f"payment_{tender}" if tender else "payment_none")
    till.settle()
    held = backend.orders[order.id]
    assert held.status is S.COMPLETED
    assert held.payment is (PaymentState.PAID if tender else PaymentState.UNPAID)


def test_what_to_give_back_is_said_anew_when_another_has_given_some(till: Till, backend: FakeBackend) -> None:
    """The bar named the whole amount: pressing it would have noted another one."""
    order = paid(backend, place(backend))
    till.arrive()
    till.press(order, "more")
    till.choose("menu_cancel")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    now = backend.orders[order.id]
    backend.change(now, RefundOrder(version=now.version, reason="Cold", amount_minor=100))
    till.settle()
    till.click("undo_action")
    till.settle()
    assert backend.orders[order.id].refunded_minor == 100
    assert till.undo().startswith(f"Give back {money(order.total_minor - 100, order.currency)} (Card)")
    till.click("undo_action")
    till.settle()
    assert backend.orders[order.id].payment is PaymentState.REFUNDED


def test_a_payment_that_another_took_while_it_was_asked_for_keeps_its_tender(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=LAST)
    till.arrive()
    till.press(order)
    till.settle()
    assert till.sees("payment_panel")
    change(backend, backend.orders[order.id], payment=PaymentState.PAID, tender=Tender.CARD)
    till.settle()
    till.click("payment_cash")
    till.settle()
    held = backend.orders[order.id]
    assert (held.payment, held.tender, held.status) == (PaymentState.PAID, Tender.CARD, S.COMPLETED)
