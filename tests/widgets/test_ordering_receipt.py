"""The receipt: what stands on it, and getting it onto paper or into a file."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QFontInfo, QTextDocument
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPrintSupport import QPrinterInfo
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton, QTextBrowser, QWidget
from pytestqt.qtbot import QtBot

from core.client.errors import Refused
from core.domain.commands import TakeOrder
from core.domain.errors import DomainError
from core.domain.ids import ModifierId
from core.domain.order import NewLine, Order, Payment, PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus
from core.ui.jobs import Jobs
from core.ui.receipt import receipt_html, settlement, write_pdf
from core.ui.text import money, parse_amount, use_language
from core.ui.theme import Theme
from core.ui.widgets.receipt import ReceiptDialog
from pos_app.menu.price_field import PriceField
from tests.support.fake_backend import FakeBackend
from tests.support.menus import BOWL, SODA, taxed
from tests.support.ordering import child

LINES = (
    NewLine(item_id=BOWL.id, quantity=2, modifier_ids=(ModifierId("hot"), ModifierId("cheese")), note="no <rice>"),
    NewLine(item_id=SODA.id),
)


@pytest.fixture
def order() -> Order:
    return FakeBackend().add_order(TakeOrder(lines=LINES, customer_name="<b>Sam</b>"), None, "POS1")


def words(html: str) -> list[str]:
    """The receipt's text, line by line."""
    document = QTextDocument()
    document.setHtml(html)
    return [
        line.strip().replace("\N{NO-BREAK SPACE}", " ") for line in document.toPlainText().splitlines() if line.strip()
    ]


def test_everything_that_was_sold_is_on_it(order: Order, qapp: QApplication) -> None:
    told = words(receipt_html(order, "La Cantina", given_minor=2000))
    assert told[:2] == ["La Cantina", "POS1-000001"]
    assert "<b>Sam</b>" in told, "what people type is no markup"
    for line in ("2 ×", "Chicken Bowl", "$17.98", "Canned Soda", "$1.09", "Total", "$19.07", "$1.45"):
        assert line in told
    assert any("Hot salsa, Cheese, no <rice>" in line for line in told)
    assert told[told.index("Tax 8.25 % included on $17.62") + 1] == "$1.45"
    assert told[told.index("Change") + 1] == "$0.93"
    assert "Paid" in told


def test_an_order_made_again_later_has_no_change_on_it(order: Order, qapp: QApplication) -> None:
    told = words(receipt_html(order, "La Cantina"))
    assert "Change" not in told
    assert "Cash" not in told


def test_one_that_was_given_out_before_says_so_and_has_the_cash_given(qapp: QApplication) -> None:
    again = FakeBackend().add_order(TakeOrder(lines=LINES, given_minor=2000), None, "POS1")
    told = words(receipt_html(again, "La Cantina", is_copy=True))
    assert "Copy" in told
    assert told[told.index("Cash") + 1] == "$20.00"
    assert told[told.index("Change") + 1] == "$0.93"


@pytest.mark.parametrize(
    ("status", "payment", "told", "to_do"),
    [
        (OrderStatus.COMPLETED, PaymentState.REFUNDED, ["Refunded: $19.07 · Cash"], "Refunded: $19.07"),
        (OrderStatus.CANCELLED, PaymentState.REFUNDED, ["Cancelled", "Refunded: $19.07 · Cash"], "Refunded: $19.07"),
        (
            OrderStatus.CANCELLED,
            PaymentState.PAID,
            ["Cancelled", "Paid", "To give back: $19.07"],
            "To give back: $19.07",
        ),
        (OrderStatus.CANCELLED, PaymentState.UNPAID, ["Cancelled", "Not paid"], "Cancelled"),
        (OrderStatus.REJECTED, PaymentState.UNPAID, ["Rejected", "Not paid"], "Rejected"),
    ],
)
def test_a_refund_and_an_order_called_off_say_so(
    order: Order, jobs: Jobs, qtbot: QtBot, status: OrderStatus, payment: PaymentState, told: list[str], to_do: str
) -> None:
    ended = msgspec.structs.replace(order, status=status, payment=payment)
    shown = words(receipt_html(ended, "La Cantina"))
    assert set(told) <= set(shown)
    assert not [line for line in shown if line.startswith("Not paid yet")]
    dialog = ReceiptDialog(ended, "La Cantina", Theme("light"), jobs)
    qtbot.addWidget(dialog)
    assert [label.text() for label in dialog.findChildren(QLabel) if label.property("role") == "hero"] == [to_do]


