"""What becomes of money is said: by a decision, of a closed drawer, of a discount that grows."""

import msgspec
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from core.client.http.refusals import as_error
from core.client.operations import Kind, Operation, Owner, State
from core.domain.commands import ChangePayment, MoneyChange, RefundOrder, TakePayment
from core.domain.discount import Discount
from core.domain.ids import OpId
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.status import OrderStatus
from core.protocol.problem import Problem
from core.ui.theme import Theme
from pos_app.new_order.page import NewOrderPage
from pos_app.order.card import Own
from pos_app.sync.decision_pane import DecisionPane
from pos_app.sync.model import Entry
from tests.support import customer_window
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SODA
from tests.support.ordering import Finger
from tests.support.pos_window import ANA, Till, change, place

S = OrderStatus
PAID = PaymentState.PAID


def decision(qtbot: QtBot, seen: Order, asked: MoneyChange, state: State = State.CONFLICT) -> str:
    """All that the pane says of a change of the money that met another one."""
    operation = Operation(
        position=1,
        op_id=OpId("op-1"),
        owner=Owner("kim", "shop"),
        order_id=seen.id,
        kind={RefundOrder: Kind.REFUND, TakePayment: Kind.TAKE_PAYMENT}.get(type(asked), Kind.CHANGE_PAYMENT),
        request=msgspec.json.encode(asked),
        seen=seen,
        created_at=seen.placed_at,
        state=state,
        theirs=seen if state is State.CONFLICT else None,
    )
    pane = DecisionPane(Theme("light"), lambda: seen.placed_at)
    qtbot.addWidget(pane)
    pane.show_entry(Entry(operation, Own.CONFLICT if state is State.CONFLICT else Own.PARKED, False), busy=False)
    return "\n".join(each.text() for each in pane.findChildren(QLabel))


@pytest.mark.parametrize("state", [State.CONFLICT, State.PARKED])
def test_a_decision_about_a_payment_says_the_change_and_what_to_give_back(
    qtbot: QtBot, backend: FakeBackend, state: State
) -> None:
    order = place(backend)
    words = decision(qtbot, order, TakePayment(tender=Tender.CASH, given_minor=5_000, version=1), state)
    assert "Cash given: $50.00" in words
    assert f"Change: ${(5_000 - order.total_minor) / 100:.2f}" in words
    assert f"You took ${order.total_minor / 100:.2f} (Cash): without this, give it back." in words
    whole = decision(qtbot, order, ChangePayment(payment=PAID, tender=Tender.CARD, version=1), state)
    assert f"You took ${order.total_minor / 100:.2f} (Card): without this, give it back." in whole


def test_a_decision_about_a_refund_says_what_was_given_back(qtbot: QtBot, backend: FakeBackend) -> None:
    order = change(backend, place(backend), payment=PAID, tender=Tender.CASH)
    part = decision(qtbot, order, RefundOrder(amount_minor=379, version=1, reason="Cold"))
    assert "You gave back $3.79 (Cash): without this, it is missing in the books; take it back." in part
    rest = decision(qtbot, order, ChangePayment(payment=PaymentState.REFUNDED, version=1, reason="Cold"))
    assert f"You gave back ${order.total_minor / 100:.2f} (Cash)" in rest
    never_paid = decision(qtbot, place(backend), ChangePayment(payment=PaymentState.REFUNDED, version=1, reason="Cold"))
    assert "You gave back" not in never_paid
    undone = decision(qtbot, order, ChangePayment(payment=PaymentState.UNPAID, version=1, reason="Mistake"))
    assert "You " not in undone.replace("You, at", ""), "no money has changed hands"


@pytest.mark.parametrize(
    ("kind", "title"),
    [("conflict", "The order has changed"), ("illegal_move", "Not possible"), ("blind", "Not possible")],
)
def test_only_an_order_that_has_changed_is_said_to_have(kind: str, title: str) -> None:
    problem = Problem(type=kind, title="", status=409, detail="Count the drawer first.")
    assert as_error(problem, {}).title == title


def test_who_may_not_see_an_x_is_told_so_and_of_no_order(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    refusal = as_error(Problem(type="blind", title="Not possible.", status=409, detail="Count the drawer first."), {})
    till.window._on_failed(refusal)
    assert till.notice() == "Not possible Count the drawer first."


def pay_in_cash(till: Till, order: Order) -> None:
    till.press(order, "more")
    till.choose("menu_paid_cash")
    till.settle()


def test_cash_that_is_taken_while_the_drawer_is_closed_is_said_once_and_leads_there(
    till: Till, backend: FakeBackend
) -> None:
    first, second, third = (place(backend, status=S.READY) for _each in range(3))
    till.arrive()
    pay_in_cash(till, first)
    assert till.notice() == "The drawer is closed Cash that is taken now is in no count."
    till.click("notice_action")
    till.settle()
    assert till.sees("drawer_page")
    till.window.show_page("orders")
    till.window.workspace.notice.clear()
    pay_in_cash(till, second)
    assert till.notice() == "", "it was said, and who does without drawers is left alone"
    till.window.lock()
    till.arrive(ANA)
    till.press(third, "more")
    till.choose("menu_paid_card")
    till.settle()
    assert till.notice() == "", "a card is in no drawer"


def test_a_new_order_in_cash_says_so_too_and_with_an_open_drawer_nothing_does(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    till.click("nav_drawer")
    till.settle()
    page = till.window._pages.page("drawer")
    page.book.open(10_000, ())  # type: ignore[attr-defined]
    till.settle()
    till.click("nav_new")
    till.settle()
    new = till.find(NewOrderPage, "new_order_page")
    finger = Finger(new.view, till.qtbot)
    till.qtbot.waitUntil(lambda: new.view.menu.tiles.shown.rowCount() == 4)
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.button("payment_cash")
    till.settle()
    assert till.notice() == ""
    page.book.count(10_109, ())  # type: ignore[attr-defined]
    till.settle()
    till.click("close_confirm")
    till.settle()
    finger.tile(SODA.name)
    finger.button("checkout")
    finger.button("payment_cash")
    till.settle()
    assert till.notice().startswith("The drawer is closed")


def test_a_change_that_makes_a_discount_grow_is_said_before_and_after_it_is_accepted(
    till: Till, backend: FakeBackend
) -> None:
    order = customer_window.order(backend)
    tenth = Discount(reason="Late", rate=10_000)
    off_minor = round(order.subtotal_minor / 10)
    order = change(backend, order, discount=tenth, discount_minor=off_minor, total_minor=order.total_minor - off_minor)
    backend.ask(order.id, *(NewLine(item_id=CHIPS.id, quantity=9),))
    till.arrive()
    till.press(order, "more")
    till.choose("menu_details")
    till.settle()
    assert till.text("details_discount_grows").startswith("The discount grows from $")
    till.click("details_accept")
    till.settle()
    assert "The discount grows from $" in till.undo()
