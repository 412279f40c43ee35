"""The customer's Order page: placed once, whatever happens to the answers, and nothing left for the next customer."""

import gc
import threading
from collections.abc import Callable

import msgspec
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from core.client.errors import ClientError, NotKept, Refused, ServerFault, Unreachable
from core.domain.commands import PlaceOrder
from core.domain.ids import OpId
from core.domain.order import MAX_QUANTITY, NewLine, Order, PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus
from core.ui.ordering.basket_list import MORE
from customer_view.context import CustomerContext
from customer_view.order.page import OrderPage
from tests.support.contexts import disk_held
from tests.support.fake_backend import FakeBackend
from tests.support.menus import BOWL, CHIPS, MENU, SODA
from tests.support.ordering import Finger, child

Settle = Callable[[], None]


def place(page: OrderPage, finger: Finger, qtbot: QtBot) -> Order:
    with qtbot.waitSignal(page.placed) as placed:
        finger.button("place_order")
    assert placed.args is not None
    order: Order = placed.args[0]
    return order


def failing(page: OrderPage, finger: Finger, qtbot: QtBot) -> str:
    """Press Place order, which fails; what is said then."""
    finger.button("place_order")
    qtbot.waitUntil(lambda: page.notice.text != "")
    return page.notice.text


def fail(page: OrderPage, monkeypatch: pytest.MonkeyPatch, error: ClientError) -> list[PlaceOrder]:
    """Have no order be accepted; gives those that were tried."""
    tried: list[PlaceOrder] = []

    def send(_op_id: OpId, request: PlaceOrder) -> Order:
        tried.append(request)
        raise error

    monkeypatch.setattr(page._presenter._sender, "_send", send)
    return tried


