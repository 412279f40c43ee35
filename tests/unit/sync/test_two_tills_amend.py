"""Two tills that amend orders: what is plain is merged, what is not is asked about, and nothing is done twice."""

from collections.abc import Callable

import pytest

from core.client.operations import Operation, State
from core.domain.ids import OrderId
from core.domain.order import NewLine, PaymentState
from core.domain.payment import to_pay_minor
from core.domain.status import OrderStatus
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.menus import SODA
from tests.support.model_transport import ModelTransport

A_SODA = NewLine(item_id=SODA.id)
Two = tuple[Desk, Desk, OrderId]


@pytest.fixture
def two(open_desk: Callable[..., Desk], transport: ModelTransport, shop: FakeBackend) -> Two:
    """Two tills, and an order of 4.45 that is not paid yet."""
    one, other = open_desk("one", "kim"), open_desk("other", "alex", ModelTransport(shop))
    order_id = one.take(series="POS1").order_id
    one.try_all()
    other.try_all()
    return one, other, order_id


def state(desk: Desk, operation: Operation) -> State:
    found = desk.outbox.find(operation.op_id)
    assert found is not None
    return found.state


def test_it_is_shown_at_once_and_is_what_the_server_makes_of_it(two: Two, shop: FakeBackend) -> None:
    one, _other, order_id = two
    one.amend(order_id, A_SODA)
    one.amend(order_id, A_SODA, note="hot")
    predicted = one.shown(order_id)
    assert (predicted.total_minor, len(predicted.lines), predicted.note) == (445 + 2 * 109, 3, "hot")
    assert [each.now for each in predicted.changed] == [1, 1]
    one.try_all()
    theirs = shop.orders[order_id]
    assert (theirs.lines, theirs.total_minor, theirs.amendments) == (predicted.lines, predicted.total_minor, 2)
    assert one.shown(order_id) == theirs
    assert one.outbox.open() == ()


def test_it_waits_over_a_restart(two: Two, open_desk: Callable[..., Desk], shop: FakeBackend) -> None:
    one, _other, order_id = two
    one.amend(order_id, A_SODA)
    one.close()
    again = open_desk("one", "kim")
    assert again.shown(order_id).total_minor == 445 + 109
    again.try_all()
    assert shop.orders[order_id].total_minor == 445 + 109


def test_what_is_paid_behind_an_amendment_is_paid_of_what_it_comes_to(two: Two, shop: FakeBackend) -> None:
    one, _other, order_id = two
    one.pay(order_id)
    one.amend(order_id, A_SODA)
    assert (one.shown(order_id).payment, to_pay_minor(one.shown(order_id))) == (PaymentState.UNPAID, 109)
    one.take_payment(order_id, 109)
    one.try_all()
    assert (shop.orders[order_id].payment, shop.orders[order_id].total_minor) == (PaymentState.PAID, 554)


def test_a_step_by_another_is_no_hindrance(two: Two, shop: FakeBackend) -> None:
    one, other, order_id = two
    amended = one.amend(order_id, A_SODA)
    other.move(order_id, OrderStatus.PREPARING)
    other.try_all()
    one.try_all()
    assert state(one, amended) is State.DONE
    assert (shop.orders[order_id].status, shop.orders[order_id].total_minor) == (OrderStatus.PREPARING, 554)


def test_a_step_by_whoever_has_not_seen_the_change_is_asked_about(two: Two, shop: FakeBackend) -> None:
    one, other, order_id = two
    one.amend(order_id, A_SODA)
    one.try_all()
    step = other.move(order_id, OrderStatus.PREPARING)
    other.send_all()
    assert state(other, step) is State.CONFLICT
    assert shop.orders[order_id].status is OrderStatus.CONFIRMED


@pytest.mark.parametrize("what", ["amend", "pay", "cancel"])
def test_another_content_money_or_end_is_asked_about(two: Two, shop: FakeBackend, what: str) -> None:
    one, other, order_id = two
    amended = one.amend(order_id, A_SODA)
    if what == "amend":
        other.amend(order_id, note="no salt")
    elif what == "pay":
        other.pay(order_id)
    else:
        other.move(order_id, OrderStatus.CANCELLED, reason="gone")
    other.try_all()
    one.try_all()
    assert state(one, amended) is State.CONFLICT
    assert len(shop.orders[order_id].lines) == 1


def test_one_whose_answer_was_lost_is_done_once(two: Two, shop: FakeBackend) -> None:
    one, other, order_id = two
    amended = one.amend(order_id, A_SODA)
    shop.perform(amended)
    one.sync.pull()
    assert one.shown(order_id).total_minor == 554, "its event came before its answer"
    one.try_all()
    other.try_all()
    assert state(one, amended) is State.DONE
    assert (shop.orders[order_id].amendments, other.shown(order_id).total_minor) == (1, 554)


def test_a_payment_of_all_that_was_due_is_asked_about_once_that_is_another_amount(two: Two, shop: FakeBackend) -> None:
    one, other, order_id = two
    one.amend(order_id, A_SODA)
    one.try_all()
    paid = other.pay(order_id)
    other.send_all()
    assert state(other, paid) is State.CONFLICT
    assert shop.orders[order_id].payment is PaymentState.UNPAID
