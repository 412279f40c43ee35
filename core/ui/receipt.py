"""The content of an order's receipt, and its layout on paper: on a roll, or on sheets. Lengths end in their unit."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)

from core.domain.order import Order, PaymentState, Tender
from core.domain.payment import given_back_minor, tip_minor, to_give_back_minor, to_pay_minor
from core.domain.pricing import TaxSum, order_taxes
from core.domain.status import CALLED_OFF, Fulfilment
from core.files import write_for_person
from core.ui.text import (
    _,
    clock,
    date,
    deductions,
    discount_text,
    figure,
    fulfilment_label,
    guest_name,
    isolated,
    money,
    not_written,
    payment_label,
    refund_label,
    refunded_to,
    status_label,
    tax_label,
    tender_label,
)

_POINTS_PER_MM: Final = 72 / 25.4
_SIZE: Final = re.compile(r"(style='font-size:)([0-9.]+)pt")
_FONT_PT: Final = 9.0
_TOTAL_PT: Final = 12.0
_SHEET_MARGIN_MM: Final = 20.0
_WIDEST_COLUMN_MM: Final = 120.0
"""The widest column on a sheet: amounts further from their words are hard to assign."""
_WIDEST_ROLL_MM: Final = 120.0
_LONGEST_MM: Final = 5_000.0
"""The longest page of a roll in a PDF, which is limited to 200 inches; a longer receipt continues on another page."""
_WIDEST_AMOUNT: Final = 0.5
"""The widest amount beside its words, as a share of the width. A wider one has a row of its own, below words of the
full width."""


class Paper(NamedTuple):
    """Paper, and how much of its width a printer prints on, in mm. `height_mm` is 0 for a roll: as long as needed."""

    width_mm: float
    margin_mm: float
    height_mm: float = 0.0

    @property
    def room_pt(self) -> float:
        return (self.width_mm - 2 * self.margin_mm) * _POINTS_PER_MM


ROLL_80: Final = Paper(80, 4)
ROLL_58: Final = Paper(58, 5)
A4: Final = Paper(210, (210 - _WIDEST_COLUMN_MM) / 2, 297)


# -- content


def receipt_html(
    order: Order, shop_name: str, given_minor: int | None = None, *, is_copy: bool = False, paper: Paper = ROLL_80
) -> str:
    """The receipt's text, with amounts that fit on `paper`. `given_minor` is the cash handed over, if the order does
    not know it."""
    given_minor = order.given_minor if given_minor is None else given_minor
    sums = [_Sum(*each) for each in deductions(order, order.currency)]
    sums += [_Sum(_tax(tax, order), tax.tax_minor) for tax in order_taxes(order) if order.tax_minor]
    paid_in_cash = [] if given_minor is None else _cash(order, given_minor)
    paid = list(_parts(order)) or paid_in_cash
    money_column = _Amounts(order.currency, paper.room_pt)
    lines = _line_rows(order, money_column)
    total = _Sum(_("Total"), order.total_minor, strong=True)
    summed = [_table(_sum_row(each, money_column)) for each in (*sums, total, *paid)]
    when = f"{date(order.placed_at)} {clock(order.placed_at)} · {fulfilment_label(order.fulfilment)}"
    who = [guest_name(order), order.customer_phone]
    who += [order.address] if order.fulfilment is Fulfilment.DELIVERY else []
    notes = [_("Note: {note}").format(note=order.note)] if order.note else []
    called_off = [status_label(order.status)] if order.status in CALLED_OFF else []
    called_off += [_("Changed order")] if order.amendments else []
    called_off += [_("In place of {number}").format(number=order.follows)] if order.follows else []
    thanks = _("Thank you!")
    return "".join(
        (
            f"<div align='center'><b style='font-size:14pt'>{escape(shop_name)}</b></div>",
            f"<div align='center' style='font-size:13pt'><b>{escape(order.number)}</b></div>",
            *(f"<div align='center' style='font-size:12pt'><b>{escape(each)}</b></div>" for each in called_off),
            *(f"<div align='center'><b>{escape(each)}</b></div>" for each in ([_("Copy")] if is_copy else [])),
            *(f"<div align='center'>{escape(each)}</div>" for each in (when, *who, *notes) if each),
            "<hr/>",
            _table(lines),
            "<hr/>",
            *summed,
            "<hr/>",
            *(f"<div align='center'><b>{escape(each)}</b></div>" for each in _payment(order)),
            f"<div align='center'>{escape(thanks)}</div>",
        )
    )


def on_screen(html: str, font: QFont) -> str:
    """The text for a screen whose letters are `font`'s, with a size in pixels: every size in proportion to it."""
    usual_px = font.pixelSize()
    return _SIZE.sub(lambda size: f"{size[1]}{float(size[2]) / _FONT_PT * usual_px:.1f}px", html)


