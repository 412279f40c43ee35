"""Chips: an icon, a word and a colour with one meaning."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from core.domain.status import OrderStatus
from core.ui import icons
from core.ui.text import status_label
from core.ui.theme import Theme

_HEIGHT = 24.0
_PAD = 9.0
_ICON = 13.0
_GAP = 4.0


def chip_width(text: str, theme: Theme) -> float:
    """The width of `paint_chip` for `text` with an icon."""
    metrics = QFontMetricsF(theme.font("small", QFont.Weight.DemiBold))
    return theme.px(_PAD) * 2 + theme.px(_ICON) + theme.px(_GAP) + metrics.horizontalAdvance(text)


def paint_chip(
    painter: QPainter,
    end: QPointF,
    text: str,
    icon: str,
    colours: tuple[QColor, QColor],
    theme: Theme,
    *,
    rtl: bool = False,
) -> QRectF:
    """Paint a chip in `colours` (ink, ground) whose top corner on the trailing side is `end`."""
    (ink, ground), width, height = colours, chip_width(text, theme), theme.px(_HEIGHT)
    rect = QRectF(end.x() if rtl else end.x() - width, end.y(), width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(rect, height / 2, height / 2)
    size = theme.px(_ICON)
    pad, gap = theme.px(_PAD), theme.px(_GAP)
    icon_left = rect.right() - pad - size if rtl else rect.left() + pad
    icons.paint(painter, icon, QRectF(icon_left, rect.center().y() - size / 2, size, size), ink)
    painter.setPen(ink)
    painter.setFont(theme.font("small", QFont.Weight.DemiBold))
    inset = pad + size + gap
    words = rect.adjusted(pad, 0, -inset, 0) if rtl else rect.adjusted(inset, 0, -pad, 0)
    painter.drawText(words, Qt.AlignmentFlag.AlignCenter, text)
    return rect


def paint_status_chip(
    painter: QPainter, end: QPointF, status: OrderStatus, theme: Theme, *, rtl: bool = False
) -> QRectF:
    """Paint the chip of a status."""
    words, icon = status_label(status), icons.status_icon(status)
    return paint_chip(painter, end, words, icon, theme.status_colours(status), theme, rtl=rtl)
