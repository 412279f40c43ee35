"""Two widgets at the two ends of a line, or below each other where the line is too short."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QBoxLayout, QWidget
from typing_extensions import override

from core.ui.theme import Theme
from core.ui.widgets.controls import least_width


class Pair(QWidget):
    """`start` gets the room that `end` leaves, if it is enough. `close`: neither gets more than its size hint."""

    def __init__(self, theme: Theme, start: QWidget, end: QWidget, *, close: bool = False) -> None:
        super().__init__()
        self._start = start
        self._end = end
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(theme.space(3))
        self._box.addWidget(start, 0 if close else 1)
        self._box.addWidget(end)
        if close:
            self._box.addStretch(1)

    @override
    def minimumSizeHint(self) -> QSize:
        margins = self.contentsMargins()
        widest = max(least_width(part) for part in (self._start, self._end))
        return QSize(widest + margins.left() + margins.right(), super().minimumSizeHint().height())

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fold()
        return super().event(event)

    def _fold(self) -> None:
        parts = [least_width(part) for part in (self._start, self._end) if _takes_room(part)]
        short = sum(parts) + self._box.spacing() > self.contentsRect().width()
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if short else QBoxLayout.Direction.LeftToRight)


def _takes_room(part: QWidget) -> bool:
    return not part.isHidden() or part.sizePolicy().retainSizeWhenHidden()