def _parts(order: Order) -> Iterator["_Sum"]:
    """The payments of an order that was paid in parts or with a tip, and the amount left to pay."""
    if tip_minor(order):
        yield _Sum(_("Tip"), tip_minor(order))
    if added_minor := sum(each.rounding_minor for each in order.payments):
        yield _Sum(_("Rounding"), added_minor)
    for each in order.payments:
        yield _Sum(tender_label(each.tender), each.paid_minor + each.change_minor)
        if each.change_minor:
            yield _Sum(_("Change"), each.change_minor)
    if given_back_minor(order):
        yield _Sum(_("Given back"), -given_back_minor(order))
    if order.payments and to_pay_minor(order):
        yield _Sum(_("Left to pay"), to_pay_minor(order), strong=True)


def _tax(tax: TaxSum, order: Order) -> str:
    words = tax_label(tax, included=order.tax_included)
    if tax.rate is None:
        return words
    return _("{tax} on {net}").format(tax=words, net=money(tax.net_minor, order.currency))


def _cash(order: Order, given_minor: int) -> list["_Sum"]:
    change = max(0, given_minor - order.total_minor)
    return [_Sum(_("Cash"), given_minor), _Sum(_("Change"), change)]


def _payment(order: Order) -> list[str]:
    """The payment's state in words: paid and how, to be paid, or to be given back."""
    how = payment_label(order.payment, order.tender)
    if order.payment is PaymentState.PAID:
        told = how if order.tender is Tender.CASH or order.payments else f"{how} · {tender_label(order.tender)}"
        refunded = [f"{refund_label(order)} · {refunded_to(order)}"] if refund_label(order) else []
        back = to_give_back_minor(order)
        due = [_("To give back: {amount}").format(amount=money(back, order.currency))] if back else []
        return [told, *refunded, *due]
    if order.payment is PaymentState.REFUNDED:
        return [f"{how}: {money(order.total_minor, order.currency)} · {refunded_to(order)}"]
    if not order.payment.is_known:
        return [how]
    return [_("Not paid yet · {how}").format(how=how)] if to_pay_minor(order) else [_("Not paid")]


def settlement(order: Order, given_minor: int | None = None) -> str:
    """The next step of the payment, in words: the change to give, the rest to ask for, or the amount to give
    back."""
    given_minor = order.given_minor if given_minor is None else given_minor
    total = money(order.total_minor, order.currency)
    if order.payment is PaymentState.REFUNDED:
        return _("Refunded: {amount}").format(amount=total)
    if back := to_give_back_minor(order):
        return _("To give back: {amount}").format(amount=money(back, order.currency))
    if order.status in CALLED_OFF:
        return status_label(order.status)
    if order.payments:
        return _settled_in_parts(order)
    if given_minor is None:
        text = _("Paid {amount}") if order.payment is PaymentState.PAID else _("To be paid: {amount}")
        return text.format(amount=total)
    change = given_minor - order.total_minor
    if change < 0:
        return _("Still to pay: {amount}").format(amount=money(-change, order.currency))
    return _("Change: {amount}").format(amount=money(change, order.currency))


def _settled_in_parts(order: Order) -> str:
    if left_minor := to_pay_minor(order):
        return _("Still to pay: {amount}").format(amount=money(left_minor, order.currency))
    if change_minor := order.payments[-1].change_minor:
        return _("Change: {amount}").format(amount=money(change_minor, order.currency))
    return _("Paid {amount}").format(amount=money(sum(each.paid_minor for each in order.payments), order.currency))


