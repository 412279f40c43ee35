"""The board's columns: always in order, always the smallest change, and a card in one column only."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy

from core.client.order_store import PendingChange
from core.client.storage.cache import after
from core.domain import order_rules
from core.domain.commands import ChangePayment, ChangeStatus
from core.domain.ids import OpId, OrderId, ShopId
from core.domain.order import Channel, Order, PaymentState, Tender
from core.domain.people import Role
from core.domain.status import OPEN, Fulfilment, OrderStatus, steps_of
from core.protocol.events import event_of
from core.ui.rows import ROW
from pos_app.board.column_model import CARD, ColumnModel
from pos_app.board.presenter import Board
from pos_app.context import PosContext
from pos_app.history.model import HistoryModel
from pos_app.order.card import COLUMNS, Band, Card, Own, Thresholds, column_empty, spoken, step_label
from pos_app.order.changes import OrderChanges
from pos_app.settings import PosSettings
from tests.support.contexts import context_over
from tests.support.fake_backend import FakeBackend
from tests.support.steps import way

S = OrderStatus
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TESTED = QAbstractItemModelTester.FailureReportingMode.Fatal


def order(number: int, status: OrderStatus = S.PENDING, **fields: object) -> Order:
    made = Order(
        id=OrderId(f"order-{number}"),
        shop_id=ShopId("shop"),
        number=f"ONLINE-{number:06d}",
        channel=Channel.ONLINE,
        status=status,
        version=1,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CASH,
        payment=PaymentState.UNPAID,
        currency="USD",
        subtotal_minor=1000,
        tax_minor=0,
        total_minor=1000,
        placed_at=NOON + timedelta(seconds=number),
        updated_at=NOON + timedelta(seconds=number),
        customer_name="Aisha",
    )
    return msgspec.structs.replace(made, **fields)


class Watched:
    """A model under Qt's own tester, and what it emitted."""

    def __init__(self, model: ColumnModel | HistoryModel) -> None:
        self.model = model
        self.tester = QAbstractItemModelTester(model, TESTED)
        self.inserted = QSignalSpy(model.rowsInserted)
        self.removed = QSignalSpy(model.rowsRemoved)
        self.changed = QSignalSpy(model.dataChanged)
        self.reset = QSignalSpy(model.modelReset)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return self.inserted.count(), self.removed.count(), self.changed.count(), self.reset.count()


@pytest.fixture
def column(qapp: QCoreApplication) -> Watched:
    return Watched(ColumnModel())


def numbers(model: ColumnModel) -> list[str]:
    return [model.data(model.index(row)) for row in range(model.rowCount())]  # type: ignore[misc]


def test_cards_are_sorted_by_age_whenever_they_come(column: Watched) -> None:
    model = column.model
    assert isinstance(model, ColumnModel)
    for number in (3, 1, 2):
        model.put(Card(order(number)))
    assert numbers(model) == ["ONLINE-000001", "ONLINE-000002", "ONLINE-000003"]
    assert column.counts == (3, 0, 0, 0)


def test_a_changed_card_is_one_changed_row_and_the_same_card_is_none(column: Watched) -> None:
    model = column.model
    assert isinstance(model, ColumnModel)
    model.put(Card(order(1)))
    model.put(Card(order(2)))
    model.put(Card(order(2)))
    assert column.counts == (2, 0, 0, 0)
    model.put(Card(order(2), Own.SENDING))
    assert column.counts == (2, 0, 1, 0)
    assert column.changed.at(0)[0].row() == 1


def test_an_order_that_gets_another_time_goes_to_its_new_place(column: Watched) -> None:
    """One that was taken without a server is told its time by the server later."""
    model = column.model
    assert isinstance(model, ColumnModel)
    for number in (1, 3, 5):
        model.put(Card(order(number)))
    nearly = msgspec.structs.replace(order(3), placed_at=NOON + timedelta(seconds=4))
    model.put(Card(nearly))
    assert column.counts == (3, 0, 1, 0)  # still between the same two: nothing moves under a finger
    assert model.index_of(nearly.id).row() == 1
    last = msgspec.structs.replace(nearly, placed_at=NOON + timedelta(seconds=9))
    model.put(Card(last))
    assert numbers(model) == ["ONLINE-000001", "ONLINE-000005", "ONLINE-000003"]
    assert model.index_of(last.id).row() == 2
    model.remove(last.id)
    assert model.rowCount() == 2


