"""The orders a search found, newest first."""

from PySide6.QtCore import QObject, Qt
from typing_extensions import override

from core.domain.order import Order
from core.ui.rows import RowsModel
from pos_app.models.card import Card, spoken


class HistoryModel(RowsModel[Order]):
    """One row an order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda order: order.id, parent)

    @override
    def value(self, row: Order, role: int) -> str | None:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.number
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(Card(row))
        return None
