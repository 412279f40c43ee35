"""What a till has accepted: kept, sent once and in order, judged when the order has moved on, and never another's."""

import sqlite3
import subprocess
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.client.errors import Conflict, NumberTooFar, ServerFault, SignedOut, Unreachable
from core.client.operations import Kind, Operation, State
from core.client.storage import local_store, operation_table
from core.client.storage.local_store import Damaged, InUse, LocalStore, LocalStoreError
from core.client.storage.operation_table import waiting_of_others
from core.client.sync.outbox import NUMBER_REFUSED
from core.client.sync.synchronizer import GIVES_UP_AFTER, GIVES_UP_ALONE
from core.domain.ids import DeviceId, OrderId, new_op_id, new_order_id
from core.domain.numbers import AHEAD
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.own_process import python
from tests.support.desk import AT, new_order
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST
from tests.unit.conftest import OpenDesk

CONFIRMED = OrderStatus.CONFIRMED


def _offline(_when: str) -> None:
    raise Unreachable("no network")


# -- the file


def test_one_process_holds_the_file(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "till.db")
    with pytest.raises(InUse, match="in use"):
        LocalStore(tmp_path / "till.db")
    code = (
        "import sys, pathlib; from core.client.storage.local_store import LocalStore; "
        "LocalStore(pathlib.Path(sys.argv[1]))"
    )
    other = subprocess.run(python("-c", code, str(tmp_path / "till.db")), capture_output=True, text=True, check=False)
    assert "InUse" in other.stderr
    store.close()
    LocalStore(tmp_path / "till.db").close()


def test_a_damaged_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    path.write_bytes(b"not a database, but perhaps somebody's orders" * 100)
    content = path.read_bytes()
    with pytest.raises(Damaged):
        LocalStore(path)
    assert path.read_bytes() == content