def test_removing_is_one_row_and_removing_nothing_is_nothing(column: Watched) -> None:
    model = column.model
    assert isinstance(model, ColumnModel)
    model.put(Card(order(1)))
    model.put(Card(order(2)))
    model.remove(OrderId("order-1"))
    model.remove(OrderId("order-1"))
    assert column.counts == (2, 1, 0, 0)
    assert not model.index_of(OrderId("order-1")).isValid()
    assert model.index_of(OrderId("order-2")).row() == 0


def test_a_row_gives_its_card_and_speaks_it(column: Watched) -> None:
    model = column.model
    assert isinstance(model, ColumnModel)
    card = Card(order(1, note="Ring twice"), Own.UNSENT)
    model.put(card)
    assert model.data(model.index(0), CARD) == card
    told = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    for expected in (
        "ONLINE-000001",
        "Placed",
        "Aisha",
        "Pick-up",
        "Online",
        "Ring twice",
        "10.00",
        "To pay",
        "not sent",
    ):
        assert expected in str(told)
    assert model.data(model.index(0), Qt.ItemDataRole.DecorationRole) is None
    assert model.data(model.index(5), CARD) is None


def test_history_rows_speak_too(qapp: QCoreApplication) -> None:
    watched = Watched(HistoryModel())
    model = watched.model
    assert isinstance(model, HistoryModel)
    model.set_rows([Card(order(2)), Card(order(1))])
    assert model.data(model.index(0)) == "ONLINE-000002"
    assert model.data(model.index(0), ROW) == Card(order(2))
    assert model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole) == spoken(Card(order(2)))
    model.set_rows([Card(order(2, S.CANCELLED)), Card(order(1))])
    assert watched.counts == (1, 0, 1, 0)
    model.set_rows([Card(order(2, S.CANCELLED), Own.CONFLICT), Card(order(1))])
    assert watched.counts == (1, 0, 2, 0)
    assert str(model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)).endswith("conflict")


class Shop:
    """A board over a store, without a window."""

    def __init__(self, context: PosContext) -> None:
        self.store = context.store
        self.changes = OrderChanges(context)
        self.board = Board(context, self.changes)
        self.watched = {status: Watched(model) for status, model in self.board.columns.items()}

    def shown(self) -> dict[OrderId, OrderStatus]:
        found: dict[OrderId, OrderStatus] = {}
        for status, model in self.board.columns.items():
            for row in range(model.rowCount()):
                card = model.card(model.index(row))
                assert card is not None
                assert card.order.id not in found, "an order in two columns"
                found[card.order.id] = status
        return found

    def counts(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*(each.counts for each in self.watched.values()), strict=True)))


@pytest.fixture(scope="module")
def context(qapp: QCoreApplication) -> Iterator[PosContext]:
    with context_over(PosSettings(), FakeBackend()) as made:
        yield made


@pytest.fixture
def shop(context: PosContext) -> Iterator[Shop]:
    context.bridge.renew()
    made = Shop(context)
    yield made
    made.board.close()


def replace(shop: Shop, *orders: Order) -> None:
    shop.store.replace(orders, len(orders), shop.store.mark())


def test_a_refresh_of_the_same_orders_says_nothing(shop: Shop) -> None:
    orders = [order(number, status) for number, status in enumerate(sorted(OPEN) * 3)]
    replace(shop, *orders)
    before = shop.counts()
    replace(shop, *orders)
    assert shop.counts() == before


def test_one_step_is_one_row_out_and_one_row_in(shop: Shop) -> None:
    replace(shop, *(order(number) for number in range(20)))
    before = shop.counts()
    replace(shop, *(order(n, S.CONFIRMED, version=2) if n == 7 else order(n) for n in range(20)))
    assert tuple(after - b for after, b in zip(shop.counts(), before, strict=True)) == (1, 1, 0, 0)
    assert shop.shown()[OrderId("order-7")] is S.CONFIRMED


