"""Discounts over the wire: kept with who gave them and why, given back in proportion, counted in reports."""

from typing import Any

import pytest

from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop

HALF = {"rate": 50_000, "reason": "Staff meal"}
TWO = {"amount_minor": 200, "reason": "Regular"}
LINES = [{"item_id": shop.FRIES, "quantity": 2, "discount": HALF}, {"item_id": shop.BOWL}]


def take(place: Place, **more: Any) -> dict[str, Any]:
    reply = place.kim.post("/api/pos/orders/", order_body(lines=LINES, discount=TWO) | more, key=new_key())
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def details(place: Place, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = place.kim.get(f"/api/pos/orders/{order['id']}/").json()
    return found


def test_an_order_keeps_what_was_taken_off_and_why(place: Place) -> None:
    order = take(place)
    assert (order["subtotal_minor"], order["discount_minor"]) == (1_780, 590)
    fries, bowl = order["lines"]
    assert (fries["discount"], fries["discount_minor"], bowl["discount"]) == (HALF, 390, None)
    assert fries["order_discount_minor"] + bowl["order_discount_minor"] == 200
    assert order["discount"] == TWO
    kept = details(place, order)
    assert kept["order"] == order
    [first] = kept["history"][:1]
    assert first["reason"] == "Fries \N{MINUS SIGN}50 %: Staff meal; \N{MINUS SIGN}2.00: Regular"
    assert first["by"] == "Kim"


def test_a_comp_is_paid_with_nothing(place: Place) -> None:
    order = take(place, discount={"rate": 100_000, "reason": "Cold"}, payment="paid", tender="cash", given_minor=0)
    assert (order["total_minor"], order["tax_minor"], order["payment"]) == (0, 0, "paid")


def test_a_refund_gives_back_what_was_paid(place: Place) -> None:
    order = take(place, payment="paid")
    line = order["lines"][0]
    paid_minor = (
        line["total_minor"]
        - line["discount_minor"]
        - line["order_discount_minor"]
        + sum(tax["amount_minor"] for tax in line["taxes"])
    )
    body = {"version": order["version"], "reason": "cold", "lines": [{"id": line["id"], "quantity": 2}]}
    after = place.kim.post(f"/api/pos/orders/{order['id']}/refund/", body, key=new_key()).json()
    assert after["refunded_minor"] == paid_minor
    body = {"version": after["version"], "reason": "all of it", "payment": "refunded"}
    after = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key()).json()
    assert (after["payment"], after["refunded_minor"]) == ("refunded", order["total_minor"])


def test_customers_give_themselves_none(place: Place) -> None:
    reply = place.ada.post("/api/online/orders/", order_body(lines=LINES), key=new_key())
    assert (reply.status_code, reply.json()["field"]) == (422, "lines[0].discount")
    order = place.ada.place(lines=[{"item_id": shop.BOWL}], discount={"rate": 100_000, "reason": "mine"})
    assert (order["discount"], order["discount_minor"]) == (None, 0), "of the whole order it is no field of theirs"


@pytest.mark.parametrize(
    "discount", [{"rate": 0, "reason": "x"}, {"rate": 100_001, "reason": "x"}, {"rate": 1}, {"rate": 1, "reason": " "}]
)
def test_what_is_no_discount_is_refused(place: Place, discount: dict[str, Any]) -> None:
    reply = place.kim.post("/api/pos/orders/", order_body(discount=discount), key=new_key())
    assert reply.status_code == 422
    assert reply.json()["field"].startswith("discount")


def test_reports_count_them(place: Place) -> None:
    before = sales(place)
    order = take(place, payment="paid")
    after = sales(place)
    assert after["discounts"] - before["discounts"] == 1
    assert after["discounts_minor"] - before["discounts_minor"] == order["discount_minor"]
    assert after["sales_minor"] - before["sales_minor"] == order["total_minor"]


def test_items_are_sold_for_what_was_paid(place: Place) -> None:
    before = sales(place, "item")
    order = take(place, payment="paid")
    after = sales(place, "item")
    assert after["sales_minor"] - before["sales_minor"] == order["subtotal_minor"] - order["discount_minor"]
    assert after["discounts_minor"] - before["discounts_minor"] == order["discount_minor"]
    assert after["discounts"] - before["discounts"] == 3, "two fries and a bowl"


def sales(place: Place, by: str = "day") -> dict[str, int]:
    reply = place.alex.get(f"/api/admin/reports/sales/?first=2020-01-01&last=2029-12-31&by={by}")
    assert reply.status_code == 200, reply.text
    found: dict[str, int] = reply.json()["total"]
    return found
