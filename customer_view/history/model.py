"""My orders as a Qt list: the order store's rows, newest first."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from typing_extensions import override

from core.client.order_store import Changes, OrderStore
from core.domain.ids import OrderId
from core.domain.order import Order
from core.ui.rows import Index, RowsModel
from core.ui.text import _, money, ngettext, status_label
from customer_view.words import title, when


def summary(order: Order, now: datetime) -> str:
    """`Today 12:01 · 3 items`."""
    items = ngettext("{count} item", "{count} items", order.quantity)
    return _("{when} · {items}").format(when=when(order.placed_at, now), items=items)


class Unsent(Enum):
    """The state of an order with unanswered operations."""

    WAITING = "waiting"
    HELD = "held"
    """The shop refused it: its customer has to decide."""


def unsent(store: OrderStore, order_id: OrderId) -> Unsent | None:
    """None for an order without unanswered operations."""
    operations = store.operations(order_id)
    if not operations:
        return None
    return Unsent.HELD if operations[0].held else Unsent.WAITING


def unsent_label(state: Unsent) -> str:
    return _("Waiting to send") if state is Unsent.WAITING else _("Please decide")


class HistoryModel(RowsModel[Order]):
    """Follows an `OrderStore`. It emits when the view has reached the end and there is more to load."""

    more_wanted = Signal()

    def __init__(self, store: OrderStore, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(lambda order: order.id, parent)
        self._store = store
        self._now = now
        self._has_more = False
        self._unsent: dict[OrderId, Unsent] = {}
        self._forget = store.subscribe(self._on_store_changed)
        self._show(list(store))

    def detach(self) -> None:
        """Stop following the store."""
        self._forget()

    def now(self) -> datetime:
        """The instant that rows are described at."""
        return self._now()

    def unsent(self, order_id: OrderId) -> Unsent | None:
        """Whether, and why, operations of this order are unanswered."""
        return self._unsent.get(order_id)

    @override
    def value(self, row: Order, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return title(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _("{number}, {status}, {summary}, {amount}").format(
                number=title(row),
                status=unsent_label(state) if (state := self.unsent(row.id)) else status_label(row.status),
                summary=summary(row, self._now()),
                amount=money(row.total_minor, row.currency),
            )
        return None

    @override
    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._has_more and bool(self._rows)

    @override
    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self.more_wanted.emit()

    @Slot(bool)
    def set_has_more(self, has_more: bool) -> None:
        """Whether there are older orders that are not being loaded."""
        self._has_more = has_more

    @Slot()
    def turn_day(self) -> None:
        """Redraw the rows: `Today` has become `Yesterday`."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def _on_store_changed(self, _changes: Changes) -> None:
        self._show(list(self._store))

    def _show(self, rows: list[Order]) -> None:
        before, held = self._unsent, {row.id: row for row in self._rows}
        self._unsent = {row.id: state for row in rows if (state := unsent(self._store, row.id)) is not None}
        self.set_rows(rows)
        for at, row in enumerate(rows):
            if before.get(row.id) is not self._unsent.get(row.id) and held.get(row.id) == row:
                self.dataChanged.emit(self.index(at), self.index(at))
