"""The strip at a window's foot, where everything is said that comes by itself."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QBoxLayout, QWidget
from typing_extensions import override

from core.ui.theme import Theme
from core.ui.widgets.scroll import VerticalScroll

_SHARE = 1000
"""Bars take the room, up to their width; the rest is before them."""
_LINES = 2
"""A title and a sentence, or a sentence of two lines beside its title."""


class Strip(VerticalScroll):
    """It has its room before anything is said, no more than its buttons ask for: a bar above would push another card
    under the finger, one that took its room from the page would lift the page's buttons, and one over it would hide
    them. More than it holds is scrolled.
    """

    def __init__(self, theme: Theme, last: QWidget | None = None) -> None:
        """`last` keeps its place at the end while others come and go."""
        super().__init__(_Bars(theme))
        self.setFixedHeight(max(theme.touch_px, theme.lines_px(_LINES)) + theme.space(1))
        if last is not None:
            self.add(last)

    def add(self, bar: QWidget) -> None:
        """Add a bar, before the others."""
        bars = self.widget()
        assert isinstance(bars, _Bars)
        bars.add(bar)


class _Bars(QWidget):
    """Side by side; below each other where the letters are too large for that, the last one on top: it is the one that
    can be pressed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._bars: list[QWidget] = []
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.space(2))
        self._row.addStretch(0)

    def add(self, bar: QWidget) -> None:
        self._bars.append(bar)
        self._row.insertWidget(1, bar, _SHARE)

    @property
    def _widths(self) -> list[int]:
        return [bar.minimumSizeHint().width() for bar in self._bars if not bar.isHidden()]

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(max(self._widths, default=0), super().minimumSizeHint().height())

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            widths, directions = self._widths, QBoxLayout.Direction
            fits = sum(widths) + self._row.spacing() * max(0, len(widths) - 1) <= self.width()
            self._row.setDirection(directions.LeftToRight if fits else directions.BottomToTop)
        return super().event(event)
