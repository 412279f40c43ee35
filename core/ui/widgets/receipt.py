"""The receipt of an order: printed, as a PDF, or on screen. It can be made again from the order at any time."""

from html import escape
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QSize, QSizeF, QStandardPaths, Qt, Slot
from PySide6.QtGui import QFont, QGuiApplication, QPageLayout, QPageSize, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError, Refused
from core.domain.order import Order, OrderLine, PaymentState
from core.domain.status import Fulfilment
from core.files import write_for_person
from core.ui.jobs import Job, Jobs
from core.ui.text import (
    _,
    clock,
    date,
    figure,
    fulfilment_label,
    guest_name,
    isolated,
    money,
    payment_label,
    window_title,
)
from core.ui.theme import Theme
from core.ui.widgets.controls import button, fit_before, label
from core.ui.widgets.notice import Notice

_PAPER_MM: Final = 80.0
_MARGIN_MM: Final = 4.0
_POINTS_PER_MM: Final = 72 / 25.4
_FONT_PT: Final = 9


def receipt_html(order: Order, shop_name: str, given_minor: int | None = None) -> str:
    """The receipt's text. `given_minor` is the cash handed over, known only at the moment of taking it."""
    rows = [_line(line, order.currency) for line in order.lines]
    sums = [(_("Subtotal"), order.subtotal_minor)] if order.subtotal_minor != order.total_minor else []
    if order.tax_minor:
        included = order.total_minor == order.subtotal_minor
        sums.append((_("Tax included") if included else _("Tax"), order.tax_minor))
    rows += [_sum(name, amount, order.currency) for name, amount in sums]
    rows.append(_sum(_("Total"), order.total_minor, order.currency, strong=True))
    if given_minor is not None:
        rows.append(_sum(_("Cash"), given_minor, order.currency))
        rows.append(_sum(_("Change"), max(0, given_minor - order.total_minor), order.currency))
    paid = payment_label(order.payment, order.tender)
    if order.payment is not PaymentState.PAID:
        paid = _("Not paid yet · {how}").format(how=paid) if order.payment is PaymentState.UNPAID else paid
    when = f"{date(order.placed_at)} {clock(order.placed_at)} · {fulfilment_label(order.fulfilment)}"
    who = [guest_name(order), order.customer_phone]
    who += [order.address] if order.fulfilment is Fulfilment.DELIVERY else []
    notes = [_("Note: {note}").format(note=order.note)] if order.note else []
    thanks = _("Thank you!")
    return "".join(
        (
            f"<div align='center'><b style='font-size:14pt'>{escape(shop_name)}</b></div>",
            f"<div align='center' style='font-size:13pt'><b>{escape(order.number)}</b></div>",
            *(f"<div align='center'>{escape(each)}</div>" for each in (when, *who, *notes) if each),
            f"<hr/><table width='100%' cellspacing='0' cellpadding='1'>{''.join(rows)}</table><hr/>",
            f"<div align='center'><b>{escape(paid)}</b></div>",
            f"<div align='center'>{escape(thanks)}</div>",
        )
    )


def _line(line: OrderLine, currency: str) -> str:
    under = [modifier.name for modifier in line.modifiers] + ([line.note] if line.note else [])
    name, small = escape(line.name), escape(isolated(", ".join(under), QGuiApplication.layoutDirection()))
    name += f"<br/><span style='font-size:8pt'>{small}</span>" if under else ""
    return _row([(f"{figure(line.quantity)}&nbsp;×", "width='12%'"), (name, "width='56%'")], line.total_minor, currency)


def _sum(name: str, amount_minor: int, currency: str, *, strong: bool = False) -> str:
    return _row([(_loud(name, strong), "colspan='2'")], amount_minor, currency, strong=strong)


def _row(told: list[tuple[str, str]], amount_minor: int, currency: str, *, strong: bool = False) -> str:
    """A row from its leading edge: Qt's tables are not mirrored in right-to-left languages."""
    from_right = QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft
    leading, trailing = ("right", "left") if from_right else ("left", "right")
    cells = [f"<td {room} align='{leading}'>{words}</td>" for words, room in told]
    cells.append(f"<td width='32%' align='{trailing}'>{_loud(money(amount_minor, currency), strong)}</td>")
    return f"<tr>{''.join(reversed(cells) if from_right else cells)}</tr>"


def _loud(words: str, strong: bool) -> str:
    return f"<b style='font-size:12pt'>{escape(words)}</b>" if strong else escape(words)


def receipt_document(html: str) -> QTextDocument:
    """The receipt laid out for a roll of paper 80 mm wide, as high as it needs; lengths in points. In any thread."""
    document = QTextDocument()
    font = QFont()
    font.setPointSize(_FONT_PT)
    document.setDefaultFont(font)
    document.setDocumentMargin(0)
    option = document.defaultTextOption()
    option.setTextDirection(QGuiApplication.layoutDirection())
    document.setDefaultTextOption(option)
    document.setHtml(html)
    document.setTextWidth((_PAPER_MM - 2 * _MARGIN_MM) * _POINTS_PER_MM)
    return document


