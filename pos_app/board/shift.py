"""Protection against a press on the wrong order, when columns have just moved."""

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QPoint, QRect

from core import clock
from core.domain.ids import OrderId
from pos_app.board.column_view import ColumnView

_AIMED_S: Final = 0.8
"""So long before it lands a press may have been aimed; who goes down a column presses again within this time."""


class Shift:
    """The places of the cards before the columns moved. For a moment, a press on another order than before is
    ignored."""

    def __init__(self) -> None:
        self._cards: list[tuple[QRect, OrderId]] = []
        self._until_s = 0.0

    def begin(self, views: Iterable[ColumnView]) -> None:
        """Note the visible cards: the columns are about to move."""
        self._until_s = clock.now_s() + _AIMED_S
        self._cards = [each for view in views if view.isVisible() for each in view.cards_in_sight()]

    def allows(self, at: QPoint, order_id: OrderId) -> bool:
        """Whether a press at that place of the screen may be meant for the order."""
        if clock.now_s() >= self._until_s:
            return True
        return all(order_id == was for rect, was in self._cards if rect.contains(at))