def test_every_payment_its_change_and_the_tip_are_on_the_receipt(order: Order, qapp: QApplication) -> None:
    payments = (Payment(Tender.CASH, 1000, 0, 2000), Payment(Tender.CARD, order.total_minor - 1000, 150))
    whole = msgspec.structs.replace(order, payments=payments, payment=PaymentState.PAID)
    shown = words(receipt_html(whole, "La Cantina"))
    after = shown[shown.index("Total") :]
    assert after[2:10] == ["Tip", "$1.50", "Cash", "$20.00", "Change", "$10.00", "Card", "$10.57"]
    assert "Left to pay" not in shown
    assert settlement(whole) == "Paid $20.57"
    part = msgspec.structs.replace(order, payments=payments[:1], payment=PaymentState.UNPAID)
    shown = words(receipt_html(part, "La Cantina"))
    assert shown[shown.index("Left to pay") + 1] == "$9.07"
    assert settlement(part) == "Still to pay: $9.07"


def test_a_refund_by_several_tenders_says_each(order: Order, qapp: QApplication) -> None:
    payments = (Payment(Tender.CASH, 1000, refunded_minor=93), Payment(Tender.CARD, 907, refunded_minor=907))
    part = msgspec.structs.replace(order, payments=payments, refunded_minor=1000, payment=PaymentState.PAID)
    assert "Refunded $10.00 · Cash $0.93 · Card $9.07" in words(receipt_html(part, "La Cantina"))


def test_what_was_given_back_of_it_is_on_the_receipt(order: Order, qapp: QApplication) -> None:
    line = msgspec.structs.replace(order.lines[0], refunded_quantity=1, refunded_minor=400)
    part = msgspec.structs.replace(order, lines=(line, *order.lines[1:]), refunded_minor=400, payment=PaymentState.PAID)
    shown = words(receipt_html(part, "La Cantina"))
    assert {"Paid", "Refunded $4.00 · Cash"} <= set(shown)
    assert any("1 taken back" in each for each in shown)


def test_what_is_not_paid_says_so(order: Order, qapp: QApplication) -> None:
    later = msgspec.structs.replace(
        order,
        payment=PaymentState.UNPAID,
        tender=Tender.CASH_ON_DELIVERY,
        fulfilment=Fulfilment.DELIVERY,
        address="1 Main Street",
        note="ring twice",
    )
    told = words(receipt_html(later, "La Cantina"))
    assert "Not paid yet · Pay on delivery" in told
    assert {"1 Main Street", "Note: ring twice"} <= set(told)


def test_a_tax_on_top_is_told_beside_its_subtotal(order: Order, qapp: QApplication) -> None:
    lines = tuple(msgspec.structs.replace(line, taxes=()) for line in order.lines)
    old = msgspec.structs.replace(order, tax_minor=157, total_minor=order.subtotal_minor + 157, lines=lines)
    told = words(receipt_html(old, "La Cantina"))
    assert told[told.index("Subtotal") + 1] == "$19.07"
    assert told[told.index("Tax") + 1] == "$1.57", "of an order of an earlier release no rate is known"


def test_each_rate_is_on_it_with_what_it_was_charged_on(qapp: QApplication) -> None:
    backend = FakeBackend()
    backend.menu = taxed(included=False)
    asked = TakeOrder(lines=LINES, fulfilment=Fulfilment.PICKUP)
    told = words(receipt_html(backend.add_order(asked, None, "POS1"), "La Cantina"))
    assert told[told.index("VAT 7 % on $17.98") + 1] == "$1.26"
    assert told[told.index("VAT 19 % on $1.09") + 1] == "$0.21"
    assert told[told.index("Total") + 1] == "$20.54"


def test_it_is_read_from_the_right_where_people_read_so(order: Order, qapp: QApplication) -> None:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        told = words(receipt_html(order, "La Cantina"))
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    assert told[told.index("Total") - 1] == "$19.07"


@pytest.mark.parametrize(
    ("given", "told"), [(2000, "Change: $0.93"), (1907, "Change: $0.00"), (1900, "Still to pay: $0.07")]
)
def test_the_change_is_counted_from_the_servers_total(
    order: Order, jobs: Jobs, qtbot: QtBot, given: int, told: str
) -> None:
    dialog = ReceiptDialog(order, "La Cantina", Theme("light"), jobs, given)
    qtbot.addWidget(dialog)
    assert told in [label.text() for label in dialog.findChildren(QLabel)]


