"""Print preview of a paper: from there it goes to a printer or into a PDF, and can be made again at any time."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError
from core.domain.order import Order
from core.ui.jobs import Job, Jobs
from core.ui.receipt import (
    A4,
    ROLL_58,
    ROLL_80,
    Paper,
    on_screen,
    paint_receipt,
    paper_of,
    receipt_html,
    settlement,
    write_pdf,
)
from core.ui.text import _, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import button, fit_before, label
from core.ui.widgets.notice import Notice
from core.ui.widgets.save_dialog import save_dialog


def _papers() -> dict[str, Paper]:
    """The papers that a PDF can be made for, by name."""
    return {
        _("PDF, roll of 80 mm (*.pdf)"): ROLL_80,
        _("PDF, roll of 58 mm (*.pdf)"): ROLL_58,
        _("PDF, A4 (*.pdf)"): A4,
    }


class PaperDialog(QDialog):
    """A preview of a paper, to be printed or kept as a PDF. Open it with `open()`; it deletes itself."""

    def __init__(
        self,
        theme: Theme,
        jobs: Jobs,
        title: str,
        headline: str,
        file_name: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(window_title(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._jobs = jobs
        self._file_name = file_name
        self._saving: Job | None = None
        self._paper = ROLL_80
        self._notice = Notice(theme)
        paper = QTextBrowser()
        paper.setObjectName("receipt_paper")
        paper.setAccessibleName(title)
        paper.setProperty("role", "paper")
        paper.setHtml(on_screen(self.text(), theme.font()))
        paper.setMinimumSize(theme.px(340), theme.px(120))
        column = QVBoxLayout(self)
        edge = theme.space(5)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(theme.space(3))
        column.addWidget(label(title, "title"))
        column.addWidget(label(headline, "hero", wrap=True))
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

    def text(self, paper: Paper = ROLL_80) -> str:
        """The text of the paper."""
        raise NotImplementedError

    def printed(self) -> None:
        """It was printed once."""

    @Slot()
    def _on_print_clicked(self) -> None:
        # Imported here: printing needs a library of its own, and most starts never print.
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

        def on_printer_chosen() -> None:
            paper = paper_of(printer.pageLayout())
            paint_receipt(self.text(paper), printer, paper)
            self.printed()

        dialog.accepted.connect(on_printer_chosen)
        dialog.show()

    @Slot()
    def _on_save_clicked(self) -> None:
        self._paper = ROLL_80
        dialog = save_dialog(self, _("Save the receipt"), list(_papers()), f"{self._file_name}.pdf")
        dialog.filterSelected.connect(self._on_paper_chosen)
        dialog.fileSelected.connect(self.save)
        dialog.open()

    @Slot(str)
    def _on_paper_chosen(self, chosen: str) -> None:
        self._paper = _papers().get(chosen, ROLL_80)

    @Slot(str)
    def save(self, file: str) -> None:
        """Write the PDF, and show the result in the notice."""
        path, paper = Path(file), self._paper
        html = self.text(paper)
        self._saving = self._jobs.run(
            lambda: write_pdf(html, path, paper), lambda _none: self._on_saved(path), self._on_save_failed
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


class ReceiptDialog(PaperDialog):
    """The receipt of an order, with the change to give."""

    def __init__(
        self,
        order: Order,
        shop_name: str,
        theme: Theme,
        jobs: Jobs,
        given_minor: int | None = None,
        parent: QWidget | None = None,
        *,
        is_copy: bool = False,
    ) -> None:
        """`is_copy`: the receipt was printed before, and says so. Further prints say it as well."""
        self._order = order
        self._shop_name = shop_name
        self._given_minor = given_minor
        self._is_copy = is_copy
        super().__init__(theme, jobs, order.number, settlement(order, given_minor), order.number, parent)
        self.setObjectName("receipt_dialog")
        self.setWindowTitle(window_title(_("Receipt {number}").format(number=order.number)))

    @override
    def text(self, paper: Paper = ROLL_80) -> str:
        return receipt_html(self._order, self._shop_name, self._given_minor, is_copy=self._is_copy, paper=paper)

    @override
    def printed(self) -> None:
        self._is_copy = True