def test_an_order_is_placed_and_the_page_is_empty_again(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    finger.tile(SODA.name, times=2)
    finger.tile(CHIPS.name)
    finger.button("checkout")
    finger.field("order_note", "  the blue door ")
    order = place(page, finger, qtbot)
    settle()
    assert list(backend.orders) == [order.id]
    assert [(line.name, line.quantity) for line in order.lines] == [(SODA.name, 2), (CHIPS.name, 1)]
    assert (order.fulfilment, order.tender) == (Fulfilment.PICKUP, Tender.CASH)
    assert (order.note, order.payment, order.status) == ("the blue door", PaymentState.UNPAID, OrderStatus.PENDING)
    assert finger.lines() == []
    assert not page.view.at_checkout
    assert child(page, QLineEdit, "order_note").text() == ""


def test_a_delivery_needs_an_address_and_may_be_paid_at_the_door(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    assert not child(page, QLineEdit, "address").isVisible()
    assert not child(page, QToolButton, "tender_cash_on_delivery").isVisible()
    finger.button("fulfilment_delivery")
    assert not child(page, QToolButton, "tender_cash").isVisible()
    finger.button("place_order")
    address, error = child(page, QLineEdit, "address"), child(page, QLabel, "address_error")
    assert (address.property("invalid"), backend.calls.get("place")) == ("true", None)
    assert error.isVisible()
    assert "needs an address" in address.accessibleDescription()
    finger.field("address", "1 Main Street")
    assert not address.property("invalid")
    assert not error.isVisible()
    order = place(page, finger, qtbot)
    assert (order.address, order.tender) == ("1 Main Street", Tender.CASH_ON_DELIVERY)


def test_an_address_typed_and_not_used_is_not_sent(page: OrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.button("fulfilment_delivery")
    finger.field("address", "1 Main Street")
    finger.button("fulfilment_dine_in")
    finger.button("tender_card")
    order = place(page, finger, qtbot)
    assert (order.address, order.fulfilment, order.tender) == ("", Fulfilment.DINE_IN, Tender.CARD)


def test_while_it_is_accepted_it_cannot_be_accepted_again_or_changed(
    page: OrderPage, finger: Finger, context: CustomerContext, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    with qtbot.waitSignal(page.placed), disk_held(context):
        finger.button("place_order")
        for name in ("place_order", "checkout_back"):
            assert not child(page, QPushButton, name).isEnabled()
        qtbot.keyClick(page.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert not page.view.menu.isEnabled()
    settle()
    assert backend.calls["place"] == 1
    assert page.view.menu.isEnabled()


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_what_is_lost_on_the_way_is_sent_again_and_never_doubled(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle, lost: str
) -> None:
    setattr(backend, f"{lost}s_to_lose", 2)
    finger.tile(SODA.name)
    finger.button("checkout")
    order = place(page, finger, qtbot)
    assert finger.lines() == []
    settle()
    assert list(backend.orders) == [order.id]
    assert len(backend.asked) == 3
    assert len({op_id for op_id, _ in backend.asked}) == 1


def test_while_an_answer_is_lost_a_second_order_is_another(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    backend.answers_to_lose = 1
    for quantity in (1, 2):
        finger.tile(SODA.name, times=quantity)
        finger.button("checkout")
        place(page, finger, qtbot)
    settle()
    assert sorted(order.quantity for order in backend.orders.values()) == [1, 2]


def test_a_fault_of_the_server_is_no_answer_either(
    page: OrderPage, finger: Finger, context: CustomerContext, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    backend.fail_with = ServerFault("It answered 500.")
    finger.tile(SODA.name)
    finger.button("checkout")
    place(page, finger, qtbot)
    qtbot.waitUntil(lambda: [each.failed_attempts > 0 for each in context.api.operations()] == [True])
    backend.fail_with = None
    context.api.try_now()
    settle()
    assert len(backend.orders) == 1
    assert len({op_id for op_id, _ in backend.asked}) == 1


@pytest.mark.parametrize("line", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "-1", ""])
def test_a_refusal_that_names_no_line_there_is_is_shown_all_the_same(
    page: OrderPage, finger: Finger, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    fail(page, monkeypatch, Refused("Not this one.", field=f"lines[{line}].item_id"))
    finger.tile(SODA.name)
    finger.button("checkout")
    assert "Not this one." in failing(page, finger, qtbot)


def test_what_sold_out_meanwhile_is_named_and_marked(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    finger.tile(CHIPS.name)
    finger.tile(SODA.name)
    backend.sell(SODA.id, False)
    settle()
    finger.button("checkout")
    assert "Canned Soda is sold out." in failing(page, finger, qtbot)
    assert not page.view.at_checkout
    row = page.view.basket.lines.model().index(1, 0)
    assert "Sold out" in row.data(Qt.ItemDataRole.AccessibleTextRole)
    assert finger.current.wanted.item_id == SODA.id
    tiles = page.view.menu.tiles.shown
    qtbot.waitUntil(lambda: "Sold out" in tiles.index(3, 0).data(Qt.ItemDataRole.AccessibleTextRole))
    qtbot.keyClick(page.view.basket.lines, Qt.Key.Key_Delete)
    finger.button("checkout")
    order = place(page, finger, qtbot)
    assert [line.name for line in order.lines] == [CHIPS.name]


def test_a_price_that_has_changed_is_shown_and_asked_about_before_it_is_paid(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    total = child(page, QLabel, "basket_total")
    assert total.text() == "$1.09"
    dearer = msgspec.structs.replace(SODA, price_minor=200)
    sides = msgspec.structs.replace(MENU.categories[1], items=(CHIPS, dearer))
    backend.change_menu((MENU.categories[0], sides))
    settle()
    assert failing(page, finger, qtbot)
    assert not backend.orders
    qtbot.waitUntil(lambda: total.text() == "$2.00")
    assert place(page, finger, qtbot).total_minor == 200


def test_nothing_is_left_for_the_next_customer(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, settle: Settle
) -> None:
    tried = fail(page, monkeypatch, NotKept("The disk is full."))
    finger.tile(SODA.name)
    finger.tile(BOWL.name)
    page.view.menu.search.setText("chi")
    dialog = finger.dialog
    finger.field("item_note", "mine", dialog)
    dialog.reject()
    finger.button("checkout")
    finger.button("fulfilment_delivery")
    finger.field("address", "1 Main Street")
    finger.field("order_note", "ring twice")
    failing(page, finger, qtbot)
    monkeypatch.undo()
    page.clear()
    fields = [field.text() for field in page.findChildren(QLineEdit)]
    assert not any(fields)
    assert (finger.lines(), page.notice.text, page.view.at_checkout) == ([], "", False)
    finger.tile(SODA.name)
    finger.button("checkout")
    order = place(page, finger, qtbot)
    assert order.fulfilment is Fulfilment.PICKUP
    settle()
    assert list(backend.orders) == [order.id]
    assert order.id != tried[0].id, "the next customer's order is another order"


def test_an_answer_that_comes_after_the_customer_left_is_not_shown(
    page: OrderPage,
    finger: Finger,
    context: CustomerContext,
    backend: FakeBackend,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    settle: Settle,
) -> None:
    finger.tile(SODA.name)
    finger.button("checkout")
    placed: list[object] = []
    page.placed.connect(placed.append)
    begun, send = threading.Event(), page._presenter._sender._send

    def begin(op_id: OpId, request: PlaceOrder) -> Order:
        begun.set()
        return send(op_id, request)

    monkeypatch.setattr(page._presenter._sender, "_send", begin)
    with disk_held(context):
        finger.button("place_order")
        qtbot.waitUntil(begun.is_set)
        page.clear()
        finger.tile(CHIPS.name)
    settle()
    assert len(backend.orders) == 1, "the order itself was placed, and is in its customer's history"
    assert placed == []
    assert finger.lines() == [(1, CHIPS.name)]


def test_a_hidden_page_reads_no_menu(page: OrderPage, backend: FakeBackend, qtbot: QtBot) -> None:
    page.hide()
    running = [timer for timer in page.findChildren(QTimer) if timer.isActive()]
    assert running == []
    page.show()
    assert any(timer.isActive() for timer in page.findChildren(QTimer))


def test_by_keys_alone(page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle) -> None:
    search = page.view.menu.search
    search.setFocus()
    qtbot.keyClicks(search, "sod")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    qtbot.keyClick(search, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert page.view.at_checkout
    with qtbot.waitSignal(page.placed):
        qtbot.keyClick(page.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle()
    assert len(backend.orders) == 1


def test_a_line_too_many_is_never_sent(page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot) -> None:
    page.view._ordering.add(NewLine(item_id=SODA.id, quantity=MAX_QUANTITY))
    finger.line(SODA.name, MORE)
    assert "at most 999" in page.notice.text
    finger.button("checkout")
    assert place(page, finger, qtbot).lines[0].quantity == MAX_QUANTITY


CYCLES = 30


@pytest.mark.slow
def test_page_after_page_leaves_nothing(
    qapp: QApplication, context: CustomerContext, backend: FakeBackend, qtbot: QtBot
) -> None:
    """Opened while a menu is on its way, closed before it comes: no thread, no timer, no late call back."""
    jobs = context.jobs
    backend.fail_with = Unreachable("down")
    for _ in range(CYCLES):
        page = OrderPage(context)
        page.show()
        page.close()
        page.deleteLater()
    qtbot.waitUntil(lambda: jobs.busy == 0)
    jobs.close(5)
    qapp.sendPostedEvents(None, 52)  # DeferredDelete
    gc.collect()
    left = [widget for widget in qapp.topLevelWidgets() if isinstance(widget, OrderPage)]
    assert left == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("jobs-")] == []


def test_the_request_is_what_the_page_shows(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Settle
) -> None:
    finger.tile(BOWL.name)
    dialog = finger.dialog
    finger.button("choice_hot", dialog)
    finger.button("choice_cheese", dialog)
    finger.field("item_note", "no rice", dialog)
    finger.button("item_add", dialog)
    finger.button("checkout")
    place(page, finger, qtbot)
    settle()
    request = backend.asked[0][1]
    assert isinstance(request, PlaceOrder)
    assert request.customer_id is None
    (line,) = request.lines
    assert (line.item_id, list(line.modifier_ids), line.note) == (BOWL.id, ["hot", "cheese"], "no rice")
