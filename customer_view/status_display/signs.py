"""Texts of the status display besides numbers: shop and time, a warning about age, and the reason for an empty
screen."""

from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from core.ui.theme import Theme
from customer_view.status_display.lettering import end, font, start, write

_MIDDLE: Final = Qt.AlignmentFlag.AlignVCenter
_MARGIN: Final = 44


class Sign(QWidget):
    """A strip across the screen, as high as its text."""

    def __init__(self, theme: Theme, name: str, height: float) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._theme = theme
        self._height = height
        self._unit = 1.0
        self._said: tuple[str, ...] = ()

    def set_unit(self, unit: float) -> None:
        """The pixels of one unit of an 800 units high screen."""
        self._unit = unit
        self.setFixedHeight(self._theme.px(self._height * unit))

    def set_words(self, *words: str) -> None:
        if words != self._said:
            self._said = words
            self.setAccessibleName(". ".join(filter(None, words)))
            self.update()

    def _px(self, length: float) -> float:
        return self._theme.px(length * self._unit)

    def _line(self) -> QRectF:
        margin = _MARGIN * self._unit
        return QRectF(self.rect()).adjusted(margin, 0, -margin, 0)


class Header(Sign):
    """The shop, the age, and the time: `set_words(shop, freshness, time)`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "board_header", 80)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._said:
            return
        shop, freshness, time = self._said
        painter = QPainter(self)
        line, theme, muted = self._line(), self._theme, self._theme.colour("muted")
        half = line.width() / 2
        left, right = QRectF(line), QRectF(line)
        left.setWidth(half)
        right.setLeft(line.right() - half)
        first, last = (right, left) if self.layoutDirection() is Qt.LayoutDirection.RightToLeft else (left, right)
        write(painter, theme, first, shop, self._px(26), start(self) | _MIDDLE, theme.colour("text"))
        width = write(painter, theme, last, time, self._px(26), end(self) | _MIDDLE, muted, QFont.Weight.DemiBold)
        gap = width + 28 * self._unit
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        rest = last.adjusted(gap, 0, 0, 0) if mirrored else last.adjusted(0, 0, -gap, 0)
        write(painter, theme, rest, freshness, self._px(18), end(self) | _MIDDLE, muted, QFont.Weight.Normal)
        painter.end()


class Doubt(Sign):
    """A large warning that what is shown is old, and what to do: `set_words(since when, what to do)`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "board_doubt", 128)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._said:
            return
        painter = QPainter(self)
        theme, ink = self._theme, self._theme.colour("danger_soft")
        painter.fillRect(self.rect(), theme.colour("danger"))
        upper, lower = self._line(), self._line()
        upper.setBottom(upper.top() + upper.height() * 0.66)
        lower.setTop(upper.bottom() - 8 * self._unit)
        write(painter, theme, upper, self._said[0], self._px(56), start(self) | _MIDDLE, ink)
        write(painter, theme, lower, self._said[1], self._px(26), start(self) | _MIDDLE, ink, QFont.Weight.DemiBold)
        painter.end()


class Nothing(Sign):
    """In place of the columns, the reason: `set_words(what is wrong, what is done about it)`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "board_nothing", 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @override
    def set_unit(self, unit: float) -> None:
        self._unit = unit
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._said:
            return
        title, message = self._said
        painter = QPainter(self)
        theme, centre = self._theme, Qt.AlignmentFlag.AlignHCenter
        upper, lower = self._line(), self._line()
        upper.setBottom(upper.center().y())
        lower.setTop(upper.bottom() + 16 * self._unit)
        bottom = centre | Qt.AlignmentFlag.AlignBottom
        write(painter, theme, upper, title, self._px(64), bottom, theme.colour("text"))
        painter.setFont(font(theme, self._px(28), QFont.Weight.Normal))
        painter.setPen(theme.colour("muted"))
        painter.drawText(lower, centre | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, message)
        painter.end()
