"""Painting of text: wrapped, elided, and mirrored in right-to-left languages."""

from functools import lru_cache

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPainterPath,
    QPen,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from core.ui.text import isolated
from core.ui.theme import Theme

LEADING = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
TRAILING = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter


@lru_cache(maxsize=4096)
def _wrapped(text: str, font_key: str, width: int, most: int) -> tuple[str, ...]:
    font = QFont()
    font.fromString(font_key)
    layout = QTextLayout(text, font)
    option = layout.textOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)  # a word may be longer than the line
    layout.setTextOption(option)
    layout.beginLayout()
    lines: list[str] = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        start = line.textStart()
        if len(lines) == most - 1:
            rest = text[start:]
            lines.append(QFontMetricsF(font).elidedText(rest, Qt.TextElideMode.ElideRight, width))
            break
        lines.append(text[start : start + line.textLength()].rstrip())
    layout.endLayout()
    return tuple(lines)


def wrapped(text: str, font: QFont, width: int, most: int = 2) -> tuple[str, ...]:
    """`text` in at most `most` lines of `width` pixels; the last one is elided when there is more."""
    return _wrapped(text, font.toString(), max(width, 1), most) if text else ()


def line_height(font: QFont) -> int:
    return round(QFontMetricsF(font).height())


def paint_lines(painter: QPainter, rect: QRect, lines: tuple[str, ...], font: QFont, ink: QColor) -> int:
    """Draw lines from the top of `rect`, leading edge first; returns their height."""
    height, direction = line_height(font), QGuiApplication.layoutDirection()
    painter.setFont(font)
    painter.setPen(ink)
    for at, line in enumerate(lines):
        place = QRect(rect.x(), rect.y() + at * height, rect.width(), height)
        painter.drawText(place, LEADING, isolated(line, direction))
    return height * len(lines)


def paint_line(painter: QPainter, rect: QRectF, words: str, font: QFont, ink: QColor, align: Qt.AlignmentFlag) -> None:
    """Draw one line in `rect`, elided where it is too narrow."""
    painter.setFont(font)
    painter.setPen(ink)
    shown = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
    flags = int(align | Qt.TextFlag.TextSingleLine)
    painter.drawText(rect, flags, isolated(shown, painter.layoutDirection()))


def paint_card(painter: QPainter, rect: QRect, ground: QColor, edge: QColor, theme: Theme, width: float = 1) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(ground)
    painter.setPen(QPen(edge, width))
    inset = width / 2
    radius = theme.radius("card")
    painter.drawRoundedRect(QRectF(rect).adjusted(inset, inset, -inset, -inset), radius, radius)


def paint_edge(painter: QPainter, card: QRect, colour: QColor, theme: Theme, *, rtl: bool) -> None:
    """A stripe of colour along the leading edge of a card, within its corners."""
    width, radius = theme.space(1), theme.radius("card")
    inside = QPainterPath()
    inside.addRoundedRect(QRectF(card).adjusted(1, 1, -1, -1), radius, radius)
    stripe = QRectF(card.right() - width if rtl else card.x(), card.y(), width + 1, card.height())
    painter.save()
    painter.setClipPath(inside)
    painter.fillRect(stripe, colour)
    painter.restore()


def paint_disc(painter: QPainter, centre: QPointF, diameter: float, ground: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawEllipse(centre, diameter / 2, diameter / 2)


def mirrored(option: QStyleOptionViewItem, rect: QRect) -> QRect:
    """`rect` mirrored inside the item in right-to-left languages."""
    return QStyle.visualRect(option.direction, option.rect, rect)
