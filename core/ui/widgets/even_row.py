"""Widgets side by side, each as wide as the others; below each other where one of them does not fit."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QBoxLayout, QWidget
from typing_extensions import override

from core.ui.theme import Theme


class EvenRow(QWidget):
    def __init__(self, theme: Theme, *parts: QWidget) -> None:
        super().__init__()
        self._parts = parts
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(theme.space(2))
        for part in parts:
            self._box.addWidget(part, 1)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(max(self._widths, default=0), super().minimumSizeHint().height())

    @property
    def _widths(self) -> list[int]:
        return [part.minimumSizeHint().width() for part in self._parts if not part.isHidden()]

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            widths, directions = self._widths, QBoxLayout.Direction
            needed = max(widths, default=0) * len(widths) + self._box.spacing() * max(0, len(widths) - 1)
            self._box.setDirection(directions.LeftToRight if needed <= self.width() else directions.TopToBottom)
        return super().event(event)
