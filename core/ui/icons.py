"""Icons: one SVG each in `resources/icons`, drawn in a given colour."""

import itertools
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources
from core.domain.status import OrderStatus, look

_FORWARD: Final = frozenset({"sign-out", "status-out_for_delivery", "truck", "undo"})
"""Icons with a direction; mirrored in right-to-left languages."""


@lru_cache(maxsize=256)
def _renderer(name: str, rgb: str) -> QSvgRenderer:
    svg = resources.read_text("icons", f"{name}.svg").replace("currentColor", rgb)
    return QSvgRenderer(QByteArray(svg.encode()))


@lru_cache(maxsize=512)
def _drawn(name: str, rgb: str, width_px: int, height_px: int, *, mirrored: bool) -> QImage:
    image = QImage(width_px, height_px, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    if mirrored:
        painter.translate(width_px, 0)
        painter.scale(-1, 1)
    _renderer(name, rgb).render(painter, QRectF(image.rect()))
    painter.end()
    return image


def paint(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Draw icon `name` into `rect`. Raises `FileNotFoundError` for an unknown name.

    It is rendered once for each size and colour: reading an SVG anew costs as much as ten rows of text.
    """
    density = painter.device().devicePixelRatio()
    width_px, height_px = round(rect.width() * density), round(rect.height() * density)
    mirrored = name in _FORWARD and _from_right()
    painter.drawImage(rect, _drawn(name, colour.name(), max(1, width_px), max(1, height_px), mirrored=mirrored))


def icon(name: str, colour: QColor, size_px: int = 24, gap_px: int = 0, disabled: QColor | None = None) -> QIcon:
    """`name` as a `QIcon`, sharp on screens of up to three times the density; `gap_px` is the space before the text.
    `disabled`: its colour where it cannot be pressed."""
    result = QIcon()
    left_px = gap_px if _from_right() else 0
    inks = [(QIcon.Mode.Normal, colour), *([(QIcon.Mode.Disabled, disabled)] if disabled is not None else [])]
    for density, (mode, ink) in itertools.product((1, 2, 3), inks):
        pixmap = QPixmap(QSize(size_px + gap_px, size_px) * density)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint(painter, name, QRectF(left_px * density, 0, size_px * density, size_px * density), ink)
        painter.end()
        pixmap.setDevicePixelRatio(density)
        result.addPixmap(pixmap, mode)
    return result


def status_icon(status: OrderStatus) -> str:
    """The name of a status's icon."""
    return look(status).icon


def _from_right() -> bool:
    return QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft
