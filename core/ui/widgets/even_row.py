"""Widgets in a row, each as wide as the others; in two rows, or below each other, where one of them does not fit."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QGridLayout, QWidget
from typing_extensions import override

from core.ui.theme import Theme
from core.ui.widgets.controls import least_width


class EvenRow(QWidget):
    def __init__(self, theme: Theme, *parts: QWidget) -> None:
        super().__init__()
        self._parts: Sequence[QWidget] = ()
        self._laid_out: tuple[int, list[QWidget]] = (0, [])
        self._most = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.space(2))
        self.use(parts)

    def use(self, parts: Sequence[QWidget], most: int = 0) -> None:
        """These are shown, at most so many of them in a row, unless that is 0; others are hidden."""
        for part in {*self._parts, *parts}:
            if part.parentWidget() is self:
                part.setVisible(part in parts)
        self._parts, self._most = parts, most
        self._fold()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(max(self._widths, default=0), super().minimumSizeHint().height())

    @property
    def _shown(self) -> list[QWidget]:
        return [part for part in self._parts if not part.isHidden() or part.parentWidget() is not self]

    @property
    def _widths(self) -> list[int]:
        return [least_width(part) for part in self._shown]

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fold()
        return super().event(event)

    def _fold(self) -> None:
        shown, widest = self._shown, max(self._widths, default=0)
        most = min(self._most or len(shown), len(shown))

        def fits(columns: int) -> bool:
            return widest * columns + self._grid.spacing() * (columns - 1) <= self.width()

        columns = next((each for each in (most, (len(shown) + 1) // 2) if each <= most and fits(each)), 1)
        if (columns, shown) == self._laid_out:
            return
        for column in range(max(self._grid.columnCount(), columns)):
            self._grid.setColumnStretch(column, int(column < columns))
        for at, part in enumerate(shown):
            self._grid.addWidget(part, at // columns, at % columns)
        self._laid_out = columns, shown
