"""My orders as a Qt list: the order store's rows, newest first, each change as small as it is."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot
from typing_extensions import override

from core.client.orders import Changes, OrderStore
from core.domain.ids import OrderId
from core.domain.order import Order
from core.ui.text import _, clock, day, money, ngettext, status_label

ORDER_ROLE: Final = int(Qt.ItemDataRole.UserRole) + 1
Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()


def when(at: datetime, now: datetime) -> str:
    """`Today 12:01`, as the reader writes it."""
    return _("{day} {time}").format(day=day(at, now), time=clock(at))


def summary(order: Order, now: datetime) -> str:
    """`Today 12:01 · 3 items`."""
    items = ngettext("{count} item", "{count} items", order.quantity)
    return _("{when} · {items}").format(when=when(order.placed_at, now), items=items)


class HistoryModel(QAbstractListModel):
    """Adapts an `OrderStore`. It also says when the view has come to its end and there is more to load."""

    more_wanted = Signal()

    def __init__(self, store: OrderStore, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._now = now
        self._today = now().astimezone().date()
        self._rows: list[Order] = list(store)
        self._has_more = False
        self._forget = store.subscribe(self._on_store_changed)

    def detach(self) -> None:
        """Follow the store no longer."""
        self._forget()

    # -- what a view asks

    @override
    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        order = self._rows[index.row()]
        if role == ORDER_ROLE:
            return order
        if role == Qt.ItemDataRole.DisplayRole:
            return order.number
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _("{number}, {status}, {summary}, {amount}").format(
                number=order.number,
                status=status_label(order.status),
                summary=summary(order, self._now()),
                amount=money(order.total_minor, order.currency),
            )
        return None

    @override
    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._has_more and bool(self._rows)

    @override
    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self.more_wanted.emit()

    def now(self) -> datetime:
        """The instant that rows are described at."""
        return self._now()

    def index_of(self, order_id: OrderId) -> QModelIndex:
        """Where an order is; an invalid index when it is not listed."""
        rows = (row for row, order in enumerate(self._rows) if order.id == order_id)
        return self.index(next(rows, -1), 0)

    # -- what changes

    @Slot(bool)
    def set_has_more(self, has_more: bool) -> None:
        """Whether older orders are there to be loaded, and nobody is loading them yet."""
        self._has_more = has_more

    def turn_day(self) -> None:
        """Repaint the rows when `Today` has become `Yesterday` since the last time."""
        today = self._now().astimezone().date()
        if today != self._today and self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))
        self._today = today

    def _on_store_changed(self, changes: Changes) -> None:
        removed = set(changes.removed)
        for first, last in reversed(list(_runs(self._rows, removed))):
            self.beginRemoveRows(_ROOT, first, last)
            del self._rows[first : last + 1]
            self.endRemoveRows()
        fresh = list(self._store)
        for first, last in _runs(fresh, set(changes.added)):
            self.beginInsertRows(_ROOT, first, last)
            self._rows[first:first] = fresh[first : last + 1]
            self.endInsertRows()
        for first, last in _runs(fresh, set(changes.updated)):
            self._rows[first : last + 1] = fresh[first : last + 1]
            self.dataChanged.emit(self.index(first, 0), self.index(last, 0))


def _runs(rows: Iterable[Order], wanted: set[OrderId]) -> Iterator[tuple[int, int]]:
    """The first and last row of each unbroken run of `wanted` orders, from the top."""
    first = last = -2
    for row, order in enumerate(rows):
        if order.id not in wanted:
            continue
        if row != last + 1:
            if last >= 0:
                yield first, last
            first = row
        last = row
    if last >= 0:
        yield first, last
