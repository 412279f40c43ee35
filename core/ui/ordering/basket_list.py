"""The list of the basket's lines: quantity, choices, price, and troubles."""

from typing import Final, NamedTuple

from PySide6.QtCore import QModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.domain.order import MAX_QUANTITY
from core.ui import icons, keys
from core.ui.ordering.basket import BasketLine
from core.ui.ordering.basket_model import BasketModel, choices_text, trouble_text
from core.ui.ordering.press_list import BODY, PressList
from core.ui.rows import ROW, Index
from core.ui.text import _, figure, money
from core.ui.theme import Theme
from core.ui.widgets.painting import (
    CENTRE,
    TRAILING,
    fitted_font,
    line_height,
    mirrored,
    paint_card,
    paint_disc,
    paint_lines,
    wrapped,
)

FEWER: Final = "fewer"
MORE: Final = "more"
_BUTTON: Final = 36
"""The painted disc; its touch target is as large as a finger."""
_PRICE: Final = 74
_NAME: Final = 120
"""Where less is left of a line for its name, the quantity goes below it."""
_MOST_SIZES: Final = 2000
_ALL: Final = 1000
"""The most rows of a line's text, which is never cut."""


class _Words(NamedTuple):
    """A line's text, wrapped to its column."""

    name_font: QFont
    name: tuple[str, ...]
    choices: tuple[str, ...]
    note: tuple[str, ...]
    trouble: tuple[str, ...]


