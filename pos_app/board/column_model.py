"""The model of one column: its cards, oldest first, changed one row at a time."""

from bisect import bisect_left
from datetime import datetime
from typing import Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from core.domain.ids import OrderId
from core.domain.order import Order
from pos_app.order.card import Card, spoken

CARD: Final = int(Qt.ItemDataRole.UserRole)
"""The role of a row's `Card`."""

Index = QModelIndex | QPersistentModelIndex
_Key = tuple[datetime, OrderId]


def _key(order: Order) -> _Key:
    return order.placed_at, order.id


class ColumnModel(QAbstractListModel):
    """A sorted list of cards. An order's key changes at most once: when one taken offline gets the server's time."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cards: list[Card] = []
        self._keys: list[_Key] = []
        self._key_of: dict[OrderId, _Key] = {}

    def put(self, card: Card) -> None:
        """Show `card`: insert or change one row; nothing when it is unchanged."""
        key, held = _key(card.order), self._key_of.get(card.order.id)
        if held is not None:
            row = bisect_left(self._keys, held)
            if held == key or self._stays(row, key):
                self._keys[row] = self._key_of[card.order.id] = key
                if self._cards[row] != card:
                    self._cards[row] = card
                    self.dataChanged.emit(self.index(row), self.index(row))
                return
            self.remove(card.order.id)
        row = bisect_left(self._keys, key)
        self.beginInsertRows(QModelIndex(), row, row)
        self._cards.insert(row, card)
        self._keys.insert(row, key)
        self._key_of[card.order.id] = key
        self.endInsertRows()

    def _stays(self, row: int, key: _Key) -> bool:
        """Whether the card in `row` keeps its place under `key`."""
        before, after = self._keys[max(0, row - 1) : row], self._keys[row + 1 : row + 2]
        return all(other < key for other in before) and all(key < other for other in after)

    def remove(self, order_id: OrderId) -> None:
        """Remove the order's card, if there is one."""
        key = self._key_of.pop(order_id, None)
        if key is None:
            return
        row = bisect_left(self._keys, key)
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._cards[row], self._keys[row]
        self.endRemoveRows()

    def index_of(self, order_id: OrderId) -> QModelIndex:
        """The index of an order's card; invalid when it is not here."""
        key = self._key_of.get(order_id)
        return QModelIndex() if key is None else self.index(bisect_left(self._keys, key))

    def card(self, index: Index) -> Card | None:
        return self._cards[index.row()] if index.isValid() and index.row() < len(self._cards) else None

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else len(self._cards)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        card = self.card(index)
        if card is None:
            return None
        if role == CARD:
            return card
        if role == Qt.ItemDataRole.DisplayRole:
            return card.order.number
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(card)
        return None
