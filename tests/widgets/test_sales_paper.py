"""A report on paper: whole on its pages, headings on each, readable without colour, in either direction."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtPdf import QPdfDocument
from pytestqt.qtbot import QtBot

from core.admin.setup import open_keys
from core.own_process import python
from core.protocol.reports import By, SalesReport, SalesRow
from core.server.settings import ServerSettings
from core.ui.sales_paper import pdf
from core.ui.text import use_language
from tests.support import shop

_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
_LONG = "Barbacoa crispy tacos with extra cheese, guacamole, black beans and everything else that there is"


@pytest.fixture(autouse=True)
def _english(qtbot: QtBot) -> Iterator[None]:
    before = QGuiApplication.layoutDirection()
    QGuiApplication.setLayoutDirection(use_language("en_US"))
    yield
    use_language("en_US")
    QGuiApplication.setLayoutDirection(before)


def _row(name: str, minor: int) -> SalesRow:
    return SalesRow(name=name, sales=minor % 97, sales_minor=minor, tax_minor=7, refunds=1, refunds_minor=1)


def _report(by: By, rows: tuple[SalesRow, ...]) -> SalesReport:
    total = SalesRow(name="", sales_minor=sum(row.sales_minor for row in rows))
    return SalesReport(by=by, first="2026-10-01", last="2026-11-30", currency="EUR", rows=rows, total=total)


def _days(count: int, ago: int = 0) -> tuple[SalesRow, ...]:
    first = date(2026, 10, 1) - timedelta(days=ago)
    return tuple(_row(str(first + timedelta(days=day)), 10_000 + 100 * day) for day in range(count))


def _pages(content: bytes) -> tuple[QPdfDocument, list[str]]:
    document, kept = QPdfDocument(), QBuffer()
    kept.setParent(document)
    kept.setData(QByteArray(content))
    kept.open(QIODevice.OpenModeFlag.ReadOnly)
    document.load(kept)
    assert document.status() is QPdfDocument.Status.Ready
    return document, [document.getAllText(page).text() for page in range(document.pageCount())]


def test_every_row_is_there_once_and_every_page_has_its_headings() -> None:
    rows = _days(61)
    _document, pages = _pages(pdf(_report(By.DAY, rows), _report(By.DAY, _days(61, 7)), "Corner Kitchen", _AT))
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        for words in ("By day", "Corner Kitchen", "10/1/26 – 11/30/26", "Turnover", f"Page {number} of {len(pages)}"):
            assert words in page
    whole = "\n".join(pages)
    for row in rows:
        day = date.fromisoformat(row.name)
        assert whole.count(f"\n{day.month}/{day.day}/{day:%y} €{row.turnover_minor / 100:.2f} ") == 1
    assert [("Total" in page) for page in pages] == [False] * (len(pages) - 1) + [True]


def test_a_long_name_is_whole() -> None:
    rows = (_row(_LONG, 500), _row("x" * 200, 400))
    _document, (page,) = _pages(pdf(_report(By.ITEM, rows), _report(By.ITEM, ()), "Corner Kitchen", _AT))
    assert _LONG in " ".join(page.split())
    assert page.count("x") >= 200


def test_nothing_is_said_by_colour_alone() -> None:
    rows = (_row("Bowl", 500), _row("Fries", 400))
    document, _text = _pages(pdf(_report(By.ITEM, rows), _report(By.ITEM, rows[:1]), "Corner Kitchen", _AT))
    picture = document.render(0, QSize(842, 595))
    colours = {picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())}
    assert len(colours) > 10
    assert {QColor(each).hslSaturation() for each in colours} == {0}


def test_in_arabic_it_is_mirrored() -> None:
    """Names at the right, figures at the left."""
    QGuiApplication.setLayoutDirection(use_language("ar"))
    assert QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft
    document, _text = _pages(pdf(_report(By.ITEM, (_row("Bowl", 500),)), _report(By.ITEM, ()), "Corner", _AT))
    place = document.getAllText(0).text().index("Bowl")
    bounds = document.getSelectionAtIndex(0, place, 4).boundingRectangle()
    assert bounds.right() > 0.9 * document.pagePointSize(0).width()


def test_a_service_charge_has_a_column_where_there_was_one() -> None:
    report = _report(By.TENDER, (SalesRow(name="cash", sales_minor=1_000, service_minor=123),))
    charged = msgspec.structs.replace(report, total=SalesRow(name="", sales_minor=1_000, service_minor=123))
    for each, shows in ((report, False), (charged, True)):
        _document, (page,) = _pages(pdf(each, _report(By.TENDER, ()), "Corner Kitchen", _AT))
        assert (("1.23" in page) and ("Service" in page)) is shows


def test_every_report_has_pages() -> None:
    for by in By:
        rows = {By.DAY: _days(2), By.HOUR: (_row("11:00", 1), _row("23:00", 2)), By.TAX: (_row("VAT:7000", 3),)}
        report = _report(by, rows.get(by, (_row("ready", 4),)))
        _document, pages = _pages(pdf(report, msgspec.structs.replace(report, rows=()), "Corner Kitchen", _AT))
        assert len(pages) == 1
    nothing = _report(By.DAY, ())
    _document, (page,) = _pages(pdf(nothing, nothing, "Corner Kitchen", _AT))
    assert "Total" in page


def test_the_command_writes_it_in_a_language(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)
    file = tmp_path / "report.pdf"
    command = python("-m", "core.admin", "report", "--pdf", str(file), "--language", "es", "--data-dir", str(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Wrote {file}.\n"
    _document, (page,) = _pages(file.read_bytes())
    assert "Por día" in page
