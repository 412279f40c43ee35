"""Reports of sales: every figure is the sum of what the ledger has, whatever it is added up by."""

import contextlib
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from core.domain import booking
from core.domain.sale.business_day import began
from core.instants import zone
from core.protocol.reports import By
from core.server.routes.reports import place_of_hour
from core.store.sql.statements import Transaction
from tests.integration.calls import new_key
from tests.integration.conftest import Place
from tests.support import shop

TODAY = datetime.now(UTC).date()
DAYS = {"first": str(TODAY - timedelta(days=1)), "last": str(TODAY + timedelta(days=1))}


def _report(place: Place, by: By, **query: Any) -> dict[str, Any]:
    reply = place.alex.get("/api/admin/reports/sales/", params={**DAYS, "by": by.value, **query})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def _pay(place: Place, order: dict[str, Any], **body: Any) -> dict[str, Any]:
    body = {"version": order["version"], **body}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    paid: dict[str, Any] = reply.json()
    return paid


def _refund(place: Place, order: dict[str, Any], **asked: Any) -> dict[str, Any]:
    body = {"version": order["version"], "reason": "cold", **asked}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/refund/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    after: dict[str, Any] = reply.json()
    return after


def _difference(after: dict[str, Any], before: dict[str, Any]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after if name != "name"}


def test_a_sale_a_mistake_and_a_refund(place: Place) -> None:
    before = _report(place, By.DAY)["total"]
    sold = _pay(place, place.ada.place(), payment="paid", tender="card")
    _pay(place, _pay(place, place.ada.place(), payment="paid"), payment="unpaid", reason="by mistake")
    after = _refund(place, sold, lines=[{"id": sold["lines"][0]["id"]}])
    tax_back = after["lines"][0]["refunded_tax_minor"]
    grown = _difference(_report(place, By.DAY)["total"], before)
    assert grown == {
        "sales": 1,
        "sales_minor": sold["total_minor"],
        "refunds": 1,
        "refunds_minor": after["refunded_minor"],
        "tax_minor": sold["tax_minor"] - tax_back,
        "tips_minor": 0,
        "service_minor": 0,
        "discounts": 0,
        "discounts_minor": 0,
        "voids": 0,
        "voids_minor": 0,
        "waits": 0,
        "waited_s": 0,
    }


@pytest.mark.parametrize("line_by_line", [True, False], ids=["of now", "of a release that did not name lines"])
def test_goods_that_cost_nothing_go_back_for_nothing(place: Place, line_by_line: bool) -> None:
    """By item and category as well, not at their list price."""
    ways = (By.DAY, By.ITEM, By.CATEGORY)
    before = {by: _report(place, by)["total"] for by in ways}
    body = {"lines": [{"item_id": shop.BOWL, "quantity": 2}], "discount": {"reason": "comp", "rate": 100_000}}
    sold = place.kim.post("/api/pos/orders/", {**body, "payment": "paid", "tender": "cash"}, key=new_key()).json()
    with contextlib.nullcontext() if line_by_line else mock.patch.object(booking, "_credits", return_value=[]):
        gone = _pay(place, sold, payment="refunded", reason="sent back")
    assert (gone["total_minor"], gone["lines"][0]["refunded_quantity"]) == (0, 2)
    for by in ways:
        grown = _difference(_report(place, by)["total"], before[by])
        items = 1 if by is By.DAY else 2
        assert (grown["sales"], grown["refunds"]) == (items, items)
        assert (grown["sales_minor"], grown["refunds_minor"]) == (0, 0), by


