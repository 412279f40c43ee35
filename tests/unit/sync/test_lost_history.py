"""A server that lost history (a restore, a failover): it is found out, and what it acknowledged is sent again."""

import msgspec
import pytest
from typing_extensions import override

from core.client.errors import Diverged
from core.client.operations import Kind, State
from core.domain.order import NewLine, PaymentState
from core.domain.status import OrderStatus
from core.protocol.feed import Snapshot
from tests.support.desk import Desk
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST, SECOND
from tests.unit.conftest import OpenDesk


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
    first = one.order.id
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
    order_id = desk.order.id
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


def test_who_comes_too_early_after_a_restore_waits_and_is_not_asked(two: tuple[Desk, Desk], shop: FakeBackend) -> None:
    one, other = two
    order_id = one.order.id
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