def _page(document: QTextDocument) -> QPageLayout:
    height_mm = document.size().height() / _POINTS_PER_MM + 4 * _MARGIN_MM
    size = QPageSize(QSizeF(_PAPER_MM, height_mm), QPageSize.Unit.Millimeter)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    return QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)


def write_pdf(html: str, path: Path) -> None:
    """The receipt as a PDF of one page. Blocks; in any thread. Raises `ClientError` when it cannot be written."""
    document, content = receipt_document(html), QBuffer()
    content.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(content)
    writer.setPageLayout(_page(document))
    document.print_(writer)
    try:
        write_for_person(path, bytes(content.data().data()))
    except OSError as error:
        raise Refused(_("{path} cannot be written: {why}.").format(path=path, why=error.strerror)) from error


class ReceiptDialog(QDialog):
    """The receipt on screen, with the change to give. Open it with `open()`; it deletes itself."""

    def __init__(
        self,
        order: Order,
        shop_name: str,
        theme: Theme,
        jobs: Jobs,
        given_minor: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("receipt_dialog")
        self.setWindowTitle(window_title(_("Receipt {number}").format(number=order.number)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._order = order
        self._jobs = jobs
        self._saving: Job | None = None
        self._html = receipt_html(order, shop_name, given_minor)
        self._notice = Notice(theme)
        paper = QTextBrowser()
        paper.setObjectName("receipt_paper")
        paper.setAccessibleName(_("Receipt"))
        paper.setProperty("role", "paper")
        paper.setHtml(self._html)
        paper.setMinimumSize(theme.px(340), theme.px(120))
        column = QVBoxLayout(self)
        edge = theme.space(5)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(theme.space(3))
        column.addWidget(label(order.number, "title"))
        column.addWidget(label(_settlement(order, given_minor), "hero", wrap=True))
        column.addWidget(paper, 1)
        column.addWidget(self._notice)
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        for text, icon, name, act in (
            (_("Print"), "print", "receipt_print", self._on_print_clicked),
            (_("Save as PDF"), "export", "receipt_save", self._on_save_clicked),
        ):
            action = button(text, theme, icon=icon, name=name)
            action.setAutoDefault(False)
            action.clicked.connect(act)
            row.addWidget(action)
        row.addStretch(1)
        done = button(_("Done"), theme, "primary", name="receipt_done")
        done.setDefault(True)
        done.clicked.connect(self.accept)
        row.addWidget(done)
        column.addLayout(row)
        fit_before(self, parent, QSize(theme.px(480), theme.px(640)))
        done.setFocus()

    @Slot()
    def _on_print_clicked(self) -> None:
        # Printing brings a library of its own along, and most tills start without ever printing.
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter, QPrinterInfo

        if not QPrinterInfo.availablePrinterNames():
            self._notice.show_message(
                _("No printer is set up"),
                _("Add one in this computer's settings, or keep the receipt as a PDF."),
                _("Save as PDF"),
                self._on_save_clicked,
            )
            return
        printer = QPrinter()
        dialog = QPrintDialog(printer, self)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        document = receipt_document(self._html)

        def on_printer_chosen() -> None:
            printer.setPageLayout(_page(document))
            document.print_(printer)

        dialog.accepted.connect(on_printer_chosen)
        dialog.show()

    @Slot()
    def _on_save_clicked(self) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, _("Save the receipt"), folder, _("PDF (*.pdf)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pdf")
        dialog.selectFile(f"{self._order.number}.pdf")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.save)
        dialog.open()

    @Slot(str)
    def save(self, file: str) -> None:
        """Write the PDF, and show the result in the notice."""
        path, html = Path(file), self._html
        self._saving = self._jobs.run(
            lambda: write_pdf(html, path), lambda _none: self._on_saved(path), self._on_save_failed
        )

    @override
    def done(self, result: int) -> None:
        if self._saving is not None:
            self._saving.cancel()
        super().done(result)

    def _on_saved(self, path: Path) -> None:
        self._notice.show_message(_("Saved"), str(path))

    def _on_save_failed(self, error: ClientError) -> None:
        self._notice.show_error(error)


def _settlement(order: Order, given_minor: int | None) -> str:
    """What to do now: give change, ask for the rest, or nothing."""
    if given_minor is None:
        paid = order.payment is PaymentState.PAID
        text = _("Paid {amount}") if paid else _("To be paid: {amount}")
        return text.format(amount=money(order.total_minor, order.currency))
    change = given_minor - order.total_minor
    if change < 0:
        return _("Still to pay: {amount}").format(amount=money(-change, order.currency))
    return _("Change: {amount}").format(amount=money(change, order.currency))