def test_without_a_printer_it_offers_the_file(
    order: Order, jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(QPrinterInfo, "availablePrinterNames", staticmethod(list))
    dialog = ReceiptDialog(order, "La Cantina", Theme("light"), jobs)
    qtbot.addWidget(dialog)
    dialog.open()
    child(dialog, QPushButton, "receipt_print").click()
    assert dialog._notice.text.startswith("No printer is set up")
    child(dialog, QPushButton, "notice_action").click()
    (chooser,) = dialog.findChildren(QFileDialog)
    assert chooser.selectedFiles()[0].endswith("POS1-000001.pdf")
    for narrow in (False, True):
        if narrow:
            chooser.filterSelected.emit(chooser.nameFilters()[1])
        dialog.save(str(tmp_path / "r.pdf"))
        qtbot.waitUntil(lambda: jobs.busy == 0)
        document = QPdfDocument()
        document.load(str(tmp_path / "r.pdf"))
        assert document.pagePointSize(0).width() / 72 * 25.4 == pytest.approx(58 if narrow else 80, abs=0.4)
    chooser.reject()


@pytest.mark.usefixtures("qapp")
def test_a_disk_that_takes_no_more_leaves_the_file_that_was_there(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "receipt.pdf"
    write_pdf(receipt_html(order, "La Cantina"), path)
    before = path.read_bytes()
    assert before.startswith(b"%PDF")
    assert before.rstrip().endswith(b"%%EOF")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused, match="the disk is full"):
        write_pdf(receipt_html(order, "La Cantina"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_closed_before_it_is_saved_nobody_is_called_back(
    order: Order, jobs: Jobs, qtbot: QtBot, tmp_path: Path
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ReceiptDialog(order, "La Cantina", Theme("light"), jobs, parent=window)
    dialog.open()
    dialog.save(str(tmp_path / "receipt.pdf"))
    with qtbot.waitSignal(dialog.destroyed):
        dialog.done(0)
    qtbot.waitUntil(lambda: jobs.busy == 0)  # a call to the dialog that is gone would raise


@pytest.mark.parametrize(
    ("language", "typed", "minor"),
    [
        ("en_US", "$1,234.50", 123450),
        ("en_US", " 20 ", 2000),
        ("de_DE", "12,5", 1250),
        ("de_DE", "1.234,50 $", 123450),
        ("fr_FR", "1 234,50", 123450),
        ("ar_EG", "١٢٫٥٠", 1250),
    ],
)
def test_an_amount_is_read_as_it_is_written_there(qapp: QApplication, language: str, typed: str, minor: int) -> None:
    use_language(language)
    assert parse_amount(typed, "USD") == minor
    assert parse_amount(money(minor, "USD"), "USD") == minor


_EVERYWHERE = QLocale.matchingLocales(
    QLocale.Language.AnyLanguage, QLocale.Script.AnyScript, QLocale.Country.AnyCountry
)


@pytest.fixture
def any_locale() -> Iterator[None]:
    before = QLocale()
    yield
    QLocale.setDefault(before)


@pytest.mark.usefixtures("any_locale")
@pytest.mark.parametrize("currency", ["USD", "INR", "JPY", "KWD", "LBP"])
def test_every_amount_is_read_back_in_every_language_that_wrote_it(currency: str, qtbot: QtBot) -> None:
    """1,23,456 in India, 1’234 in Switzerland, ١٬٢٣٤ in Egypt; and a field has room for all of it."""
    assert len(_EVERYWHERE) > 500
    field = PriceField("", Theme("light"))
    qtbot.addWidget(field)
    for locale in _EVERYWHERE:
        QLocale.setDefault(locale)
        for minor in (0, 5, 1_234, 99_999, 12_345_678, 1_234_567_890, 987_654_321_012):
            shown = money(minor, currency)
            assert parse_amount(shown, currency) == minor, (locale.name(), shown)
        field.show_price(minor, currency)
        assert field.price_minor == minor, (locale.name(), field.text())


@pytest.mark.parametrize(
    ("language", "typed"), [("en_US", "12,50"), ("de_DE", "12.50"), ("en_US", "1.005"), ("en_US", "-5"), ("en_US", "x")]
)
def test_what_could_mean_two_amounts_is_refused(qapp: QApplication, language: str, typed: str) -> None:
    """`12.50` typed where the point groups thousands is twelve and a half or 1,250: nobody guesses at a till."""
    use_language(language)
    assert QLocale().name() == language
    with pytest.raises(DomainError):
        parse_amount(typed, "USD")


@pytest.mark.parametrize("scale", [100, 200])
def test_on_a_screen_all_of_a_receipt_has_letters_of_its_scale(
    qtbot: QtBot, jobs: Jobs, order: Order, scale: int, dressing: Callable[[Theme], None]
) -> None:
    """Amounts and options had the size of the paper's, whatever the letters of the screen."""
    theme = Theme("light", scale)
    dressing(theme)
    dialog = ReceiptDialog(order, "La Cantina", theme, jobs)
    qtbot.addWidget(dialog)
    document, usual = child(dialog, QTextBrowser, "receipt_paper").document(), theme.font().pixelSize()

    def size_of(words: str) -> int:
        found = document.find(words)
        assert found.hasSelection(), words
        return QFontInfo(found.charFormat().font().resolve(document.defaultFont())).pixelSize()

    amount = money(order.lines[0].total_minor, order.currency)
    assert abs(size_of(amount) - usual) <= 1
    assert size_of(order.lines[0].modifiers[0].name) > usual * 0.8
    assert size_of("La Cantina") > usual * 1.4


def test_where_one_reads_from_the_right_a_count_comes_before_its_sign(qapp: QApplication, order: Order) -> None:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        assert "\N{RIGHT-TO-LEFT MARK}2&nbsp;×" in receipt_html(order, "La Cantina")
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
