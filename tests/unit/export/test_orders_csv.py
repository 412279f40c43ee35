"""Orders as CSV: whole, plain, and never a formula."""

import csv
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from core.client.every_order import EveryOrder
from core.domain.ids import ItemId, OrderId, ShopId
from core.domain.order import Channel, LineModifier, Order, OrderLine, Payment, PaymentState, Tender
from core.domain.status import Fulfilment, OrderStatus
from core.spreadsheet import Separator
from pos_app.export import write_orders

_GUACAMOLE, _RICE = LineModifier("Guacamole", 200), LineModifier("Brown rice")


def order(name: str = "Aisha", currency: str = "USD", note: str = "") -> Order:
    return Order(
        id=OrderId("order-1"),
        shop_id=ShopId("shop"),
        number="ONLINE-000001",
        channel=Channel.ONLINE,
        status=OrderStatus.COMPLETED,
        version=5,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CASH,
        payment=PaymentState.PAID,
        currency=currency,
        subtotal_minor=1234,
        tax_minor=94,
        total_minor=1234,
        placed_at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        updated_at=datetime(2026, 11, 22, 12, 30, tzinfo=UTC),
        customer_name=name,
        customer_phone="+15550100",
        note=note,
        lines=(
            OrderLine(ItemId("bowl"), "Bowl", 2, 617, 1234, (_GUACAMOLE, _RICE), "no salt"),
            OrderLine(ItemId("fries"), "Fries", 1, 0, 0),
        ),
    )


def one(order: Order) -> EveryOrder:
    return EveryOrder((order,), {})


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_what_a_row_says(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    taken = order("Zoë, “the 2nd”", note="two\nlines")
    write_orders(EveryOrder((taken,), {taken.id: "Kim"}), path, Separator.COMMA, ZoneInfo("Asia/Kathmandu"))
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    (row,) = read(path)
    assert row["number"] == "ONLINE-000001"
    assert row["placed_at"] == "2026-11-22 17:45:00+05:45", "by the shop's clock"
    assert datetime.fromisoformat(row["placed_at"]) == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert (row["date"], row["time"]) == ("2026-11-22", "17:45:00"), "as spreadsheets read them"
    assert row["cashier"] == "Kim"
    assert row["customer"] == "Zoë, “the 2nd”"
    assert row["items"] == "2 Bowl + Guacamole + Brown rice (no salt); 1 Fries"
    assert (row["total"], row["tax"], row["currency"]) == ("12.34", "0.94", "USD")
    assert (row["status"], row["payment"], row["tender"]) == ("completed", "paid", "cash")
    assert row["note"] == "two\nlines"


def test_each_payment_of_an_order_is_said(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    part = msgspec.structs.replace(
        order(), payment=PaymentState.UNPAID, payments=(Payment(Tender.CASH, 500), Payment(Tender.CARD, 234, 100))
    )
    write_orders(EveryOrder((order(), part), {}), path, Separator.COMMA, UTC)
    whole, split = read(path)
    assert [whole[name] for name in ("paid", "tip", "to_pay", "payments")] == ["12.34", "0.00", "0.00", "cash 12.34"]
    assert [split[name] for name in ("paid", "tip", "to_pay")] == ["7.34", "1.00", "5.00"]
    assert split["payments"] == "cash 5.00; card 2.34 + 1.00"


def test_a_name_that_is_a_formula_is_text(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    write_orders(one(order('=HYPERLINK("http://example.org")')), path, Separator.COMMA, UTC)
    (row,) = read(path)
    assert row["customer"].startswith("'=")
    assert row["phone"] == "'+15550100"


@pytest.mark.parametrize("separator", Separator)
def test_columns_are_separated_as_was_chosen(tmp_path: Path, separator: Separator) -> None:
    path = tmp_path / "orders.csv"
    write_orders(one(order()), path, separator, UTC)
    (row,) = csv.DictReader(io.StringIO(path.read_text("utf-8-sig")), delimiter=separator.value)
    assert row["items"] == "2 Bowl + Guacamole + Brown rice (no salt); 1 Fries"
    assert row["total"] == ("12,34" if separator is Separator.SEMICOLON else "12.34")
    assert row["cashier"] == ""


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("before", encoding="utf-8")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_orders(one(order()), path, Separator.COMMA, UTC)
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]
