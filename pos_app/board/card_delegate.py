"""Paints the cards, with their two buttons: real widgets would be slow for five hundred cards."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QRegion
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from core.domain.ids import OrderId
from core.domain.status import OrderStatus, look
from core.ui import icons
from core.ui.text import N_, _, age, isolated, stopwatch
from core.ui.theme import Theme
from core.ui.widgets.chips import chip_width, paint_chip
from pos_app.board.card_layout import CardLayout, Fonts, lay_out
from pos_app.board.column_model import CARD
from pos_app.order.card import Band, Card, Thresholds

Part = Literal["step", "more", "card"]
Spot = tuple[OrderId, Part]
_HOUR: Final = timedelta(hours=1)
_WORDS: Final = {Band.FRESH: "{age}", Band.SLOW: N_("{age} slow"), Band.LATE: N_("{age} late")}
_ROW: Final = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine | Qt.TextFlag.TextDontClip
"""Rows are as high as the font's metrics; Arabic reaches below that."""
_LEADING: Final = int(Qt.AlignmentFlag.AlignLeft | _ROW)
_TRAILING: Final = int(Qt.AlignmentFlag.AlignRight | _ROW)
_CENTRED: Final = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
_STRIPE: Final = 5.0
Index = QModelIndex | QPersistentModelIndex


def age_text(waited: timedelta) -> str:
    """To the second for an hour; after that to the minute."""
    return stopwatch(waited.total_seconds()) if waited < _HOUR else age(waited.total_seconds())


