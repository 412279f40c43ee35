"""The card terminal on the till's screens: it is asked, not known, declined, and asked again after a restart."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.client.errors import NoRight
from core.client.terminals.line import LineTerminal
from core.client.terminals.simulator import Faults, Server, Simulator
from core.domain.acts import Act
from core.domain.commands import TakeOrder
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.payment import payments_of
from core.domain.people import Role
from core.domain.rights import START, Right
from core.domain.status import Fulfilment, steps_of
from core.ui.ordering.basket_list import FEWER
from core.ui.ordering.view import OrderingView
from core.ui.text import money
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SODA
from tests.support.ordering import Finger
from tests.support.pos_window import Till, open_till, place

LAST = steps_of(Fulfilment.PICKUP)[-2]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Server]:
    with Server(0, Simulator(tmp_path / "terminal", Faults(), 1)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def at(terminal: Server) -> str:
    return f"127.0.0.1:{terminal.server_address[1]}"


@pytest.fixture
def order(backend: FakeBackend) -> Order:
    return place(backend, status=LAST)


def paid_by_card(till: Till, order: Order) -> None:
    till.press(order, "more")
    till.choose("menu_paid_card")
    till.settle()


def test_it_is_paid_when_the_terminal_says_so(
    qtbot: QtBot, backend: FakeBackend, terminal: Server, order: Order
) -> None:
    with open_till(qtbot, backend, card_terminal=at(terminal)) as till:
        till.arrive()
        paid_by_card(till, order)
        (payment,) = payments_of(backend.orders[order.id])
        assert (payment.tender, payment.amount_minor, payment.reference) == (Tender.CARD, order.total_minor, "SLIP-1")
        assert not till.sees("terminal_dialog")


def test_what_is_declined_is_said_and_another_way_is_open(
    qtbot: QtBot, backend: FakeBackend, terminal: Server, order: Order
) -> None:
    terminal.simulator.faults = Faults(decline=1.0)
    with open_till(qtbot, backend, card_terminal=at(terminal)) as till:
        till.arrive()
        paid_by_card(till, order)
        assert till.text("terminal_state") == "Declined: nothing was charged."
        till.click("terminal_back")
        till.press(order, "more")
        till.choose("menu_paid_cash")
        till.settle()
        assert backend.orders[order.id].tender is Tender.CASH


def test_what_is_not_known_is_asked_again_and_paid_by_nothing_else(
    qtbot: QtBot, backend: FakeBackend, terminal: Server, order: Order
) -> None:
    terminal.simulator.faults = Faults(lose=1.0)
    with open_till(qtbot, backend, card_terminal=at(terminal)) as till:
        till.arrive()
        paid_by_card(till, order)
        assert "not known" in till.text("terminal_state")
        assert backend.orders[order.id].payment is PaymentState.UNPAID
        assert not till.find_button("terminal_done").isEnabled(), "a slip has a number"
        till.click("terminal_back")
        till.press(order, "more")
        till.choose("menu_paid_cash")
        till.settle()
        assert till.sees("terminal_dialog"), "cash would be paid twice"
        assert backend.orders[order.id].payment is PaymentState.UNPAID
        terminal.simulator.faults = Faults()
        till.click("terminal_ask")
        till.settle()
        assert payments_of(backend.orders[order.id])[0].reference == "SLIP-1"
        assert not till.sees("terminal_dialog")


def test_a_till_asks_after_its_restart(
    qtbot: QtBot, backend: FakeBackend, terminal: Server, order: Order, tmp_path: Path
) -> None:
    terminal.simulator.faults = Faults(lose=1.0)
    folder = str(tmp_path / "till")
    with open_till(qtbot, backend, card_terminal=at(terminal), data_dir=folder) as till:
        till.arrive()
        paid_by_card(till, order)
    terminal.simulator.faults = Faults()
    with open_till(qtbot, backend, card_terminal=at(terminal), data_dir=folder) as till:
        till.sign_in()
        till.qtbot.waitUntil(lambda: backend.orders[order.id].payment is PaymentState.PAID)
        till.settle()
        assert payments_of(backend.orders[order.id])[0].reference == "SLIP-1"


def test_a_refund_asks_the_terminal_first(
    qtbot: QtBot, backend: FakeBackend, terminal: Server, order: Order, tmp_path: Path
) -> None:
    with open_till(qtbot, backend, card_terminal=at(terminal)) as till:
        till.arrive()
        paid_by_card(till, order)
        terminal.simulator.faults = Faults(decline=1.0)
        for payment in (PaymentState.PAID, PaymentState.REFUNDED):
            till.press(backend.orders[order.id], "more")
            till.choose("menu_refund")
            till.click("refund_all")
            till.click("reason_0")
            till.click("reason_confirm")
            till.settle()
            assert backend.orders[order.id].payment is payment
            if till.sees("terminal_dialog"):
                assert till.text("terminal_state") == "Declined: nothing was charged."
                till.click("terminal_back")
            terminal.simulator.faults = Faults()
        amount = money(order.total_minor, order.currency)
        assert till.undo() == f"Refunded {amount} (Card) {order.number}"


def test_a_new_order_by_card_is_paid_at_the_terminal(qtbot: QtBot, backend: FakeBackend, terminal: Server) -> None:
    with open_till(qtbot, backend, card_terminal=at(terminal)) as till:
        till.arrive()
        till.click("nav_new")
        till.settle()
        view = till.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        Finger(view, qtbot).tile("Canned Soda")
        till.click("checkout")
        till.click("payment_card")
        till.qtbot.waitUntil(lambda: [each.payment for each in backend.orders.values()] == [PaymentState.PAID])
        till.settle()
        (order,) = backend.orders.values()
        assert [each.reference for each in order.payments] == ["SLIP-1"]
        assert not till.sees("payment_panel")
        assert not till.sees("terminal_dialog")
        assert till.find_button("next_order").hasFocus()


def test_a_terminal_without_a_line_is_recorded_by_hand(qtbot: QtBot, backend: FakeBackend, order: Order) -> None:
    with open_till(qtbot, backend, card_terminal="by-hand") as till:
        till.arrive()
        paid_by_card(till, order)
        assert till.sees("terminal_dialog")
        assert backend.orders[order.id].payment is PaymentState.UNPAID
        till.type("terminal_slip", "4711")
        till.click("terminal_done")
        till.settle()
        assert payments_of(backend.orders[order.id])[0].reference == "4711"


def test_a_refund_that_somebody_may_not_make_asks_no_terminal(
    qtbot: QtBot, backend: FakeBackend, terminal: Server, order: Order, tmp_path: Path
) -> None:
    with open_till(qtbot, backend, card_terminal=at(terminal)) as till:
        till.arrive()
        paid_by_card(till, order)
        backend.allow(Role.CASHIER, Right(Act.VOID))
        till.qtbot.waitUntil(lambda: till.window._context.bridge.roles == backend.roles)
        with pytest.raises(NoRight):
            till.api.cards.give_back(LineTerminal(*terminal.server_address[:2]), order.id, 100, None, "cold")  # type: ignore[arg-type]
        assert (tmp_path / "terminal").read_bytes().count(b'"refund"') == 0
        assert till.api.cards.open == ()


def test_a_change_that_gives_back_to_a_card_asks_the_terminal_first(
    qtbot: QtBot, backend: FakeBackend, terminal: Server, tmp_path: Path
) -> None:
    lines = (NewLine(item_id=CHIPS.id, quantity=2), NewLine(item_id=SODA.id))
    asked = TakeOrder(lines=lines, payment=PaymentState.UNPAID, customer_name="Ada")
    with open_till(qtbot, backend, card_terminal=at(terminal)) as till:
        order = backend.add_order(asked, None, "POS2")
        till.arrive()
        paid_by_card(till, order)
        till.press(order, "more")
        till.choose("menu_amend")
        till.settle()
        view = till.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        Finger(view, qtbot).line(SODA.name, FEWER)
        till.click("checkout")
        terminal.simulator.faults = Faults(decline=1.0)
        for amendments in (0, 1):
            assert till.sees("change_bar")
            till.click("save_change")
            till.type("reason", "mind changed")
            till.click("reason_confirm")
            till.settle()
            assert backend.orders[order.id].amendments == amendments
            if till.sees("terminal_dialog"):
                assert till.text("terminal_state") == "Declined: nothing was charged."
                till.click("terminal_back")
            terminal.simulator.faults = Faults()
        (payment,) = payments_of(backend.orders[order.id])
        assert (payment.tender, payment.refunded_minor) == (Tender.CARD, 109)
        assert (tmp_path / "terminal").read_bytes().count(b'"refund"') == 2, "each time under a key of its own"
        assert not till.sees("change_bar"), "the page is free for the next guest"


def test_who_may_not_record_by_hand_asks_a_manager(
    qtbot: QtBot, backend: FakeBackend, terminal: Server, order: Order
) -> None:
    backend.staff["Max"] = ("246810", Role.MANAGER)
    backend.allow(Role.CASHIER, *(right for right in START[0].rights if right.act is not Act.RECORD_CARD))
    terminal.simulator.faults = Faults(lose=1.0)
    with open_till(qtbot, backend, card_terminal=at(terminal)) as till:
        till.arrive()
        paid_by_card(till, order)
        till.type("terminal_slip", "4711")
        till.click("terminal_done")
        qtbot.waitUntil(lambda: till.sees("approval_dialog"))
        assert backend.orders[order.id].payment is PaymentState.UNPAID
        qtbot.waitUntil(lambda: till.sees("approval_manager"))
        till.click("approval_manager")
        assert till.find_line("approval_name").text() == "Max"
        till.type("approval_pin", "246810")
        till.click("approval_give")
        till.settle()
        (payment,) = payments_of(backend.orders[order.id])
        assert (payment.tender, payment.reference) == (Tender.CARD, "4711")
        (given,) = backend.approvals
        assert [need.act for need in given.needs] == [Act.RECORD_CARD]
