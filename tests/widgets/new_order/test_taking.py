"""The cashier's New order page: for whom, paid how, taken once, and the receipt."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QPushButton, QTextBrowser
from pytestqt.qtbot import QtBot

from core.client.errors import NotKept, SignedOut, Unreachable
from core.client.sync.engine import ConnectionState
from core.domain.commands import TakeOrder
from core.domain.ids import OpId
from core.domain.order import Channel, Order, PaymentState, Tender
from core.domain.people import Customer
from core.domain.status import Fulfilment
from core.protocol.requests import StaffSignIn
from core.ui.widgets.receipt import ReceiptDialog
from pos_app.context import PosContext
from pos_app.new_order.page import NewOrderPage
from pos_app.order.card import customer
from pos_app.order.keypad import quick_amounts
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SODA, taxed
from tests.support.ordering import Finger, child

Settle = Callable[[], None]
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def aisha(backend: FakeBackend) -> Customer:
    backend.add_customer("Chen", "+15550199")
    return backend.add_customer("Aisha", "+15550100")


def take(page: NewOrderPage, finger: Finger, qtbot: QtBot, key: str = "payment_cash") -> Order:
    with qtbot.waitSignal(page.taken) as taken:
        finger.button(key)
    assert taken.args is not None
    order: Order = taken.args[0]
    return order


def receipt(page: NewOrderPage, finger: Finger) -> ReceiptDialog:
    finger.button("sale_receipt")
    (found,) = [each for each in page.findChildren(ReceiptDialog) if each.isVisible()]
    return found


def settlement(page: NewOrderPage) -> str:
    return child(page, QLabel, "sale_settlement").text()


def test_a_walk_in_pays_cash_and_gets_change(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name, times=2)
    finger.button("checkout")
    assert child(page, QPushButton, "payment_cash").text() == "Cash $2.18"
    finger.field("cash_given", "10")
    assert child(page, QLabel, "cash_change").text() == "$7.82"
    order = take(page, finger, qtbot)
    assert (order.number, order.channel, order.customer_id) == ("POS1-000001", Channel.COUNTER, None)
    assert (order.tender, order.payment, order.fulfilment) == (Tender.CASH, PaymentState.PAID, Fulfilment.DINE_IN)
    assert settlement(page) == "Change: $7.82"
    paper = receipt(page, finger)
    assert "POS1-000001" in child(paper, QTextBrowser, "receipt_paper").toPlainText()
    finger.button("receipt_done", paper)
    assert finger.lines() == []
    assert child(page, QLineEdit, "cash_given").text() == ""


def test_how_it_is_handed_over_decides_about_the_tax(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    page.set_menu(msgspec.structs.replace(taxed(included=False), version=2))
    finger.tile(CHIPS.name)
    finger.tile(SODA.name)
    assert parts(page) == ["Subtotal", "VAT 19 %"]
    finger.button("checkout")
    assert child(page, QPushButton, "payment_cash").text() == "Cash $6.59"
    finger.button("fulfilment_pickup")
    assert child(page, QPushButton, "payment_cash").text() == "Cash $6.06"
    finger.button("checkout_back")
    assert parts(page) == ["Subtotal", "VAT 7 %", "VAT 19 %"]


def parts(page: NewOrderPage) -> list[str]:
    """What stands between the basket and its total."""
    shown = page.view.basket.findChildren(QLabel, "basket_part")
    return [each.text().replace("\N{NO-BREAK SPACE}", " ") for each in shown if each.isVisible()]


def test_exactly_is_what_an_empty_field_means(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    take(page, finger, qtbot)
    assert settlement(page) == "Change: $0.00"


def test_a_quick_amount_is_one_press(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    order = take(page, finger, qtbot, "cash_quick_1")
    assert (order.tender, order.given_minor, settlement(page)) == (Tender.CASH, 500, "Change: $3.91")


@pytest.mark.parametrize("typed", ["ten", "1.005", "0"])
def test_what_is_no_amount_takes_no_order(
    page: NewOrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, typed: str
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("cash_given", typed)
    assert not child(page, QPushButton, "payment_cash").isEnabled()
    qtbot.keyClick(child(page, QLineEdit, "cash_given"), Qt.Key.Key_Return)
    assert backend.orders == {}
    assert page.view.at_checkout


@pytest.mark.parametrize(
    ("total_minor", "currency", "amounts"),
    [
        (2143, "USD", (2200, 2500, 3000, 4000, 5000, 10000)),
        (109, "USD", (200, 500, 1000, 2000, 5000, 10000)),
        (500, "EUR", (1000, 2000, 5000, 10000, 20000, 50000)),
        (0, "USD", ()),
        (1480, "JPY", (1500, 2000, 5000, 10000, 20000, 50000)),
        (1_251_000, "USD", (1_300_000,)),
    ],
)
def test_quick_amounts(total_minor: int, currency: str, amounts: tuple[int, ...]) -> None:
    found = quick_amounts(total_minor, currency)
    assert found == amounts
    assert total_minor not in found, "the key of cash has it"
    assert list(found) == sorted(set(found))
    assert len(found) <= 6


def test_a_known_customer_is_found_by_phone(
    page: NewOrderPage, finger: Finger, aisha: Customer, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("customer_search", "15550100")
    offer = child(page, QPushButton, "customer_offer_0")
    qtbot.waitUntil(offer.isVisible)
    assert offer.text() == "Aisha · +15550100"
    assert backend.calls["customers"] == 1, "eight keys are one question"
    finger.button("customer_offer_0")
    assert child(page, QLabel, "customer_known").text() == "Aisha · +15550100"
    taken = take(page, finger, qtbot)
    assert (taken.customer_id, taken.customer_name, taken.customer_phone) == (aisha.id, "Aisha", "+15550100")
    paper = child(receipt(page, finger), QTextBrowser, "receipt_paper").toPlainText()
    assert {"Aisha", "+15550100"} <= set(paper.splitlines()), "it may be printed before the server has answered"
    settle()
    (order,) = backend.orders.values()
    assert (order.customer_id, order.customer_name) == (aisha.id, "Aisha")


def test_a_customer_taken_by_mistake_is_dropped(
    page: NewOrderPage, finger: Finger, aisha: Customer, qtbot: QtBot
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("customer_search", "aisha")
    qtbot.waitUntil(child(page, QPushButton, "customer_offer_0").isVisible)
    finger.button("customer_offer_0")
    assert child(page, QLabel, "customer_known").isVisible()
    finger.button("customer_drop")
    order = take(page, finger, qtbot)
    assert (order.customer_id, order.customer_name) == (None, "")


def test_nobody_is_attached_without_being_chosen(
    page: NewOrderPage, finger: Finger, aisha: Customer, qtbot: QtBot
) -> None:
    """Aisha, who waits at the counter, has an account; another Aisha does not want hers charged for it."""
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("customer_search", "Aisha")
    qtbot.waitUntil(child(page, QPushButton, "customer_offer_0").isVisible)
    field = child(page, QLineEdit, "customer_search")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert child(page, QLineEdit, "cash_given").hasFocus()
    order = take(page, finger, qtbot)
    assert (order.customer_id, order.customer_name, order.customer_phone) == (None, "Aisha", "")


def test_a_customer_is_chosen_by_down_and_enter(
    page: NewOrderPage, finger: Finger, aisha: Customer, qtbot: QtBot
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    field, offer = child(page, QLineEdit, "customer_search"), child(page, QPushButton, "customer_offer_0")
    field.setFocus()
    finger.field("customer_search", "+15550100")
    qtbot.waitUntil(offer.isVisible)
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert offer.hasFocus()
    qtbot.keyClick(offer, Qt.Key.Key_Up)
    assert field.hasFocus()
    qtbot.keyClick(field, Qt.Key.Key_Down)
    qtbot.keyClick(offer, Qt.Key.Key_Return)
    assert child(page, QLabel, "customer_known").text() == "Aisha · +15550100"
    assert child(page, QLineEdit, "cash_given").hasFocus()
    assert take(page, finger, qtbot).customer_id == aisha.id


@pytest.mark.parametrize(
    ("typed", "name", "phone", "shown"),
    [
        ("Sam", "Sam", "", "Sam"),
        ("7", "7", "", "Table 7"),
        ("42", "42", "", "Table 42"),
        ("#12", "#12", "", "Table #12"),
        ("Table 7", "Table 7", "", "Table 7"),
        ("(212) 555-0142", "", "2125550142", "2125550142"),
        ("Jo 555-0142 77", "Jo", "555014277", "Jo"),
    ],
)
def test_what_was_typed_is_on_the_order(
    page: NewOrderPage,
    finger: Finger,
    backend: FakeBackend,
    qtbot: QtBot,
    settle: Settle,
    typed: str,
    name: str,
    phone: str,
    shown: str,
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("customer_search", typed)
    order = take(page, finger, qtbot)
    settle()
    (there,) = backend.orders.values()
    for each in (order, there):
        assert (each.customer_id, each.customer_name, each.customer_phone) == (None, name, phone)
    assert customer(there) == shown
    paper = child(receipt(page, finger), QTextBrowser, "receipt_paper").toPlainText().splitlines()
    assert {shown, *filter(None, (phone,))} <= set(paper)


def test_a_table_is_no_table_of_what_is_taken_away(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.button("fulfilment_pickup")
    finger.field("customer_search", "42")
    assert customer(take(page, finger, qtbot)) == "42"


def test_a_number_nobody_has_is_said_to_be_new_and_kept(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("customer_search", "5550000")
    told = child(page, QLabel, "customer_told")
    qtbot.waitUntil(lambda: told.text() == "A new number. It goes on the order.")
    assert take(page, finger, qtbot).customer_phone == "5550000"


def test_a_lookup_that_fails_stops_no_order(
    page: NewOrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    backend.fail_with = Unreachable("down")
    finger.field("customer_search", "Sam")
    qtbot.waitUntil(lambda: "cannot be looked up" in child(page, QLabel, "customer_told").text())
    backend.fail_with = None
    assert take(page, finger, qtbot).customer_name == "Sam"


def test_a_lookup_that_failed_is_made_once_the_server_answers(
    page: NewOrderPage, finger: Finger, aisha: Customer, backend: FakeBackend, qtbot: QtBot
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    backend.fail_with = Unreachable("down")
    finger.field("customer_search", "aisha")
    qtbot.waitUntil(lambda: "cannot be looked up" in child(page, QLabel, "customer_told").text())
    backend.fail_with = None
    qtbot.waitUntil(lambda: child(page, QAbstractButton, "customer_offer_0").isVisible())
    assert not child(page, QLabel, "customer_told").isVisible()


def test_an_answer_about_what_was_typed_before_is_not_offered(
    page: NewOrderPage, finger: Finger, aisha: Customer, backend: FakeBackend, context: PosContext, qtbot: QtBot
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    backend.gate.clear()
    finger.field("customer_search", "aisha")
    qtbot.waitUntil(lambda: backend.calls.get("customers") == 1)
    finger.field("customer_search", "x")
    backend.gate.set()
    qtbot.waitUntil(lambda: context.jobs.busy == 0)
    assert not child(page, QPushButton, "customer_offer_0").isVisible()


def test_a_delivery_is_paid_at_the_door_unless_said_otherwise(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.button("fulfilment_delivery")
    assert child(page, QPushButton, "payment_cash_on_delivery").property("kind") == "primary", "Enter presses it"
    finger.button("payment_cash_on_delivery")
    assert child(page, QLabel, "address_error").isVisible()
    finger.field("address", "1 Main Street")
    order = take(page, finger, qtbot, "payment_cash_on_delivery")
    assert (order.tender, order.payment) == (Tender.CASH_ON_DELIVERY, PaymentState.UNPAID)
    assert settlement(page) == "To be paid: $1.09"


def test_an_order_may_be_paid_later(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    """A table's, or somebody's on the phone: what was typed as cash is none."""
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("cash_given", "20")
    order = take(page, finger, qtbot, "payment_later")
    assert (order.payment, order.given_minor) == (PaymentState.UNPAID, None)
    assert settlement(page) == "To be paid: $1.09"
    finger.button("next_order")
    finger.tile(SODA.name)
    finger.button("checkout")
    assert take(page, finger, qtbot).payment is PaymentState.PAID, "the next customer pays now"


def test_a_card_payment_has_no_change(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("cash_given", "20")
    assert not child(page, QPushButton, "payment_card").isEnabled(), "a card gives none"
    finger.field("cash_given", "")
    order = take(page, finger, qtbot, "payment_card")
    assert (order.tender, order.payment) == (Tender.CARD, PaymentState.PAID)
    assert settlement(page) == "Paid $1.09"


def test_a_lost_answer_is_asked_for_again_and_never_doubled(
    page: NewOrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    backend.answers_to_lose = 1
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("cash_given", "10")
    order = take(page, finger, qtbot)
    assert settlement(page) == "Change: $8.91"
    settle()
    assert list(backend.orders) == [order.id]
    assert len(backend.asked) == 2
    assert len({op_id for op_id, _ in backend.asked}) == 1


def test_an_order_that_cannot_be_accepted_is_kept_and_taken_once(
    page: NewOrderPage,
    finger: Finger,
    backend: FakeBackend,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    settle: Settle,
) -> None:
    def send(_op_id: OpId, _request: TakeOrder) -> Order:
        raise NotKept("The disk is full.")

    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("cash_given", "10")
    monkeypatch.setattr(page._presenter._sender, "_send", send)
    finger.button("payment_cash")
    qtbot.waitUntil(lambda: "it will not be taken twice" in page.notice.text)
    assert finger.lines() == [(1, SODA.name)]
    monkeypatch.undo()
    with qtbot.waitSignal(page.taken):
        finger.button("notice_action")
    settle()
    assert len(backend.orders) == 1
    assert settlement(page) == "Change: $8.91"


def test_a_session_that_is_over_keeps_what_was_taken(
    page: NewOrderPage, finger: Finger, context: PosContext, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    backend.fail_with = SignedOut("This session has ended.")
    qtbot.waitUntil(lambda: context.bridge.sync_status.state is ConnectionState.SIGNED_OUT)
    order = take(page, finger, qtbot)
    assert backend.orders == {}
    backend.fail_with = None
    context.api.staff_sign_in(StaffSignIn(staff="Maya", pin="1234", device="POS1"))
    settle()
    assert list(backend.orders) == [order.id]
    assert len({op_id for op_id, _ in backend.asked}) == 1


def test_by_keys_alone(page: NewOrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle) -> None:
    search = page.view.menu.search
    assert QApplication.focusWidget() is search, "a cashier types at once"
    qtbot.keyClicks(search, "sod")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    qtbot.keyClicks(search, "+")
    qtbot.keyClicks(search, "chips")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    qtbot.keyClick(search, Qt.Key.Key_Return, CTRL)
    assert page.view.at_checkout
    with qtbot.waitSignal(page.taken):
        qtbot.keyClick(page.view, Qt.Key.Key_Return, CTRL)
    settle()
    (order,) = backend.orders.values()
    assert [(line.name, line.quantity) for line in order.lines] == [(SODA.name, 2), (CHIPS.name, 1)]
    assert settlement(page) == "Change: $0.00"
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert QApplication.focusWidget() is search, "the next order begins"


def test_the_receipt_is_kept_as_a_pdf(page: NewOrderPage, finger: Finger, qtbot: QtBot, tmp_path: Path) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    take(page, finger, qtbot)
    dialog = receipt(page, finger)
    target = tmp_path / "receipt.pdf"
    dialog.save(str(target))
    qtbot.waitUntil(lambda: dialog._notice.text == f"Saved {target}")
    assert target.read_bytes().startswith(b"%PDF")
    dialog.save(str(tmp_path / "nowhere" / "receipt.pdf"))
    qtbot.waitUntil(lambda: "cannot be written" in dialog._notice.text)


def test_nothing_is_left_for_the_next_customer(
    page: NewOrderPage, finger: Finger, aisha: Customer, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("customer_search", "aisha")
    finger.button("fulfilment_delivery")
    finger.field("address", "1 Main Street")
    finger.field("order_note", "ring twice")
    finger.field("cash_given", "50")
    page.clear()
    assert not any(field.text() for field in page.findChildren(QLineEdit))
    assert not [timer for timer in page._presenter.children() if isinstance(timer, QTimer) and timer.isActive()]
    finger.tile(SODA.name)
    finger.button("checkout")
    order = take(page, finger, qtbot)
    receipt(page, finger)
    settle()
    request = backend.asked[0][1]
    assert isinstance(request, TakeOrder)
    assert (request.customer_id, request.customer_name, request.address) == (None, "", "")
    assert (order.fulfilment, order.tender) == (Fulfilment.DINE_IN, Tender.CASH)
    page.clear()
    assert not [each for each in page.findChildren(ReceiptDialog) if each.isVisible()], "the receipt goes too"


def test_a_hidden_page_looks_nobody_up(page: NewOrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.field("customer_search", "Sam")
    page.hide()
    assert not [timer for timer in page.findChildren(QTimer) if timer.isActive()]
    assert "customers" not in backend.calls
