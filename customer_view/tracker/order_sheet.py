"""The contents of an order as a bill: lines with choices and prices, notes, address, and totals."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen
from typing_extensions import override

from core.domain.amendment import Changed
from core.domain.order import LineModifier, Order, OrderLine
from core.domain.payment import given_back_minor, tip_minor, to_pay_minor
from core.domain.pricing import order_taxes
from core.ui.text import (
    _,
    change_text,
    clock,
    deductions,
    discount_text,
    figure,
    money,
    refund_label,
    tax_label,
    tender_label,
)
from core.ui.theme import Theme
from customer_view.painted import Painted, TextBlock

_NORMAL, _STRONG = QFont.Weight.Normal, QFont.Weight.DemiBold


class Kind(Enum):
    """The kind of a row, and its look: type scale, weights, ink."""

    FACT = ("strong", _STRONG, _STRONG, "text")
    LINE = ("strong", _NORMAL, _STRONG, "text")
    MINOR = ("body", _NORMAL, _NORMAL, "muted")
    TOTAL = ("number", _STRONG, _STRONG, "text")


class Row(msgspec.Struct, frozen=True):
    """One row of the sheet. `ruled` draws a line above it."""

    kind: Kind
    name: str
    amount: str = ""
    quantity: str = ""
    details: tuple[str, ...] = ()
    ruled: bool = False


def rows(order: Order, changes: Sequence[Changed] = ()) -> Iterator[Row]:
    """An order's sheet, top to bottom. `changes`: what the shop changed of it."""
    for change in changes:
        told = [change_text(line) for line in change.lines]
        if change.total_minor != change.before_minor:
            told.append(" → ".join(money(minor, order.currency) for minor in (change.before_minor, change.total_minor)))
        yield Row(Kind.FACT, _("Changed by the shop at {time}").format(time=clock(change.at)), details=tuple(told))
    if order.address:
        yield Row(Kind.FACT, _("Deliver to"), details=(order.address,))
    if order.note:
        yield Row(Kind.FACT, _("Your note"), details=(order.note,))
    for number, line in enumerate(order.lines):
        amount = money(line.total_minor, order.currency)
        details = tuple(_details(line, order.currency))
        yield Row(Kind.LINE, line.name, amount, figure(line.quantity), details, ruled=number == 0)
    included = order.tax_included
    taxes = [
        Row(Kind.MINOR, tax_label(tax, included=included), money(tax.tax_minor, order.currency))
        for tax in order_taxes(order)
        if order.tax_minor
    ]
    above = [Row(Kind.MINOR, words, money(minor, order.currency)) for words, minor in deductions(order, order.currency)]
    above += [] if included else taxes
    yield from (msgspec.structs.replace(row, ruled=number == 0) for number, row in enumerate(above))
    yield Row(Kind.TOTAL, _("Total"), money(order.total_minor, order.currency), ruled=not above)
    if included:
        yield from taxes
    if tip_minor(order):
        yield Row(Kind.MINOR, _("Tip"), money(tip_minor(order), order.currency))
    for each in order.payments:
        yield Row(Kind.MINOR, tender_label(each.tender), money(each.amount_minor + each.tip_minor, order.currency))
    if given_back_minor(order):
        yield Row(Kind.LINE, _("Given back"), money(given_back_minor(order), order.currency))
    if order.payments and to_pay_minor(order):
        yield Row(Kind.LINE, _("Left to pay"), money(to_pay_minor(order), order.currency))
    if refund_label(order):
        yield Row(Kind.LINE, _("Refunded"), money(order.refunded_minor, order.currency))


def _details(line: OrderLine, currency: str) -> Iterator[str]:
    if line.modifiers:
        yield ", ".join(_modifier(modifier, currency) for modifier in line.modifiers)
    if line.note:
        yield _("Note: {note}").format(note=line.note)
    if line.discount is not None:
        yield f"{discount_text(line.discount, currency)} ({money(-line.discount_minor, currency)})"
    if line.quantity > 1:
        yield _("{amount} each").format(amount=money(line.unit_price_minor, currency))


