"""Two tills, one order. Nothing is forced, lost or doubled."""

import msgspec
import pytest

from core.client.errors import Refused
from core.client.operations import Kind, Operation, State
from core.domain.commands import ChangeStatus, RecallOrder
from core.domain.order import Order, PaymentState, Tender
from core.domain.status import OrderStatus
from tests.support.desk import Desk, new_order
from tests.support.fake_backend import FakeBackend
from tests.support.steps import FIRST, SECOND, way


def test_both_tills_advance_the_same_order(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = one.order.id
    one.move(order_id, FIRST)
    second = other.move(order_id, FIRST)
    one.try_all()
    other.try_all()
    assert shop.orders[order_id].status is FIRST
    assert shop.orders[order_id].version == 2
    settled = other.outbox.find(second.op_id)
    assert settled is not None
    assert settled.outcome == "superseded"


def test_a_step_that_is_long_past_is_superseded_and_its_followers_too(
    two: tuple[Desk, Desk], shop: FakeBackend
) -> None:
    one, other = two
    order_id = one.order.id
    other.move(order_id, FIRST)
    other.move(order_id, SECOND)
    for to in way(OrderStatus.CONFIRMED, fulfilment=one.order.fulfilment):
        one.move(order_id, to)
    one.try_all()
    other.try_all()
    assert other.outbox.open() == ()
    assert shop.orders[order_id].status is OrderStatus.COMPLETED


def test_a_payment_and_a_move_do_not_hinder_each_other(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = one.order.id
    one.pay(order_id)
    other.move(order_id, FIRST)
    one.try_all()
    other.try_all()
    assert (shop.orders[order_id].status, shop.orders[order_id].payment) == (FIRST, PaymentState.PAID)
    one.try_all()
    one.move(order_id, SECOND)
    other.pay(order_id, PaymentState.REFUNDED)
    one.try_all()
    other.try_all()
    assert (shop.orders[order_id].status, shop.orders[order_id].payment) == (SECOND, PaymentState.REFUNDED)
    assert one.outbox.open() == other.outbox.open() == ()


def test_an_order_that_was_moved_and_moved_back_is_asked_about(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    """Nobody but a person knows whether the step is still meant: it looks as it did, and two things have happened."""
    one, other = two
    order_id = one.order.id
    step = one.move(order_id, FIRST)
    other.move(order_id, FIRST)
    row = other.shown(order_id)
    other.accept(Kind.RECALL, order_id, RecallOrder(version=row.version), row)
    other.try_all()
    assert (shop.orders[order_id].version, shop.orders[order_id].status) == (3, OrderStatus.CONFIRMED)
    one.try_all()
    held = one.outbox.open()
    assert [(each.op_id, each.state) for each in held] == [(step.op_id, State.CONFLICT)]
    assert shop.orders[order_id].version == 3


def test_what_is_asked_about_fits_only_the_order_that_was_seen(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    """The same version of another past, as after a restore, is not what the person saw."""
    one, other = two
    order_id = one.order.id
    one.move(order_id, FIRST)
    one.move(order_id, SECOND)
    cancel = other.move(order_id, OrderStatus.CANCELLED, reason="the guest left")
    one.try_all()
    other.try_all()
    seen = cancel.seen
    assert [each.state for each in other.outbox.open()] == [State.CONFLICT]
    paid = msgspec.structs.replace(seen, payment=PaymentState.PAID)
    moved = msgspec.structs.replace(seen, status=OrderStatus.REJECTED)
    for another in (paid, moved):
        other.outbox.reached(another)
        assert [each.state for each in other.outbox.open()] == [State.CONFLICT]
    other.outbox.reached(seen)
    assert [each.state for each in other.outbox.open()] == [State.WAITING]


@pytest.mark.parametrize("state", [PaymentState.PAID, PaymentState.REFUNDED])
def test_money_that_both_have_moved_is_asked_about(
    two: tuple[Desk, Desk], shop: FakeBackend, state: PaymentState
) -> None:
    one, other = two
    order_id = one.order.id
    if state is PaymentState.REFUNDED:
        one.pay(order_id)
        one.try_all()
        other.try_all()
    one.pay(order_id, state)
    second = other.pay(order_id, state)
    one.try_all()
    version = shop.orders[order_id].version
    for _ in range(2):
        other.try_all()
        assert [(each.op_id, each.state) for each in other.outbox.open()] == [(second.op_id, State.CONFLICT)]
        other.sync.retry(second.op_id)  # nor is it done unsaid when it is sent on the order as it is
    other.try_all()
    other.sync.discard(second.op_id, "mine was given back to the till")
    assert (shop.orders[order_id].payment, shop.orders[order_id].version) == (state, version)
    assert second.op_id not in shop.applied
    kept = other.outbox.find(second.op_id)
    assert kept is not None
    assert (kept.state, kept.problem) == (State.DISCARDED, "mine was given back to the till")


def test_a_refund_and_a_move_do_not_hinder_each_other_and_two_refunds_are_asked_about(
    two: tuple[Desk, Desk], shop: FakeBackend
) -> None:
    """Both gave money back: only a person knows whether the second was meant as well."""
    one, other = two
    order_id = one.order.id
    one.pay(order_id)
    one.try_all()
    other.try_all()
    first = one.refund(order_id, amount_minor=100)
    assert (one.shown(order_id).refunded_minor, one.shown(order_id).payment) == (100, PaymentState.PAID)
    other.move(order_id, FIRST)
    other.try_all()
    one.try_all()
    assert shop.orders[order_id].refunded_minor == 100
    assert (one.shown(order_id).status, one.shown(order_id).refunded_minor) == (FIRST, 100)
    settled = one.outbox.find(first.op_id)
    assert settled is not None
    assert settled.state is State.DONE
    again = other.refund(order_id, amount_minor=50)
    one.try_all()
    one.refund(order_id, amount_minor=70)
    one.try_all()
    other.try_all()
    held = other.outbox.find(again.op_id)
    assert held is not None
    assert held.state is State.CONFLICT
    assert shop.orders[order_id].refunded_minor == 170


def test_a_tender_that_both_have_corrected_is_corrected(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = one.order.id
    one.pay(order_id)
    one.try_all()
    other.try_all()
    one.pay(order_id, tender=Tender.CARD)
    second = other.pay(order_id, tender=Tender.CARD)
    one.try_all()
    other.try_all()
    assert other.outbox.open() == ()
    settled = other.outbox.find(second.op_id)
    assert settled is not None
    assert settled.outcome == "superseded"
    assert (shop.orders[order_id].tender, shop.orders[order_id].version) == (Tender.CARD, 3)


def test_cancelled_against_further_steps_is_asked(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = one.order.id
    one.move(order_id, FIRST)
    one.move(order_id, SECOND)
    cancel = other.move(order_id, OrderStatus.CANCELLED, reason="the guest left")
    other_order = other.take()
    one.try_all()
    other.try_all()
    held = other.outbox.open()
    assert [(each.op_id, each.state) for each in held] == [(cancel.op_id, State.CONFLICT)]
    assert held[0].theirs is not None
    assert held[0].theirs.status is SECOND
    assert other.store.get(order_id) == shop.orders[order_id], "what is not so is not shown"
    assert other_order.order_id in shop.orders, "another order did not wait"
    other.sync.retry(cancel.op_id)
    other.try_all()
    assert shop.orders[order_id].status is OrderStatus.CANCELLED
    assert other.outbox.open() == ()


def test_a_cancellation_is_asked_again_once_there_is_money_to_give_back(two: tuple[Desk, Desk]) -> None:
    one, other = two
    order_id = one.order.id
    one.pay(order_id)
    cancel = other.move(order_id, OrderStatus.CANCELLED, reason="the guest left")
    one.try_all()
    other.try_all()
    assert [(each.op_id, each.state) for each in other.outbox.open()] == [(cancel.op_id, State.CONFLICT)]


def test_what_followed_a_discarded_change_is_not_forced(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = one.order.id
    other.move(order_id, FIRST)
    following = other.move(order_id, SECOND)
    one.move(order_id, OrderStatus.CANCELLED, reason="sold out")
    one.try_all()
    other.try_all()
    conflict = other.outbox.open()[0]
    assert conflict.state is State.CONFLICT
    other.sync.discard(conflict.op_id, "cancelled elsewhere")
    assert [(each.op_id, each.state) for each in other.outbox.open()] == [(following.op_id, State.CONFLICT)]
    other.sync.discard(following.op_id, "cancelled elsewhere")
    assert other.outbox.open() == ()
    assert shop.orders[order_id].status is OrderStatus.CANCELLED
    assert other.store.get(order_id) == shop.orders[order_id]


def test_what_followed_a_discarded_change_goes_where_the_order_has_come_to_it_anyway(
    two: tuple[Desk, Desk], shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another till has moved it there and back, so its version is another one than the following change was for."""
    one, other = two
    order_id, effect = one.order.id, shop._effect
    refused = other.move(order_id, FIRST)

    def refusing(operation: Operation) -> Order:
        if operation.op_id == refused.op_id:
            raise Refused("not that one")
        return effect(operation)

    monkeypatch.setattr(shop, "_effect", refusing)
    other.send_all()
    one.move(order_id, FIRST)
    one.move(order_id, SECOND)
    one.accept(Kind.RECALL, order_id, RecallOrder(version=one.shown(order_id).version), one.shown(order_id))
    one.try_all()
    [parked] = other.outbox.open()
    assert parked.state is State.PARKED
    following = msgspec.structs.replace(other.cache.get(order_id) or new_order(order_id), status=FIRST, version=2)
    asked = ChangeStatus(to=SECOND, version=2)
    other.accept(Kind.CHANGE_STATUS, order_id, asked, following)
    other.sync.pull()
    assert (shop.orders[order_id].status, shop.orders[order_id].version) == (FIRST, 4)
    other.sync.discard(refused.op_id, "done elsewhere")
    [rebased] = other.outbox.open()
    assert (rebased.state, rebased.asked) == (State.WAITING, ChangeStatus(to=SECOND, version=4))
    other.send_all()
    assert (shop.orders[order_id].status, shop.orders[order_id].version) == (SECOND, 5)


def test_what_follows_a_merged_change_goes_on_from_there(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = one.order.id
    other.move(order_id, FIRST)
    other.move(order_id, OrderStatus.CONFIRMED)
    one.pay(order_id)
    one.move(order_id, FIRST)  # names the version that the payment would have made
    other.try_all()
    one.try_all()
    assert one.outbox.open() == ()
    assert (shop.orders[order_id].status, shop.orders[order_id].payment) == (FIRST, PaymentState.PAID)


def test_what_the_server_has_refused_is_not_taken_up_by_itself(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = one.order.id
    other.try_all()
    step = other.move(order_id, FIRST)
    parked = other.outbox.take(0)
    assert parked is not None
    other.outbox.hold(parked, State.PARKED, "It said no.")
    other.outbox.reached(shop.orders[order_id])
    assert [(each.op_id, each.state) for each in other.outbox.open()] == [(step.op_id, State.PARKED)]


def test_a_refund_behind_another_change_is_asked_about_when_another_has_refunded(
    two: tuple[Desk, Desk], shop: FakeBackend
) -> None:
    """A move went before it in the same outbox. That alone would merge; the refund would be booked twice."""
    one, other = two
    order_id = one.order.id
    one.pay(order_id)
    one.try_all()
    other.try_all()
    one.move(order_id, FIRST)
    mine = one.refund(order_id, amount_minor=100)
    other.refund(order_id, amount_minor=100)
    other.try_all()
    one.try_all()
    held = one.outbox.find(mine.op_id)
    assert held is not None
    assert held.state is State.CONFLICT
    assert shop.orders[order_id].refunded_minor == 100


def test_what_follows_a_discarded_refund_is_asked_about_when_another_has_refunded(
    two: tuple[Desk, Desk], shop: FakeBackend
) -> None:
    one, other = two
    order_id = one.order.id
    one.pay(order_id)
    one.try_all()
    other.try_all()
    first = one.refund(order_id, amount_minor=100)
    rest = one.pay(order_id, PaymentState.REFUNDED)
    other.refund(order_id, amount_minor=300)
    other.try_all()
    one.try_all()
    one.sync.discard(first.op_id, "given back by somebody else")
    one.try_all()
    held = one.outbox.find(rest.op_id)
    assert held is not None
    assert held.state is State.CONFLICT
    assert shop.orders[order_id].refunded_minor == 300
