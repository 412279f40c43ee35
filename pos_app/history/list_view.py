"""The list of found orders: a row each, with aligned columns."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.domain.order import ONLINE_SERIES, Order, order_number
from core.domain.payment import to_pay_minor
from core.ui.rows import ROW, RowsModel
from core.ui.text import clock, day, fulfilment_label, isolated, money, status_label
from core.ui.theme import Theme
from core.ui.widgets.chips import chip_width, paint_chip, paint_status_chip
from core.ui.widgets.row_list import RowList
from pos_app.board.card_layout import Fonts
from pos_app.order.card import Card, customer, item_count, own_look, own_words, payment_badge

Index = QModelIndex | QPersistentModelIndex
_USUAL_NUMBER: Final = order_number(ONLINE_SERIES, 888_888)
_AHEAD: Final = 400
"""Pixels before the end at which the next page is requested."""
_BOLD: Final = ("strong", QFont.Weight.DemiBold)
_BODY: Final = ("body", QFont.Weight.Normal)
_SMALL: Final = ("small", QFont.Weight.Normal)
_WIDTHS: Final = (0.26, 0.30, 0.20, 0.24)


class HistoryDelegate(QStyledItemDelegate):
    """Two rows of text in four columns: number and time, name and phone, payment and total, status with the state of
    this till's own change. Where a number does not fit its column, they are stacked."""

    def __init__(self, theme: Theme, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = now
        self._fonts = Fonts(theme)
        self._narrow = False

    def measure(self, width: int) -> None:
        """Set the list's width in pixels."""
        needed = self._fonts.width(_BOLD, _USUAL_NUMBER) + self._theme.px(12)
        self._narrow = (width - self._theme.px(34)) * _WIDTHS[0] < needed

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        if not self._narrow:
            return QSize(0, self._theme.px(64))
        words = self._fonts.height(_BOLD) + 2 * self._fonts.height(_SMALL)
        return QSize(0, round(words + self._theme.px(24 + 28)))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card: Card = index.data(ROW)
        order = card.order
        theme, rtl = self._theme, option.direction is Qt.LayoutDirection.RightToLeft
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(option.direction)
        row = QRectF(option.rect).adjusted(3, 2, -3, -2)
        self._paint_ground(painter, option, row)
        inner = row.adjusted(theme.px(14), 0, -theme.px(14), 0)
        paid, colour = paid_text(order)
        phone = order.customer_phone if customer(order) != order.customer_phone else ""
        texts = (
            (order.number, "text", f"{day(order.placed_at, self._now())} {clock(order.placed_at)}", "muted"),
            (customer(order), "text", " · ".join(filter(None, (phone, fulfilment_label(order.fulfilment)))), "muted"),
            (money(order.total_minor, order.currency), "text", paid, colour),
        )
        if self._narrow:
            self._paint_stacked(painter, inner, texts)
            self._paint_chips(painter, card, inner.left(), inner.right(), inner.bottom() - theme.px(32), rtl=rtl)
            painter.restore()
            return
        left = 0.0
        for share, (first, ink, second, second_ink) in zip(_WIDTHS, texts, strict=False):
            width = inner.width() * share - theme.px(12)
            x = inner.right() - left - width if rtl else inner.left() + left
            half = inner.height() / 2
            upper = QRectF(x, inner.top() + theme.px(6), width, half - theme.px(6))
            for rect, words, font, token in (
                (upper, first, _BOLD, ink),
                (upper.translated(0, half - theme.px(5)), second, _SMALL, second_ink),
            ):
                painter.setFont(self._fonts.font(font))
                painter.setPen(theme.colour(token))
                flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
                painter.drawText(rect, int(flags), isolated(self._fonts.elide(font, words, width), option.direction))
            left += inner.width() * share
        x, y = inner.left() if rtl else inner.right(), inner.center().y() - theme.px(12)
        own = own_words(card.own)
        if own:
            icon, colour = own_look(card.own)
            ink_, ground = theme.colour(colour), theme.colour(f"{colour}_soft")
            paint_chip(painter, QPointF(x, y + theme.px(14)), own, icon or "sync", (ink_, ground), theme, rtl=rtl)
            y -= theme.px(14)
        paint_status_chip(painter, QPointF(x, y), order.status, theme, rtl=rtl)
        painter.restore()

    def _paint_stacked(self, painter: QPainter, inner: QRectF, texts: Sequence[tuple[str, str, str, str]]) -> None:
        """Number and total at the two ends of one row; below, whose it is; below that, when, and how it was paid."""
        (number, _ink, at, muted), (name, _ink2, about, _muted), (total, _ink3, paid, paid_ink) = texts
        bold, small = self._fonts.height(_BOLD), self._fonts.height(_SMALL)
        top = inner.top() + self._theme.px(8)
        leading, trailing = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        direction = painter.layoutDirection()
        for words, font, ink, y, align in (
            (number, _BOLD, "text", top, leading),
            (total, _BOLD, "text", top, trailing),
            (f"{name} · {about}", _SMALL, muted, top + bold, leading),
            (at, _SMALL, muted, top + bold + small, leading),
            (paid, _SMALL, paid_ink, top + bold + small, trailing),
        ):
            painter.setFont(self._fonts.font(font))
            painter.setPen(self._theme.colour(ink))
            rect = QRectF(inner.left(), y, inner.width(), self._fonts.height(font))
            flags = int(align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)
            painter.drawText(rect, flags, isolated(self._fonts.elide(font, words, inner.width()), direction))

    def _paint_chips(self, painter: QPainter, card: Card, left: float, right: float, y: float, *, rtl: bool) -> None:
        """The status, and beside it where this till's own change stands, from where one begins to read."""
        theme, status = self._theme, card.order.status
        width = chip_width(status_label(status), theme)
        paint_status_chip(painter, QPointF(right - width if rtl else left + width, y), status, theme, rtl=rtl)
        own = own_words(card.own)
        if own:
            icon, colour = own_look(card.own)
            ink, ground = theme.colour(colour), theme.colour(f"{colour}_soft")
            width += theme.px(8) + chip_width(own, theme)
            end = QPointF(right - width if rtl else left + width, y)
            paint_chip(painter, end, own, icon or "sync", (ink, ground), theme, rtl=rtl)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, row: QRectF) -> None:
        theme, radius = self._theme, self._theme.radius("button")
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = chosen and bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(theme.colour("brand"), theme.focus_px) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("brand_soft" if chosen else "surface"))
        painter.drawRoundedRect(row, radius, radius)


class HistoryList(RowList):
    """Opens the `Card` of an order."""

    end_near = Signal()

    def __init__(
        self, theme: Theme, model: RowsModel[Card], now: Callable[[], datetime], parent: QWidget | None = None
    ) -> None:
        super().__init__("history_list", parent=parent)
        self.setModel(model)
        self._delegate = HistoryDelegate(theme, now, self)
        self.setItemDelegate(self._delegate)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._delegate.measure(self.viewport().width())
        self.scheduleDelayedItemsLayout()
        super().resizeEvent(event)

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        if value >= self.verticalScrollBar().maximum() - _AHEAD:
            self.end_near.emit()


def paid_text(order: Order) -> tuple[str, str]:
    """Whether it is paid, with its items where there is room beside that, and the colour token."""
    badge, colour = payment_badge(order)
    # what is left to pay, or was given back, takes the room
    told = order.refunded_minor or (order.payments and to_pay_minor(order))
    return badge if told else f"{badge} · {item_count(order)}", colour