class CardDelegate(QStyledItemDelegate):
    """`hover` and `pressed` are the button under the pointer; the view says which."""

    def __init__(
        self, theme: Theme, thresholds: Thresholds, now: Callable[[], datetime], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._thresholds = thresholds
        self._now = now
        self._fonts = Fonts(theme)
        self._layouts: dict[OrderId, tuple[Card, int, CardLayout]] = {}
        self.hover: Spot | None = None
        self.pressed: Spot | None = None
        self.dirty = QRegion()
        """The rectangle that the view is painting."""

    def layout(self, card: Card, width: int) -> CardLayout:
        held = self._layouts.get(card.order.id)
        if held is None or held[1] != width or (held[0] is not card and held[0] != card):
            held = (card, width, lay_out(card, width, self._theme, self._fonts))
            self._layouts[card.order.id] = held
        return held[2]

    def forget(self, order_id: OrderId) -> None:
        """Drop the cached layout of an order that is gone."""
        self._layouts.pop(order_id, None)

    def part_rect(self, card: Card, row: QRect, part: Part, direction: Qt.LayoutDirection) -> QRect:
        """The rectangle of a card's part, in the coordinates of `row`, its visual rectangle."""
        layout = self.layout(card, row.width())
        place = {"step": layout.step, "more": layout.more, "card": layout.card}[part]
        return _placed(place, row, direction).toRect()

    def chip_rect(self, card: Card, row: QRect, direction: Qt.LayoutDirection) -> QRect:
        layout = self.layout(card, row.width())
        chip = QRectF(layout.chip)
        chip.setHeight(self._theme.px(24))
        return _placed(chip, row, direction).toAlignedRect()

    def age_words(self, card: Card) -> str:
        """The age as in a chip with enough room: `14:37 late`."""
        waited = max(timedelta(), self._now() - card.waits_since)
        return _(_WORDS[self._thresholds.band(waited)]).format(age=age_text(waited))

    def paint_empty(self, painter: QPainter, area: QRect, status: OrderStatus, words: str, *, focused: bool) -> None:
        """A column without a card: its icon, the reason, and the focus ring."""
        theme, size = self._theme, self._theme.px(32)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if words:
            top = area.top() + theme.px(44)
            shape = QRectF(area.center().x() - size / 2, top, size, size)
            icons.paint(painter, icons.status_icon(status), shape, theme.colour("line"))
            painter.setPen(theme.colour("muted"))
            painter.setFont(theme.font())
            margin = min(theme.px(20), area.width() // 10)
            room = QRectF(area).adjusted(margin, top + size + theme.px(8), -margin, 0)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            if max(map(painter.fontMetrics().horizontalAdvance, words.split())) <= room.width():
                painter.drawText(room, int(flags), words)  # else the icon has to do
        if focused:
            painter.setPen(QPen(theme.colour("brand"), theme.focus_px))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            radius = theme.radius("card")
            painter.drawRoundedRect(QRectF(area).adjusted(4, 4, -4, -4), radius, radius)

    # -- Qt

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        card: Card = index.data(CARD)
        # Asked for a single row, a list gives no rectangle; its viewport is as wide as every row.
        width = option.rect.width() or option.widget.viewport().width()  # type: ignore[attr-defined]
        return QSize(width, self.layout(card, width).height)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card: Card = index.data(CARD)
        layout = self.layout(card, option.rect.width())
        direction = option.direction
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(direction)
        here = self.dirty.intersected(option.rect).boundingRect()
        chip = self.chip_rect(card, option.rect, direction)
        if not here.isEmpty() and chip.contains(here):
            painter.fillRect(chip, self._theme.colour("surface"))
        else:
            self._paint_card(painter, option, card, layout)
        self._paint_age(painter, option, card, layout)
        painter.restore()

    # -- inside

    def _paint_card(self, painter: QPainter, option: QStyleOptionViewItem, card: Card, layout: CardLayout) -> None:
        theme, row, direction = self._theme, option.rect, option.direction
        rect = _placed(layout.card, row, direction)
        focused = bool(
            option.state & QStyle.StateFlag.State_Selected and option.state & QStyle.StateFlag.State_HasFocus
        )
        self._paint_ground(painter, rect, card, direction, focused=focused)
        for shape in layout.shapes:
            icons.paint(painter, shape.icon, _placed(shape.rect, row, direction), theme.colour(shape.colour))
        for text in layout.texts:
            painter.setFont(self._fonts.font(text.font))
            painter.setPen(theme.colour(text.colour))
            flags = _TRAILING if text.trailing else _LEADING
            painter.drawText(_placed(text.rect, row, direction), flags, isolated(text.words, direction))
        self._paint_buttons(painter, row, card, layout, direction)

    def _paint_ground(
        self, painter: QPainter, rect: QRectF, card: Card, direction: Qt.LayoutDirection, *, focused: bool
    ) -> None:
        theme, radius = self._theme, self._theme.radius("card")
        shadow = QColor(theme.colour("shadow"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.save()
        # Only the edge below is seen; blending a whole card for it took longer than everything else together.
        painter.setClipRect(QRectF(rect.left() - 1, rect.bottom() - radius, rect.width() + 2, radius + 3))
        for spread, alpha in ((2.0, 12), (1.0, 16)):
            shadow.setAlpha(alpha)
            painter.setBrush(shadow)
            painter.drawRoundedRect(rect.adjusted(-spread / 2, 0, spread / 2, spread), radius, radius)
        painter.restore()
        late = self._thresholds.band(self._now() - card.waits_since) is Band.LATE
        rtl = direction is Qt.LayoutDirection.RightToLeft
        painter.save()
        edge = QRectF(rect.left(), rect.top(), _STRIPE + radius, rect.height())
        if rtl:
            edge.moveRight(rect.right())
        painter.setClipRect(edge)
        painter.setBrush(theme.colour("danger" if late else look(card.order.status).colour))
        painter.drawRoundedRect(rect, radius, radius)
        painter.restore()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(rect.adjusted(0 if rtl else _STRIPE, 0, -_STRIPE if rtl else 0, 0), radius, radius)
        if theme.scheme == "contrast":
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect, radius, radius)
        if focused:
            width = theme.focus_px + 1
            out = width / 2 + 1.5
            painter.setPen(QPen(theme.colour("brand"), width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(-out, -out, out, out), radius + out, radius + out)

    def _paint_buttons(
        self, painter: QPainter, row: QRect, card: Card, layout: CardLayout, direction: Qt.LayoutDirection
    ) -> None:
        theme, radius = self._theme, self._theme.radius("button")
        step, more = _placed(layout.step, row, direction), _placed(layout.more, row, direction)
        if card.button:
            self._paint_step(painter, step, card, layout)
        level = self._level((card.order.id, "more"))
        painter.setBrush(theme.colour("sunken" if level == "pressed" else "surface"))
        painter.setPen(QPen(theme.colour("muted" if level else "line"), 1))
        painter.drawRoundedRect(more.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        size = theme.px(20)
        dots = QRectF(0, 0, size, size)
        dots.moveCenter(more.center())
        icons.paint(painter, "more", dots, theme.colour("text"))

    def _paint_step(self, painter: QPainter, step: QRectF, card: Card, layout: CardLayout) -> None:
        theme, radius = self._theme, self._theme.radius("button")
        spot: Spot = (card.order.id, "step")
        ground, ink = theme.colour("brand"), theme.colour("brand_ink")
        if card.sending:
            ground, ink = theme.colour("sunken"), theme.colour("muted")
        elif card.unsent or card.held:
            ground, ink = theme.colour("danger"), theme.colour("surface")
        painter.setPen(QPen(theme.colour("line"), 1) if card.sending else Qt.PenStyle.NoPen)
        painter.setBrush(_shade(ground, self._level(spot)) if not card.sending else ground)
        painter.drawRoundedRect(step, radius, radius)
        painter.setPen(ink)
        painter.setFont(self._fonts.font(layout.step_font))
        painter.drawText(step, _CENTRED, card.button)

    def _level(self, spot: Spot) -> str:
        if self.pressed == spot:
            return "pressed"
        return "hover" if self.hover == spot else ""

    def _paint_age(self, painter: QPainter, option: QStyleOptionViewItem, card: Card, layout: CardLayout) -> None:
        theme = self._theme
        waited = max(timedelta(), self._now() - card.waits_since)
        band = self._thresholds.band(waited)
        words = self.age_words(card)
        if chip_width(words, theme) > layout.chip_room:
            words = age_text(waited)
        ink, ground = theme.status_colours(card.order.status)
        icon = icons.status_icon(card.order.status)
        if band is not Band.FRESH:
            name, icon = ("danger", "late") if band is Band.LATE else ("pending", "slow")
            ink, ground = theme.colour(f"{name}_soft"), theme.colour(name)
        right, top = layout.chip_end
        rtl = option.direction is Qt.LayoutDirection.RightToLeft
        row = option.rect
        end = QPointF(row.left() + row.width() - right if rtl else row.left() + right, row.top() + top)
        paint_chip(painter, end, words, icon, (ink, ground), theme, rtl=rtl)


def _placed(rect: QRectF, row: QRect, direction: Qt.LayoutDirection) -> QRectF:
    """`rect` of a layout in the view, mirrored in right-to-left languages."""
    left = row.width() - rect.right() if direction is Qt.LayoutDirection.RightToLeft else rect.left()
    return QRectF(row.left() + left, row.top() + rect.top(), rect.width(), rect.height())


def _shade(colour: QColor, level: str) -> QColor:
    return {"": colour, "hover": colour.lighter(112), "pressed": colour.darker(118)}[level]
