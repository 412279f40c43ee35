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


_LEAST_SHRUNK = 0.6
"""The least of its size that a name's font is made smaller to, so that its longest word fits."""


@lru_cache(maxsize=4096)
def _broken(text: str, font_key: str, width: int, *, anywhere: bool) -> tuple[tuple[int, int, float], ...]:
    """The start, the end and the width of each line."""
    font = QFont()
    font.fromString(font_key)
    layout = QTextLayout(text, font)
    option = layout.textOption()
    mode = QTextOption.WrapMode
    option.setWrapMode(mode.WrapAtWordBoundaryOrAnywhere if anywhere else mode.WordWrap)
    layout.setTextOption(option)
    lines = []
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        start = line.textStart()
        lines.append((start, start + line.textLength(), line.naturalTextWidth()))
    layout.endLayout()
    return tuple(lines)


def wrapped(text: str, font: QFont, width: int, most: int = 2, *, anywhere: bool = True) -> tuple[str, ...]:
    """`text` in at most `most` lines of `width` pixels; the last one is elided when there is more. A word that is
    longer than a line is broken `anywhere`, or elided."""
    if not text:
        return ()
    width = max(width, 1)
    lines = _broken(text, font.toString(), width, anywhere=anywhere)
    shown = [text[start:end].rstrip() for start, end, _wide in lines[:most]]
    cut = [at for at, (_start, _end, wide) in enumerate(lines[:most]) if wide > width]
    if len(lines) > most:
        shown[-1] = text[lines[most - 1][0] :]
        cut.append(most - 1)
    for at in cut:
        shown[at] = QFontMetricsF(font).elidedText(shown[at], Qt.TextElideMode.ElideRight, width)
    return tuple(shown)


def fitted_font(text: str, font: QFont, width: int) -> QFont:
    """`font`, or a smaller one in which the longest word of a name fits in `width` pixels. None is tiny."""
    lines = _broken(text, font.toString(), max(width, 1), anywhere=False) if text else ()
    longest = max((wide for _start, _end, wide in lines), default=0.0)
    if longest <= width:
        return font
    smaller = QFont(font)
    share = max(_LEAST_SHRUNK, (width - 1) / longest)
    smaller.setPixelSize(max(1, int(font.pixelSize() * share)))
    return smaller


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
