"""The layout of a card, computed once for an order and a width, left to right."""

from functools import lru_cache
from typing import Final

import msgspec
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QTextLayout, QTextOption

from core.domain.order import ONLINE_SERIES, Channel, LineChange, Order, OrderLine, order_number
from core.domain.status import Fulfilment
from core.ui.text import figure, fulfilment_label, money, ngettext
from core.ui.theme import Theme
from core.ui.widgets.chips import chip_width
from pos_app.order.card import (
    Card,
    change_mark,
    customer,
    item_count,
    modifiers,
    own_look,
    own_words,
    payment_badge,
    request_text,
)

MOST_LINES: Final = 12
"""Order lines on a card; of a longer order one less, those with a note, and the number of the others."""
_ALL: Final = 1000
"""The most rows of a text: the kitchen's texts are never cut. A card is as high as its text."""
_USUAL_NUMBER: Final = order_number(ONLINE_SERIES, 888_888)
_STRIPE: Final = 5
_RING: Final = 6
"""Room around the card for the ring of the focus."""

FontKey = tuple[str, QFont.Weight]
_FULFILMENT_ICONS: Final = {Fulfilment.PICKUP: "bag", Fulfilment.DELIVERY: "truck", Fulfilment.DINE_IN: "plate"}
_NUMBERS: Final[tuple[FontKey, ...]] = tuple((role, QFont.Weight.Bold) for role in ("number", "strong", "body"))
_BODY: Final[FontKey] = ("body", QFont.Weight.Normal)
_BOLD: Final[FontKey] = ("body", QFont.Weight.DemiBold)
_SMALL: Final[FontKey] = ("small", QFont.Weight.Normal)
_SMALL_BOLD: Final[FontKey] = ("small", QFont.Weight.DemiBold)
_TOTAL: Final[FontKey] = ("strong", QFont.Weight.Bold)


class Text(msgspec.Struct, frozen=True):
    rect: QRectF
    words: str
    font: FontKey
    colour: str
    trailing: bool = False


class Shape(msgspec.Struct, frozen=True):
    rect: QRectF
    icon: str
    colour: str


class CardLayout(msgspec.Struct, frozen=True):
    """Positions are relative to the row's top left corner. `chip_room` is the greatest width of the age chip."""

    height: int
    card: QRectF
    chip_end: tuple[float, float]
    chip_room: float
    texts: tuple[Text, ...]
    shapes: tuple[Shape, ...]
    step: QRectF
    step_font: FontKey
    more: QRectF

    @property
    def chip(self) -> QRectF:
        """The rectangle of the age: the only part that changes by itself."""
        right, top = self.chip_end
        return QRectF(right - self.chip_room, top, self.chip_room, self.card.height()).intersected(self.card)


