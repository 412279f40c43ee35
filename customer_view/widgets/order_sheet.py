"""What was ordered, as on a bill: lines with their choices and prices, notes, where it goes, and what it comes to."""

from collections.abc import Iterator
from typing import Final

import msgspec
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from typing_extensions import override

from core.domain.order import LineModifier, Order, OrderLine
from core.ui.text import _, money
from core.ui.theme import Theme
from customer_view.widgets.painted import Painted, TextBlock

_TOTAL: Final = "number"


class Row(msgspec.Struct, frozen=True):
    """One row of the sheet. `role` is the type scale's; `ruled` draws a line above."""

    name: str
    amount: str = ""
    quantity: str = ""
    details: tuple[str, ...] = ()
    role: str = "strong"
    bold: bool = False
    muted: bool = False
    ruled: bool = False


def rows(order: Order) -> Iterator[Row]:
    """An order's sheet, top to bottom."""
    if order.address:
        yield Row(_("Deliver to"), details=(order.address,))
    if order.note:
        yield Row(_("Your note"), details=(order.note,))
    for number, line in enumerate(order.lines):
        yield Row(
            line.name,
            money(line.total_minor, order.currency),
            str(line.quantity),
            tuple(_details(line, order.currency)),
            ruled=number == 0,
        )
    included = order.total_minor == order.subtotal_minor
    tax = money(order.tax_minor, order.currency)
    if not included:
        yield Row(_("Subtotal"), money(order.subtotal_minor, order.currency), role="body", muted=True, ruled=True)
        yield Row(_("Tax"), tax, role="body", muted=True)
    yield Row(_("Total"), money(order.total_minor, order.currency), role=_TOTAL, bold=True, ruled=included)
    if included and order.tax_minor:
        yield Row(_("Includes tax {amount}").format(amount=tax), role="body", muted=True)


def _details(line: OrderLine, currency: str) -> Iterator[str]:
    if line.modifiers:
        yield ", ".join(_modifier(modifier, currency) for modifier in line.modifiers)
    if line.note:
        yield _("Note: {note}").format(note=line.note)
    if line.quantity > 1:
        yield _("{amount} each").format(amount=money(line.unit_price_minor, currency))


def _modifier(modifier: LineModifier, currency: str) -> str:
    if not modifier.price_minor:
        return modifier.name
    return _("{name} +{amount}").format(name=modifier.name, amount=money(modifier.price_minor, currency))


class OrderSheet(Painted):
    """Painted, so that an order of two hundred lines is shown at once. A screen reader has it all in words."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "order_sheet")
        self._rows: tuple[Row, ...] = ()
        self._placed: list[tuple[float, Row, TextBlock, list[TextBlock]]] = []
        self._indent = 0.0
        self._height_px = 0.0

    def show_order(self, order: Order | None) -> None:
        shown = tuple(rows(order)) if order is not None else ()
        if shown == self._rows:
            return
        self._rows = shown
        words = (" ".join(filter(None, (row.quantity, row.name, *row.details, row.amount))) for row in shown)
        self.setAccessibleName("\n".join(words))
        self.changed()

    def _font(self, row: Row, *, strong: bool) -> QFont:
        return self.theme.font(row.role, QFont.Weight.DemiBold if strong or row.bold else QFont.Weight.Normal)

    @override
    def lay_out(self, width: int) -> float:
        theme = self.theme
        quantities = (QFontMetricsF(self._font(row, strong=True)).horizontalAdvance(row.quantity) for row in self._rows)
        self._indent = max(max(quantities, default=0.0), theme.px(14)) + theme.space(4)
        amounts = (
            QFontMetricsF(self._font(row, strong=not row.muted)).horizontalAdvance(row.amount) for row in self._rows
        )
        beside = max(amounts, default=0.0) + theme.space(4)
        detail_font = theme.font("body")
        self._placed = []
        y = 0.0
        for row in self._rows:
            if row.ruled:
                y += theme.space(4) * (2 if y else 1)
            room = width - beside - self._indent if row.amount else width - self._indent
            if not row.amount and not row.muted:
                room = float(width)
            name = TextBlock(row.name, self._font(row, strong=not row.amount and not row.muted), room, self.start)
            details = [TextBlock(text, detail_font, room, self.start) for text in row.details]
            self._placed.append((y, row, name, details))
            y += name.height + sum(block.height + theme.space(1) / 2 for block in details)
            y += theme.space(2)
        self._height_px = y
        return y

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        dirty = event.rect()
        for number, (top, *_rest) in enumerate(self._placed):
            bottom = self._placed[number + 1][0] if number + 1 < len(self._placed) else self._height_px
            if bottom >= dirty.top() and top - self.theme.space(4) <= dirty.bottom():
                self._paint_row(painter, number)
        painter.end()

    def _paint_row(self, painter: QPainter, number: int) -> None:
        theme, width = self.theme, float(self.width())
        y, row, name, details = self._placed[number]
        if row.ruled:
            painter.setPen(QPen(theme.colour("line"), 1))
            line_y = y - theme.space(4)
            painter.drawLine(QPointF(0, line_y), QPointF(width, line_y))
        indent = self._indent if row.amount or row.muted else 0.0
        ink = theme.colour("muted" if row.muted else "text")
        line = QRectF(0, y, width, QFontMetricsF(self._font(row, strong=True)).height())
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        painter.setPen(ink)
        painter.setFont(self._font(row, strong=not row.muted))
        painter.drawText(line, self.start | middle, row.quantity)
        painter.drawText(line, self.end | middle, row.amount)
        # Leading text is laid out from the reading side of its own room.
        left = width - indent - name.room if self.rtl else indent
        name.paint(painter, QPointF(left, y), ink)
        y += name.height
        for block in details:
            y += theme.space(1) / 2
            block.paint(painter, QPointF(left, y), theme.colour("muted"))
            y += block.height
