"""The list of the queue: a row for each operation, with its state."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.ui.rows import ROW
from core.ui.text import time_of_day
from core.ui.theme import Theme
from core.ui.widgets.chips import chip_width, paint_chip
from pos_app.board.card_layout import Fonts
from pos_app.order.card import customer, own_look
from pos_app.order.operation_words import did, number
from pos_app.sync.model import Entry, QueueModel

Index = QModelIndex | QPersistentModelIndex
_BOLD: Final = ("strong", QFont.Weight.DemiBold)
_SMALL: Final = ("small", QFont.Weight.Normal)
_WIDE: Final = 52
"""The least width, in letters, of rows with two lines."""
_FLAGS: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)


class QueueDelegate(QStyledItemDelegate):
    """The change, its order, its time and its state: in two lines of text, or in three where those do not fit."""

    def __init__(self, theme: Theme, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = now
        self._fonts = Fonts(theme)
        self._narrow = False

    def measure(self, width: int) -> None:
        """Set the list's width in pixels."""
        self._narrow = width < self._fonts.width(_BOLD, "0") * _WIDE

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        lines = self._fonts.height(_BOLD) * (2 if self._narrow else 1) + self._last_height
        return QSize(0, max(self._theme.touch_px, round(lines + self._theme.px(26))))

    @property
    def _last_height(self) -> float:
        """The height of the last line; with three lines, the chip is at its end."""
        return max(self._fonts.height(_SMALL), self._theme.px(24) if self._narrow else 0)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: Entry = index.data(ROW)
        operation, theme = entry.operation, self._theme
        rtl = option.direction is Qt.LayoutDirection.RightToLeft
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(option.direction)
        row = QRectF(option.rect).adjusted(3, 2, -3, -2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = chosen and bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(theme.colour("brand"), theme.focus_px) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("brand_soft" if chosen else "surface"))
        painter.drawRoundedRect(row, theme.radius("button"), theme.radius("button"))
        inner = row.adjusted(theme.px(14), theme.px(9), -theme.px(14), -theme.px(9))
        beside = chip_width(entry.state, theme) + theme.px(12)
        since = f"{time_of_day(operation.created_at, self._now())} · {customer(operation.seen)}"
        if self._narrow:
            lines = [(number(operation), _BOLD, "text", 0.0), (did(operation), _BOLD, "text", 0.0)]
        else:
            lines = [(f"{number(operation)} · {did(operation)}", _BOLD, "text", beside)]
        bold = self._fonts.height(_BOLD)
        top, leading = inner.top(), (inner.height() - bold * len(lines) - self._last_height) / len(lines)
        for words, font, ink, taken in [*lines, (since, _SMALL, "muted", beside)]:
            height, room = bold if font is _BOLD else self._last_height, inner.width() - taken
            painter.setFont(self._fonts.font(font))
            painter.setPen(theme.colour(ink))
            rect = QRectF(inner.right() - room if rtl else inner.left(), top, room, height)
            painter.drawText(rect, _FLAGS, self._fonts.elide(font, words, room))
            top += height + leading
        y = inner.bottom() - theme.px(24) if self._narrow else inner.center().y() - theme.px(12)
        icon, colour = own_look(entry.own)
        ink_, ground = theme.colour(colour), theme.colour(f"{colour}_soft")
        end = QPointF(inner.left() if rtl else inner.right(), y)
        paint_chip(painter, end, entry.state, icon or "sync", (ink_, ground), theme, rtl=rtl)
        painter.restore()


class QueueList(QListView):
    def __init__(
        self, theme: Theme, model: QueueModel, now: Callable[[], datetime], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("queue_list")
        self.setModel(model)
        self._delegate = QueueDelegate(theme, now, self)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handles moves; typed and scanned keys are the window's."""
        if event.text().isprintable() and event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._delegate.measure(self.viewport().width())
        self.scheduleDelayedItemsLayout()
        super().resizeEvent(event)