def test_a_newer_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    LocalStore(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.execute(f"PRAGMA application_id = {local_store._LEDGER_FILE + 99}")
    db.close()
    with pytest.raises(LocalStoreError, match="newer"):
        LocalStore(path)


def test_a_new_shape_of_the_cache_rebuilds_the_cache_and_keeps_the_outbox(
    open_desk: OpenDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.sync.pull()
    kept = desk.take()
    desk.close()
    monkeypatch.setattr("core.client.storage.local_store._CACHE_VERSION", 2)
    again = open_desk()
    assert again.cache.place is None
    assert [operation.op_id for operation in again.outbox.open()] == [kept.op_id]
    assert again.outbox.open()[0].request == kept.request


@pytest.mark.parametrize(("paired", "shop"), [(True, "corner"), (False, "harbour")])
def test_what_an_earlier_release_kept_is_the_paired_shops_or_the_next_ones(
    open_desk: OpenDesk, tmp_path: Path, paired: bool, shop: str
) -> None:
    path = tmp_path / "till.db"
    with closing(sqlite3.connect(path)) as db:  # as the release before wrote it
        for script in local_store._LEDGER[:3]:
            db.executescript(script)
        seen = msgspec.json.encode(new_order(OrderId("o")))
        db.execute(
            "INSERT INTO operations VALUES (1, 'op', 'kim', 'o', 'take', '{}', ?, 'waiting', '', 0, '', NULL, 0, NULL)",
            (seen,),
        )
        db.execute("INSERT INTO witnesses VALUES ('kim', 'run', 7, 'epoch.7.event')")
        if paired:
            db.execute("INSERT INTO identity VALUES (1, ?)", (b'{"shop": "corner", "shop_name": "Corner"}',))
        db.execute("PRAGMA user_version = 3")
        db.commit()
    harbour = open_desk(shop="harbour")
    assert len(harbour.outbox.elsewhere()) == paired
    harbour.close()
    desk = open_desk(shop=shop)
    assert [each.op_id for each in desk.outbox.open()] == ["op"]
    assert desk.cache.history_proofs() == ("epoch.7.event",)


def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "till.db")
    with store.reading() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL"
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


# -- accepting


def test_what_is_accepted_is_there_after_a_restart(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    transport.fault = _offline
    desk = open_desk()
    taken = desk.take()
    moved = desk.move(taken.order_id, FIRST)
    desk.close()
    again = open_desk()
    assert [each.op_id for each in again.outbox.open()] == [taken.op_id, moved.op_id]
    transport.fault = lambda _when: None
    again.try_all()
    assert again.outbox.open() == ()
    assert shop.orders[taken.order_id].status is FIRST
    assert shop.orders[taken.order_id].number == "POS1-000001"


def test_the_same_operation_accepted_again_is_one(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    op_id, order_id = new_op_id(), new_order_id()
    first = desk.take(op_id=op_id, order_id=order_id)
    assert desk.take(op_id=op_id, order_id=order_id) == first
    desk.try_all()
    assert desk.take(op_id=op_id, order_id=order_id).state is State.DONE
    assert shop.applied == [op_id]
    assert desk.take().seen.number == "POS1-000002", "the second asking took no number"


def test_a_till_numbers_on_from_what_the_server_has_seen(open_desk: OpenDesk, transport: ModelTransport) -> None:
    transport.series = ("POS1", 64)  # type: ignore[assignment]
    desk = open_desk()
    desk.sync.pull()
    assert desk.take().seen.number == "POS1-000065"
    desk.outbox.series_at("POS1", 12)
    assert desk.take().seen.number == "POS1-000066", "a series never goes back"


def test_a_till_counts_only_so_far_beyond_what_it_was_told(open_desk: OpenDesk, transport: ModelTransport) -> None:
    transport.series = ("POS1", 64)  # type: ignore[assignment]
    transport.fault = _offline
    desk = open_desk()
    desk.outbox.series_at("POS1", 64)
    numbers = [desk.take().seen.number for _ in range(AHEAD + 2)]
    assert numbers[:AHEAD] == [f"POS1-{64 + n:06d}" for n in range(1, AHEAD + 1)]
    assert numbers[AHEAD:] == ["", ""], "the server gives these, when they come"
    transport.fault = lambda _when: None
    desk.try_all()
    assert desk.take().seen.number == f"POS1-{64 + AHEAD + 1:06d}", "what was taken by the server is told"


def test_the_servers_word_brings_a_series_back_but_never_behind_what_waits(
    open_desk: OpenDesk, transport: ModelTransport
) -> None:
    transport.fault = _offline
    desk = open_desk()
    desk.outbox.series_at("POS1", 3 * AHEAD)
    assert desk.take().seen.number == f"POS1-{3 * AHEAD + 1:06d}"
    desk.outbox.series_at("POS1", 64)  # as a restored server says, that this order is still to be sent to
    assert desk.take().seen.number == "", "and it cannot know how far that is"
    desk.outbox.series_at("POS1", 2 * AHEAD + 2)
    assert desk.take().seen.number == f"POS1-{3 * AHEAD + 2:06d}"
    desk.outbox.series_at("POS2", 999_999_999_999)
    assert desk.take(series="POS2").seen.number == ""
    desk.outbox.series_at("POS2", 7)
    assert desk.take(series="POS2").seen.number == "POS2-000008"


def test_a_number_that_comes_too_early_waits_for_those_before_it(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another cashier's orders, which the same till has numbered, come later. In the end a person decides."""
    effect, times = shop._effect, [3]

    def refusing(operation: Operation) -> Order:
        if times[0] and operation.kind is Kind.TAKE:
            times[0] -= 1
            raise NumberTooFar("POS1-000002 is too far ahead", order=None, field="number")
        return effect(operation)

    monkeypatch.setattr(shop, "_effect", refusing)
    desk = open_desk()
    early, late = desk.take(), desk.take()
    desk.try_all()
    assert {shop.orders[each.order_id].number for each in (early, late)} == {"POS1-000001", "POS1-000002"}
    times[0] = GIVES_UP_ALONE
    lost = desk.take()
    desk.try_all()
    [held] = desk.outbox.open()
    assert (held.state, held.outcome, held.seen.number) == (State.PARKED, NUMBER_REFUSED, lost.seen.number)
    desk.sync.renumber(held.op_id)
    [renumbered] = desk.told[-1].updates
    assert renumbered.shown is not None
    assert renumbered.shown.number == "POS1-000004", "and is shown by it at once"
    [waiting] = desk.outbox.open()
    assert (waiting.state, waiting.outcome, waiting.problem) == (State.WAITING, "", "")
    assert waiting.failed_attempts == 0, "it has all of its attempts again"
    desk.try_all()
    assert shop.orders[lost.order_id].number == "POS1-000004"


def test_a_number_that_is_taken_is_parked_and_asks_for_no_order(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    transport.series = (DeviceId("POS1"), 64)
    desk.take()

    def taken(*_: object) -> Order:
        raise Conflict("There is already an order with this number.", order=None, field="number")

    with monkeypatch.context() as patched:
        patched.setattr(shop, "_effect", taken)
        patched.setattr(transport, "snapshot", lambda: pytest.fail("that is every order of the shop"))
        desk.send_all()
    [held] = desk.outbox.open()
    assert (held.state, held.outcome) == (State.PARKED, NUMBER_REFUSED)
    assert desk.take().seen.number == "POS1-000065", "how far the series has come is known"


def test_what_is_sent_again_goes_in_the_order_it_was_accepted(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()
    taken = [desk.take().op_id for _ in range(50)]
    desk.try_all()
    shop.operations.clear()
    shop.orders.clear()
    shop.applied.clear()
    desk.outbox.send_again()
    desk.try_all()
    assert shop.applied == taken


def test_changes_are_shown_at_once_and_as_waiting(open_desk: OpenDesk, transport: ModelTransport) -> None:
    desk = open_desk()
    transport.fault = _offline
    order_id = desk.take().order_id
    desk.move(order_id, FIRST)
    shown = desk.store.get(order_id)
    assert shown is not None
    assert (shown.status, shown.version) == (FIRST, 2)
    assert desk.store.server_row(order_id) is None
    assert len(desk.told[-1].updates[0].operations) == 2
    transport.fault = lambda _when: None
    desk.try_all()
    row = desk.store.server_row(order_id)
    assert row is not None
    assert row == desk.store.get(order_id)
    assert not desk.told[-1].updates[0].operations


# -- sending


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()
    desk.sync.pull()
    operation = desk.take()

    def after(when: str) -> None:
        if when == "after":
            raise Unreachable("cut")

    transport.fault = after
    with pytest.raises(Unreachable):
        desk.send_all()
    assert shop.applied == [operation.op_id]
    assert desk.outbox.counts().waiting == 1
    transport.fault = lambda _when: None
    desk.try_all()
    assert shop.applied == [operation.op_id]
    done = desk.outbox.find(operation.op_id)
    assert done is not None
    assert (done.state, done.outcome) == (State.DONE, "duplicate")


def test_an_order_goes_in_order_and_orders_do_not_wait_for_each_other(open_desk: OpenDesk) -> None:
    desk = open_desk()
    first, second = desk.take(), desk.take()
    later = desk.move(first.order_id, FIRST)
    one, two = desk.outbox.take(0), desk.outbox.take(0)
    assert one is not None
    assert two is not None
    assert {one.op_id, two.op_id} == {first.op_id, second.op_id}
    assert desk.outbox.take(0) is None, "what follows an operation under way waits for its answer"
    desk.sync.send(one)
    following = desk.outbox.take(0)
    assert following is not None
    assert following.op_id == later.op_id


def test_a_refused_operation_is_parked_and_two_hundred_others_go(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    poison = desk.take()
    behind = desk.move(poison.order_id, FIRST)
    others = [desk.take() for _ in range(200)]
    perform = FakeBackend.perform

    def fails_on_poison(self: FakeBackend, operation):  # type: ignore[no-untyped-def]
        if operation.op_id == poison.op_id:
            raise ServerFault("it breaks on this one")
        return perform(self, operation)

    monkeypatch.setattr(FakeBackend, "perform", fails_on_poison)
    desk.send_all()
    assert {each.op_id for each in others} == set(shop.applied)
    held = desk.outbox.open()
    assert [(each.op_id, each.state) for each in held] == [
        (poison.op_id, State.PARKED),
        (behind.op_id, State.WAITING),
    ]
    assert GIVES_UP_AFTER <= held[0].failed_attempts <= GIVES_UP_ALONE
    monkeypatch.undo()
    desk.sync.retry(poison.op_id)
    desk.send_all()
    assert desk.outbox.open() == ()
    assert shop.orders[poison.order_id].status is FIRST


def test_discarding_a_new_order_discards_what_was_to_happen_to_it(
    open_desk: OpenDesk, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    order_id = desk.take().order_id
    desk.move(order_id, FIRST)
    poison = desk.outbox.take(0)
    assert poison is not None
    desk.outbox.hold(poison, State.PARKED, "sold out")
    assert desk.store.get(order_id) is not None
    desk.sync.discard(poison.op_id, "the guest left")
    assert desk.outbox.open() == ()
    assert desk.store.get(order_id) is None
    assert order_id not in {order.id for order in desk.store}
    kept = desk.outbox.find(poison.op_id)
    assert kept is not None
    assert (kept.state, kept.problem) == (State.DISCARDED, "the guest left")
    desk.send_all()
    assert shop.orders == {}


def test_what_is_behind_a_discarded_operation_is_judged_before_it_can_be_sent(
    open_desk: OpenDesk, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was accepted for an order that moves as the discarded one wanted. A sender that took it in between would send
    what is asked about at the same moment, and its answer would go over the person's."""
    desk = open_desk()
    order_id = desk.take().order_id
    desk.send_all()
    given_up, behind = desk.move(order_id, FIRST), desk.move(order_id, OrderStatus.READY)
    desk.outbox.hold(given_up, State.CONFLICT, "somebody else has cancelled it")
    taken: list[Operation | None] = []
    sender = threading.Thread(target=lambda: taken.append(desk.outbox.take(0)))
    reconsider = desk.outbox.reconsider

    def late(*given: Any) -> None:
        sender.start()
        sender.join(0.2)
        reconsider(*given)

    monkeypatch.setattr(desk.outbox, "reconsider", late)
    desk.sync.discard(given_up.op_id, "not any more")
    sender.join()
    assert taken == [None]
    (left,) = desk.outbox.open()
    assert (left.op_id, left.state) == (behind.op_id, State.CONFLICT)


def test_an_operation_that_has_ended_stays_as_it_ended(open_desk: OpenDesk) -> None:
    desk = open_desk()
    operation = desk.take()
    desk.outbox.hold(operation, State.PARKED, "sold out")
    desk.sync.discard(operation.op_id, "the guest left")
    with desk.local.transaction() as db:
        operation_table.rewrite(db, msgspec.structs.replace(operation, state=State.CONFLICT, outcome="conflict"))
    kept = desk.outbox.find(operation.op_id)
    assert kept is not None
    assert (kept.state, kept.outcome, kept.problem) == (State.DISCARDED, "discarded", "the guest left")


def test_nobody_sends_what_another_accepted(open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend) -> None:
    transport.fault = _offline
    kim = open_desk(subject="kim")
    operation = kim.take()
    kim.close()
    transport.fault = lambda _when: None
    alex = open_desk(subject="alex")
    alex.try_all()
    assert alex.outbox.open() == ()
    assert alex.outbox.find(operation.op_id) is None
    assert shop.applied == []
    assert waiting_of_others(alex.local, alex.owner) == 1
    alex.close()
    back = open_desk(subject="kim")
    back.try_all()
    assert shop.applied == [operation.op_id]


def test_the_next_person_sees_nothing_of_the_one_before(open_desk: OpenDesk) -> None:
    kim = open_desk(subject="kim")
    kim.take()
    kim.try_all()
    assert kim.cache.newest()
    kim.close()
    alex = open_desk(subject="alex")
    assert alex.cache.newest() == []
    assert alex.cache.place is None
    assert alex.publisher.everything().updates == ()


def test_nothing_goes_to_another_shop_than_it_was_accepted_for(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    """The same customer, on a machine that is paired over to another shop of the chain and back."""
    corner = open_desk(subject="ada", shop="corner")
    sent = corner.take()
    corner.try_all()
    transport.fault = _offline
    operation = corner.take()
    corner.close()
    other = FakeBackend()
    harbour = open_desk(subject="ada", shop="harbour", at=ModelTransport(other))
    assert harbour.cache.newest() == []
    assert harbour.cache.history_proofs() == ()
    harbour.try_all()
    assert (
        harbour.outbox.open(),
        harbour.outbox.find(sent.op_id),
        waiting_of_others(harbour.local, harbour.owner),
    ) == (
        (),
        None,
        0,
    )
    assert (other.applied, other.operations) == ([], {})
    [kept] = harbour.outbox.elsewhere()
    assert (kept.op_id, kept.state, kept.shop_name) == (operation.op_id, State.ELSEWHERE, "Corner")
    harbour.close()
    transport.fault = lambda _when: None
    back = open_desk(subject="ada", shop="corner")
    assert back.outbox.elsewhere() == ()
    back.try_all()
    assert shop.applied == [sent.op_id, operation.op_id]


def test_what_waits_for_another_shop_can_be_given_up(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    transport.fault = _offline
    corner = open_desk(subject="kim", shop="corner")
    given_up, kept = corner.take(), corner.take()
    corner.move(given_up.order_id, FIRST)
    moved = corner.move(kept.order_id, FIRST)
    corner.close()
    harbour = open_desk(subject="sam", shop="harbour")
    for operation in (given_up, moved):
        harbour.sync.discard(operation.op_id, "rung up again by hand")
    assert [each.op_id for each in harbour.outbox.elsewhere()] == [kept.op_id]
    assert harbour.store.outbox() == ()
    with pytest.raises(KeyError):
        harbour.sync.discard(given_up.op_id, "once more")
    harbour.close()
    transport.fault = lambda _when: None
    back = open_desk(subject="kim", shop="corner")
    found = back.outbox.find(moved.op_id)
    assert found is not None
    assert (found.state, found.outcome, found.problem) == (State.DISCARDED, "discarded", "rung up again by hand")
    back.try_all()
    assert shop.applied == [kept.op_id]
    found = back.outbox.find(given_up.op_id)
    assert found is not None
    assert (found.state, found.problem) == (State.DISCARDED, "rung up again by hand")


def test_a_session_that_ended_keeps_what_waits(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()

    def ended(_when: str) -> None:
        raise SignedOut("over")

    transport.fault = ended
    operation = desk.take()
    with pytest.raises(SignedOut):
        desk.send_all()
    assert desk.outbox.counts().waiting == 1
    transport.fault = lambda _when: None
    desk.try_all()
    assert shop.applied == [operation.op_id]


def test_what_was_acknowledged_is_remembered_for_ninety_days(open_desk: OpenDesk) -> None:
    desk = open_desk()
    operation = desk.take()
    desk.try_all()
    desk.outbox.forget_before(AT + timedelta(days=-1))
    assert desk.outbox.find(operation.op_id) is not None
    desk.outbox.forget_before(AT + timedelta(days=365))
    assert desk.outbox.find(operation.op_id) is None


def test_an_operation_under_way_is_not_sent_beside_itself(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    order_id = desk.take().order_id
    desk.send_all()
    operation = desk.move(order_id, FIRST)
    desk.outbox.reached(shop.orders[order_id])
    desk.outbox.reached(shop.orders[order_id])
    assert desk.outbox.take(0) == operation
    assert desk.outbox.take(0) is None


def test_a_row_never_goes_back(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    order_id = desk.take().order_id
    desk.send_all()
    first = shop.orders[order_id]
    desk.move(order_id, FIRST)
    desk.send_all()
    assert desk.cache.put([first]) == ()
    assert desk.cache.get(order_id) == shop.orders[order_id]
