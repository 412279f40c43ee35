"""A title and a sentence: beside each other where the title is short, so that a bar of two lines holds both."""

from typing import Final

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QWidget
from typing_extensions import override

from core.ui.theme import Theme

_TITLE_SHARE: Final = 0.4
"""Of the width: a longer title has its sentence below it."""


class TitledText(QWidget):
    """Both labels are the caller's."""

    def __init__(self, theme: Theme, title: QLabel, text: QLabel) -> None:
        super().__init__()
        self._title = title
        self._beside: bool | None = None
        self._gap = theme.space(4)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(title)
        self._box.addWidget(text, 1)

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fold()
        return super().event(event)

    def _fold(self) -> None:
        metrics, directions = self._title.fontMetrics(), QBoxLayout.Direction
        title = max(map(metrics.horizontalAdvance, self._title.text().splitlines()), default=0)
        beside = title < self.width() * _TITLE_SHARE
        if beside is self._beside:
            return  # Qt lays out anew whatever it is told, also what it was told before, and so would come here again
        self._beside = beside
        self._title.setWordWrap(not beside)
        self._box.setSpacing(self._gap if beside else 0)
        self._box.setDirection(directions.LeftToRight if beside else directions.TopToBottom)
