"""A placed order is opened again on the New page: what the change comes to is seen, saved at one press, and told."""

from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.commands import RefundLine, RefundOrder, TakeOrder
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.payment import payments_of, to_pay_minor
from core.domain.status import OrderStatus
from core.ui.ordering.basket_list import FEWER, MORE
from core.ui.ordering.view import OrderingView
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SODA
from tests.support.ordering import Finger
from tests.support.pos_window import ANA, MAYA, Till, change, place

S, PAID, UNPAID = OrderStatus, PaymentState.PAID, PaymentState.UNPAID


def taken(backend: FakeBackend, payment: PaymentState = UNPAID, tender: Tender = Tender.CARD) -> Order:
    lines = (NewLine(item_id=CHIPS.id, quantity=2), NewLine(item_id=SODA.id))
    return backend.add_order(TakeOrder(lines=lines, payment=payment, tender=tender, customer_name="Ada"), None, "POS2")


def open_again(till: Till, order: Order) -> Finger:
    till.arrive()
    till.press(order, "more")
    till.choose("menu_amend")
    till.settle()
    view = till.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    return Finger(view, till.qtbot)


def test_of_a_line_of_which_something_was_given_back_nothing_is_changed(till: Till, backend: FakeBackend) -> None:
    """It says so; what is added is another line, and the guest is asked for that alone."""
    order = taken(backend, PAID)
    chips = order.lines[0]
    part = RefundOrder(version=1, reason="cold", lines=(RefundLine(id=chips.id),))
    backend.change(order, part)
    finger = open_again(till, order)
    list_ = finger.view.basket.lines
    assert "1 taken back" in list_.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    for part_of in (FEWER, MORE):
        finger.line(CHIPS.name, part_of)
        assert "It stays as it is" in till.words("notice")
    finger.line(CHIPS.name)
    list_.setFocus()
    list_.show_line(0)
    QTest.keyClick(list_, Qt.Key.Key_Delete)
    assert finger.lines() == [(2, CHIPS.name), (1, SODA.name)]
    finger.tile(CHIPS.name)
    assert finger.lines() == [(2, CHIPS.name), (1, SODA.name), (1, CHIPS.name)]
    assert till.text("change_difference") == "+ $4.45 to pay"
    till.click("basket_empty")
    assert finger.lines() == [(2, CHIPS.name)]
    till.click("notice_action")
    assert finger.lines() == [(2, CHIPS.name), (1, SODA.name), (1, CHIPS.name)]
    save(till)
    after = now(backend, order)
    assert (after.total_minor, after.refunded_minor, to_pay_minor(after)) == (999 + 445, 445, 445)
    assert after.lines[0].refunded_quantity == 1


def save(till: Till, reason: str = "") -> None:
    till.click("checkout")
    till.click("save_change")
    if reason:
        till.type("reason", reason)
        till.click("reason_confirm")
    till.settle()


def now(backend: FakeBackend, order: Order) -> Order:
    return backend.orders[order.id]


def test_the_bar_says_which_order_and_what_is_to_be_paid(till: Till, backend: FakeBackend) -> None:
    order = taken(backend, PAID)
    finger = open_again(till, order)
    assert order.number in till.words("change_bar")
    assert till.text("page_title") == f"Change {order.number}"
    assert till.text("checkout") == "Review · $9.99"
    assert till.text("change_difference") == "Nothing to pay"
    words, leave = till.find(QLabel, "change_difference"), till.find_button("change_leave")
    assert words.mapTo(till.window, words.rect().center()).y() == leave.mapTo(till.window, leave.rect().center()).y()
    assert finger.lines() == [(2, CHIPS.name), (1, SODA.name)]
    finger.tile(SODA.name)
    assert finger.lines() == [(2, CHIPS.name), (2, SODA.name)], "the same, at the same price, is one line"
    assert till.text("change_difference") == "+ $1.09 to pay"
    till.click("checkout")
    assert till.text("save_change") == "Save · + $1.09"
    assert not till.sees("payment_panel"), "it is asked for once it is known what is due"
    till.click("save_change")
    till.settle()
    after = now(backend, order)
    assert (after.total_minor, to_pay_minor(after), after.amendments) == (999 + 109, 109, 1)
    assert till.sees("payment_panel")
    assert not till.sees("change_bar")
    assert till.text("page_title") == "Payment"
    till.click("nav_new")
    assert till.text("page_title") == "New order"


