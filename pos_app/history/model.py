"""The orders a search found, newest first."""

from PySide6.QtCore import QObject, Qt
from typing_extensions import override

from core.ui.rows import RowsModel
from pos_app.order.card import Card, spoken


class HistoryModel(RowsModel[Card]):
    """One row an order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda card: card.order.id, parent)

    @override
    def value(self, row: Card, role: int) -> str | None:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.order.number
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(row)
        return None
