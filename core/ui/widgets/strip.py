"""The strip at a window's foot for notices that nobody requested."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QBoxLayout, QWidget
from typing_extensions import override

from core.ui.theme import Theme
from core.ui.widgets.scroll import VerticalScroll

_SHARE = 1000
"""The stretch of bars, against 0 of the room before them: they take the width up to their maximum."""
_LINES = 2
"""The strip's height in lines: a title and a sentence, or two lines of a sentence beside its title."""


class Strip(VerticalScroll):
    """A strip of fixed height, as high as its buttons need, so that a notice moves nothing under a finger: a bar above
    the page would move its cards, one that takes room from it its buttons, and an overlay would hide them. More notices
    than fit are scrolled."""

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
    """Bars side by side, or stacked where the text is too large for that, with the last one on top, as it has the
    button."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._bars: list[QWidget] = []
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.space(2))
        self._row.addStretch(0)

    def add(self, bar: QWidget) -> None:
        self._bars.append(bar)
        self._row.insertWidget(1, bar, _SHARE, Qt.AlignmentFlag.AlignTop)

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
