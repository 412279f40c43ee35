"""One announcement a change, whichever road brought it, and none for what is old or one's own."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from core.client.announcer import Announcement, Announcer
from core.client.operations import Kind, Operation, Owner, State
from core.client.order_store import OrderStore, PendingChange
from core.client.sync.updates import Changed, Update
from core.domain.commands import CancelOrder, PlaceOrder
from core.domain.ids import OpId, OrderId, ShopId
from core.domain.order import Channel, Order, PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus, status_info
from core.protocol.replies import StatusReport

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def order(name: str, status: OrderStatus = OrderStatus.PENDING, version: int = 1, age_s: float = 0) -> Order:
    return Order(
        id=OrderId(name),
        shop_id=ShopId("shop"),
        number=name,
        channel=Channel.ONLINE,
        status=status,
        version=version,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CASH,
        payment=PaymentState.UNPAID,
        currency="USD",
        subtotal_minor=0,
        tax_minor=0,
        total_minor=0,
        placed_at=NOW,
        updated_at=NOW - timedelta(seconds=age_s),
    )


class Heard:
    def __init__(self, store: OrderStore) -> None:
        self.told: list[tuple[str, OrderStatus, bool]] = []
        self.summed_up: list[int] = []
        self.announcer = Announcer(store, self._tell, self.summed_up.append, now=lambda: NOW)

    def _tell(self, announcement: Announcement) -> None:
        self.told.append((announcement.order.number, announcement.order.status, announcement.is_new))


@pytest.fixture
def store() -> OrderStore:
    return OrderStore()


@pytest.fixture
def heard(store: OrderStore) -> Heard:
    store.replace([order("a"), order("b")], 2, store.mark())
    made = Heard(store)
    made.announcer.start()
    return made


def test_the_backlog_at_the_start_is_silent(heard: Heard) -> None:
    assert heard.told == []


def test_a_change_is_told_once_by_whichever_roads_it_comes(store: OrderStore, heard: Heard) -> None:
    confirmed = order("a", OrderStatus.CONFIRMED, 2)
    store.put(confirmed)
    store.replace([confirmed, order("b")], 2, store.mark())
    store.put_report(
        StatusReport(
            order_id=confirmed.id,
            number=confirmed.number,
            status=confirmed.status,
            version=2,
            updated_at=NOW,
            status_info=status_info(confirmed.status, confirmed.fulfilment),
            history=(),
        )
    )
    assert heard.told == [("a", OrderStatus.CONFIRMED, False)]


def test_the_tracker_may_be_the_road(store: OrderStore, heard: Heard) -> None:
    ready = order("a", OrderStatus.READY, 4)
    store.put_report(
        StatusReport(
            order_id=ready.id,
            number=ready.number,
            status=ready.status,
            version=4,
            updated_at=NOW,
            status_info=status_info(ready.status, ready.fulfilment),
            history=(),
        )
    )
    store.put(ready)
    assert heard.told == [("a", OrderStatus.READY, False)]


def test_a_new_order_is_told_as_new(store: OrderStore, heard: Heard) -> None:
    store.put(order("c"))
    assert heard.told == [("c", OrderStatus.PENDING, True)]


def test_a_change_of_something_else_is_no_news(store: OrderStore, heard: Heard) -> None:
    store.put(msgspec.structs.replace(order("a", version=2), payment=PaymentState.PAID))
    assert heard.told == []


def test_what_this_window_did_is_no_news_to_it(store: OrderStore, heard: Heard) -> None:
    store.begin(PendingChange(OpId("op"), OrderId("a"), OrderStatus.CONFIRMED))
    store.settle(OpId("op"), order("a", OrderStatus.CONFIRMED, 2))
    cancelled = order("b", OrderStatus.CANCELLED, 2)
    heard.announcer.mine(cancelled)
    store.put(cancelled)
    assert heard.told == []


def waiting(seen: Order, kind: Kind, asked: msgspec.Struct, state: State = State.WAITING) -> Operation:
    return Operation(
        position=1,
        op_id=OpId("op"),
        owner=Owner("ada", "shop"),
        order_id=seen.id,
        kind=kind,
        request=msgspec.json.encode(asked),
        seen=seen,
        state=state,
        created_at=NOW,
    )


def tell(store: OrderStore, row: Order | None, shown: Order | None, *operations: Operation) -> None:
    order_id = (row or shown or order("?")).id
    store.apply(Changed(updates=(Update(order_id=order_id, row=row, shown=shown, operations=operations),)))


def test_what_waits_in_the_outbox_is_no_news_when_it_is_answered(store: OrderStore, heard: Heard) -> None:
    new = order("c")
    tell(store, None, new, waiting(new, Kind.PLACE, PlaceOrder(lines=())))
    tell(store, new, new)
    row, cancelled = order("a"), order("a", OrderStatus.CANCELLED, 2)
    tell(store, row, cancelled, waiting(row, Kind.CANCEL, CancelOrder()))
    tell(store, cancelled, cancelled)
    assert heard.told == []


def test_what_was_not_taken_is_followed_by_news(store: OrderStore, heard: Heard) -> None:
    row, confirmed = order("a"), order("a", OrderStatus.CONFIRMED, 2)
    tell(store, row, order("a", OrderStatus.CANCELLED, 2), waiting(row, Kind.CANCEL, CancelOrder()))
    tell(store, confirmed, confirmed, waiting(row, Kind.CANCEL, CancelOrder(), State.CONFLICT))
    assert heard.told == [("a", OrderStatus.CONFIRMED, False)]


def test_but_the_next_change_by_somebody_else_is(store: OrderStore, heard: Heard) -> None:
    store.begin(PendingChange(OpId("op"), OrderId("a"), OrderStatus.CONFIRMED))
    store.settle(OpId("op"), None)  # refused
    store.put(order("a", OrderStatus.CONFIRMED, 2))
    assert heard.told == [("a", OrderStatus.CONFIRMED, False)]


def test_a_step_back_is_news_too(store: OrderStore, heard: Heard) -> None:
    store.put(order("a", OrderStatus.CONFIRMED, 2))
    store.put(order("a", OrderStatus.PENDING, 3))
    assert [status for _, status, _ in heard.told] == [OrderStatus.CONFIRMED, OrderStatus.PENDING]


def test_after_a_long_sleep_there_is_one_summary(store: OrderStore, heard: Heard) -> None:
    old = [order("a", OrderStatus.READY, 4, age_s=3600), order("b", OrderStatus.COMPLETED, 5, age_s=4000)]
    store.replace(old, 2, store.mark())
    assert heard.told == []
    assert heard.summed_up == [2]


def test_what_happened_while_the_window_was_away_is_one_summary(store: OrderStore, heard: Heard) -> None:
    with heard.announcer.backlog():
        store.put(order("a", OrderStatus.CONFIRMED, 2))
    assert heard.told == []
    assert heard.summed_up == [1]
    store.put(order("a", OrderStatus.PREPARING, 3))
    assert heard.told == [("a", OrderStatus.PREPARING, False)]


def test_many_at_once_are_one_summary(store: OrderStore, heard: Heard) -> None:
    store.replace([order(f"n{number}") for number in range(10)], 10, store.mark())
    assert heard.told == []
    assert heard.summed_up == [10]


def test_signed_out_it_is_silent_and_the_next_person_starts_afresh(store: OrderStore, heard: Heard) -> None:
    heard.announcer.stop()
    store.clear()
    store.replace([order("x")], 1, store.mark())
    heard.announcer.start()
    assert heard.told == []
    store.put(order("x", OrderStatus.CONFIRMED, 2))
    assert heard.told == [("x", OrderStatus.CONFIRMED, False)]
