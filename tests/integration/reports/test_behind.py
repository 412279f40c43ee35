"""The orders behind each row of each report are found, and no others; a search goes by payment, tender, person, POS."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from core.protocol.reports import By
from core.server.drawers.reports import business_date
from tests.integration.calls import Caller, staff
from tests.integration.drawers.till import Till
from tests.support import shop
from tests.support.server import ServerThread


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerThread]:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as running:
        yield running


@pytest.fixture
def alex(server: ServerThread) -> Caller:
    return staff(server, shop.ALEX)


def _today() -> str:
    return business_date(datetime.now(UTC), "UTC")


def _rows(alex: Caller, by: By) -> list[dict[str, Any]]:
    query = {"first": _today(), "last": _today(), "by": by.value}
    rows: list[dict[str, Any]] = alex.get("/api/admin/reports/sales/", params=query).json()["rows"]
    return rows


def _found(alex: Caller, **query: Any) -> set[str]:
    reply = alex.get("/api/pos/orders/", params=query)
    assert reply.ok, reply.text
    page = reply.json()
    assert page["total"] == len(page["orders"])
    return {order["number"] for order in page["orders"]}


def _behind(alex: Caller, by: By, row: str) -> set[str]:
    return _found(alex, report=by.value, row=row, first=_today(), last=_today())


def test_behind_every_row_are_its_orders(server: ServerThread, alex: Caller) -> None:
    kim = Till(staff(server, shop.KIM))
    cash = kim.sell(2, tender="cash")
    card = kim.sell(1, tender="card", discount={"rate": 10_000, "reason": 'Staff "50 %"'}, fulfilment="pickup")
    bowl = Till(alex).sell(lines=[{"item_id": shop.BOWL}], tender="card")
    cold = kim.refund(kim.sell(1, tender="voucher"), amount_minor=100, reason="cold_1")
    gone = kim.sell(payment="unpaid")
    kim.caller.bring(gone, "cancelled")
    done = kim.caller.bring(kim.sell(payment="unpaid"), "completed")
    numbers = {name: order["number"] for name, order in locals().items() if isinstance(order, dict)}
    sold = {numbers[name] for name in ("cash", "card", "bowl", "cold")}
    group = next(each["name"] for each in _rows(alex, By.TAX))
    wanted = {
        (By.TENDER, "card"): {numbers["card"], numbers["bowl"]},
        (By.STAFF, "Alex"): {numbers["bowl"]},
        (By.CHANNEL, "counter"): sold,
        (By.FULFILMENT, "pickup"): {numbers["card"]},
        (By.ITEM, "Bowl"): {numbers["bowl"]},
        (By.CATEGORY, "Mains"): {numbers["bowl"]},
        (By.TAX, group): sold,
        (By.DISCOUNT, 'Staff "50 %"'): {numbers["card"]},
        (By.REFUND, "cold_1"): {numbers["cold"]},
        (By.VOID, "so"): {numbers["gone"]},
        (By.STAGE, "ready"): {numbers["done"]},
        (By.DAY, _today()): sold,
    }
    for (by, row), orders in wanted.items():
        assert row in [each["name"] for each in _rows(alex, by)], by
        assert _behind(alex, by, row) == orders, by
    hours = [each["name"] for each in _rows(alex, By.HOUR)]
    assert set().union(*(_behind(alex, By.HOUR, hour) for hour in hours)) == sold
    assert cash["number"] in sold
    assert _behind(alex, By.REFUND, "cold%1") == set(), "nothing in a name is a wildcard"


def test_what_rows_say_besides_turnover(server: ServerThread, alex: Caller) -> None:
    kim = Till(staff(server, shop.KIM))
    sold = kim.sell(2, discount={"amount_minor": 80, "reason": "Regular"}, tender="card")
    back = kim.refund(sold, lines=[{"id": sold["lines"][0]["id"]}], reason="cold")
    void = kim.sell(payment="unpaid")
    kim.caller.bring(void, "cancelled")
    (off,) = _rows(alex, By.DISCOUNT)
    assert (off["name"], off["discounts"], off["discounts_minor"]) == ("Regular", 1, 80)
    (refund,) = _rows(alex, By.REFUND)
    assert (refund["name"], refund["refunds"], refund["refunds_minor"]) == ("cold", 1, back["refunded_minor"])
    (called_off,) = _rows(alex, By.VOID)
    assert (called_off["voids"], called_off["voids_minor"]) == (1, void["total_minor"])
    (tax,) = _rows(alex, By.TAX)
    day = _rows(alex, By.DAY)[0]
    assert {name: tax[name] for name in ("sales_minor", "refunds_minor", "tax_minor")} == {
        name: day[name] for name in ("sales_minor", "refunds_minor", "tax_minor")
    }
    stages = {each["name"]: each for each in _rows(alex, By.STAGE)}
    assert stages["confirmed"]["waits"] == 1
    assert all(each["waited_s"] >= 0 for each in stages.values())


def test_a_search_goes_by_payment_tender_cashier_and_pos(server: ServerThread, alex: Caller) -> None:
    kim = Till(staff(server, shop.KIM))
    paid, unpaid = kim.sell(tender="card"), kim.sell(payment="unpaid")
    Till(alex).take(unpaid, amount_minor=100, tender="voucher")
    own = Till(alex).sell(tender="cash")
    both, all_three = {paid["number"], unpaid["number"]}, {paid["number"], unpaid["number"], own["number"]}
    assert _found(alex, payment="unpaid") == {unpaid["number"]}
    assert _found(alex, payment="paid", tender="card") == {paid["number"]}
    assert _found(alex, tender="voucher") == {unpaid["number"]}, "a part of it"
    assert _found(alex, cashier="ki") == both
    assert _found(alex, cashier="ALEX") == {unpaid["number"], own["number"]}, "who took a payment of it, too"
    assert _found(alex, cashier="%") == set()
    assert _found(alex, till="pos1") == all_three
    assert _found(alex, till="POS9") == set()
    assert _found(alex, q=paid["number"][-6:], cashier="Kim") == {paid["number"]}


def test_what_cannot_be_asked_is_refused(alex: Caller) -> None:
    day = {"first": _today(), "last": _today()}
    for query in (
        {"report": "weather", **day},
        {"report": "hour", "row": "noon", **day},
        {"report": "day", "row": "never", **day},
        {"report": "day"},
        {"report": "day", "first": "2020-01-01", "last": str(date(2026, 1, 1))},
    ):
        assert alex.get("/api/pos/orders/", params=query).status_code == 422, query