def test_whatever_it_is_added_up_by_it_comes_to_the_same_and_to_the_orders(place: Place) -> None:
    """Random sales, corrections and refunds: the report is what the orders say, to the last unit."""
    chance = random.Random(7)
    before = {by: _report(place, by)["total"] for by in By}
    sold = back = tax = items = net = net_back = 0
    for _ in range(12):
        order = place.kim.post(
            "/api/pos/orders/",
            {
                "lines": [{"item_id": shop.BOWL, "quantity": chance.randint(1, 3)}, {"item_id": shop.FRIES}],
                "payment": "paid",
                "tender": chance.choice(["cash", "card"]),
            },
            key=new_key(),
        ).json()
        if chance.random() < 0.3:
            other = "card" if order["tender"] == "cash" else "cash"
            order = _pay(place, order, payment="paid", tender=other, reason="the other")
        if chance.random() < 0.5:
            order = _refund(place, order, amount_minor=chance.randint(1, order["total_minor"] - 1))
        if chance.random() < 0.5:
            line = order["lines"][0]
            order = _refund(place, order, lines=[{"id": line["id"], "quantity": 1}])
        if chance.random() < 0.3:
            order = _pay(place, order, payment="refunded", reason="all of it")
        sold += order["total_minor"]
        back += order["refunded_minor"]
        tax += order["tax_minor"] - sum(line["refunded_tax_minor"] for line in order["lines"])
        net += order["subtotal_minor"]
        net_back += sum(line["refunded_minor"] - line["refunded_tax_minor"] for line in order["lines"])
        items += sum(line["quantity"] for line in order["lines"])
    for by in By:
        report = _report(place, by)
        grown = _difference(report["total"], before[by])
        for name in grown:
            assert report["total"][name] == sum(row[name] for row in report["rows"])
        if by in (By.ITEM, By.CATEGORY):
            assert (grown["sales"], grown["sales_minor"], grown["refunds_minor"]) == (items, net, net_back)
        elif by.has_turnover:
            assert (grown["sales_minor"], grown["refunds_minor"], grown["tax_minor"]) == (sold, back, tax), by
    held = _held(place)
    tenders = {row["name"]: row["sales_minor"] - row["refunds_minor"] for row in _report(place, By.TENDER)["rows"]}
    assert tenders == {tender: minor for tender, minor in held.items() if tender in tenders}


def _held(place: Place) -> dict[str, int]:
    """The money there is, by tender, as the ledger has it."""

    def read(transaction: Transaction) -> dict[str, int]:
        rows = transaction.connection.exec_driver_sql(
            "SELECT tender, SUM(amount_minor) FROM ledger WHERE kind IN ('payment', 'change', 'refund') GROUP BY tender"
        )
        return {row[0]: int(row[1]) for row in rows}

    return place.server.database.read_blocking(read)


def test_a_correction_counts_against_whoever_took_the_payment(place: Place) -> None:
    before = {row["name"]: row["sales"] for row in _report(place, By.STAFF)["rows"]}
    order = _pay(place, place.ada.place(), payment="paid", tender="card")
    body = {"version": order["version"], "payment": "unpaid", "reason": "mistake"}
    path = f"/api/pos/orders/{order['id']}/payment/"
    assert place.alex.post(path, body, key=new_key()).status_code == 200
    after = {row["name"]: row["sales"] for row in _report(place, By.STAFF)["rows"]}
    assert after.get("Kim", 0) == before.get("Kim", 0)
    assert after.get("Alex", 0) == before.get("Alex", 0)


def test_a_day_by_the_hour_begins_at_its_beginning() -> None:
    names = [f"{hour:02}:00" for hour in (0, 3, 4, 12, 23)]
    assert sorted(names, key=lambda name: place_of_hour(name)) == ["04:00", "12:00", "23:00", "00:00", "03:00"]


def test_a_day_ends_at_four_by_the_shops_clock() -> None:
    berlin = zone("Europe/Berlin")
    assert began(date(2026, 10, 25), berlin).astimezone(UTC) == datetime(2026, 10, 25, 3, tzinfo=UTC)
    assert began(date(2026, 10, 24), berlin).astimezone(UTC) == datetime(2026, 10, 24, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"first": "2026-02-30"}, "first"),
        ({"first": "2026-11-03", "last": "2026-11-02"}, "last"),
        ({"first": "2000-01-01", "last": "2026-11-02"}, "first"),
        ({"first": "yesterday"}, "first"),
        ({"first": "9999-12-31", "last": "9999-12-31"}, "first"),
        ({"first": "0001-01-01"}, "first"),
    ],
)
def test_days_that_are_none_are_refused(place: Place, query: dict[str, str], field: str) -> None:
    reply = place.alex.get("/api/admin/reports/sales/", params={**DAYS, **query})
    assert (reply.status_code, reply.json()["field"]) == (422, field)


def test_a_cashier_may_not_read_them(place: Place) -> None:
    assert place.kim.get("/api/admin/reports/sales/", params=DAYS).status_code == 403
