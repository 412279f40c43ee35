"""Text painted at any size, and smaller where it would not fit."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from core.ui.text import isolated
from core.ui.theme import Theme


def font(theme: Theme, px: float, weight: QFont.Weight = QFont.Weight.Bold) -> QFont:
    """The status display's font, `px` high."""
    result = theme.font("board", weight)
    result.setPixelSize(max(1, int(px)))
    return result


def start(widget: QWidget) -> Qt.AlignmentFlag:
    """The leading side of `widget`, whatever the text's own direction."""
    mirrored = widget.layoutDirection() is Qt.LayoutDirection.RightToLeft
    side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignAbsolute


def end(widget: QWidget) -> Qt.AlignmentFlag:
    """The trailing side."""
    mirrored = widget.layoutDirection() is Qt.LayoutDirection.RightToLeft
    side = Qt.AlignmentFlag.AlignLeft if mirrored else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignAbsolute


def write(  # noqa: PLR0913 (as a painter's own calls)
    painter: QPainter,
    theme: Theme,
    room: QRectF,
    words: str,
    px: float,
    alignment: Qt.AlignmentFlag,
    ink: QColor,
    weight: QFont.Weight = QFont.Weight.Bold,
    least: float = 0.0,
) -> float:
    """Paint a line of text, `px` high, or less where it would not fit; below `least` of that it is elided. Its ink
    begins at the edge. Returns its width."""
    wide = QFontMetricsF(font(theme, px, weight)).horizontalAdvance(words)
    fitting = font(theme, px * max(least, min(1.0, room.width() / max(1.0, wide))), weight)
    metrics = QFontMetricsF(fitting)
    if least:
        words = isolated(
            metrics.elidedText(words, Qt.TextElideMode.ElideRight, room.width()), painter.layoutDirection()
        )
    inked, wide = metrics.tightBoundingRect(words), metrics.horizontalAdvance(words)
    if alignment & Qt.AlignmentFlag.AlignLeft:
        room = room.translated(-inked.left(), 0)
    elif alignment & Qt.AlignmentFlag.AlignRight:
        room = room.translated(wide - inked.right(), 0)
    painter.setFont(fitting)
    painter.setPen(ink)
    painter.drawText(room, alignment | Qt.TextFlag.TextDontClip, words)
    return wide