def test_what_was_taken_off_is_given_back_and_said_until_it_is_dismissed(till: Till, backend: FakeBackend) -> None:
    order = taken(backend, PAID)
    finger = open_again(till, order)
    finger.line(CHIPS.name, FEWER)
    assert till.text("change_difference") == "\N{MINUS SIGN} $4.45 to give back"
    save(till, "Customer changed their mind")
    after = now(backend, order)
    assert (after.total_minor, after.payment, payments_of(after)[0].refunded_minor) == (554, PAID, 445)
    assert till.undo().startswith("Give back $4.45 (Card)")
    assert backend.amendments[order.id][0].reason == "Customer changed their mind"


def test_an_unpaid_order_just_becomes_another(till: Till, backend: FakeBackend) -> None:
    order = taken(backend)
    finger = open_again(till, order)
    finger.tile(SODA.name)
    assert till.text("change_difference") == "+ $1.09 to pay"
    save(till)
    assert (now(backend, order).total_minor, now(backend, order).payment) == (1108, UNPAID)
    assert not till.sees("payment_panel")
    assert "is changed" in till.undo()
    till.click("nav_orders")
    card = till.card(now(backend, order))
    assert [(each.before, each.now) for each in card.order.changed] == [(1, 2)]


def test_it_is_left_as_it_was(till: Till, backend: FakeBackend) -> None:
    order = taken(backend)
    finger = open_again(till, order)
    finger.tile(SODA.name)
    till.click("change_leave")
    assert (finger.lines(), till.sees("change_bar")) == ([], False)
    finger.tile(SODA.name)
    assert now(backend, order) == order, "what is rung up then is another guest's"
    till.click("checkout")
    assert till.sees("payment_panel")
    assert not till.sees("save_change")


def test_a_basket_in_progress_is_not_lost(till: Till, backend: FakeBackend) -> None:
    order = taken(backend)
    till.arrive()
    till.click("nav_new")
    view = till.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    finger = Finger(view, till.qtbot)
    finger.tile(SODA.name)
    till.click("nav_orders")
    till.press(order, "more")
    till.choose("menu_amend")
    till.settle()
    assert finger.lines() == [(1, SODA.name)]
    assert till.notice().startswith("There is a basket in progress.")
    assert not till.sees("change_bar")


@pytest.mark.parametrize("what", ["paid", "amended"])
def test_one_that_somebody_else_changed_is_opened_again(till: Till, backend: FakeBackend, what: str) -> None:
    order = taken(backend)
    finger = open_again(till, order)
    finger.tile(SODA.name)
    if what == "paid":
        change(backend, order, payment=PAID)
    else:
        change(backend, order, note="no salt", amendments=1)
    till.settle()
    save(till)
    assert till.notice().startswith(f"{order.number} was changed by somebody else")
    assert now(backend, order).total_minor == 999
    till.click("notice_action")
    till.settle()
    assert finger.lines() == [(2, CHIPS.name), (1, SODA.name)]
    finger.tile(SODA.name)
    save(till)
    assert now(backend, order).total_minor == 1108


def test_a_step_by_another_is_no_hindrance(till: Till, backend: FakeBackend) -> None:
    order = taken(backend)
    finger = open_again(till, order)
    finger.tile(SODA.name)
    backend.move(order.id, S.PREPARING)
    till.settle()
    save(till)
    assert (now(backend, order).status, now(backend, order).total_minor) == (S.PREPARING, 1108)


def test_without_a_server_it_is_saved_here_and_sent_later(till: Till, backend: FakeBackend) -> None:
    order = taken(backend)
    finger = open_again(till, order)
    backend.fail_with = Unreachable("Nothing answers.")
    finger.tile(SODA.name)
    till.click("checkout")
    till.click("save_change")
    till.qtbot.waitUntil(lambda: not till.sees("change_bar"))
    assert now(backend, order) == order
    till.click("nav_orders")
    assert till.card(order).order.total_minor == 1108
    backend.fail_with = None
    till.window._context.api.try_now()
    till.settle()
    till.qtbot.waitUntil(lambda: now(backend, order).total_minor == 1108)


def test_name_and_note_are_there_and_saved(till: Till, backend: FakeBackend) -> None:
    order = taken(backend)
    open_again(till, order)
    till.click("checkout")
    assert till.find_line("customer_search").text() == "Ada"
    till.type("customer_search", "Table 7")
    till.type("order_note", "no ice")
    till.click("save_change")
    till.settle()
    after = now(backend, order)
    assert (after.customer_name, after.note, after.total_minor, after.changed) == ("Table 7", "no ice", 999, ())


def test_details_show_every_version(till: Till, backend: FakeBackend) -> None:
    order = taken(backend, PAID)
    finger = open_again(till, order)
    finger.line(CHIPS.name, FEWER)
    save(till, "cold")
    till.click("nav_orders")
    till.press(now(backend, order), "card", double=True)
    till.settle()
    told = till.words("details_history")
    assert f"{CHIPS.name}: 2 → 1" in told
    assert "$9.99 → $5.54" in told
    assert "“cold”" in told