class _Amounts:
    """A column of amounts that are never broken: it is as wide as the widest. Where that leaves too little for the
    words, amounts stand under them, in smaller letters if the paper is narrower than they are."""

    def __init__(self, currency: str, room_pt: float) -> None:
        self.currency = currency
        self.room_pt = room_pt
        self._from_right = QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft

    def width_pt(self, amount_minor: int, *, strong: bool = False) -> float:
        return _width_pt(money(amount_minor, self.currency), _TOTAL_PT if strong else _FONT_PT, bold=strong)

    def row(self, words: list[str], amount_minor: int, *, strong: bool = False, stacked: bool = False) -> str:
        """A row from its leading edge: Qt's tables are not mirrored in right-to-left languages."""
        usual = _TOTAL_PT if strong else _FONT_PT
        size = min(usual, usual * self.room_pt / max(1.0, self.width_pt(amount_minor, strong=strong)))
        leading, trailing = ("right", "left") if self._from_right else ("left", "right")
        amount = _sized(money(amount_minor, self.currency), size, strong)
        whole, narrow = "", "width='1%' style='white-space:nowrap'"
        told = [
            f"<td {narrow if place < len(words) - 1 else whole} align='{leading}'>{each}</td>"
            for place, each in enumerate(words)
        ]
        cell = f"<td {'' if stacked else 'width=1%'} align='{trailing}' style='white-space:nowrap'>{amount}</td>"
        rows = [told, [cell]] if stacked else [[*told, cell]]
        return "".join(f"<tr>{''.join(reversed(row) if self._from_right else row)}</tr>" for row in rows)


def _line_rows(order: Order, column: _Amounts) -> str:
    lines = order.lines
    stacked = max((column.width_pt(line.total_minor) for line in lines), default=0) > _WIDEST_AMOUNT * column.room_pt
    rows = []
    # Figures and a sign have no direction of their own: in Arabic the sign would be before the figure.
    begins = "\N{RIGHT-TO-LEFT MARK}" if QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft else ""
    for line in lines:
        under = [modifier.name for modifier in line.modifiers] + ([line.note] if line.note else [])
        if line.discount is not None:
            off = money(-line.discount_minor, order.currency)
            under.append(f"{discount_text(line.discount, order.currency)} ({off})")
        if line.refunded_quantity:
            under.append(_("{count} taken back").format(count=figure(line.refunded_quantity)))
        name, small = escape(line.name), escape(isolated(", ".join(under), QGuiApplication.layoutDirection()))
        name += f"<br/><span style='font-size:8pt'>{small}</span>" if under else ""
        count = f"{begins}{figure(line.quantity)}&nbsp;×&nbsp;"
        rows.append(column.row([count + name] if stacked else [count, name], line.total_minor, stacked=stacked))
    return "".join(rows)


class _Sum(NamedTuple):
    name: str
    amount_minor: int
    strong: bool = False

    @property
    def size_pt(self) -> float:
        return _TOTAL_PT if self.strong else _FONT_PT


def _sum_row(told: _Sum, column: _Amounts) -> str:
    name_pt = _width_pt(f"{told.name}  ", told.size_pt, bold=told.strong)
    return column.row(
        [_sized(told.name, told.size_pt, told.strong)],
        told.amount_minor,
        strong=told.strong,
        stacked=name_pt + column.width_pt(told.amount_minor, strong=told.strong) > column.room_pt,
    )


class Sum(NamedTuple):
    """A row of a summary: an amount."""

    name: str
    minor: int
    strong: bool = False


class Fact(NamedTuple):
    """A row of a summary: words."""

    name: str
    words: str


def summary_html(
    shop_name: str, title: str, rows: Sequence[Sum | Fact | None], currency: str, paper: Paper = ROLL_80
) -> str:
    """The text of a summary, with amounts that fit on `paper`; None for a rule."""
    column = _Amounts(currency, paper.room_pt)
    shown = []
    for row in rows:
        match row:
            case None:
                shown.append("<hr/>")
            case Sum():
                shown.append(_table(_sum_row(_Sum(row.name, row.minor, row.strong), column)))
            case Fact():
                name, words = escape(row.name), escape(row.words)
                shown.append(f"<div>{name}: {words}</div>")
    heads = f"<div align='center'><b style='font-size:14pt'>{escape(shop_name)}</b></div>"
    heads += f"<div align='center' style='font-size:13pt'><b>{escape(title)}</b></div><hr/>"
    return heads + "".join(shown)


def _table(rows: str) -> str:
    return f"<table width='100%' cellspacing='0' cellpadding='1'>{rows}</table>"


