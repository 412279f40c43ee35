"""What else can be done with an order: cancel and reject with a reason, payment, details, a receipt."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from core.domain.commands import RefundOrder
from core.domain.order import Order, PaymentState, Tender
from core.domain.status import OrderStatus, look
from core.ui.ordering.item_dialog import Stepper
from core.ui.text import money
from pos_app.order.card import payment_badge
from tests.support.fake_backend import OFFLINE, FakeBackend
from tests.support.pos_window import Till, change, paid, place
from tests.support.steps import NEXT

S = OrderStatus


def test_cancelling_needs_a_reason(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_cancel")
    assert not till.find_button("reason_confirm").isEnabled()
    till.type("reason", "   ")
    till.key(Qt.Key.Key_Return)
    assert not till.find_button("reason_confirm").isEnabled()
    till.click("reason_0")
    quick = till.text("reason")
    assert quick
    till.type("reason", "The oven is broken")
    till.click("reason_confirm")
    till.settle()
    assert till.server(order) is S.CANCELLED
    assert backend.orders[order.id].reason == "The oven is broken"
    assert till.where(order) is None
    assert till.undo() == ""


def test_a_quick_reason_is_enough(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_reject")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert till.server(order) is S.REJECTED
    assert backend.orders[order.id].reason == "Sold out"


def test_going_back_from_the_reason_changes_nothing(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_cancel")
    till.click("reason_0")
    till.click("reason_back")
    till.settle()
    assert till.server(order) is S.PENDING
    assert "change_status" not in backend.calls


def test_the_menu_offers_what_can_be_done(till: Till, backend: FakeBackend) -> None:
    new, cooking = place(backend), paid(backend, place(backend, status=S.PREPARING))
    till.arrive()
    till.press(new, "more")
    offered = till.choices()
    till.menu().close()
    assert offered == [
        "menu_details",
        "menu_print",
        "menu_amend",
        "menu_paid_cash",
        "menu_paid_card",
        "menu_payments",
        "menu_reject",
        "menu_cancel",
    ]
    till.press(cooking, "more")
    offered = till.choices()
    till.menu().close()
    assert offered == [
        "menu_details",
        "menu_print",
        "menu_amend",
        "menu_recall",
        "menu_unpay",
        "menu_payments",
        "menu_refund",
        "menu_cancel",
    ]


def test_while_a_change_is_under_way_one_can_only_look(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.gate.clear()
    till.press(order)
    till.press(order, "more")
    offered = till.choices()
    till.menu().close()
    assert offered == ["menu_details", "menu_print"]


def test_payment_by_cash_or_card_and_a_refund_that_asks(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "more")
    till.choose("menu_paid_cash")
    till.settle()
    held = backend.orders[order.id]
    assert (held.payment, held.tender) == (PaymentState.PAID, Tender.CASH)
    assert till.card(order).order.payment is PaymentState.PAID
    assert till.where(order) is S.PENDING
    till.press(order, "more")
    till.choose("menu_refund")
    assert backend.orders[order.id].payment is PaymentState.PAID
    till.click("refund_all")
    assert not till.find_button("reason_confirm").isEnabled(), "a refund says why"
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert backend.orders[order.id].payment is PaymentState.REFUNDED
    assert f"Give back {money(order.total_minor, 'USD')} (Cash)" in till.words("undo")
    till.press(order, "card", double=True)
    till.settle()
    told = till.words("details_history")
    assert "Paid · Cash   Maya · POS1" in told
    assert "Refunded · Cash   Maya · POS1\n“Something was wrong with it”" in told


def test_a_part_is_refunded_by_items_or_amount(till: Till, backend: FakeBackend) -> None:
    """The dialog begins with nothing; what is taken back of a line, or an amount, is what goes back."""
    order = paid(backend, place(backend, lines=2))
    bowl_minor, whole_minor = order.lines[0].unit_price_minor, order.total_minor
    till.arrive()
    till.press(order, "more")
    till.choose("menu_refund")
    till.click("reason_0")
    assert not till.find_button("reason_confirm").isEnabled(), "nothing is no refund"
    till.click("refund_all")
    assert till.find_button("reason_confirm").text() == f"Refund {money(whole_minor, 'USD')} (Card)"
    till.click("refund_none")
    assert not till.find_button("reason_confirm").isEnabled()
    till.find(Stepper, "refund_line_0").findChildren(QAbstractButton, "more")[0].click()
    till.click("reason_confirm")
    till.settle()
    bowl, whole = money(bowl_minor, "USD"), money(whole_minor, "USD")
    assert f"Give back {bowl} (Card)" in till.words("undo")
    held = backend.orders[order.id]
    assert payment_badge(held, of_total=True)[0] == f"{bowl} of {whole} given back"
    assert payment_badge(held)[0] == f"Refunded {bowl}"
    assert (held.payment, held.refunded_minor) == (PaymentState.PAID, bowl_minor)
    assert [line.refunded_quantity for line in held.lines] == [1, 0]
    till.press(order, "more")
    assert "menu_unpay" not in till.choices(), "a part of it was given back"
    till.choose("menu_refund")
    till.click("reason_1")
    till.type("refund_amount", "999")
    assert not till.find_button("reason_confirm").isEnabled(), "more than is left"
    till.type("refund_amount", "1.25")
    till.click("reason_confirm")
    till.settle()
    assert backend.orders[order.id].refunded_minor == bowl_minor + 125
    till.press(order, "more")
    entries = {each.objectName(): each for each in till.menu().actions()}
    assert entries["menu_amend"].isEnabled()
    assert not entries["menu_payments"].isEnabled()
    till.menu().close()
    till.press(order, "card", double=True)
    till.settle()
    assert "1 taken back" in till.words("details_dialog")
    assert "Refunded $1.25 · Card   Maya · POS1\n“It was not made”" in till.words("details_history")
    assert till.text("details_refunded") == f"Refunded {money(bowl_minor + 125, 'USD')} · Card"


def test_marking_as_paid_by_mistake_can_be_taken_back(till: Till, backend: FakeBackend) -> None:
    order = paid(backend, place(backend))
    till.arrive()
    till.press(order, "more")
    till.choose("menu_unpay")
    assert backend.orders[order.id].payment is PaymentState.PAID, "it asks"
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert backend.orders[order.id].payment is PaymentState.UNPAID
    last = backend.payments[order.id][-1]
    assert (last.by, last.device, last.reason) == ("Maya", "POS1", "Marked as paid by mistake")


def test_what_was_paid_before_an_order_was_cancelled_is_not_undone_without_a_reason(
    till: Till, backend: FakeBackend
) -> None:
    order = paid(backend, place(backend))
    till.arrive()
    till.press(order, "card", double=True)
    till.settle()
    till.click("details_more")
    till.choose("menu_cancel")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    till.click("details_more")
    till.choose("menu_unpay")
    assert backend.orders[order.id].payment is PaymentState.PAID
    till.type("reason", "never took any")
    till.click("reason_confirm")
    till.settle()
    assert backend.orders[order.id].payment is PaymentState.UNPAID
    assert "never took any" in till.words("details_history")


def test_details_follow_the_order(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    order = place(backend, delivery=True, note="Ring twice")
    till.arrive()
    till.press(order, "card", double=True)
    till.settle()
    words = till.words("details_dialog")
    for expected in (
        order.number,
        "Aisha Bello",
        order.customer_phone,
        "12 Harbour Street",
        "Ring twice",
        "Chicken Bowl",
        "Hot salsa",
        "No onions",
        "Placed",
    ):
        assert expected in words
    till.click("details_step")
    till.settle()
    assert till.text("details_status") == look(NEXT).label
    assert till.words("details_history").count(look(NEXT).label) == 1
    backend.move(order.id, S.CANCELLED, reason="Out of bowls")
    spy = QSignalSpy(till.window.board.refresher.succeeded)
    till.window.board.refresher.refresh()
    qtbot.waitUntil(lambda: spy.count() == 1)
    till.click("details_more")
    till.choose("menu_paid_cash")
    till.settle()
    assert till.text("details_status") == "Cancelled"
    assert "Out of bowls" in till.words("details_dialog")
    assert not till.sees("details_step")
    till.click("details_close")


def test_details_that_cannot_be_loaded_say_so_and_try_again(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    backend.fail_with = OFFLINE
    till.press(order, "card", double=True)
    till.settle()
    assert "No connection" in till.words("details_history")
    backend.fail_with = None
    till.click("details_retry")
    till.settle()
    assert "No connection" not in till.words("details_history")
    assert "Placed" in till.words("details_history")
    till.click("details_close")


def test_a_receipt_can_be_printed_from_the_card(till: Till, backend: FakeBackend) -> None:
    order = change(backend, place(backend), customer_name="<b>Bobby</b>")
    till.arrive()
    till.press(order, "more")
    till.choose("menu_print")
    assert till.sees("receipt_dialog")
    till.click("receipt_done")


def test_the_keyboard_is_on_the_first_card_once_there_is_one(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=OrderStatus.PREPARING)
    till.arrive()
    assert till.current() == order.number


def _refund_meanwhile(backend: FakeBackend, order: Order, amount_minor: int) -> None:
    now = backend.orders[order.id]
    backend.change(now, RefundOrder(version=now.version, reason="Cold", amount_minor=amount_minor))


def test_money_that_another_has_moved_is_asked_about_again(till: Till, backend: FakeBackend) -> None:
    """The dialog named the whole amount; another till gave some back while it was open."""
    order = paid(backend, place(backend))
    whole = money(order.total_minor, "USD")
    till.arrive()
    till.press(order, "more")
    till.choose("menu_refund")
    till.click("refund_all")
    till.click("reason_0")
    assert till.find_button("reason_confirm").text() == f"Refund {whole} (Card)"
    _refund_meanwhile(backend, order, 100)
    till.settle()
    till.click("reason_confirm")
    till.settle()
    assert backend.orders[order.id].refunded_minor == 100, "what was pressed named another amount"
    rest = money(order.total_minor - 100, "USD")
    till.click("refund_all")
    assert till.find_button("reason_confirm").text() == f"Refund {rest} (Card)"
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert backend.orders[order.id].payment is PaymentState.REFUNDED


def test_a_cancellation_that_named_another_amount_asks_again(till: Till, backend: FakeBackend) -> None:
    order = paid(backend, place(backend))
    till.arrive()
    till.press(order, "more")
    till.choose("menu_cancel")
    till.click("reason_0")
    _refund_meanwhile(backend, order, 100)
    till.settle()
    till.click("reason_confirm")
    till.settle()
    assert till.server(order) is S.PENDING
    assert money(order.total_minor - 100, "USD") in till.words("reason_dialog")


def test_a_payment_that_another_has_taken_is_not_given_another_tender(till: Till, backend: FakeBackend) -> None:
    """The menu was open when the other till took the card."""
    order = place(backend)
    till.arrive()
    till.press(order, "more")
    change(backend, backend.orders[order.id], payment=PaymentState.PAID, tender=Tender.CARD)
    till.settle()
    till.choose("menu_paid_cash")
    till.settle()
    assert (backend.orders[order.id].payment, backend.orders[order.id].tender) == (PaymentState.PAID, Tender.CARD)
