"""Payments one after the other: by amount, in equal parts, by items, with tips; by mouse and by keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from core.domain.commands import RefundOrder, TakePayment
from core.domain.order import Order, Payment, PaymentState, Tender
from core.domain.payment import payments_of, to_pay_minor
from core.domain.status import Fulfilment, OrderStatus, steps_of
from core.ui.ordering.item_dialog import Stepper
from core.ui.ordering.view import OrderingView
from core.ui.text import money
from pos_app.order.card import payment_badge, sums_of
from tests.support.fake_backend import FakeBackend
from tests.support.menus import SODA
from tests.support.ordering import Finger
from tests.support.pos_window import Till, change, paid, place

S = OrderStatus
LAST = steps_of(Fulfilment.PICKUP)[-2]
CASH, CARD = Tender.CASH, Tender.CARD


@pytest.fixture
def order(till: Till, backend: FakeBackend) -> Order:
    """An unpaid order whose payment is asked for, as it is about to be handed over."""
    found = place(backend, status=LAST, lines=3)
    till.arrive()
    till.press(found)
    till.settle()
    assert till.sees("payment_panel")
    return found


def now(backend: FakeBackend, order: Order) -> Order:
    return backend.orders[order.id]


def due(till: Till, order: Order, minor: int) -> bool:
    return till.text("payment_due") == f"To pay: {money(minor, order.currency)}"


def told(backend: FakeBackend, order: Order) -> list[tuple[Tender, int, int]]:
    return [(each.tender, each.amount_minor, each.tip_minor) for each in payments_of(now(backend, order))]


def type_digits(till: Till, digits: str) -> None:
    for digit in digits:
        till.key(Qt.Key(ord(digit)))


def test_an_amount_of_cash_and_the_rest_by_card(till: Till, backend: FakeBackend, order: Order) -> None:
    total = order.total_minor
    till.type("cash_given", "10")
    till.click("payment_cash")
    till.settle()
    assert due(till, order, total - 1000)
    assert (till.server(order), now(backend, order).payment) == (LAST, PaymentState.UNPAID)
    assert till.text("payment_line_0") == "Cash $10.00"
    assert till.text("payment_card") == f"Card {money(total - 1000, order.currency)}"
    till.click("payment_card")
    till.settle()
    assert told(backend, order) == [(CASH, 1000, 0), (CARD, total - 1000, 0)]
    assert till.server(order) is S.COMPLETED
    assert not till.sees("payment_panel")


def test_equal_parts_come_to_the_whole_and_each_has_its_change(till: Till, backend: FakeBackend, order: Order) -> None:
    total = order.total_minor
    first = -(-total // 3)
    till.click("split_3")
    till.type("cash_given", "20")
    till.click("payment_cash")
    till.settle()
    assert till.text("cash_change") == money(2000 - first, order.currency), "what is to be handed out is the large one"
    second = -(-(total - first) // 2)
    till.type("cash_given", "50")
    assert till.text("cash_change") == money(5000 - second, order.currency)
    till.type("cash_given", "")
    assert till.find(QPushButton, "split_2").isChecked(), "two parts are left"
    till.click("payment_card")
    till.settle()
    till.click("payment_card")
    till.settle()
    shares = [amount for _tender, amount, _tip in told(backend, order)]
    assert (sum(shares), max(shares) - min(shares) <= 1, len(shares)) == (total, True, 3)
    assert till.server(order) is S.COMPLETED


def test_each_pays_for_their_own_items(till: Till, backend: FakeBackend, order: Order) -> None:
    till.click("split_items")
    assert not till.find_button("payment_card").isEnabled(), "nothing is chosen yet"
    one_more(till, 1)
    till.find_button("payment_card").setFocus()
    till.key(Qt.Key.Key_Return)
    till.settle()
    dialog = till.find(QWidget, "payment_panel")
    assert dialog.focusWidget() is till.find_line("cash_given"), "not on Back, though no tender is possible now"
    assert told(backend, order) == [(CARD, order.lines[1].total_minor, 0)]
    assert due(till, order, order.total_minor - order.lines[1].total_minor)
    assert not stepper(till, 1).isEnabled(), "it is paid"
    one_more(till, 0)
    one_more(till, 0)
    till.click("payment_cash")
    till.settle()
    assert told(backend, order)[-1] == (CASH, order.lines[0].total_minor, 0)
    till.click("split_1")
    till.click("payment_cash")
    till.settle()
    assert now(backend, order).payment is PaymentState.PAID


def stepper(till: Till, line: int) -> QPushButton:
    """The button that chooses one more of a line."""
    found = till.find(Stepper, f"split_line_{line}").findChild(QPushButton, "more")
    assert isinstance(found, QPushButton)
    return found


def one_more(till: Till, line: int) -> None:
    till.qtbot.mouseClick(stepper(till, line), Qt.MouseButton.LeftButton)


def test_a_tip_is_one_press_and_beside_the_total(till: Till, backend: FakeBackend, order: Order) -> None:
    till.click("tip_10")
    net = order.total_minor - order.tax_minor
    tip = (net * 10 + 50) // 100
    assert till.text("payment_card") == f"Card {money(order.total_minor + tip, order.currency)}"
    assert due(till, order, order.total_minor + tip)
    till.click("payment_card")
    till.settle()
    assert told(backend, order) == [(CARD, order.total_minor, tip)]
    assert now(backend, order).payment is PaymentState.PAID


def test_what_makes_the_total_stands_beside_the_panel(till: Till, order: Order) -> None:
    shown = till.words("payment_page")
    assert order.tax_minor
    for words, minor in (*sums_of(order), ("Total", order.total_minor)):
        assert f"{words}\n{money(minor, order.currency)}" in shown


def test_by_keyboard_digits_go_to_the_amount_and_enter_takes_it(till: Till, backend: FakeBackend, order: Order) -> None:
    type_digits(till, "5")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert told(backend, order) == [(CARD, 500, 0)], "by the tender that it was to be paid by"
    assert due(till, order, order.total_minor - 500)
    type_digits(till, "50")
    till.key(Qt.Key.Key_Return)
    till.settle()
    left = order.total_minor - 500
    assert payments_of(now(backend, order))[-1] == Payment(CASH, left, 0, 5000)
    assert till.server(order) is S.COMPLETED


def test_a_voucher_is_taken_with_its_number(till: Till, backend: FakeBackend, order: Order) -> None:
    till.type("cash_given", "5")
    till.type("payment_reference", "V-17")
    till.click("payment_voucher")
    till.settle()
    assert now(backend, order).payments == (Payment(Tender.VOUCHER, 500, reference="V-17"),)
    assert till.text("payment_line_0") == "Voucher $5.00 · V-17"
    assert till.text("payment_reference") == ""


def test_more_than_is_due_is_no_card_payment(till: Till, backend: FakeBackend, order: Order) -> None:
    till.type("cash_given", "500")
    assert not till.find_button("payment_card").isEnabled()
    assert till.find_button("payment_cash").isEnabled()


def test_a_wrong_payment_is_taken_back_with_a_reason(till: Till, backend: FakeBackend, order: Order) -> None:
    till.type("cash_given", "10")
    till.click("payment_cash")
    till.settle()
    till.click("payment_undo_0")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert told(backend, order) == []
    assert due(till, order, order.total_minor)
    assert backend.payments[order.id][-1].reason == "Another way of paying"


def test_a_part_that_another_till_took_meanwhile_is_shown_before_anything_is_taken(
    till: Till, backend: FakeBackend, order: Order
) -> None:
    row = now(backend, order)
    backend.change(row, TakePayment(version=row.version, tender=CARD, amount_minor=300))
    till.settle()
    till.qtbot.waitUntil(lambda: till.window.store.get(order.id) == now(backend, order))
    till.click("payment_cash")
    till.settle()
    assert told(backend, order) == [(CARD, 300, 0)]
    assert due(till, order, order.total_minor - 300)
    till.click("payment_cash")
    till.settle()
    assert to_pay_minor(now(backend, order)) == 0


def test_the_card_says_what_is_left_and_the_details_what_was_paid(
    till: Till, backend: FakeBackend, order: Order
) -> None:
    till.type("cash_given", "10")
    till.click("payment_cash")
    till.settle()
    till.click("payment_back")
    left, total = (money(minor, order.currency) for minor in (order.total_minor - 1000, order.total_minor))
    assert payment_badge(till.card(order).order, of_total=True)[0] == f"To pay {left} of {total}"
    till.window._show_details(till.card(order).order)
    till.settle()
    words = till.words("details_dialog")
    assert "Cash $10.00" in words
    assert f"To pay: {left}" in words
    assert "Paid: Cash $10.00" in words


def test_at_the_counter_each_part_is_kept_before_the_next(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    till.click("nav_new")
    till.settle()
    view = till.window.findChild(OrderingView)
    assert view is not None
    Finger(view, till.qtbot).tile(SODA.name)
    till.click("checkout")
    till.click("split_2")
    till.click("payment_card")
    till.settle()
    (order,) = backend.orders.values()
    assert (order.payment, till.text("payment_due")) == (PaymentState.UNPAID, "To pay: $0.54")
    assert told(backend, order) == [(CARD, 55, 0)], "the first part came with the order"
    till.type("cash_given", "1")
    till.click("payment_cash")
    till.settle()
    assert told(backend, order) == [(CARD, 55, 0), (CASH, 54, 0)]
    assert till.sees("new_order_page")
    assert till.text("sale_settlement") == "Change: $0.46"


def test_a_tip_of_a_paid_order_is_taken_later(till: Till, backend: FakeBackend) -> None:
    order = paid(backend, place(backend))
    till.arrive()
    till.press(order, "more")
    till.choose("menu_payments")
    assert till.text("payment_due") == "Paid"
    assert not till.sees("cash_quick_0"), "a key without an amount"
    assert not till.find_button("payment_card").isEnabled()
    till.click("tip_typed")
    assert till.text("payment_hint") == "Type the tip first, then press this."
    till.type("cash_given", "1.50")
    till.click("tip_typed")
    assert (till.text("tip_typed"), till.text("cash_given")) == ("$1.50", "")
    till.click("payment_card")
    till.settle()
    assert told(backend, order) == [(CARD, order.total_minor, 0), (CARD, 0, 150)]


def test_a_refund_says_what_goes_back_by_which_tender_and_lets_one_choose(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    row = backend.change(order, TakePayment(version=order.version, amount_minor=500))
    row = backend.change(row, TakePayment(version=row.version, tender=CARD))
    till.arrive()
    till.press(row, "more")
    till.choose("menu_refund")
    till.click("refund_all")
    card = money(order.total_minor - 500, order.currency)
    assert till.text("reason_confirm") == f"Refund Card {card} · Cash $5.00"
    till.type("refund_amount", "6")
    assert till.text("reason_confirm") == "Refund $6.00 (Card)"
    till.click("refund_by_cash")
    assert till.text("reason_confirm") == "Refund Cash $5.00 · Card $1.00"
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert [each.refunded_minor for each in now(backend, order).payments] == [500, 100]


def test_a_part_that_was_paid_of_what_is_called_off_is_given_back(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    row = backend.change(order, TakePayment(version=order.version, tender=CARD, amount_minor=300, tip_minor=20))
    till.arrive()
    till.press(row, "more")
    till.choose("menu_cancel")
    assert "A part of it is paid. Give back Card $3.20." in till.words("reason_dialog")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert till.undo().startswith("Give back Card $3.20")
    till.click("undo_action")
    till.settle()
    assert now(backend, order).payments == ()


def test_the_change_of_an_order_that_is_paid_stays_until_it_was_seen(
    till: Till, backend: FakeBackend, order: Order
) -> None:
    till.type("cash_given", "50")
    till.click("payment_cash")
    till.settle()
    assert till.server(order) is S.COMPLETED
    assert till.window.workspace.page == "pay"
    assert till.text("sale_settlement") == f"Change: {money(5000 - order.total_minor, order.currency)}"
    assert not till.sees("payment_panel")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert till.window.workspace.page == "orders"
    assert payments_of(now(backend, order)) == (Payment(CASH, order.total_minor, 0, 5000),)


def test_the_next_order_that_is_paid_shows_no_change_of_the_last(
    till: Till, backend: FakeBackend, order: Order
) -> None:
    till.type("cash_given", "50")
    till.click("payment_cash")
    till.settle()
    till.key(Qt.Key.Key_Escape)
    other = place(backend, "Bo Chen", status=LAST)
    till.qtbot.waitUntil(lambda: till.where(other) is LAST)
    till.press(other)
    till.settle()
    assert till.sees("payment_panel")
    assert not till.sees("sale_settlement")
    till.click("payment_cash")
    till.settle()
    assert till.window.workspace.page == "orders", "without change nothing has to be seen"


def test_what_was_the_wrong_way_of_paying_is_not_what_enter_takes_next(
    till: Till, backend: FakeBackend, order: Order
) -> None:
    type_digits(till, "5")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert told(backend, order) == [(CARD, 500, 0)]
    till.click("payment_undo_0")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert told(backend, order) == []
    assert till.find_button("payment_cash").property("kind") == "primary"
    type_digits(till, "5")
    till.key(Qt.Key.Key_Return)
    till.settle()
    assert told(backend, order) == [(CASH, 500, 0)]


def test_enter_begins_the_next_order_after_the_last_part(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    till.click("nav_new")
    till.settle()
    view = till.window.findChild(OrderingView)
    assert view is not None
    Finger(view, till.qtbot).tile(SODA.name)
    till.find_button("nav_new").setFocus()  # a press on the rail leaves the keyboard there
    till.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert till.sees("payment_panel")
    till.click("split_2")
    for _part in range(2):
        till.click("payment_card")
        till.settle()
    assert till.find_button("next_order").hasFocus()
    till.key(Qt.Key.Key_Return)
    assert not till.sees("next_order")


def test_what_was_given_back_is_said_beside_what_is_due_and_no_payment_of_it_is_taken_back(
    till: Till, backend: FakeBackend, order: Order
) -> None:
    row = now(backend, order)
    row = backend.change(row, TakePayment(version=row.version, tender=CARD))
    row = backend.change(row, RefundOrder(version=row.version, reason="cold", amount_minor=100))
    row = change(backend, row, payment=PaymentState.UNPAID, total_minor=row.total_minor + 500)
    till.settle()
    till.window._actions.paying.begin(row)
    assert till.text("payment_asked").endswith("Given back: $1.00")
    assert not till.sees("payment_undo_0")