def test_by_keys_alone(till: Till, backend: FakeBackend, qtbot: QtBot) -> None:
    order = taken(backend)
    finger = open_again(till, order)
    finger.tile(SODA.name)
    till.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    till.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    till.settle()
    assert now(backend, order).total_minor == 1108
    assert QApplication.activeModalWidget() is None


def test_what_is_removed_at_once_and_put_back_is_of_the_same_order(till: Till, backend: FakeBackend) -> None:
    order = taken(backend)
    finger = open_again(till, order)
    till.click("basket_empty")
    assert till.sees("change_bar")
    till.click("notice_action")
    finger.tile(SODA.name)
    save(till)
    assert (now(backend, order).total_minor, len(backend.orders)) == (1108, 1)


def test_on_another_day_it_is_a_new_order_that_names_the_old(till: Till, backend: FakeBackend) -> None:
    order = taken(backend)
    backend.pass_time(timedelta(days=1))
    finger = open_again(till, order)
    assert till.notice().startswith(f"{order.number} stays as it is")
    assert finger.lines() == []
    till.click("notice_action")
    assert finger.lines() == [(2, CHIPS.name), (1, SODA.name)]
    assert f"in place of {order.number}" in till.words("change_bar")
    till.click("checkout")
    till.click("payment_card")
    till.settle()
    made = next(each for each in backend.orders.values() if each.id != order.id)
    assert (made.follows, made.total_minor, made.customer_name) == (order.number, 999, "Ada")
    assert now(backend, order) == order


def come(till: Till, who: tuple[str, str]) -> None:
    till.window.lock()
    till.sign_in(who)
    till.qtbot.waitUntil(lambda: till.window.signed_in)
    till.settle()


def test_a_change_that_is_not_saved_is_there_again_for_its_person_and_for_nobody_else(
    till: Till, backend: FakeBackend
) -> None:
    order = taken(backend)
    finger = open_again(till, order)
    finger.tile(SODA.name)
    till.click("checkout")
    till.type("order_note", "For table 4")
    come(till, ANA)
    assert till.notice().startswith(f"Kept: Maya's change of {order.number}"), "its person is told for whoever is there"
    till.click("nav_new")
    till.settle()
    assert finger.lines() == []
    assert not till.sees("change_bar")
    finger.tile(CHIPS.name)
    come(till, MAYA)
    till.qtbot.waitUntil(lambda: till.sees("new_order_page"))
    assert order.number in till.words("change_bar")
    assert finger.lines() == [(2, CHIPS.name), (2, SODA.name)]
    assert now(backend, order).amendments == 0
    till.click("checkout")
    assert till.text("order_note") == "For table 4"
    till.click("save_change")
    till.settle()
    after = now(backend, order)
    assert (after.amendments, after.total_minor, after.note) == (1, 999 + 109, "For table 4")
    assert [each.label for each in backend.baskets.values() if each.gone is None] == ["Ana"], "and hers is held"


def test_a_change_that_came_back_to_an_order_that_others_changed_is_not_saved_over_theirs(
    till: Till, backend: FakeBackend
) -> None:
    order = taken(backend)
    open_again(till, order).tile(SODA.name)
    come(till, ANA)
    change(backend, order, amendments=1)
    till.refresh()
    come(till, MAYA)
    till.click("checkout")
    till.click("save_change")
    till.settle()
    assert till.notice().startswith(f"{order.number} was changed by somebody else")
    till.click("change_leave")  # or the window would not close


def test_a_change_that_is_begun_in_the_details_closes_them(till: Till, backend: FakeBackend) -> None:
    order = place(backend)
    till.arrive()
    till.press(order, "card", double=True)
    till.settle()
    till.click("details_more")
    till.choose("menu_amend")
    seen = till.window.workspace.page, till.sees("details_dialog")
    till.settle()
    till.click("change_leave")  # or the window would not close
    assert seen == ("new", False)


def test_what_was_given_back_stays_when_the_rest_is_removed(till: Till, backend: FakeBackend) -> None:
    order = taken(backend, PAID)
    part = RefundOrder(version=1, reason="cold", lines=(RefundLine(id=order.lines[0].id),))
    backend.change(order, part)
    finger = open_again(till, order)
    till.click("basket_empty")
    lines, said = finger.lines(), [till.notice()]
    till.click("basket_empty")
    said.append(till.notice())
    till.click("change_leave")  # or the window would not close
    assert lines == [(2, CHIPS.name)]
    assert [each.split(" Something")[0] for each in said] == ["The rest is removed", "It stays as it is"]
