"""The page of reports: for admins, beside a week before, fresh, and readable without colour."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QListView
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.order import PaymentState
from core.protocol.reports import By, SalesRow
from core.ui.rows import ROW
from core.ui.sales import Bar, amount_of, counted, name_of
from core.ui.widgets.fields import Picker
from pos_app.history.page import HistoryPage
from pos_app.reports.page import ReportsPage
from pos_app.reports.presenter import business_date
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import ANA, MAYA, Till


def _row(name: str, sales: int, minor: int, back: int = 0) -> SalesRow:
    return SalesRow(name=name, sales=sales, sales_minor=minor, refunds=int(back > 0), refunds_minor=back, tax_minor=7)


@pytest.fixture
def today(backend: FakeBackend) -> date:
    """With sales of today, and of a week before."""
    day = business_date(backend.now)
    backend.sold[str(day)] = (_row("11:00", 3, 3000), _row("12:00", 9, 9000, 500))
    backend.sold[str(day - timedelta(days=7))] = (_row("12:00", 4, 4250),)
    return day


def _bars(till: Till) -> list[Bar]:
    model = till.find(QListView, "report_rows").model()
    return [model.index(row, 0).data(ROW) for row in range(model.rowCount())]


def test_figures_and_bars_stand_beside_those_of_a_week_before(till: Till, today: date) -> None:
    till.arrive(ANA)
    till.click("nav_reports")
    till.settle()
    assert (till.text("report_turnover"), till.text("report_turnover_before")) == ("$115.00", "$42.50 a week before")
    assert (till.text("report_sales"), till.text("report_refunds"), till.text("report_tax")) == ("12", "$5.00", "$0.14")
    assert [(bar.row.name, bar.share, bar.before_minor) for bar in _bars(till)] == [
        ("11:00", 3000 / 8500, 0),
        ("12:00", 1.0, 4250),
    ]
    assert till.text("report_age").startswith("Updated")


def test_another_period_is_asked_for_and_an_empty_one_says_so(till: Till, today: date, backend: FakeBackend) -> None:
    till.arrive(ANA)
    till.click("nav_reports")
    till.settle()
    period = till.find(Picker, "report_period")
    period.setCurrentIndex(1)
    period.activated.emit(1)
    till.settle()
    assert till.text("report_turnover") == "$0.00"
    assert till.text("report_empty") == "Nothing was sold."
    backend.sold[str(today - timedelta(days=6))] = (_row("10:00", 5, 500),)
    period.setCurrentIndex(2)
    period.activated.emit(2)
    till.settle()
    assert till.text("report_turnover") == "$5.00"


def test_it_follows_while_it_is_shown(till: Till, today: date, backend: FakeBackend) -> None:
    till.arrive(ANA)
    till.click("nav_reports")
    till.settle()
    backend.sold[str(today)] += (_row("13:00", 1, 100),)
    till.key(Qt.Key.Key_F5)
    till.settle()
    assert till.text("report_turnover") == "$116.00"


def test_without_a_server_the_figures_stay_and_say_how_old_they_are(
    till: Till, today: date, backend: FakeBackend
) -> None:
    till.arrive(ANA)
    till.click("nav_reports")
    till.settle()
    backend.fail_with = Unreachable("The server cannot be reached.")
    till.key(Qt.Key.Key_F5)
    till.settle()
    assert till.text("report_turnover") == "$115.00"


def test_a_cashier_has_no_reports(till: Till, today: date, backend: FakeBackend) -> None:
    """Not by finger, not by keyboard, and not what the admin before has left there."""
    till.arrive(MAYA)
    assert not till.find_button("nav_reports").isVisible()
    till.key(Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
    assert till.window.workspace.page == "orders"
    till.window._on_leave_wanted("sign_out")
    till.settle()
    till.arrive(ANA)
    till.key(Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
    till.settle()
    assert till.window.workspace.page == "reports"
    till.window._on_leave_wanted("sign_out")
    till.settle()
    till.arrive(MAYA)
    assert till.window.workspace.page == "orders"
    assert till.find(ReportsPage, "reports_page").sales.figures is None


@pytest.mark.parametrize(
    ("by", "name", "told"),
    [
        (By.DAY, "2026-11-29", "11/29/26"),
        (By.HOUR, "13:00", "1:00 PM"),
        (By.TENDER, "cash", "Cash"),
        (By.TENDER, "seashells", "Seashells"),
        (By.CHANNEL, "online", "Online"),
        (By.FULFILMENT, "pickup", "Pick-up"),
        (By.STAFF, "", "Nobody known"),
        (By.CATEGORY, "", "No longer on the menu"),
        (By.ITEM, "Bowl", "Bowl"),
    ],
)
def test_rows_are_named_as_people_read_them(qtbot: QtBot, backend: FakeBackend, by: By, name: str, told: str) -> None:
    bar = Bar(_row(name, 2, 500), 1.0, 0, 0.0, "USD", by)
    assert name_of(bar, backend.now()).replace("\N{NARROW NO-BREAK SPACE}", " ") == told
    assert counted(bar) == ("2 items" if by.is_of_lines else "2 sales")


def test_a_pressed_row_opens_its_orders_and_one_press_all_of_them(till: Till, today: date) -> None:
    till.arrive(ANA)
    till.click("nav_reports")
    till.settle()
    rows = till.find(QListView, "report_rows")
    rows.setCurrentIndex(rows.model().index(1, 0))
    QTest.keyClick(rows, Qt.Key.Key_Return)
    till.settle()
    page = till.find(HistoryPage, "history_page")
    assert page.isVisible()
    day = str(today)
    query = page.sought.query(till.backend.now())
    assert (query.report, query.row, query.first, query.last) == ("hour", "12:00", day, day)
    assert query.asks_the_ledger
    assert till.text("history_behind").startswith("Today · By hour · ")
    till.click("history_everything")
    till.settle()
    assert not page.sought.query(till.backend.now()).report
    assert not till.find(QLabel, "history_behind").isVisible()


def test_the_history_is_filtered_by_payment_tender_cashier_and_pos(till: Till) -> None:
    till.arrive(ANA)
    till.click("nav_history")
    till.settle()
    page = till.find(HistoryPage, "history_page")
    till.click("history_more")
    for name, wanted in (("history_payment", PaymentState.PAID), ("history_tender", "card")):
        picker = till.find(Picker, name)
        picker.setCurrentIndex(picker.findData(wanted))
        picker.activated.emit(picker.currentIndex())
    for name, words in (("history_cashier", "Kim"), ("history_till", "POS1")):
        till.find(QLineEdit, name).setText(words)
    query = page.sought.query(till.backend.now())
    assert (query.payment, query.tender, query.cashier, query.till) == ((PaymentState.PAID,), "card", "Kim", "POS1")
    till.click("history_more")
    query = page.sought.query(till.backend.now())
    assert (query.payment, query.tender, query.cashier, query.till) == ((), "", "", "")


def test_rows_say_what_they_are_about(till: Till) -> None:
    row = SalesRow(name="late", discounts=2, discounts_minor=300, voids=1, voids_minor=900, waits=2, waited_s=125)
    says = {
        By.DISCOUNT: ("$3.00", "2 times", "late"),
        By.VOID: ("$9.00", "1 time", "late"),
        By.STAGE: ("1:02", "2 times", "Late"),
    }
    for by, wanted in says.items():
        bar = Bar(row, 1.0, 0, 0.0, "USD", by)
        assert (amount_of(bar), counted(bar), name_of(bar, till.backend.now())) == wanted


def test_what_is_shown_is_exported_as_a_pdf(till: Till, today: date, tmp_path: Path) -> None:
    till.arrive(ANA)
    till.click("nav_reports")
    till.settle()
    page = till.find(ReportsPage, "reports_page")
    till.click("report_export")
    dialog = till.find(QFileDialog, "export_dialog")
    assert dialog.selectedFiles()[0].endswith(f"report-hour-{today}-{today}.pdf")
    dialog.reject()
    file = tmp_path / "report.pdf"
    page.export_to(str(file))
    till.settle()
    assert file.read_bytes().startswith(b"%PDF")
    assert "Exported" in till.notice()
    page.export_to(str(tmp_path / "nowhere" / "report.pdf"))
    till.settle()
    assert "could not be written" in till.notice()


def test_a_figure_that_is_not_shown_leaves_no_gap(till: Till, today: date) -> None:
    """Without a service charge, discounts and tips stand beside each other in a narrow window."""
    till.arrive(ANA)
    till.window.resize(1024, 768)
    till.click("nav_reports")
    till.settle()
    discounts, tips = (till.find(QLabel, name).parentWidget() for name in ("report_discounts", "report_tips"))
    assert discounts is not None
    assert tips is not None
    assert discounts.y() == tips.y()
