"""Two tills, one order; and a server that was put back to what it was. Nothing is forced, lost or doubled."""

import msgspec
import pytest
from typing_extensions import override

from core.client.errors import Diverged, Refused
from core.client.operations import Kind, Operation, State
from core.domain.commands import ChangeStatus, RecallOrder
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.status import OrderStatus
from core.protocol.feed import Snapshot
from tests.support.desk import Desk, new_order
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST, SECOND, way
from tests.unit.conftest import OpenDesk


@pytest.fixture
def two(open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend) -> tuple[Desk, Desk]:
    """Two tills that both have one confirmed order, unpaid."""
    one = open_desk("one", "kim")
    other = open_desk("other", "alex", ModelTransport(shop))
    one.take(series="POS1")
    one.try_all()
    other.try_all()
    return one, other


def _the_order(desk: Desk) -> Order:
    return next(iter(desk.cache.newest()))


def test_both_tills_advance_the_same_order(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
    other.move(order_id, FIRST)
    other.move(order_id, SECOND)
    for to in way(OrderStatus.CONFIRMED):
        one.move(order_id, to)
    one.try_all()
    other.try_all()
    assert other.outbox.open() == ()
    assert shop.orders[order_id].status is OrderStatus.COMPLETED


def test_a_payment_and_a_move_do_not_hinder_each_other(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
    one.pay(order_id)
    cancel = other.move(order_id, OrderStatus.CANCELLED, reason="the guest left")
    one.try_all()
    other.try_all()
    assert [(each.op_id, each.state) for each in other.outbox.open()] == [(cancel.op_id, State.CONFLICT)]


def test_what_followed_a_discarded_change_is_not_forced(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = _the_order(one).id
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
    order_id, effect = _the_order(one).id, shop._effect
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


# -- the server has lost something


def test_an_order_that_a_restored_server_lacks_is_named_to_who_had_it_on_the_board(
    two: tuple[Desk, Desk], shop: FakeBackend
) -> None:
    """It is another's to send again, who may not be there. What one's own outbox sends again is not missing."""
    one, other = two
    backup = shop.backup()
    theirs = other.take(series="POS2").order_id
    other.try_all()
    one.try_all()
    own = one.take().order_id
    one.try_all()
    assert [told.missing for told in one.told if told.missing] == []
    shop.restore(backup)
    one.try_all()
    assert [order.id for told in one.told for order in told.missing] == [theirs]
    assert own in shop.orders
    assert theirs not in {order.id for order in one.store}
    other.try_all()
    one.try_all()
    assert theirs in {order.id for order in one.store}, "it is back with whoever had placed it"


def test_a_restored_backup_is_found_out_and_everything_acknowledged_comes_back(
    two: tuple[Desk, Desk], shop: FakeBackend
) -> None:
    one, other = two
    first = _the_order(one).id
    backup = shop.backup()
    one.move(first, FIRST)
    one.try_all()
    other.try_all()
    other.move(first, SECOND)
    other.try_all()
    lost = one.take().order_id
    one.try_all()
    before = dict(shop.orders)
    assert before[first].status is SECOND
    shop.restore(backup)
    shop.perform(other.take())  # the numbers of what was lost are used again
    # The other's step follows the one's: it waits for it, whoever comes first.
    for _ in range(3):
        other.try_all()
        one.try_all()
    assert shop.orders[first].status is SECOND
    assert shop.orders[lost].number == before[lost].number
    assert len(shop.applied) == len(set(shop.applied))
    assert one.outbox.open() == other.outbox.open() == ()
    one.sync.pull()
    other.sync.pull()
    assert {order.id: order for order in one.cache.newest()} == shop.orders
    assert {order.id: order for order in other.cache.newest()} == shop.orders


def test_a_failover_is_found_out_by_somebody_who_has_written_and_left_again_before_it_was(
    open_desk: OpenDesk, shop: FakeBackend
) -> None:
    """The same run of the server has acknowledged more in the new epoch than it had in the old one."""

    def somebody_else_was_here() -> Desk:
        desk.close()
        open_desk(subject="alex").close()
        return open_desk()

    desk = open_desk()
    desk.try_all()
    backup = shop.backup()
    lost = desk.take().order_id
    desk.send_all()
    desk = somebody_else_was_here()
    shop.fail_over(backup)
    for _ in range(3):
        desk.take()
    desk.send_all()
    desk.sync._start_over()  # and they leave before they hear that the history is another one
    desk = somebody_else_was_here()
    desk.try_all()
    assert lost in shop.orders


@pytest.mark.parametrize("answered", [True, False])
def test_what_was_under_way_when_the_restore_was_found_out_lets_what_was_lost_go_first(
    open_desk: OpenDesk, shop: FakeBackend, answered: bool
) -> None:
    desk = open_desk()
    order_id = desk.take().order_id
    desk.try_all()
    backup = shop.backup()
    desk.move(order_id, FIRST)
    desk.try_all()
    desk.move(order_id, SECOND)
    desk.pay(order_id)
    under_way = desk.outbox.take(0.0)
    assert under_way is not None
    shop.restore(backup)
    desk.sync.pull()
    if answered:
        desk.send(under_way)  # too early: the server knows of no first step any more
    else:
        desk.outbox.postpone(under_way, 0.0)
    assert [each.position for each in desk.outbox.of(order_id)] == sorted(
        each.position for each in desk.outbox.of(order_id)
    )
    desk.send_all()
    assert shop.orders[order_id].status is SECOND
    assert shop.orders[order_id].payment is PaymentState.PAID
    assert desk.outbox.open() == ()


def test_nothing_is_sent_on_the_version_of_another_past(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    """After a restore somebody else makes the version that the till has seen, with another content, before the till
    hears of it."""
    desk, other = two
    order_id = _the_order(desk).id
    backup = shop.backup()
    desk.pay(order_id)
    desk.try_all()
    desk.move(order_id, FIRST)
    shop.restore(backup)
    other.try_all()
    other.amend(order_id, NewLine(item_id=CHIPS.id))
    other.try_all()
    assert shop.orders[order_id].version == 2, "as the till has seen it, and unpaid"
    under_way = desk.outbox.take(0.0)
    assert under_way is not None
    with pytest.raises(Diverged):
        desk.send(under_way)
    desk.try_all()
    assert (shop.orders[order_id].version, shop.orders[order_id].status) == (2, OrderStatus.CONFIRMED)
    paid, moved = desk.outbox.of(order_id)
    assert (paid.kind, paid.state, moved.state) == (Kind.CHANGE_PAYMENT, State.CONFLICT, State.WAITING)


@pytest.mark.parametrize("again", [False, True])
def test_what_was_held_can_be_decided_about_while_what_was_lost_goes_first(
    open_desk: OpenDesk, shop: FakeBackend, again: bool
) -> None:
    desk = open_desk()
    order_id = desk.take().order_id
    desk.try_all()
    backup = shop.backup()
    desk.move(order_id, FIRST)
    desk.try_all()
    held = desk.move(order_id, SECOND)
    taken = desk.outbox.take(0.0)
    assert taken is not None
    desk.outbox.hold(taken, State.PARKED, "No.")
    shop.restore(backup)
    desk.sync.pull()
    assert [each.op_id for each in desk.outbox.of(order_id)][-1] == held.op_id, "behind what is sent again"
    assert (desk.outbox.counts().parked, desk.outbox.counts().waiting) == (1, 2)
    under_way = desk.outbox.take(0.0)
    assert under_way is not None
    if again:
        desk.sync.retry(held.op_id)
    else:
        desk.sync.discard(held.op_id, "It was a mistake.")
    assert desk.outbox.take(0.0) is None, "nothing overtakes what is under way"
    desk.send(under_way)
    desk.send_all()
    assert shop.orders[order_id].status is (SECOND if again else FIRST)
    assert desk.outbox.open() == ()


def test_a_restore_is_found_out_even_after_signing_out(open_desk: OpenDesk, shop: FakeBackend) -> None:
    kim = open_desk()
    backup = shop.backup()
    lost = kim.take()
    kim.try_all()
    kim.cache.clear()  # as sign-out does
    kim.close()
    shop.restore(backup)
    again = open_desk()
    assert again.cache.place is None
    again.try_all()
    assert shop.applied == [lost.op_id]


def test_a_write_of_ones_own_is_witness_enough(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    desk.sync.pull()
    backup = shop.backup()
    lost = desk.take()
    desk.send_all()  # acknowledged, and its event never pulled
    shop.restore(backup)
    desk.try_all()
    assert shop.applied == [lost.op_id]


def test_a_restored_server_is_found_out_by_who_has_written_to_it_since(open_desk: OpenDesk, shop: FakeBackend) -> None:
    """Higher numbers of another history do not outdo the witness of the lost one. Drill 21 found this."""
    desk, other = open_desk(), open_desk("other", "alex", ModelTransport(shop))
    desk.sync.pull()
    backup = shop.backup()
    lost = desk.take()
    desk.send_all()  # acknowledged, and its event never pulled
    shop.restore(backup)
    for _ in range(5):
        other.take(series="POS2")
    other.send_all()
    since = desk.take()
    with pytest.raises(Diverged):
        desk.send_all()
    desk.try_all()
    assert {lost.op_id, since.op_id} <= set(shop.applied)


def test_one_run_of_the_server_proves_itself_with_the_next_pull(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    """Nothing is asked for after each write; only when another run has answered, which may have lost the first's."""
    desk = open_desk()
    desk.sync.pull()
    for _ in range(2):
        desk.take()
        desk.send_all()
    transport.calls.clear()
    desk.sync.prove()
    assert transport.calls == []
    shop.run += 1
    desk.take()
    desk.send_all()
    transport.calls.clear()
    desk.sync.prove()
    assert transport.calls == ["events", "events"]


def test_away_for_longer_than_the_server_remembers(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    desk.take()
    desk.try_all()
    other = open_desk("other", "alex", ModelTransport(shop))
    other.take(series="POS2")
    other.try_all()
    shop.kept_from = len(shop.events)
    desk.try_all()
    assert {order.id: order for order in desk.cache.newest()} == shop.orders
    assert desk.told[-1].whole or desk.told[-1].backlog


def test_what_follows_a_merged_change_goes_on_from_there(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = _the_order(one).id
    other.move(order_id, FIRST)
    other.move(order_id, OrderStatus.CONFIRMED)
    one.pay(order_id)
    one.move(order_id, FIRST)  # names the version that the payment would have made
    other.try_all()
    one.try_all()
    assert one.outbox.open() == ()
    assert (shop.orders[order_id].status, shop.orders[order_id].payment) == (FIRST, PaymentState.PAID)


def test_who_comes_too_early_after_a_restore_waits_and_is_not_asked(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = _the_order(one).id
    backup = shop.backup()
    one.move(order_id, FIRST)
    one.try_all()
    other.try_all()
    step = other.move(order_id, SECOND)
    other.try_all()
    shop.restore(backup)
    other.sync.pull()
    early = other.outbox.take(0)
    while early is not None and early.op_id != step.op_id:
        other.send(early)
        early = other.outbox.take(0)
    assert early is not None
    other.send(early)
    assert [(each.op_id, each.state) for each in other.outbox.open()] == [(step.op_id, State.WAITING)]
    one.try_all()
    other.try_all()
    assert shop.orders[order_id].status is SECOND


@pytest.mark.parametrize("by_snapshot", [False, True], ids=["event", "snapshot"])
def test_what_is_parked_for_a_missing_order_goes_when_that_comes(
    two: tuple[Desk, Desk], shop: FakeBackend, *, by_snapshot: bool
) -> None:
    """Whoever made it was away for longer than a change is tried for."""
    one, other = two
    backup = shop.backup()
    order_id = one.take(series="POS1").order_id
    one.try_all()
    other.try_all()
    other.move(order_id, FIRST)
    other.pay(order_id)
    other.try_all()
    shop.restore(backup)
    other.try_all()
    assert [each.state for each in other.outbox.open()] == [State.PARKED, State.WAITING]
    one.try_all()
    if by_snapshot:
        shop.kept_from = len(shop.events)
        other.sync.pull()
        assert order_id in shop.orders
    other.try_all()
    assert other.outbox.open() == ()
    order = shop.orders[order_id]
    assert (order.status, order.payment, order.version) == (FIRST, PaymentState.PAID, 3)


def test_what_the_server_has_refused_is_not_taken_up_by_itself(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = _the_order(one).id
    other.try_all()
    step = other.move(order_id, FIRST)
    parked = other.outbox.take(0)
    assert parked is not None
    other.outbox.hold(parked, State.PARKED, "It said no.")
    other.outbox.reached(shop.orders[order_id])
    assert [(each.op_id, each.state) for each in other.outbox.open()] == [(step.op_id, State.PARKED)]


class OnlyTheNewest(ModelTransport):
    """A server whose snapshot does not reach far back."""

    @override
    def snapshot(self) -> Snapshot:
        whole = super().snapshot()
        return msgspec.structs.replace(whole, orders=whole.orders[-1:])


def test_an_answer_that_is_given_again_does_not_bring_the_past_back(open_desk: OpenDesk, shop: FakeBackend) -> None:
    other = open_desk("other", "alex", ModelTransport(shop))
    desk = open_desk(at=OnlyTheNewest(shop))
    old = desk.take().order_id
    desk.try_all()
    other.try_all()
    other.move(old, FIRST)
    other.take(series="POS2")
    other.try_all()
    desk.sync.pull()
    backup = shop.backup()
    desk.take()
    desk.try_all()
    shop.restore(backup)
    desk.try_all()
    assert desk.outbox.open() == ()
    assert desk.cache.get(old) in (None, shop.orders[old])


def test_what_is_sent_again_goes_before_what_is_newer(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    desk.sync.pull()
    backup = shop.backup()
    order_id = desk.take().order_id
    desk.send_all()
    waiting = desk.move(order_id, FIRST)
    shop.restore(backup)
    desk.sync.pull()
    first, second = desk.outbox.of(order_id)
    assert first.kind.makes_order
    assert second.op_id == waiting.op_id
    desk.try_all()
    assert shop.orders[order_id].status is FIRST


def test_a_refund_behind_another_change_is_asked_about_when_another_has_refunded(
    two: tuple[Desk, Desk], shop: FakeBackend
) -> None:
    """A move went before it in the same outbox. That alone would merge; the refund would be booked twice."""
    one, other = two
    order_id = _the_order(one).id
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
    order_id = _the_order(one).id
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
