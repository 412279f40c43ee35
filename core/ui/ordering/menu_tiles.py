"""The menu's views: categories as pills, items as tiles that fill the width."""

import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QPainter, QPainterPath, QPixmap, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.domain.menu import MenuItem
from core.ui import icons, keys
from core.ui.ordering.menu_model import CategoryModel, CategoryTab, ShownTiles, Tile, TileModel
from core.ui.ordering.pictures import Pictures
from core.ui.ordering.press_list import PressList
from core.ui.rows import ROW, Index
from core.ui.text import _, figure, money
from core.ui.theme import Theme
from core.ui.widgets.chips import chip_width, paint_chip
from core.ui.widgets.painting import (
    CENTRE,
    LEADING,
    fitted_font,
    line_height,
    mirrored,
    paint_card,
    paint_disc,
    paint_edge,
    paint_lines,
    wrapped,
)

_TILE_WIDTH: Final = 172
_NARROW_TILE: Final = 128
_LEAST_COLUMNS: Final = 4
"""On a screen that is 1024 pixels wide; tiles are narrower for it, and higher."""
_TALL_TILE: Final = 152
_TILE_HEIGHT: Final = 124
_LOW_TILE: Final = 88
"""One to a line, which is as wide as it likes."""
_BADGE: Final = 28
_PICTURE: Final = 68
"""The side of a picture, beside the words."""
_STRIP: Final = 52
"""The height of one that is above them."""
_FADED: Final = 0.4
"""The opacity of the picture of what is sold out."""
_MOST_CATEGORY_ROWS: Final = 2


