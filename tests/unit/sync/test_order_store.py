"""The order store: one truth for every list and tracker of a window, and a row never goes back."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from core.client import order_store
from core.client.operations import Kind, Operation, Owner, State
from core.client.order_store import Changes, OrderStore, PendingChange
from core.client.sync.updates import Changed, Update
from core.domain.ids import OpId, OrderId, ShopId, new_op_id
from core.domain.order import Channel, Order, PaymentState, StatusChange, Tender
from core.domain.status import Fulfilment, OrderStatus, status_info
from core.protocol.replies import StatusReport

S = OrderStatus
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def order(number: int, status: OrderStatus = S.PENDING, version: int = 1) -> Order:
    at = NOON + timedelta(minutes=number)
    return Order(
        id=OrderId(f"order-{number}"),
        shop_id=ShopId("shop"),
        number=f"ONLINE-{number:06d}",
        channel=Channel.ONLINE,
        status=status,
        version=version,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CASH,
        payment=PaymentState.UNPAID,
        currency="USD",
        subtotal_minor=100,
        tax_minor=0,
        total_minor=100,
        placed_at=at,
        updated_at=at,
    )


def report(of: Order, *steps: OrderStatus, reason: str = "") -> StatusReport:
    history = [StatusChange(source=None, target=S.PENDING, at=of.placed_at)]
    for step in steps:
        history.append(StatusChange(source=history[-1].target, target=step, at=of.placed_at, reason=reason))
    return StatusReport(
        order_id=of.id,
        number=of.number,
        status=history[-1].target,
        version=len(history),
        updated_at=of.placed_at,
        status_info=status_info(history[-1].target, of.fulfilment),
        history=tuple(history),
    )


def ids(*numbers: int) -> tuple[OrderId, ...]:
    return tuple(OrderId(f"order-{number}") for number in numbers)


@pytest.fixture
def store() -> OrderStore:
    made = OrderStore()
    made.replace([order(3), order(2), order(1)], total=3, asked_at=made.mark())
    return made


def listed(store: OrderStore) -> list[int]:
    return [int(each.id.removeprefix("order-")) for each in store]


def test_a_list_says_what_it_changed(store: OrderStore) -> None:
    told: list[Changes] = []
    stop = store.subscribe(told.append)
    fresh = [order(4), order(3, S.CONFIRMED, 2), order(2)]
    changes = store.replace(fresh, total=9, asked_at=store.mark())
    assert changes == Changes(added=ids(4), updated=ids(3), removed=ids(1))
    assert told == [changes]
    assert (listed(store), store.total, len(store)) == ([4, 3, 2], 9, 3)
    store.replace(fresh, total=9, asked_at=store.mark())
    assert len(told) == 1, "the same list again is no news"
    stop()
    store.put(order(5))
    assert len(told) == 1


def test_an_overtaken_answer_changes_nothing(store: OrderStore) -> None:
    store.put(order(1, S.CONFIRMED, 2))
    assert not store.put(order(1, S.PENDING, 1))
    assert not store.replace([order(3), order(2), order(1)], total=3, asked_at=store.mark())
    found = store.get(OrderId("order-1"))
    assert found is not None
    assert found.status is S.CONFIRMED


def test_a_list_asked_for_before_an_order_was_placed_does_not_remove_it(store: OrderStore) -> None:
    asked_at = store.mark()
    store.put(order(9))
    store.replace([order(3), order(2), order(1)], total=3, asked_at=asked_at)
    assert listed(store) == [9, 3, 2, 1]
    store.replace([order(3), order(2), order(1)], total=3, asked_at=store.mark())
    assert listed(store) == [3, 2, 1]


def test_a_further_page_removes_nothing_and_outlives_an_older_list(store: OrderStore) -> None:
    asked_at = store.mark()
    assert store.extend([order(0)], total=4) == Changes(added=ids(0))
    store.replace([order(3), order(2), order(1)], total=4, asked_at=asked_at)
    assert listed(store) == [3, 2, 1, 0]


def test_a_report_moves_the_list_too(store: OrderStore) -> None:
    told = report(order(2), S.CONFIRMED, S.CANCELLED, reason="out of rice")
    assert store.put_report(told) == Changes(updated=ids(2))
    found = store.get(OrderId("order-2"))
    assert found is not None
    assert (found.status, found.version, found.reason) == (S.CANCELLED, 3, "out of rice")
    assert store.report(OrderId("order-2")) == told
    assert not store.put_report(told)
    assert not store.put_report(report(order(2), S.CONFIRMED)), "an older report is dropped"
    assert store.report(OrderId("order-2")) == told


def test_a_report_older_than_the_row_does_not_take_it_back(store: OrderStore) -> None:
    store.put(order(2, S.PREPARING, 3))
    store.put_report(report(order(2), S.CONFIRMED))
    found = store.get(OrderId("order-2"))
    assert found is not None
    assert (found.status, found.version) == (S.PREPARING, 3)


def test_a_report_of_an_order_nobody_lists_waits(store: OrderStore) -> None:
    assert not store.put_report(report(order(7)))
    assert store.get(OrderId("order-7")) is None


def test_an_unfinished_change_is_shown_and_counted_until_it_is_settled(store: OrderStore) -> None:
    change = PendingChange(new_op_id(), OrderId("order-1"), S.CONFIRMED)
    assert store.begin(change) == Changes(updated=ids(1))
    shown, row = store.get(change.order_id), store.server_row(change.order_id)
    assert shown is not None
    assert row is not None
    assert (shown.status, row.status, store.waiting) == (S.CONFIRMED, S.PENDING, 1)
    assert store.settle(change.op_id, order(1, S.CONFIRMED, 2)) == Changes(updated=ids(1))
    assert (store.waiting, store.pending(change.order_id)) == (0, None)


def test_a_refused_change_shows_the_servers_row_again(store: OrderStore) -> None:
    change = PendingChange(new_op_id(), OrderId("order-1"), S.CONFIRMED)
    store.begin(change)
    assert store.settle(change.op_id, None) == Changes(updated=ids(1))
    shown = store.get(change.order_id)
    assert shown is not None
    assert shown.status is S.PENDING
    assert not store.settle(change.op_id, None), "settled once"


def test_a_list_does_not_remove_what_has_an_unfinished_change(store: OrderStore) -> None:
    change = PendingChange(new_op_id(), OrderId("order-1"), S.COMPLETED)
    store.begin(change)
    store.replace([order(3), order(2)], total=2, asked_at=store.mark())
    assert listed(store) == [3, 2, 1]


def test_orders_looked_up_are_known_and_not_listed(store: OrderStore) -> None:
    assert not store.put_unlisted([order(8)])
    assert store.get(OrderId("order-8")) is not None
    assert listed(store) == [3, 2, 1]
    assert store.put_unlisted([order(2, S.CONFIRMED, 2)]) == Changes(updated=ids(2))


def test_nothing_of_one_person_is_left_for_the_next(store: OrderStore) -> None:
    store.put_report(report(order(1), S.CONFIRMED))
    store.begin(PendingChange(new_op_id(), OrderId("order-2"), S.CONFIRMED))
    assert store.clear() == Changes(removed=ids(1, 2, 3))
    assert (listed(store), store.total, store.waiting) == ([], 0, 0)
    for order_id in ids(1, 2, 3):
        assert store.get(order_id) is None
        assert store.report(order_id) is None
        assert store.pending(order_id) is None


def operation(of: Order, state: State = State.WAITING) -> Operation:
    return Operation(
        position=1,
        op_id=OpId("op"),
        owner=Owner("ada", "shop"),
        order_id=of.id,
        kind=Kind.CANCEL,
        request=b"{}",
        seen=of,
        state=state,
        created_at=of.placed_at,
    )


def test_what_the_outbox_has_is_known_until_it_is_answered(store: OrderStore) -> None:
    row = order(2)
    cancelled = msgspec.structs.replace(row, status=S.CANCELLED, version=2)
    waiting, held = operation(row), operation(row, State.CONFLICT)
    store.apply(Changed(updates=(Update(order_id=row.id, row=row, shown=cancelled, operations=(waiting,)),)))
    assert (store.operations(row.id), store.unsent, store.waits(row.id)) == ((waiting,), 1, True)
    changes = store.apply(Changed(updates=(Update(order_id=row.id, row=row, shown=row, operations=(held,)),)))
    assert changes.updated == (row.id,)
    assert (store.operations(row.id), store.waits(row.id)) == ((held,), False)
    changes = store.apply(Changed(updates=(Update(order_id=row.id, row=row, shown=row),)))
    assert changes.updated == (row.id,), "nothing but the decision has changed, and that is to be shown"
    assert (store.operations(row.id), store.unsent) == ((), 0)
    new = order(9)
    store.apply(Changed(updates=(Update(order_id=new.id, row=None, shown=new, operations=(operation(new),)),)))
    store.apply(Changed(updates=(Update(order_id=new.id, row=None, shown=None),)))
    assert store.unsent == 0
    store.apply(Changed(updates=(Update(order_id=row.id, row=row, shown=row, operations=(held,)),)))
    store.clear()
    assert store.operations(row.id) == ()


def test_of_what_no_list_has_the_last_told_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_store, "UNLISTED_KEPT", 3)
    store = OrderStore()
    held = operation(order(1), State.PARKED)
    store.apply(Changed(updates=(Update(order_id=held.order_id, row=order(1), shown=order(1), operations=(held,)),)))
    for number in range(2, 9):
        store.put_report(report(order(number), S.CONFIRMED))
        store.replace([order(number)], total=1, asked_at=store.mark())
    store.put_unlisted([order(4)])
    store.replace([order(9)], total=1, asked_at=store.mark())
    assert [number for number in range(1, 10) if store.get(OrderId(f"order-{number}")) is not None] == [1, 4, 7, 8, 9]
    assert len(store._told_at) <= 5
    assert {row for row in range(2, 9) if store.report(OrderId(f"order-{row}")) is not None} == {7, 8}


def test_a_listener_may_stop_listening_while_it_is_told(store: OrderStore) -> None:
    heard: list[str] = []

    def once(_changes: Changes) -> None:
        heard.append("once")
        stop()

    stop = store.subscribe(once)
    store.subscribe(lambda _changes: heard.append("always"))
    store.put(order(5))
    store.put(msgspec.structs.replace(order(5), version=2, note="late"))
    assert heard == ["once", "always", "always"]
