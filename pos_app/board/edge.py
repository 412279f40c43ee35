"""The edge of a board that is too narrow for all of its columns: it names the hidden ones, and leads there."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget
from typing_extensions import override

from core.domain.status import OrderStatus
from core.ui import icons
from core.ui.text import _, figure, ngettext, status_label
from core.ui.theme import Theme
from core.ui.widgets.controls import pressed_by_enter, set_tip

EDGE_PX: Final = 48
"""As wide as a finger, whatever the text scale."""
_ICON: Final = 18.0


class BoardEdge(QAbstractButton):
    """Each hidden column's icon and count, and its title along the edge where there is room for it."""

    def __init__(self, theme: Theme, name: str, *, after: bool, parent: QWidget | None = None) -> None:
        """`after`: at the end of the columns; else before them."""
        super().__init__(parent)
        self.setObjectName(name)
        self.setFixedWidth(EDGE_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._theme = theme
        self._after = after
        self._columns: tuple[tuple[OrderStatus, int], ...] = ()
        self.hide()

    def set_columns(self, columns: Sequence[tuple[OrderStatus, int]]) -> None:
        """The columns beyond this edge, with their number of orders; without any it is hidden."""
        self.setVisible(bool(columns))
        if tuple(columns) == self._columns:
            return
        self._columns = tuple(columns)
        told = (
            f"{status_label(status)}: {ngettext('{count} order', '{count} orders', count)}" for status, count in columns
        )
        words = _("More columns: {columns}").format(columns=", ".join(told))
        self.setAccessibleName(words)
        set_tip(self, words)
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(EDGE_PX, 0)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not pressed_by_enter(self, event):
            super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        theme, width = self._theme, float(self.width())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = self.hasFocus()
        ring = theme.focus_px if focused else 1
        edge = theme.colour("brand" if focused else "muted" if self.underMouse() or self.isDown() else "line")
        painter.setPen(QPen(edge, ring))
        painter.setBrush(theme.colour("sunken" if self.isDown() else "surface"))
        inset = ring / 2
        radius = theme.radius("panel")
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), radius, radius)
        top = theme.space(3)
        self._paint_chevron(painter, QPointF(width / 2, top + theme.px(_ICON) / 2))
        top += theme.px(_ICON) + theme.space(2)
        share = (self.height() - top - theme.space(2)) / max(1, len(self._columns))
        for at, (status, count) in enumerate(self._columns):
            self._paint_column(painter, QRectF(0, top + at * share, width, share), status, count)
        painter.end()

    def _paint_chevron(self, painter: QPainter, centre: QPointF) -> None:
        """It points to the hidden columns."""
        rtl = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        size = float(self._theme.px(_ICON))
        painter.save()
        painter.translate(centre)
        painter.rotate(-90 if self._after is not rtl else 90)  # the shape points down
        icons.paint(painter, "chevron", QRectF(-size / 2, -size / 2, size, size), self._theme.colour("text"))
        painter.restore()

    def _paint_column(self, painter: QPainter, room: QRectF, status: OrderStatus, count: int) -> None:
        theme = self._theme
        ink = theme.colour("muted") if not count else theme.status_colours(status)[0]
        size, centre = float(theme.px(_ICON)), room.center().x()
        icons.paint(painter, icons.status_icon(status), QRectF(centre - size / 2, room.top(), size, size), ink)
        painter.setPen(ink)
        figures = theme.font("strong", QFont.Weight.Bold)
        painter.setFont(figures)
        line = QRectF(0, room.top() + size, room.width(), QFontMetricsF(figures).height())
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, figure(count))
        words, font = status_label(status), theme.font("small", QFont.Weight.DemiBold)
        metrics, top = QFontMetricsF(font), line.bottom() + theme.space(1)
        if metrics.horizontalAdvance(words) > room.bottom() - top - theme.space(2):
            return  # the shape, the figure and the tool tip have to do
        painter.setFont(font)
        painter.save()
        painter.translate(centre, top)
        painter.rotate(90)
        height = metrics.height()
        along = QRectF(0, -height / 2, metrics.horizontalAdvance(words) + 2, height)
        painter.drawText(along, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()