class MenuTiles(PressList):
    """Items as tiles. `pressed_part` is emitted on a press; the model is a `ShownTiles`."""

    def __init__(self, tiles: TileModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("menu_tiles")
        self.setAccessibleName(_("Menu"))
        self._theme = theme
        # In list mode Qt lays everything out and repaints it when one row's data change; in icon mode it does not.
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.shown = ShownTiles(tiles, self)
        self.setModel(self.shown)
        self.pictures: Pictures | None = None
        """Where items have pictures."""
        self.starring = False
        """Whether a press marks a favourite: tiles show a star then, full or empty."""
        self.setItemDelegate(_TileDelegate(tiles, self, theme))
        theme.changed.connect(self._fit)

    def tile(self, index: Index) -> Tile:
        tile: Tile = index.data(ROW)
        return tile

    def show_pictures(self, pictures: Pictures) -> None:
        """Show the pictures that items have."""
        self.pictures = pictures
        pictures.changed.connect(self.viewport().update)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    @Slot()
    def _fit(self) -> None:
        """As many columns as fit, as wide as the space allows."""
        # The list lays out as if its scroll bar were there, so that the columns stay when it appears.
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self.verticalScrollBar())
        width = self.maximumViewportSize().width() - bar - 1
        px = self._theme.px
        columns = max(1, width // px(_TILE_WIDTH), min(_LEAST_COLUMNS, width // px(_NARROW_TILE)))
        narrow = width // columns < px(_TILE_WIDTH)
        height = _LOW_TILE if columns == 1 else _TALL_TILE if narrow else _TILE_HEIGHT
        grid = QSize(width // columns, px(height))
        if grid != self.gridSize():
            self.setGridSize(grid)


class _TileDelegate(QStyledItemDelegate):
    def __init__(self, tiles: TileModel, view: MenuTiles, theme: Theme) -> None:
        super().__init__(view)
        self._tiles = tiles
        self._view = view
        self._theme = theme

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._view.gridSize()

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, tile = self._theme, self._view.tile(index)
        item = tile.item
        gap = theme.space(1) + 1
        card = option.rect.adjusted(gap, gap, -gap, -gap)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        ground = "sunken" if not item.available or self._view.holds(index) else "surface"
        ringed = self._view.rings(index)
        edge = "brand" if ringed or tile.count else "muted" if hovered and item.available else "line"
        painter.save()
        painter.setLayoutDirection(option.direction)
        paint_card(
            painter, card, theme.colour(ground), theme.colour(edge), theme, theme.focus_px + 1 if ringed else 1.5
        )
        if tile.colour:
            rtl = option.direction is Qt.LayoutDirection.RightToLeft
            paint_edge(painter, card, theme.colour(tile.colour), theme, rtl=rtl)
        pad = theme.space(3) + 1
        inner = card.adjusted(pad, pad - 2, -pad, -pad + 2)
        picture = self._view.pictures.get(item.picture) if self._view.pictures is not None else None
        words = inner if picture is None else self._paint_picture(painter, option, inner, picture, item)
        self._paint_words(painter, words, tile)
        foot = QRect(inner.x(), inner.bottom() - theme.px(_BADGE) + 1, inner.width(), theme.px(_BADGE))
        self._paint_foot(painter, option, foot, tile)
        painter.restore()

    def _paint_picture(
        self, painter: QPainter, option: QStyleOptionViewItem, inner: QRect, picture: QPixmap, item: MenuItem
    ) -> QRect:
        """The picture at the trailing end, as large as the name's longest word leaves room for, or above the words of a
        tile that is narrow. Returns the room that is left for words."""
        theme, gap = self._theme, self._theme.space(2)
        room = inner.height() - theme.px(_BADGE) - theme.space(1)
        if inner.height() > inner.width():
            place = QRect(inner.x(), inner.y(), inner.width(), min(theme.px(_STRIP), room // 2))
            words = inner.adjusted(0, place.height() + theme.space(1), 0, 0)
        else:
            strong = QFontMetricsF(theme.font("strong", QFont.Weight.DemiBold))
            longest = max(map(strong.horizontalAdvance, item.name.split()), default=0.0)
            beside = inner.width() - gap - round(longest) - 1
            side = min(theme.px(_PICTURE), room, max(beside, theme.px(_BADGE)))
            place = QRect(inner.right() - side + 1, inner.y(), side, side)
            words = inner.adjusted(0, 0, -side - gap, 0)
        place, words = (QStyle.visualRect(option.direction, inner, each) for each in (place, words))
        whole = QRectF(picture.rect())
        shown = QSizeF(place.size()).scaled(whole.size(), Qt.AspectRatioMode.KeepAspectRatio)
        part = QRectF(QPointF(), shown)
        part.moveCenter(whole.center())
        corners = QPainterPath()
        corners.addRoundedRect(QRectF(place), theme.space(2), theme.space(2))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(1.0 if item.available else _FADED)
        painter.setClipPath(corners)
        painter.drawPixmap(QRectF(place), picture, part)
        painter.restore()
        return words

    def _paint_words(self, painter: QPainter, inner: QRect, tile: Tile) -> None:
        theme, item = self._theme, tile.item
        strong = fitted_font(item.name, theme.font("strong", QFont.Weight.DemiBold), inner.width())
        small = theme.font("small")
        room = inner.height() - theme.px(_BADGE) - theme.space(1)
        most = max(1, min(3, room // line_height(strong)))
        name = wrapped(item.name, strong, inner.width(), most, anywhere=False)
        used = paint_lines(painter, inner, name, strong, theme.colour("text" if item.available else "muted"))
        lines = max(0, room - used) // line_height(small)
        if lines:
            below = inner.adjusted(0, used, 0, 0)
            told = wrapped(item.description, small, inner.width(), lines, anywhere=False)
            paint_lines(painter, below, told, small, theme.colour("muted"))

    def _paint_foot(self, painter: QPainter, option: QStyleOptionViewItem, foot: QRect, tile: Tile) -> None:
        theme, item = self._theme, tile.item
        rtl = option.direction is Qt.LayoutDirection.RightToLeft
        painter.setFont(theme.font("strong", QFont.Weight.Bold))
        painter.setPen(theme.colour("text" if item.available else "muted"))
        price = money(item.price_minor, self._tiles.currency)
        if not item.available and not self._view.starring:
            taken = painter.fontMetrics().horizontalAdvance(price) + chip_width(_("Sold out"), theme) + theme.space(1)
            if taken <= foot.width():
                painter.drawText(foot, LEADING, price)
            corner = foot.topLeft() if rtl else foot.topRight()
            end = QPointF(corner.x(), corner.y() + 2)
            ink, ground = theme.colour("danger"), theme.colour("danger_soft")
            paint_chip(painter, end, _("Sold out"), "close", (ink, ground), theme, rtl=rtl)
            return
        painter.drawText(foot, LEADING, price)
        size = theme.px(_BADGE)
        margin = foot.x() - option.rect.x()
        badge = mirrored(option, QRect(option.rect.right() - margin - size + 1, foot.y(), size, size))
        if self._view.starring:
            icons.paint(painter, "star-full" if tile.favourite else "star", QRectF(badge), theme.colour("brand"))
        elif tile.count:
            ink = theme.colour("brand_ink")
            text = figure(tile.count)
            font = theme.font("body", QFont.Weight.Bold)
            width = max(size, round(QFontMetricsF(font).horizontalAdvance(text)) + theme.space(3))
            if width > size:
                badge = QRect(badge.x() if rtl else badge.right() - width + 1, badge.y(), width, size)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("brand"))
            painter.drawRoundedRect(QRectF(badge), size / 2, size / 2)
            painter.setPen(ink)
            painter.setFont(font)
            painter.drawText(badge, CENTRE, text)
        else:
            paint_disc(painter, QRectF(badge).center(), size, theme.colour("brand_soft"))
            inset = size * 0.22
            sign = "more" if item.groups else "plus"  # it is asked how it is wanted
            icons.paint(painter, sign, QRectF(badge).adjusted(inset, inset, -inset, -inset), theme.colour("brand"))


class CategoryPills(PressList):
    """The categories in one row or two; the current one filters the tiles."""

    chosen = Signal(str)
    """A category's id."""
    left_down = Signal()
    """Down was pressed in the last row: to the items."""

    def __init__(self, categories: CategoryModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("menu_categories")
        self.setAccessibleName(_("Categories"))
        self._theme = theme
        self._pills = _PillDelegate(self, theme)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setModel(categories)
        self.setItemDelegate(self._pills)
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        for moved in (categories.rowsInserted, categories.rowsRemoved, categories.dataChanged):
            moved.connect(self._fit)
        theme.changed.connect(self._fit)
        self._fit()

    def choose(self, row: int) -> None:
        self.setCurrentIndex(self.model().index(row, 0))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = self.currentIndex()
        super().keyPressEvent(event)
        if event.key() == Qt.Key.Key_Down and keys.is_alone(event) and self.currentIndex() == before:
            self.left_down.emit()

    @Slot()
    def _on_current_changed(self) -> None:
        index = self.currentIndex()
        if index.isValid():
            tab: CategoryTab = index.data(ROW)
            self.chosen.emit(tab.id)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @Slot()
    def _fit(self) -> None:
        rows = self.model().rowCount()
        self.setVisible(rows > 1)
        tabs = [self.model().index(row, 0).data(ROW) for row in range(rows)]
        # The list lays out as if its scroll bar were there.
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self.verticalScrollBar())
        self._pills.fit(tabs, self.maximumViewportSize().width() - bar)
        height = self._theme.touch_px
        if rows:
            self.doItemsLayout()
            last = self.visualRect(self.model().index(rows - 1, 0)).bottom() + self.verticalOffset() + 1
            height = min(max(last, height), _MOST_CATEGORY_ROWS * self._theme.touch_px)
        if height != self.height():
            self.setFixedHeight(height)


class _PillDelegate(QStyledItemDelegate):
    def __init__(self, view: CategoryPills, theme: Theme) -> None:
        super().__init__(view)
        self._view = view
        self._theme = theme
        self._is_tight = False

    def fit(self, tabs: Sequence[CategoryTab], width: int) -> None:
        """Leave less room around the names where all of them are in one row for it."""
        self._is_tight = True
        tight = sum(map(self._width, tabs))
        self._is_tight = False
        self._is_tight = tight <= width < sum(map(self._width, tabs))

    @property
    def _pad(self) -> int:
        """At each side of a name."""
        return self._theme.space(2 if self._is_tight else 3)

    def _width(self, tab: CategoryTab) -> int:
        words = math.ceil(QFontMetricsF(self._font()).horizontalAdvance(tab.name))
        words += self._dot if tab.colour else 2 * self._dot if tab.icon else 0
        return words + 2 * self._pad + 2 * self._theme.space(1) + (0 if self._is_tight else self._theme.space(2))

    def _font(self) -> QFont:
        return self._theme.font("strong", QFont.Weight.DemiBold)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        tab: CategoryTab = index.data(ROW)
        most = max(self._view.viewport().width(), self._theme.touch_px)
        return QSize(min(self._width(tab), most), self._theme.touch_px)

    @property
    def _dot(self) -> int:
        """The room of a category's dot, before its name."""
        return self._theme.space(3) if self._is_tight else 2 * self._theme.space(2)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self._theme
        tab: CategoryTab = index.data(ROW)
        current = index.row() == self._view.currentIndex().row()
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        gap = theme.space(1)
        pill = option.rect.adjusted(gap, gap, -gap, -gap)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = "brand" if current else "sunken" if hovered or self._view.holds(index) else "surface"
        ringed = self._view.rings(index)
        edge = "text" if ringed else "brand" if current else "line"
        painter.setBrush(theme.colour(ground))
        pen = painter.pen()
        pen.setColor(theme.colour(edge))
        pen.setWidthF(theme.focus_px + 1 if ringed else 1)
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(pill).adjusted(1, 1, -1, -1), pill.height() / 2, pill.height() / 2)
        painter.setFont(self._font())
        painter.setPen(theme.colour("brand_ink" if current else "text"))
        words = pill.adjusted(self._pad, 0, -self._pad, 0)
        if tab.colour:
            rtl = option.direction is Qt.LayoutDirection.RightToLeft
            words = words.adjusted(0, 0, -self._dot, 0) if rtl else words.adjusted(self._dot, 0, 0, 0)
            inset = self._pad + theme.space(1)
            at = pill.right() - inset if rtl else pill.x() + inset
            painter.save()
            ink = theme.colour("brand_ink" if current else tab.colour)
            paint_disc(painter, QPointF(at, QRectF(pill).center().y()), theme.space(2), ink)
            painter.restore()
        elif tab.icon:
            size = theme.px(16)
            rtl = option.direction is Qt.LayoutDirection.RightToLeft
            words = words.adjusted(0, 0, -size, 0) if rtl else words.adjusted(size, 0, 0, 0)
            at = pill.right() - self._pad - size if rtl else pill.x() + self._pad
            place = QRectF(at, QRectF(pill).center().y() - size / 2, size, size)
            icons.paint(painter, tab.icon, place, theme.colour("brand_ink" if current else "brand"))
        text = QFontMetricsF(self._font()).elidedText(tab.name, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, CENTRE, text)
        painter.restore()