def _sized(words: str, size_pt: float, strong: bool) -> str:
    sized = f"<span style='font-size:{size_pt:.2f}pt'>{escape(words)}</span>"
    return f"<b>{sized}</b>" if strong else sized


def _width_pt(words: str, size_pt: float, *, bold: bool = False) -> float:
    """The width of one line. Measured large: hinting makes small letters wider or narrower than they are printed."""
    font = QFont()
    font.setPixelSize(100)
    font.setBold(bold)
    return QFontMetricsF(font).horizontalAdvance(words) * size_pt / 100


# -- on paper


def receipt_document(html: str, device: QPagedPaintDevice, room_pt: float) -> QTextDocument:
    """The receipt laid out `room_pt` wide with the letters of `device`, in its dots. In any thread."""
    document = QTextDocument()
    document.documentLayout().setPaintDevice(device)
    font = QFont()
    font.setPointSizeF(_FONT_PT)
    document.setDefaultFont(font)
    document.setDocumentMargin(0)
    option = document.defaultTextOption()
    option.setTextDirection(QGuiApplication.layoutDirection())
    document.setDefaultTextOption(option)
    document.setHtml(html)
    document.setTextWidth(room_pt * device.logicalDpiX() / 72)
    return document


def paint_receipt(html: str, device: QPagedPaintDevice, paper: Paper) -> None:
    """Print the receipt: on a roll as one page of its own length, on sheets as many as it needs. The device's
    resolution stays as it is. In any thread."""
    document = receipt_document(html, device, paper.room_pt)
    per_mm = device.logicalDpiY() / 25.4
    edge_mm = _SHEET_MARGIN_MM if paper.height_mm else paper.margin_mm
    height_mm = paper.height_mm or min(document.size().height() / per_mm + 2 * edge_mm + 1 / per_mm, _LONGEST_MM)
    # We paint the margins: a page with margins of its own would move and cut the content.
    size = QPageSize(
        QSizeF(paper.width_mm, height_mm), QPageSize.Unit.Millimeter, "", QPageSize.SizeMatchPolicy.ExactMatch
    )
    page = QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF(), QPageLayout.Unit.Millimeter)
    page.setMode(QPageLayout.Mode.FullPageMode)
    device.setPageLayout(page)
    high = (height_mm - 2 * edge_mm) * per_mm
    wide = document.textWidth()
    document.setPageSize(QSizeF(wide, high))  # from now on it breaks between lines
    painter = QPainter(device)
    for number in range(document.pageCount()):
        if number:
            device.newPage()
        painter.save()
        painter.translate(paper.margin_mm * device.logicalDpiX() / 25.4, edge_mm * per_mm - number * high)
        document.drawContents(painter, QRectF(0, number * high, wide, high))
        painter.restore()
    painter.end()


def paper_of(page: QPageLayout) -> Paper:
    """The paper that is in a printer, by the page that its driver or a person has chosen.

    A narrow page is a roll. Rolls of 80 mm are printed on 72 mm of their width, of 58 mm on 48, unless the driver says
    that it is less.
    """
    size = page.pageSize().size(QPageSize.Unit.Millimeter)
    least = page.minimumMargins()
    edge_mm = (
        max(least.left(), least.right())
        * page.pageSize().size(QPageSize.Unit.Millimeter).width()
        / max(1.0, page.fullRect(page.units()).width())
    )
    if size.width() <= _WIDEST_ROLL_MM:
        usual = ROLL_80 if size.width() > 65 else ROLL_58
        return Paper(size.width(), max(usual.margin_mm, edge_mm))
    full = page.fullRect(QPageLayout.Unit.Millimeter)
    margin_mm = max(edge_mm, (full.width() - _WIDEST_COLUMN_MM) / 2)
    return Paper(full.width(), margin_mm, full.height())


def write_pdf(html: str, path: Path, paper: Paper = ROLL_80) -> None:
    """The receipt as a PDF. Blocks; in any thread. Raises `ClientError` when it cannot be written."""
    content = QBuffer()
    content.open(QIODevice.OpenModeFlag.WriteOnly)
    paint_receipt(html, QPdfWriter(content), paper)
    try:
        write_for_person(path, bytes(content.data().data()))
    except OSError as error:
        raise not_written(path, error) from error
