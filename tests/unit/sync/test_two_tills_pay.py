"""Two tills that take payments of one order: each is booked once, and what is too much is asked about."""

from collections.abc import Callable

import pytest

from core.client.operations import Kind, Operation, State
from core.domain.commands import TakePayment, UndoPayment
from core.domain.ids import OrderId
from core.domain.order import Order, PaymentState, Tender
from core.domain.payment import to_pay_minor
from core.domain.status import OrderStatus
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST

TOTAL = 445


@pytest.fixture
def two(open_desk: Callable[..., Desk], transport: ModelTransport, shop: FakeBackend) -> tuple[Desk, Desk, OrderId]:
    """Two tills, and an order of 4.45 that is not paid yet."""
    one, other = open_desk("one", "kim"), open_desk("other", "alex", ModelTransport(shop))
    order_id = one.take(series="POS1").order_id
    one.try_all()
    other.try_all()
    assert to_pay_minor(shop.orders[order_id]) == TOTAL
    return one, other, order_id


def _take(desk: Desk, order_id: OrderId, amount: int | None, tender: Tender = Tender.CASH, tip: int = 0) -> Operation:
    row = desk.shown(order_id)
    asked = TakePayment(version=row.version, tender=tender, amount_minor=amount, tip_minor=tip)
    return desk.accept(Kind.TAKE_PAYMENT, order_id, asked, row)


def _undo(desk: Desk, order_id: OrderId, amount: int, tender: Tender = Tender.CASH) -> Operation:
    row = desk.shown(order_id)
    asked = UndoPayment(version=row.version, tender=tender, amount_minor=amount, reason="mistake")
    return desk.accept(Kind.UNDO_PAYMENT, order_id, asked, row)


def _paid(order: Order) -> list[tuple[str, int]]:
    return [(str(each.tender), each.amount_minor) for each in order.payments]


def _state(desk: Desk, operation: Operation) -> State:
    found = desk.outbox.find(operation.op_id)
    assert found is not None
    return found.state


def test_parts_that_were_taken_offline_are_shown_at_once_and_booked_in_their_order(
    two: tuple[Desk, Desk, OrderId], shop: FakeBackend
) -> None:
    one, _other, order_id = two
    _take(one, order_id, 200)
    assert to_pay_minor(one.shown(order_id)) == 245
    _take(one, order_id, 245, Tender.CARD, tip=55)
    predicted = one.shown(order_id)
    assert (predicted.payment, _paid(predicted)) == (PaymentState.PAID, [("cash", 200), ("card", 245)])
    one.try_all()
    assert shop.orders[order_id].payments == predicted.payments
    assert one.shown(order_id) == shop.orders[order_id]
    assert one.outbox.open() == ()


def test_parts_of_two_tills_that_fit_are_both_booked(two: tuple[Desk, Desk, OrderId], shop: FakeBackend) -> None:
    one, other, order_id = two
    _take(one, order_id, 200)
    _take(other, order_id, 145)
    _take(other, order_id, 100, Tender.CARD)
    one.try_all()
    other.try_all()
    assert other.outbox.open() == ()
    assert _paid(shop.orders[order_id]) == [("cash", 200), ("cash", 145), ("card", 100)]
    assert shop.orders[order_id].payment is PaymentState.PAID


@pytest.mark.parametrize("amount", [TOTAL, None])
def test_more_than_is_due_is_asked_about_and_never_booked(
    two: tuple[Desk, Desk, OrderId], shop: FakeBackend, amount: int | None
) -> None:
    one, other, order_id = two
    _take(one, order_id, 200)
    second = _take(other, order_id, amount, Tender.CARD)
    one.try_all()
    other.try_all()
    assert _state(other, second) is State.CONFLICT
    assert _paid(shop.orders[order_id]) == [("cash", 200)]
    assert to_pay_minor(other.shown(order_id)) == 245, "what was not booked is not shown"
    other.sync.discard(second.op_id, "given back to the guest")
    assert _paid(shop.orders[order_id]) == [("cash", 200)]


def test_a_payment_whose_answer_was_lost_is_booked_once(two: tuple[Desk, Desk, OrderId], shop: FakeBackend) -> None:
    one, other, order_id = two
    taken = _take(one, order_id, 200)
    shop.perform(taken)
    one.try_all()
    other.try_all()
    assert _state(one, taken) is State.DONE
    assert _paid(shop.orders[order_id]) == [("cash", 200)]


def test_a_payment_and_a_step_do_not_hinder_each_other(two: tuple[Desk, Desk, OrderId], shop: FakeBackend) -> None:
    one, other, order_id = two
    part = _take(one, order_id, 200)
    other.move(order_id, OrderStatus.PREPARING)
    other.try_all()
    one.try_all()
    assert _state(one, part) is State.DONE
    row = shop.orders[order_id]
    assert (row.status, _paid(row)) == (OrderStatus.PREPARING, [("cash", 200)])


def test_a_step_is_not_asked_about_however_many_parts_were_paid_meanwhile(
    two: tuple[Desk, Desk, OrderId], shop: FakeBackend
) -> None:
    one, other, order_id = two
    other.move(order_id, FIRST)
    for amount in (100, 100, 100):
        _take(one, order_id, amount)
    one.try_all()
    other.try_all()
    row = shop.orders[order_id]
    assert (row.status, len(row.payments), other.outbox.open()) == (FIRST, 3, ())


def test_a_payment_of_what_was_called_off_meanwhile_is_asked_about(
    two: tuple[Desk, Desk, OrderId], shop: FakeBackend
) -> None:
    one, other, order_id = two
    part = _take(one, order_id, 200)
    other.move(order_id, OrderStatus.CANCELLED, reason="nobody came")
    other.try_all()
    one.try_all()
    assert _state(one, part) is State.CONFLICT
    assert shop.orders[order_id].payments == ()


def test_an_undo_that_met_another_payment_is_asked_about(two: tuple[Desk, Desk, OrderId], shop: FakeBackend) -> None:
    """It names a payment by what it is: another till may have taken one like it back."""
    one, other, order_id = two
    _take(one, order_id, 200)
    one.try_all()
    other.try_all()
    back = _undo(one, order_id, 200)
    assert to_pay_minor(one.shown(order_id)) == TOTAL
    _take(other, order_id, 100, Tender.CARD)
    other.try_all()
    one.try_all()
    assert _state(one, back) is State.CONFLICT
    one.sync.retry(back.op_id)
    one.try_all()
    assert _paid(shop.orders[order_id]) == [("card", 100)]


def test_taken_and_taken_back_offline_while_another_pays_like_it(
    two: tuple[Desk, Desk, OrderId], shop: FakeBackend
) -> None:
    """The payment of the other till is not the one that is taken back."""
    one, other, order_id = two
    _take(other, order_id, 145, Tender.CARD)
    _take(one, order_id, 200)
    back = _undo(one, order_id, 200)
    other.try_all()
    one.try_all()
    if _state(one, back) is State.CONFLICT:
        one.sync.retry(back.op_id)
        one.try_all()
    assert _paid(shop.orders[order_id]) == [("card", 145)]
    assert one.outbox.open() == ()
