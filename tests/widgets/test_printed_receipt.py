"""What comes out of the printer: pages, their size, and where the words and amounts stand on them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pytest
from PySide6.QtCore import QMarginsF, QRectF, QSizeF
from PySide6.QtGui import QFont, QPageLayout, QPageSize
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication

from core.domain.commands import TakeOrder
from core.domain.order import NewLine, Order, OrderLine
from core.ui.receipt import A4, ROLL_58, ROLL_80, Paper, paint_receipt, paper_of, receipt_html, write_pdf
from core.ui.text import money, use_language
from tests.support.fake_backend import FakeBackend
from tests.support.menus import SODA

MM: Final = 72 / 25.4
ROLLS: Final = (ROLL_58, ROLL_80)
LONG: Final = "Donaudampfschifffahrtsgesellschaftskapitänsmütze mit Kartoffelsalat und Preiselbeeren"


@pytest.fixture(autouse=True)
def as_before(qapp: QApplication) -> Iterator[None]:
    font, direction = qapp.font(), qapp.layoutDirection()
    yield
    qapp.setFont(font)
    use_language("en_US")
    qapp.setLayoutDirection(direction)


def order(*lines: OrderLine, currency: str = "USD", total_minor: int = 0) -> Order:
    made = FakeBackend().add_order(TakeOrder(lines=(NewLine(item_id=SODA.id),), customer_name="Sam"), None, "POS1")
    return msgspec.structs.replace(
        made,
        lines=lines or made.lines,
        currency=currency,
        subtotal_minor=total_minor or made.total_minor,
        total_minor=total_minor or made.total_minor,
    )


def line(name: str, total_minor: int, note: str = "") -> OrderLine:
    return OrderLine(SODA.id, name, 1, total_minor, total_minor, (), note)


class Sheet(NamedTuple):
    """A printed page: its size, its text, and the part of it that is printed on; in mm."""

    width: float
    height: float
    text: str
    inked: QRectF
    document: QPdfDocument
    page: int

    @property
    def lines(self) -> list[str]:
        """Without spaces: a reader finds them by the distances of letters."""
        return ["".join(row.split()) for row in self.text.splitlines()]

    def places(self, sign: str) -> list[QRectF]:
        """Where each `sign` is, in mm."""
        found = [at for at, each in enumerate(self.text) if each == sign]
        return [_mm(self.document.getSelectionAtIndex(self.page, at, 1).boundingRectangle()) for at in found]


def _mm(place: QRectF) -> QRectF:
    return QRectF(place.topLeft() / MM, place.size() / MM)


def printed(path: Path) -> list[Sheet]:
    document = QPdfDocument()
    assert document.load(str(path)) is QPdfDocument.Error.None_
    sheets = []
    for page in range(document.pageCount()):
        size, whole = document.pagePointSize(page), document.getAllText(page)
        inked = _mm(whole.boundingRectangle())
        sheets.append(Sheet(size.width() / MM, size.height() / MM, whole.text(), inked, document, page))
    return sheets


def print_pdf(sold: Order, path: Path, paper: Paper = ROLL_80, given_minor: int | None = None) -> list[Sheet]:
    write_pdf(receipt_html(sold, "La Cantina", given_minor, paper=paper), path, paper)
    return printed(path)


@pytest.mark.parametrize("paper", ROLLS)
@pytest.mark.parametrize("count", [1, 2, 200])
def test_a_receipt_is_one_page_as_long_as_its_text(
    paper: Paper, count: int, qapp: QApplication, tmp_path: Path
) -> None:
    (sheet,) = print_pdf(order(*[line(f"Soup {n}", 975) for n in range(count)]), tmp_path / "r.pdf", paper)
    assert sheet.width == pytest.approx(paper.width_mm, abs=0.4)
    assert sheet.inked.left() >= paper.margin_mm - 0.5
    assert sheet.inked.right() <= paper.width_mm - paper.margin_mm + 0.5
    assert paper.margin_mm - 0.5 <= sheet.inked.top() <= paper.margin_mm + 3
    assert paper.margin_mm - 0.5 <= sheet.height - sheet.inked.bottom() <= paper.margin_mm + 4
    assert sheet.lines[-1] == "Thankyou!", "and no number of a page"
    assert sum("$9.75" in each for each in sheet.lines) == count
    if count == 200:
        assert f"Soup {count - 1}" in sheet.text


@pytest.mark.parametrize("family", ["DejaVu Sans", "DejaVu Sans Mono", "Inter"])
@pytest.mark.parametrize("paper", ROLLS)
@pytest.mark.parametrize(
    ("language", "currency", "minor"),
    [
        ("en_US", "USD", 975),
        ("en_US", "USD", 123_456_789),
        ("ja_JP", "JPY", 999 * 10**9),
        ("en_US", "KWD", 1_234_567),
        ("hi_IN", "INR", 99_900_000_000),
        ("de_CH", "CHF", 12_345_678_905),
        ("en_US", "USD", 200 * 999 * 10**9),
    ],
)
def test_an_amount_is_never_broken(
    family: str, paper: Paper, language: str, currency: str, minor: int, qapp: QApplication, tmp_path: Path
) -> None:
    qapp.setFont(QFont(family))
    use_language(language)
    sold = order(
        line(LONG, minor, "without any onions, please"), line("X" * 80, minor), currency=currency, total_minor=minor
    )
    (sheet,) = print_pdf(sold, tmp_path / "r.pdf", paper, 2 * minor)
    amount = "".join(money(minor, currency).split())
    assert sum(amount in row for row in sheet.lines) == 4, "two lines, the total, the change"
    assert sheet.inked.right() <= paper.width_mm - paper.margin_mm + 0.5
    assert sheet.inked.left() >= paper.margin_mm - 0.5
    assert "X" * 80 in "".join(sheet.text.split()), "no letter is lost"


@pytest.mark.parametrize("paper", ROLLS)
def test_words_wrap_beside_their_amount(paper: Paper, qapp: QApplication, tmp_path: Path) -> None:
    (sheet,) = print_pdf(order(line(LONG, 975)), tmp_path / "r.pdf", paper)
    amount = sheet.places("$")[0]
    names = [place for sign in "Däß" for place in sheet.places(sign)]
    assert len(names) >= 2
    assert all(place.right() < amount.left() for place in names)
    assert amount.bottom() == pytest.approx(sheet.places("D")[0].bottom(), abs=1.5), "on the first line of its words"


@pytest.mark.parametrize("paper", ROLLS)
def test_from_the_right_amounts_are_at_the_left(paper: Paper, qapp: QApplication, tmp_path: Path) -> None:
    qapp.setLayoutDirection(use_language("ar_EG"))
    (sheet,) = print_pdf(order(line("Soda", 975), currency="EUR", total_minor=975), tmp_path / "r.pdf", paper)
    euros, (letter,) = sheet.places("€"), sheet.places("d")
    assert len(euros) >= 2
    assert all(place.right() < letter.left() for place in euros)
    assert sheet.inked.left() >= paper.margin_mm - 0.5
    assert sheet.inked.right() <= paper.width_mm - paper.margin_mm + 0.5


def test_on_sheets_it_goes_on_between_lines(qapp: QApplication, tmp_path: Path) -> None:
    sheets = print_pdf(order(*[line(f"Soup {n}", 975) for n in range(200)]), tmp_path / "r.pdf", A4)
    assert len(sheets) > 2
    rows = []
    for sheet in sheets:
        assert sheet.width == pytest.approx(210, abs=0.4)
        assert sheet.height == pytest.approx(297, abs=0.4)
        assert sheet.inked.top() >= 19
        assert sheet.inked.bottom() <= 297 - 19
        rows += sheet.lines
    assert re.findall(r"Soup(\d+)(?=\D)", "".join(rows)) == [str(n) for n in range(200)]


@pytest.mark.parametrize(
    ("width", "height", "paper"),
    [(80, 297, ROLL_80), (79.5, 3276, ROLL_80), (58, 210, ROLL_58), (210, 297, A4), (216, 279, A4)],
)
def test_the_printers_own_paper_decides(
    width: float, height: float, paper: Paper, qapp: QApplication, tmp_path: Path
) -> None:
    """As chosen in the print dialog; a roll's driver has a page of some length, which nobody wants to have fed."""
    printer = QPrinter()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "p.pdf"))
    size = QPageSize(QSizeF(width, height), QPageSize.Unit.Millimeter, "", QPageSize.SizeMatchPolicy.ExactMatch)
    printer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF(20, 20, 20, 20)))
    found = paper_of(printer.pageLayout())
    paint_receipt(receipt_html(order(), "La Cantina", paper=found), printer, found)
    (sheet,) = printed(tmp_path / "p.pdf")
    assert sheet.width == pytest.approx(width, abs=0.4)
    assert sheet.inked.left() >= found.margin_mm - 0.5
    if paper.height_mm:
        assert sheet.height == pytest.approx(height, abs=0.4)
    else:
        assert found.margin_mm == pytest.approx(paper.margin_mm)
        assert sheet.height < 90
