"""Two things that stand at the two ends of a line, or below each other where the line is too short."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget
from typing_extensions import override

from core.ui.theme import Theme


class Pair(QWidget):
    """`start` gets the room that `end` leaves, while that is as much as it needs."""

    def __init__(self, theme: Theme, start: QWidget, end: QWidget) -> None:
        super().__init__()
        self._start = start
        self._end = end
        self._spacing = theme.space(3)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(self._spacing)
        self._box.addWidget(start, 1)
        self._box.addWidget(end)

    @override
    def minimumSizeHint(self) -> QSize:
        parts = (self._start.minimumSizeHint(), self._end.minimumSizeHint())
        return QSize(max(part.width() for part in parts), super().minimumSizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        needed = self._start.minimumSizeHint().width() + self._spacing + self._end.minimumSizeHint().width()
        short = needed > self.width()
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if short else QBoxLayout.Direction.LeftToRight)
        super().resizeEvent(event)