def test_a_change_under_way_moves_its_card_at_once(shop: Shop) -> None:
    replace(shop, order(1))
    shop.store.begin(PendingChange(OpId("op"), OrderId("order-1"), S.CONFIRMED))
    assert shop.shown() == {OrderId("order-1"): S.CONFIRMED}
    card = shop.board.card(OrderId("order-1"))
    assert card is not None
    assert card.sending
    shop.store.settle(OpId("op"), None)
    assert shop.shown() == {OrderId("order-1"): S.PENDING}


def test_an_order_that_was_only_looked_up_is_not_put_on_the_board(shop: Shop) -> None:
    shop.store.put_unlisted((order(1),))
    assert shop.shown() == {}


_STATUSES = st.sampled_from(list(S))
_LISTS = st.lists(st.dictionaries(st.integers(0, 12), _STATUSES, max_size=10), max_size=6)


@given(lists=_LISTS, sought=st.sampled_from(["", "00000", "ONLINE-000003", "aisha", "nobody"]))
def test_the_board_is_what_the_server_said_last(
    context: PosContext, lists: list[dict[int, OrderStatus]], sought: str
) -> None:
    """Whatever lists come, one after the other: every open order that matches is in its column, and nothing else."""
    context.bridge.renew()  # a store of its own for each example
    shop = Shop(context)
    shop.board.seek(sought)
    version = 1
    last: dict[int, OrderStatus] = {}
    for last in lists:
        version += 1
        replace(shop, *(order(number, status, version=version) for number, status in last.items()))
    expected = {
        OrderId(f"order-{number}"): status
        for number, status in last.items()
        if status.is_open and sought.casefold() in f"online-{number:06d} aisha"
    }
    assert shop.shown() == expected
    assert shop.board.shown == len(expected)
    for model in shop.board.columns.values():
        assert numbers(model) == sorted(numbers(model))
    shop.board.close()


@pytest.mark.parametrize(
    ("minutes", "band"), [(0, Band.FRESH), (7.99, Band.FRESH), (8, Band.SLOW), (13.99, Band.SLOW), (14, Band.LATE)]
)
def test_ages_have_bands(minutes: float, band: Band) -> None:
    thresholds = Thresholds(timedelta(minutes=8), timedelta(minutes=14))
    assert thresholds.band(timedelta(minutes=minutes)) is band


def test_what_is_ready_waits_since_it_is_ready() -> None:
    ready = order(1, S.READY, updated_at=NOON + timedelta(minutes=20))
    assert Card(ready).waits_since == NOON + timedelta(minutes=20)
    assert Card(order(1, S.PREPARING, updated_at=NOON + timedelta(minutes=20))).waits_since == order(1).placed_at


@pytest.mark.parametrize("change", ["paid", "not paid after all", "given back"])
def test_a_change_of_payment_does_not_start_the_waiting_again(change: str) -> None:
    """Nobody waits less because they have paid."""
    first, later = {
        "paid": (PaymentState.UNPAID, PaymentState.PAID),
        "not paid after all": (PaymentState.PAID, PaymentState.UNPAID),
        "given back": (PaymentState.PAID, PaymentState.REFUNDED),
    }[change]
    ready_at = NOON + timedelta(minutes=20)
    step = ChangeStatus(to=S.READY, version=1)
    before = order(1, way(S.PENDING, S.READY)[-2], payment=first)
    ready = order_rules.change(before, step, Role.CASHIER, ready_at)
    asked = ChangePayment(payment=later, version=ready.version, tender=ready.tender, reason="by mistake")
    changed = order_rules.change(ready, asked, Role.CASHIER, ready_at + timedelta(minutes=9))
    assert (changed.payment, changed.updated_at) == (later, ready_at + timedelta(minutes=9))
    assert Card(changed).waits_since == ready_at
    told = after(after(before, event_of(before, ready)), event_of(ready, changed))
    assert Card(told).waits_since == ready_at, "and so it is told to other tills"


@pytest.mark.parametrize("fulfilment", Fulfilment)
@pytest.mark.parametrize("status", OrderStatus)
def test_every_column_and_every_step_has_words(status: OrderStatus, fulfilment: Fulfilment) -> None:
    assert bool(step_label(order(1, status, fulfilment=fulfilment))) is (
        status in OPEN.intersection(steps_of(fulfilment))
    )
    if status in COLUMNS:
        assert column_empty(status)