def _modifier(modifier: LineModifier, currency: str) -> str:
    if not modifier.price_minor:
        return modifier.name
    return _("{name} +{amount}").format(name=modifier.name, amount=money(modifier.price_minor, currency))


class _Placed(NamedTuple):
    """A row with its texts laid out, `top` pixels from the sheet's top."""

    top: float
    row: Row
    figures: QFont
    name: TextBlock
    details: list[TextBlock]


class OrderSheet(Painted):
    """Painted, so that two hundred lines are shown at once. Screen readers get it as text."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "order_sheet")
        self._rows: tuple[Row, ...] = ()
        self._placed: list[_Placed] = []
        self._indent = 0.0

    def show_order(self, order: Order | None, changes: Sequence[Changed] = ()) -> None:
        shown = tuple(rows(order, changes)) if order is not None else ()
        if shown == self._rows:
            return
        self._rows = shown
        words = (" ".join(filter(None, (row.quantity, row.name, *row.details, row.amount))) for row in shown)
        self.setAccessibleName("\n".join(words))
        self.changed()

    @override
    def lay_out(self, width: int) -> float:
        theme = self.theme
        fonts = {
            kind: (theme.font(kind.value[0], kind.value[1]), theme.font(kind.value[0], kind.value[2])) for kind in Kind
        }
        metrics = {kind: QFontMetricsF(figures) for kind, (_words, figures) in fonts.items()}
        detail_font = theme.font("body")
        quantities = max((metrics[row.kind].horizontalAdvance(row.quantity) for row in self._rows), default=0.0)
        amounts = max((metrics[row.kind].horizontalAdvance(row.amount) for row in self._rows), default=0.0)
        self._indent = max(quantities, theme.px(14)) + theme.space(4)
        self._placed = []
        y = 0.0
        for row in self._rows:
            if row.ruled:
                y += theme.space(4) * (2 if y else 1)
            words, figures = fonts[row.kind]
            room = width - self._indent_of(row) - (amounts + theme.space(4) if row.amount else 0)
            name = TextBlock(row.name, words, room, self.start)
            details = [TextBlock(text, detail_font, room, self.start) for text in row.details]
            self._placed.append(_Placed(y, row, figures, name, details))
            y += name.height + sum(block.height + theme.space(1) / 2 for block in details) + theme.space(2)
        return y

    def _indent_of(self, row: Row) -> float:
        return 0.0 if row.kind is Kind.FACT else self._indent

    @override
    def paint(self, painter: QPainter, dirty: QRect) -> None:
        first = bisect_right(self._placed, float(dirty.top()), key=lambda placed: placed.top) - 1
        for placed in self._placed[max(0, first) :]:
            if placed.top - self.theme.space(4) > dirty.bottom():
                break
            self._paint_row(painter, placed)

    def _paint_row(self, painter: QPainter, placed: _Placed) -> None:
        theme, width = self.theme, float(self.width())
        y, row, figures, name, details = placed
        ink = theme.colour(row.kind.value[3])
        if row.ruled:
            painter.setPen(QPen(theme.colour("line"), 1))
            rule = round(y - theme.space(4)) + 0.5  # in the middle of a row of pixels: a sharp line
            painter.drawLine(QPointF(0, rule), QPointF(width, rule))
        painter.setPen(ink)
        painter.setFont(figures)
        line = QRectF(0, y, width, QFontMetricsF(figures).height())
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        painter.drawText(line, self.start | middle, row.quantity)
        painter.drawText(line, self.end | middle, row.amount)
        indent = self._indent_of(row)
        left = width - indent - name.room if self.rtl else indent
        name.paint(painter, QPointF(left, y), ink)
        y += name.height
        for block in details:
            y += theme.space(1) / 2
            block.paint(painter, QPointF(left, y), theme.colour("muted"))
            y += block.height