class BasketList(PressList):
    """`+`, `-` and Delete act on the current line; pressing a line opens its choices."""

    quantity_asked = Signal(object, int)
    """A `BasketLine`, and the change of its quantity."""
    parts = (FEWER, MORE)
    remove_asked = Signal(object)
    edit_asked = Signal(object)

    def __init__(
        self, basket: BasketModel, theme: Theme, name: str = "basket_lines", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(_("Basket"))
        self._basket = basket
        self._theme = theme
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setModel(basket)
        self.setItemDelegate(_LineDelegate(basket, self, theme))
        self.pressed_part.connect(self._on_part_pressed)
        theme.changed.connect(self._on_theme_changed)

    @property
    def current(self) -> BasketLine | None:
        index = self.currentIndex()
        line: BasketLine | None = index.data(ROW) if index.isValid() else None
        return line

    @Slot(int)
    def show_line(self, row: int) -> None:
        """Make `row` the current line, and scroll to it."""
        index = self._basket.index(row)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def button_rect(self, row: QRect, part: str) -> QRect:
        """The touch target of the button `part` of the row at `row`."""
        touch, count = self._theme.touch_px, self._count_width
        left = row.x() + (0 if part == FEWER else touch + count)
        top = row.bottom() + 1 - touch if self.stacks else row.y()
        place = QRect(left, top, touch, row.bottom() + 1 - top)
        return QStyle.visualRect(self.layoutDirection(), row, place)

    @property
    def stacks(self) -> bool:
        """Whether the quantity of a line is below its name."""
        return self.viewport().width() < self.stepper_width + self._theme.px(_PRICE + _NAME)

    @property
    def _count_width(self) -> int:
        return self._theme.px(30)

    @property
    def stepper_width(self) -> int:
        return 2 * self._theme.touch_px + self._count_width

    @override
    def part_rect(self, index: Index, part: str) -> QRect:
        row = super().part_rect(index, BODY)
        return self.button_rect(row, part) if part in self.parts else row

    @Slot(QModelIndex, str)
    def _on_part_pressed(self, index: QModelIndex, part: str) -> None:
        line: BasketLine = index.data(ROW)
        if part == BODY:
            self.edit_asked.emit(line)
        else:
            self.quantity_asked.emit(line, 1 if part == MORE else -1)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        line = self.current
        step = keys.STEPS.get(keys.typed(event))
        if line is not None and step is not None:
            self.by_keys = True
            self.quantity_asked.emit(line, step)
        elif line is not None and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and keys.is_alone(event):
            self.remove_asked.emit(line)
        else:
            super().keyPressEvent(event)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.scheduleDelayedItemsLayout()


class _LineDelegate(QStyledItemDelegate):
    def __init__(self, basket: BasketModel, view: BasketList, theme: Theme) -> None:
        super().__init__(view)
        self._basket = basket
        self._view = view
        self._theme = theme
        self._sizes: dict[tuple[BasketLine, int], QSize] = {}
        theme.changed.connect(self.forget_sizes)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        # A list asks for every row's size whenever one of them changes.
        width = self._view.viewport().width()
        key = (index.data(ROW), width)
        if key not in self._sizes:
            if len(self._sizes) > _MOST_SIZES:
                self._sizes.clear()
            theme = self._theme
            words = self._height(self._words(index.data(ROW), width)) + 2 * theme.space(2)
            height = words + theme.touch_px if self._view.stacks else max(words, theme.touch_px + 2 * theme.space(1))
            self._sizes[key] = QSize(width, height)
        return self._sizes[key]

    @Slot()
    def forget_sizes(self) -> None:
        self._sizes.clear()

    def _price_width(self, line: BasketLine) -> int:
        metrics = QFontMetricsF(self._theme.font("strong", QFont.Weight.DemiBold))
        asked = round(metrics.horizontalAdvance(money(line.priced.total_minor, self._basket.basket.currency)))
        return max(self._theme.px(_PRICE), asked + self._theme.space(2))

    def _words_width(self, line: BasketLine, width: int) -> int:
        return width - self._left - self._price_width(line) - self._theme.space(4)

    @property
    def _left(self) -> int:
        """From the edge of a row to its words."""
        return self._theme.space(1) if self._view.stacks else self._view.stepper_width

    def _words(self, line: BasketLine, width: int) -> _Words:
        theme = self._theme
        room = self._words_width(line, width)
        small = theme.font("small")
        trouble = trouble_text(line.trouble) if line.trouble else ""
        beside_icon = room - theme.px(14) - theme.space(1)
        name_font = fitted_font(line.priced.name, theme.font("strong", QFont.Weight.DemiBold), room)
        return _Words(
            name_font,
            wrapped(line.priced.name, name_font, room, _ALL),
            wrapped(choices_text(line, self._basket.basket.currency), small, room, _ALL),
            wrapped(line.wanted.note, small, beside_icon, _ALL),
            wrapped(trouble, theme.font("small", QFont.Weight.DemiBold), beside_icon, 2),
        )

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self._theme
        line: BasketLine = index.data(ROW)
        row: QRect = option.rect
        painter.save()
        painter.setLayoutDirection(option.direction)
        self._paint_ground(painter, row, index, hovered=bool(option.state & QStyle.StateFlag.State_MouseOver))
        self._paint_stepper(painter, row, index, line)
        words = self._words(line, row.width())
        room = self._words_width(line, row.width())
        left = row.x() + self._left + theme.space(1)
        used = self._height(words)
        top = theme.space(2) if self._view.stacks else (row.height() - used) // 2
        column = QRect(left, row.y() + top, room, used)
        self._paint_words(painter, option, column, words)
        price_width = self._price_width(line)
        price = QRect(row.right() - price_width - theme.space(2) + 1, column.y(), price_width, 0)
        strong = theme.font("strong", QFont.Weight.DemiBold)
        painter.setFont(strong)
        painter.setPen(theme.colour("muted" if line.trouble else "text"))
        price.setHeight(line_height(strong))
        painter.drawText(
            mirrored(option, price), TRAILING, money(line.priced.total_minor, self._basket.basket.currency)
        )
        painter.restore()

    def _height(self, words: _Words) -> int:
        small = line_height(self._theme.font("small"))
        rest = len(words.choices) + len(words.note) + len(words.trouble)
        return line_height(words.name_font) * len(words.name) + small * rest

    def _paint_ground(self, painter: QPainter, row: QRect, index: Index, *, hovered: bool) -> None:
        theme = self._theme
        ringed = self._view.rings(index)
        if ringed or hovered or self._view.holds(index):
            ground = theme.colour("sunken")
            edge = theme.colour("brand") if ringed else ground
            paint_card(painter, row.adjusted(0, 1, 0, -1), ground, edge, theme, theme.focus_px)

    def _paint_stepper(self, painter: QPainter, row: QRect, index: Index, line: BasketLine) -> None:
        theme, quantity = self._theme, line.wanted.quantity
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = theme.px(_BUTTON)
        for part, icon in ((FEWER, "minus" if quantity > 1 or line.is_fixed else "trash"), (MORE, "plus")):
            centre = QRectF(self._view.button_rect(row, part)).center()
            usable = not line.is_fixed and (part == FEWER or (quantity < MAX_QUANTITY and not line.trouble))
            held = self._view.holds(index, part)
            paint_disc(painter, centre, size, theme.colour("line" if held else "brand_soft" if usable else "sunken"))
            half = size * 0.26
            ink = theme.colour("brand" if usable else "muted")
            icons.paint(painter, icon, QRectF(centre.x() - half, centre.y() - half, 2 * half, 2 * half), ink)
        fewer, more = self._view.button_rect(row, FEWER), self._view.button_rect(row, MORE)
        left, right = min(fewer.right(), more.right()), max(fewer.left(), more.left())
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.font("strong", QFont.Weight.Bold))
        painter.drawText(QRect(left, fewer.y(), right - left, fewer.height()), CENTRE, figure(quantity))

    def _paint_words(self, painter: QPainter, option: QStyleOptionViewItem, column: QRect, words: _Words) -> None:
        theme = self._theme
        small = theme.font("small")
        place = mirrored(option, column)
        y = place.y() + paint_lines(painter, place, words.name, words.name_font, theme.colour("text"))
        y += paint_lines(painter, QRect(place.x(), y, place.width(), 0), words.choices, small, theme.colour("muted"))
        marked = theme.font("small", QFont.Weight.DemiBold)
        for lines, icon, ink, font in (
            (words.note, "note", "text", small),
            (words.trouble, "warning", "danger", marked),
        ):
            if lines:
                size = theme.px(14)
                inset = size + theme.space(1)
                top = QRect(column.x(), y + (line_height(font) - size) // 2, size, size)
                icons.paint(painter, icon, QRectF(mirrored(option, top)), theme.colour(ink))
                beside = mirrored(option, QRect(column.x() + inset, y, column.width() - inset, 0))
                y += paint_lines(painter, beside, lines, font, theme.colour(ink))