class Fonts:
    """The fonts and metrics that cards are set in, made once."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._fonts: dict[FontKey, QFont] = {}
        self._metrics: dict[FontKey, QFontMetricsF] = {}
        self._heights: dict[FontKey, float] = {}
        # A menu's words come again and again.
        self.width = lru_cache(4096)(self._width)
        self.wrap = lru_cache(4096)(self._wrap)
        self.chip = chip_width("00:00", theme)
        """The width of the chip of an age below an hour."""

    def font(self, key: FontKey) -> QFont:
        if key not in self._fonts:
            self._fonts[key] = self._theme.font(*key)
        return self._fonts[key]

    def metrics(self, key: FontKey) -> QFontMetricsF:
        if key not in self._metrics:
            self._metrics[key] = QFontMetricsF(self.font(key))
        return self._metrics[key]

    def height(self, key: FontKey) -> float:
        if key not in self._heights:
            self._heights[key] = self.metrics(key).height()
        return self._heights[key]

    def _width(self, key: FontKey, words: str) -> float:
        return self.metrics(key).horizontalAdvance(words) + 1

    def _wrap(self, key: FontKey, words: str, width: float, most: int = _ALL) -> tuple[str, ...]:
        """`words` in at most `most` rows of `width`, elided."""
        if self.width(key, words) <= width:
            return (words,)
        layout = QTextLayout(words, self.font(key))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        rows: list[str] = []
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            start = line.textStart()
            if len(rows) == most - 1:
                rows.append(self.elide(key, words[start:], width))
                break
            rows.append(words[start : start + line.textLength()].rstrip())
        layout.endLayout()
        return tuple(rows)

    def elide(self, key: FontKey, words: str, width: float) -> str:
        return self.metrics(key).elidedText(words, Qt.TextElideMode.ElideRight, width)


class _Setter:
    """Lays out one card from top to bottom."""

    def __init__(self, card: Card, width: int, theme: Theme, fonts: Fonts) -> None:
        self._card = card
        self._theme = theme
        self._fonts = fonts
        self._left = _RING + _STRIPE + theme.px(12)
        self._right = width - _RING - theme.px(12)
        self._width = width
        self._y = _RING / 2 + theme.px(11.0)
        self._texts: list[Text] = []
        self._shapes: list[Shape] = []

    def set(self) -> CardLayout:
        order, theme = self._card.order, self._theme
        chip_end, chip_room = self._head(order)
        self._who(order)
        self._y += theme.px(6)
        shown = order.lines
        changes = {each.id: each for each in order.changed}
        if len(order.lines) > MOST_LINES:
            rest = order.lines[MOST_LINES - 1 :]
            shown = (*order.lines[: MOST_LINES - 1], *(line for line in rest if line.note or line.id in changes))
        counts = [*(line.quantity for line in shown), *(each.before for each in order.changed)]
        quantity = max((self._fonts.width(_BOLD, figure(count)) for count in counts), default=0)
        indent = max(theme.px(20), quantity + theme.px(8))
        for line in shown:
            self._line(line, indent, changes.get(line.id))
        for change in order.changed:
            if not change.now:
                self._removed(change, indent)
        if len(shown) < len(order.lines):
            more = ngettext("+ {count} more", "+ {count} more", len(order.lines) - len(shown))
            self._row(more, _BOLD, "muted", indent)
        self._aside(order.note, "note", "pending")
        if order.fulfilment is Fulfilment.DELIVERY:
            self._aside(order.address, "pin", "delivery")
        self._aside(request_text(order), "person", "danger")
        self._sum(order)
        step, font, more_rect = self._buttons()
        self._y += theme.px(12)
        card = QRectF(_RING, _RING / 2, self._width - 2 * _RING, self._y - _RING / 2)
        return CardLayout(
            height=round(self._y + _RING / 2 + theme.px(6)),
            card=card,
            chip_end=chip_end,
            chip_room=chip_room,
            texts=tuple(self._texts),
            shapes=tuple(self._shapes),
            step=step,
            step_font=font,
            more=more_rect,
        )

    def _head(self, order: Order) -> tuple[tuple[float, float], float]:
        """The number, and beside it, or below where there is no room, the age."""
        theme, room = self._theme, self._right - self._left
        chip, gap = self._fonts.chip, theme.px(6)
        height = max(self._fonts.height(_NUMBERS[0]), theme.px(24))
        for key in _NUMBERS:
            number = self._fonts.width(key, order.number)
            # One size for a whole column, whichever series a number is of.
            if max(number, self._fonts.width(key, _USUAL_NUMBER)) + gap + chip <= room:
                self._add(QRectF(self._left, self._y, number, height), order.number, key, "text")
                end = (self._right, self._y + (height - theme.px(24)) / 2)
                self._y += height + theme.px(3)
                return end, room - number - gap
        number_font = next((k for k in _NUMBERS if self._fonts.width(k, order.number) <= room), _NUMBERS[-1])
        self._add(QRectF(self._left, self._y, room, height), order.number, number_font, "text")
        self._y += height + theme.px(2)
        end = (self._right, self._y)
        self._y += theme.px(24 + 4)
        return end, room

    def _who(self, order: Order) -> None:
        """Fulfilment and customer; and the payment at the other side."""
        theme, name = self._theme, customer(order)
        badge, colour = payment_badge(order, of_total=True)
        font = _BODY if colour == "muted" else _BOLD
        if self._fonts.width(font, badge) > self._right - self._left:
            badge, colour = payment_badge(order)
        height, badge_width = self._fonts.height(_BODY), self._fonts.width(font, badge)
        icon = theme.px(14)
        place = QRectF(self._left, self._y + (height - icon) / 2, icon, icon)
        self._shapes.append(Shape(place, _FULFILMENT_ICONS.get(order.fulfilment, "info"), "muted"))
        left = self._left + icon + theme.px(6)
        room = self._right - badge_width - theme.px(8) - left
        # A short name that does not fit beside the badge has a row of its own; a long one is elided.
        apart = room < self._fonts.width(_BODY, name) and room < theme.px(90)
        if apart:
            room = self._right - left
        words = f"{name} · {fulfilment_label(order.fulfilment)}"
        if self._fonts.width(_BODY, words) > room:
            words = self._fonts.elide(_BODY, name, room)  # The fulfilment is shown by its icon alone.
        self._add(QRectF(left, self._y, room, height), words, _BODY, "muted")
        self._y += height if apart else 0
        badge_left = left if apart else self._right - badge_width
        self._add(QRectF(badge_left, self._y, badge_width, height), badge, font, colour, trailing=not apart)
        self._y += height

    def _line(self, line: OrderLine, indent: float, change: LineChange | None) -> None:
        """A line, with what became of it since the last step."""
        height = self._fonts.height(_BODY)
        font, colour = (_BODY, "text") if change is None else (_BOLD, "danger")
        self._add(QRectF(self._left, self._y, indent, height), figure(line.quantity), _BOLD, colour)
        for words in self._fonts.wrap(font, line.name, self._right - self._left - indent):
            self._row(words, font, colour, indent)
        if change is not None:
            self._row(change_mark(change), _SMALL_BOLD, "danger", indent)
        if line.modifiers:
            for words in self._fonts.wrap(_SMALL, modifiers(line), self._right - self._left - indent):
                self._row(words, _SMALL, "muted", indent)
        if line.note:
            note = " ".join(line.note.split())
            for words in self._fonts.wrap(_SMALL_BOLD, f"“{note}”", self._right - self._left - indent):
                self._row(words, _SMALL_BOLD, "pending", indent)
        self._y += self._theme.px(3)

    def _removed(self, change: LineChange, indent: float) -> None:
        """A line that is not to be made any more."""
        height = self._fonts.height(_BODY)
        self._add(QRectF(self._left, self._y, indent, height), figure(change.before), _BOLD, "danger")
        for words in self._fonts.wrap(_BODY, change.name, self._right - self._left - indent):
            self._row(words, _BODY, "danger", indent)
        self._row(change_mark(change), _SMALL_BOLD, "danger", indent)
        self._y += self._theme.px(3)

    def _aside(self, words: str, icon: str, colour: str) -> None:
        """A remark about the whole order, with its icon."""
        if not words:
            return
        theme, size = self._theme, self._theme.px(14)
        indent = size + theme.px(6)
        self._y += theme.px(2)
        self._shapes.append(Shape(QRectF(self._left, self._y + theme.px(1), size, size), icon, colour))
        for row in self._fonts.wrap(_SMALL_BOLD, " ".join(words.split()), self._right - self._left - indent):
            self._row(row, _SMALL_BOLD, colour, indent)

    def _sum(self, order: Order) -> None:
        """Quantity, the state of our own change, and the total."""
        theme = self._theme
        self._y += theme.px(6)
        height, icon = self._fonts.height(_TOTAL), theme.px(14)
        total = money(order.total_minor, order.currency)
        width = self._fonts.width(_TOTAL, total)
        count = item_count(order)
        state, (shape, colour) = own_words(self._card.own), own_look(self._card.own)
        channel = "globe" if order.channel is Channel.ONLINE else "receipt"
        left: float = self._left + icon + theme.px(6)
        room = self._right - width - theme.px(8)
        aside = icon + theme.px(4) if shape else 0
        if state and self._fonts.width(_SMALL_BOLD, state) + aside > room - left:
            # Wide letters: a row of its own, above the total.
            if shape:
                place = QRectF(self._left, self._y + (height - icon) / 2, icon, icon)
                self._shapes.append(Shape(place, shape, colour))
            self._add(
                QRectF(self._left + aside, self._y, self._right - self._left - aside, height), state, _BOLD, colour
            )
            self._y += height
            state = ""
        self._shapes.append(Shape(QRectF(self._left, self._y + (height - icon) / 2, icon, icon), channel, "muted"))
        if not state and self._fonts.width(_BODY, count) > room - left:
            self._add(QRectF(left, self._y, self._right - left, height), count, _BODY, "muted")
            self._y += height
            count = ""
        self._add(QRectF(self._right - width, self._y, width, height), total, _TOTAL, "text", trailing=True)
        if state:
            fits = self._fonts.width(_BOLD, state) + aside <= room - left
            font = _BOLD if fits else _SMALL_BOLD
            state_width, count = self._fonts.width(font, state), f"{count} · "
            count_width = self._fonts.width(_BODY, count)
            if left + count_width + aside + state_width <= room:
                self._add(QRectF(left, self._y, count_width, height), count, _BODY, "muted")
                left += count_width
            if shape:
                self._shapes.append(Shape(QRectF(left, self._y + (height - icon) / 2, icon, icon), shape, colour))
                left += aside
            state = self._fonts.elide(font, state, room - left + 1)
            self._add(QRectF(left, self._y, room - left, height), state, font, colour)
        elif count:
            self._add(QRectF(left, self._y, room - left, height), count, _BODY, "muted")
        self._y += height + theme.px(8)

    def _buttons(self) -> tuple[QRectF, FontKey, QRectF]:
        touch = self._theme.touch_px
        more = QRectF(self._right - touch, self._y, touch, touch)
        step = QRectF(self._left, self._y, more.left() - self._theme.px(8) - self._left, touch)
        words = self._card.button
        if not words:
            step = QRectF()  # there is nothing to press
        room = step.width() - self._theme.px(8)
        fitting = (key for key in (_TOTAL, _BOLD, _SMALL_BOLD) if self._fonts.width(key, words) <= room)
        self._y += touch
        return step, next(fitting, _SMALL_BOLD), more

    def _row(self, words: str, font: FontKey, colour: str, indent: float) -> None:
        height = self._fonts.height(font)
        self._add(QRectF(self._left + indent, self._y, self._right - self._left - indent, height), words, font, colour)
        self._y += height

    def _add(self, rect: QRectF, words: str, font: FontKey, colour: str, *, trailing: bool = False) -> None:
        self._texts.append(Text(rect, words, font, colour, trailing))


def lay_out(card: Card, width: int, theme: Theme, fonts: Fonts) -> CardLayout:
    """The layout of `card` in a row that is `width` pixels wide."""
    return _Setter(card, width, theme, fonts).set()
