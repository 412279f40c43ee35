"""The list of the menu: press an item to open it, its switch to mark it sold out."""

from typing import Final

from PySide6.QtCore import QModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.ui import icons, keys
from core.ui.ordering.press_list import BODY, PressList
from core.ui.rows import ROW, Index
from core.ui.text import _, isolated
from core.ui.theme import Theme
from core.ui.widgets.painting import LEADING, TRAILING, mirrored, paint_card, paint_disc
from pos_app.menu.model import MenuRow, MenuRows, row_words, stock_words

SWITCH: Final = "switch"
_HEADING: Final = 44
_ROW: Final = 62
_SWITCH: Final = 172
_PILL: Final = (46, 26)


class MenuList(PressList):
    """Enter opens the current row, Space toggles its switch."""

    opened = Signal(str)
    """The key of the opened row."""
    switched = Signal(str)
    """The id of the item whose switch was toggled."""
    parts = (SWITCH,)

    def __init__(self, theme: Theme, rows: MenuRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("menu_list")
        self.setAccessibleName(_("Menu"))
        self._theme = theme
        self.chosen = ""
        """The key of the open row."""
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setModel(rows)
        self.setItemDelegate(_RowDelegate(rows, self, theme))
        self.pressed_part.connect(self._on_part_pressed)
        theme.changed.connect(self._on_theme_changed)

    def switch_rect(self, row: QRect) -> QRect:
        """The touch target of the switch of the row at `row`."""
        width = self._theme.px(_SWITCH)
        place = QRect(row.right() - width + 1, row.y(), width, row.height())
        return QStyle.visualRect(self.layoutDirection(), row, place)

    @override
    def part_rect(self, index: Index, part: str) -> QRect:
        row = super().part_rect(index, BODY)
        found: MenuRow | None = self.model().data(index, ROW)
        if part == SWITCH:
            return self.switch_rect(row) if found is not None and found.item is not None else QRect()
        return row

    @Slot(QModelIndex, str)
    def _on_part_pressed(self, index: QModelIndex, part: str) -> None:
        row: MenuRow = index.data(ROW)
        if part == SWITCH and row.item is not None:
            self.switched.emit(row.item.id)
        elif part == BODY:
            self.opened.emit(row.key)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.scheduleDelayedItemsLayout()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        row: MenuRow | None = self.currentIndex().data(ROW) if self.currentIndex().isValid() else None
        if event.key() == Qt.Key.Key_Space and keys.is_alone(event) and row is not None:
            self.by_keys = True
            if row.item is not None and not event.isAutoRepeat():
                self.switched.emit(row.item.id)
        else:
            super().keyPressEvent(event)


class _RowDelegate(QStyledItemDelegate):
    def __init__(self, rows: MenuRows, view: MenuList, theme: Theme) -> None:
        super().__init__(view)
        self._rows = rows
        self._view = view
        self._theme = theme

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: MenuRow = index.data(ROW)
        return QSize(self._view.viewport().width(), self._theme.px(_HEADING if row.item is None else _ROW))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: MenuRow = index.data(ROW)
        painter.save()
        painter.setLayoutDirection(option.direction)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option, index, row)
        if row.item is None:
            self._paint_heading(painter, option, row)
        else:
            self._paint_item(painter, option, row)
            self._paint_switch(painter, option, index, row)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, row: MenuRow) -> None:
        theme, rect = self._theme, option.rect.adjusted(1, 2, -1, -2)
        chosen, ringed = row.key == self._view.chosen, self._view.rings(index)
        if row.item is None and not chosen and not ringed:
            return
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver) or self._view.holds(index)
        ground = theme.colour("brand_soft" if chosen else "sunken" if hovered else "surface")
        paint_card(painter, rect, ground, theme.colour("brand") if ringed else ground, theme, theme.focus_px)

    def _inner(self, option: QStyleOptionViewItem, width: int) -> QRect:
        edge = self._theme.space(4)
        return option.rect.adjusted(edge, 0, -edge - width, 0)

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, row: MenuRow) -> None:
        theme = self._theme
        inner = self._inner(option, 0)
        font = theme.font("small", QFont.Weight.Bold)
        words = row.name + (f" · {_('not saved')}" if row.unsaved else "")
        self._line(painter, option, inner, words, font, "danger" if row.wrong else "muted")

    def _paint_item(self, painter: QPainter, option: QStyleOptionViewItem, row: MenuRow) -> None:
        theme = self._theme
        inner = self._inner(option, self._switch_px(option, row))
        half = inner.height() // 2
        upper = QRect(inner.x(), inner.y() + theme.px(7), inner.width(), half - theme.px(6))
        lower = QRect(inner.x(), inner.y() + half - theme.px(1), inner.width(), half - theme.px(6))
        name = row.name or _("Without a name")
        strong = theme.font("strong", QFont.Weight.DemiBold)
        if row.wrong:
            size = theme.px(16)
            mark = QRect(upper.x(), upper.y() + (upper.height() - size) // 2, size, size)
            icons.paint(painter, "warning", QRectF(mirrored(option, mark)), theme.colour("danger"))
            upper.setLeft(upper.left() + size + theme.space(2))
        self._line(painter, option, upper, name, strong, "text" if row.available else "muted")
        self._line(painter, option, lower, row_words(row, self._rows.currency), theme.font("small"), "muted")

    def _switch_px(self, option: QStyleOptionViewItem, row: MenuRow) -> int:
        """The width of the switch: with its word, unless the item's name needs that room."""
        theme = self._theme
        name = QFontMetrics(theme.font("strong", QFont.Weight.DemiBold)).horizontalAdvance(row.name)
        if name <= self._inner(option, theme.px(_SWITCH)).width():
            return theme.px(_SWITCH)
        return theme.px(_PILL[0]) + theme.space(4)

    def _line(
        self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, words: str, font: QFont, ink: str
    ) -> None:
        painter.setFont(font)
        painter.setPen(self._theme.colour(ink))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(mirrored(option, rect), LEADING, isolated(shown, option.direction))

    def _paint_switch(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, row: MenuRow) -> None:
        """Paint a switch that shows its setting by word, side and colour."""
        theme = self._theme
        place = mirrored(option, self._view.switch_rect(option.rect))
        width, height = (theme.px(each) for each in _PILL)
        pill = QRect(place.right() - theme.space(4) - width + 1, place.center().y() - height // 2, width, height)
        usable = row.switchable
        ink = "muted" if not usable else "brand" if row.available else "danger"
        ground = "sunken" if not usable else "brand" if row.available else "danger_soft"
        painter.setBrush(theme.colour(ground))
        edge = theme.colour("line" if not usable else "brand" if row.available else "danger")
        painter.setPen(QPen(edge, theme.focus_px if self._view.holds(index, SWITCH) else 1.5))
        painter.drawRoundedRect(QRectF(mirrored(option, pill)), height / 2, height / 2)
        knob = QRectF(pill).adjusted(4, 4, -4, -4)
        size = knob.height()
        left = knob.right() - size if row.available else knob.left()
        spot = mirrored(option, QRect(round(left), round(knob.top()), round(size), round(size)))
        filled = usable and row.available
        paint_disc(painter, QRectF(spot).center(), size, theme.colour("brand_ink" if filled else ink))
        if self._switch_px(option, row) < theme.px(_SWITCH):
            return  # side and colour have to do
        words = QRect(place.x(), place.y(), pill.left() - place.x() - theme.space(2), place.height())
        painter.setFont(theme.font("small", QFont.Weight.DemiBold))
        painter.setPen(theme.colour("muted" if not usable or row.available else "danger"))
        painter.drawText(mirrored(option, words), TRAILING, stock_words(available=row.available))
