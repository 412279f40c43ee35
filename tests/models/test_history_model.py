"""My orders as a Qt list: newest first, and every change as small as it is."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy

from core.client.order_store import OrderStore
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.ui.days import Days
from customer_view.history.model import HistoryModel, summary
from tests.support.customer_window import order, shop

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def orders() -> list[Order]:
    """Newest first."""
    backend = shop()
    return [order(backend) for _ in range(6)][::-1]


@pytest.fixture
def store() -> OrderStore:
    return OrderStore()


@pytest.fixture
def model(store: OrderStore, qapp: object) -> HistoryModel:
    made = HistoryModel(store, Clock())
    made.tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)  # type: ignore[attr-defined]
    return made


def numbers(model: HistoryModel) -> list[str]:
    return [model.data(model.index(row), Qt.ItemDataRole.DisplayRole) for row in range(model.rowCount())]


def test_newest_first_in_whatever_order_they_came(model: HistoryModel, store: OrderStore, orders: list[Order]) -> None:
    for at in (3, 0, 5, 2, 4, 1):
        store.put(orders[at])
    assert numbers(model) == [order.number for order in orders]


def test_a_refresh_that_changes_nothing_says_nothing(
    model: HistoryModel, store: OrderStore, orders: list[Order]
) -> None:
    store.replace(orders, 6, store.mark())
    spies = [
        QSignalSpy(signal) for signal in (model.dataChanged, model.rowsInserted, model.rowsRemoved, model.modelReset)
    ]
    store.replace(orders, 6, store.mark())
    assert [spy.count() for spy in spies] == [0, 0, 0, 0]


def test_a_changed_order_is_one_changed_row(model: HistoryModel, store: OrderStore, orders: list[Order]) -> None:
    store.replace(orders, 6, store.mark())
    changed = QSignalSpy(model.dataChanged)
    moved = msgspec.structs.replace(orders[2], status=OrderStatus.CONFIRMED, version=2)
    store.replace([*orders[:2], moved, *orders[3:]], 6, store.mark())
    assert changed.count() == 1
    first, last, *_roles = changed.at(0)
    assert (first.row(), last.row()) == (2, 2)


def test_new_orders_are_inserted_where_they_belong(model: HistoryModel, store: OrderStore, orders: list[Order]) -> None:
    store.replace(orders[1:3] + orders[4:], 4, store.mark())
    inserted: list[tuple[int, int]] = []
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    store.replace(orders, 6, store.mark())
    assert inserted == [(0, 0), (3, 3)]
    assert numbers(model) == [order.number for order in orders]


def test_what_the_store_forgets_leaves(model: HistoryModel, store: OrderStore, orders: list[Order]) -> None:
    store.replace(orders, 6, store.mark())
    store.clear()
    assert model.rowCount() == 0


def test_a_detached_model_follows_no_more(model: HistoryModel, store: OrderStore, orders: list[Order]) -> None:
    model.detach()
    store.put(orders[0])
    assert model.rowCount() == 0


def test_more_is_wanted_once_there_is_more(model: HistoryModel, store: OrderStore, orders: list[Order]) -> None:
    wanted = QSignalSpy(model.more_wanted)
    root = QModelIndex()
    store.replace(orders, 20, store.mark())
    model.fetchMore(root)
    assert wanted.count() == 0
    model.set_has_more(True)
    assert model.canFetchMore(root)
    model.fetchMore(root)
    assert wanted.count() == 1


def test_a_row_is_told_whole_in_words(model: HistoryModel, store: OrderStore, orders: list[Order]) -> None:
    store.put(orders[0])
    words = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert orders[0].number in words
    assert "Placed" in words
    assert "3 items" in words
    assert "25.33" in words


def test_the_day_is_told_from_the_readers_own(orders: list[Order]) -> None:
    placed = orders[0].placed_at
    assert summary(orders[0], placed).startswith("Today")
    assert summary(orders[0], placed + timedelta(days=1)).startswith("Yesterday")


def test_at_midnight_today_becomes_yesterday(store: OrderStore, orders: list[Order], qapp: object) -> None:
    clock = Clock()
    model, days = HistoryModel(store, clock), Days(clock)
    days.begun.connect(model.turn_day)
    store.replace(orders, 6, store.mark())
    changed = QSignalSpy(model.dataChanged)
    days.look()
    assert changed.count() == 0
    clock.now += timedelta(days=1)
    days.look()
    assert changed.count() == 1
    days.look()
    assert changed.count() == 1
