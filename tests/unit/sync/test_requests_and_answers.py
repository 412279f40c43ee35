"""A customer's window and two tills: requests and answers are kept, sent once, and merged where that is plain."""

from collections.abc import Callable

import msgspec
import pytest

from core.client.operations import Operation, State
from core.domain.ids import CustomerId, OrderId
from core.domain.order import NewLine, RequestState
from core.domain.status import OrderStatus
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.menus import SODA
from tests.support.model_transport import ModelTransport

Three = tuple[Desk, Desk, Desk, OrderId]
OPEN, ACCEPTED, DECLINED = RequestState.ASKED, RequestState.ACCEPTED, RequestState.DECLINED


@pytest.fixture
def three(open_desk: Callable[..., Desk], transport: ModelTransport, shop: FakeBackend) -> Three:
    """A customer with an order that two tills see."""
    one, other = open_desk("one", "kim"), open_desk("other", "alex", ModelTransport(shop))
    order_id = one.take(series="POS1").order_id
    one.try_all()
    order = shop.orders[order_id]
    shop.keep(order, msgspec.structs.replace(order, customer_id=CustomerId("ada"), version=order.version + 1))
    shop.allow_changes()
    ada = open_desk("window", "ada", ModelTransport(shop, CustomerId("ada")))
    for each in (ada, one, other):
        each.try_all()
    return ada, one, other, order_id


def state_of(shop: FakeBackend, order_id: OrderId) -> RequestState | None:
    request = shop.orders[order_id].change_request
    return request.state if request is not None else None


def state(desk: Desk, operation: Operation) -> State:
    found = desk.outbox.find(operation.op_id)
    assert found is not None
    return found.state


def test_it_waits_over_a_restart_and_is_asked_once(
    three: Three, open_desk: Callable[..., Desk], shop: FakeBackend
) -> None:
    ada, one, _other, order_id = three
    ada.ask(order_id, "no ice")
    request = ada.shown(order_id).open_request
    assert request is not None, "it is shown before the shop has it"
    assert request.note == "no ice"
    ada.close()
    again = open_desk("window", "ada", ModelTransport(shop, CustomerId("ada")))
    assert again.shown(order_id).open_request == request
    again.try_all()
    again.try_all()
    assert [each.request.state for each in shop.requests[order_id]] == [OPEN]
    one.try_all()
    assert one.shown(order_id) == again.shown(order_id) == shop.orders[order_id]


def test_the_answer_reaches_the_customer(three: Three, shop: FakeBackend) -> None:
    ada, one, _other, order_id = three
    ada.ask(order_id, "no ice")
    ada.try_all()
    one.try_all()
    one.answer(order_id)
    assert one.shown(order_id).note == "no ice"
    one.try_all()
    ada.try_all()
    assert (state_of(shop, order_id), shop.orders[order_id].note) == (ACCEPTED, "no ice")
    assert ada.shown(order_id) == shop.orders[order_id]


def test_a_step_meanwhile_is_no_hindrance(three: Three, shop: FakeBackend) -> None:
    ada, one, other, order_id = three
    ada.ask(order_id, "no ice")
    ada.try_all()
    one.try_all()
    declined = one.answer(order_id, "too late")
    other.try_all()
    other.move(order_id, OrderStatus.PREPARING)
    other.try_all()
    one.try_all()
    assert (state(one, declined), state_of(shop, order_id)) == (State.DONE, DECLINED)
    request = shop.orders[order_id].change_request
    assert request is not None
    assert request.reason == "too late"


def test_a_step_by_whoever_has_not_seen_the_request_is_taken(three: Three, shop: FakeBackend) -> None:
    ada, one, _other, order_id = three
    step = one.move(order_id, OrderStatus.PREPARING)
    ada.ask(order_id, "no ice")
    ada.try_all()
    one.try_all()
    assert (state(one, step), shop.orders[order_id].status) == (State.DONE, OrderStatus.PREPARING)
    assert shop.orders[order_id].open_request is not None, "and what was asked in time waits for its answer"


def test_what_another_has_answered_is_answered(three: Three, shop: FakeBackend) -> None:
    ada, one, other, order_id = three
    ada.ask(order_id, "no ice")
    for each in (ada, one, other):
        each.try_all()
    declined, accepted = one.answer(order_id, "too late"), other.answer(order_id)
    other.try_all()
    one.try_all()
    assert (state(other, accepted), state(one, declined)) == (State.DONE, State.DONE)
    assert state_of(shop, order_id) is ACCEPTED


def test_a_newer_request_is_not_answered_by_the_answer_to_the_one_before(three: Three, shop: FakeBackend) -> None:
    ada, one, _other, order_id = three
    ada.ask(order_id, "no ice")
    ada.try_all()
    one.try_all()
    accepted = one.answer(order_id)
    ada.ask(order_id, "much ice")
    ada.try_all()
    one.try_all()
    assert state(one, accepted) is State.CONFLICT
    assert (state_of(shop, order_id), shop.orders[order_id].note) == (OPEN, "")


def test_a_request_that_meets_another_version_is_the_customers_to_decide(three: Three, shop: FakeBackend) -> None:
    ada, one, _other, order_id = three
    one.amend(order_id, NewLine(item_id=SODA.id))
    asked = ada.ask(order_id, "no ice")
    one.try_all()
    ada.send_all()
    assert state(ada, asked) is State.CONFLICT
    ada.outbox.discard(asked.op_id, "seen", shop.clock)
    ada.try_all()
    assert state_of(shop, order_id) is None


def test_a_request_that_comes_too_late_is_answered_so(three: Three, shop: FakeBackend) -> None:
    ada, one, _other, order_id = three
    one.move(order_id, OrderStatus.PREPARING)
    one.try_all()
    asked = ada.ask(order_id, "no ice")
    ada.try_all()
    found = ada.outbox.find(asked.op_id)
    assert found is not None
    assert (found.state, "at the counter" in found.problem) == (State.CONFLICT, True)
    assert state_of(shop, order_id) is None
