"""The list of what waits: a row each, what it is at one side and where it stands at the other."""

from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.ui.chips import chip_width, paint_chip
from core.ui.rows import ROW
from core.ui.text import clock
from core.ui.theme import Theme
from pos_app.models.card import customer, own_look
from pos_app.models.queue import Entry, QueueModel, did, number
from pos_app.widgets.card_layout import Fonts

Index = QModelIndex | QPersistentModelIndex
_BOLD: Final = ("strong", QFont.Weight.DemiBold)
_SMALL: Final = ("small", QFont.Weight.Normal)
_FLAGS: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)


class QueueDelegate(QStyledItemDelegate):
    """Two rows of text: what was done, and to which order since when."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fonts = Fonts(theme)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.px(68))

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
        inner = row.adjusted(theme.px(14), theme.px(7), -theme.px(14), -theme.px(7))
        icon, colour = own_look(entry.own)
        room = inner.width() - chip_width(entry.state, theme) - theme.px(12)
        left = inner.right() - room if rtl else inner.left()
        lines = (
            (f"{number(operation)} · {did(operation)}", _BOLD, "text"),
            (f"{clock(operation.created_at)} · {customer(operation.seen)}", _SMALL, "muted"),
        )
        for at, (words, font, ink) in enumerate(lines):
            rect = QRectF(left, inner.top() + at * inner.height() / 2, room, inner.height() / 2)
            painter.setFont(self._fonts.font(font))
            painter.setPen(theme.colour(ink))
            painter.drawText(rect, _FLAGS, self._fonts.elide(font, words, room))
        end = QPointF(inner.left() if rtl else inner.right(), inner.center().y() - theme.px(12))
        ink_, ground = theme.colour(colour), theme.colour(f"{colour}_soft")
        paint_chip(painter, end, entry.state, icon or "sync", ink_, ground, theme, rtl=rtl)
        painter.restore()


class QueueList(QListView):
    def __init__(self, theme: Theme, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("queue_list")
        self.setModel(model)
        self.setItemDelegate(QueueDelegate(theme, self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
