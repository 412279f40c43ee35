"""Payments of an order in parts, over real HTTP: what is booked, what everybody sees, and what is refused."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.protocol.reports import By
from tests.integration.calls import new_key
from tests.integration.conftest import Place
from tests.integration.orders.test_refunds import _booked, _sound
from tests.support import shop

TODAY = datetime.now(UTC).date()
PART = {
    "tender": "cash",
    "amount_minor": 1000,
    "tip_minor": 0,
    "given_minor": 2000,
    "refunded_minor": 0,
    "reference": "",
    "rounding_minor": 0,
    "refunded_rounding_minor": 0,
}
NAMED = ("tender", "amount_minor", "tip_minor")
DAYS = {"first": str(TODAY - timedelta(days=1)), "last": str(TODAY + timedelta(days=1))}


def _take(place: Place, order: dict[str, Any], *, status: int = 200, **asked: Any) -> dict[str, Any]:
    body = {"version": order["version"], **asked}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/payments/", body, key=new_key())
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


def _undo(place: Place, order: dict[str, Any], **asked: Any) -> dict[str, Any]:
    body = {"version": order["version"], "reason": "The wrong tender", **asked}
    reply = place.alex.post(f"/api/pos/orders/{order['id']}/payments/undo/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def _change(place: Place, order: dict[str, Any], path: str = "payment", **asked: Any) -> Any:
    body = {"version": order["version"], "reason": "so", **asked}
    return place.kim.post(f"/api/pos/orders/{order['id']}/{path}/", body, key=new_key())


def _details(place: Place, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = place.kim.get(f"/api/pos/orders/{order['id']}/").json()
    return found


def _taken_at_counter(place: Place, **more: Any) -> Any:
    body = {"lines": [{"item_id": shop.BOWL, "quantity": 2}, {"item_id": shop.FRIES}], **more}
    return place.kim.post("/api/pos/orders/", body, key=new_key())


def test_cash_and_then_card_with_a_tip(place: Place) -> None:
    order = place.ada.place()
    total = order["total_minor"]
    part = _take(place, order, tender="cash", amount_minor=1000, given_minor=2000)
    assert (part["payment"], part["payments"]) == (
        "unpaid",
        [PART],
    )
    whole = _take(place, part, tender="card", tip_minor=200)
    assert (whole["payment"], whole["tender"], len(whole["payments"])) == ("paid", "card", 2)
    assert [each[:3] for each in _booked(place, order)] == [
        ("payment", 2000, "cash"),
        ("change", -1000, "cash"),
        ("payment", total - 1000 + 200, "card"),
        ("tip", 200, "card"),
    ]
    assert place.ada.get(f"/api/online/orders/{order['id']}/").json() == whole
    assert place.ada.get("/api/online/orders/history/").json()["orders"][0] == whole
    first, second = _details(place, order)["payments"]
    assert [(each["source"], each["target"], each["by"], each["device"]) for each in (first, second)] == [
        ("unpaid", "unpaid", "Kim", "POS1"),
        ("unpaid", "paid", "Kim", "POS1"),
    ]
    assert [(each["amount_minor"], each["tip_minor"]) for each in second["taken"]] == [(total - 1000, 200)]
    assert not _sound(place)


def test_a_wrong_tender_is_taken_back_by_an_entry_that_names_it(place: Place) -> None:
    order = place.ada.place()
    part = _take(place, _take(place, order, amount_minor=700, tip_minor=50), tender="card", amount_minor=300)
    after = _undo(place, part, tender="cash", amount_minor=700, tip_minor=50)
    assert [(each["tender"], each["amount_minor"]) for each in after["payments"]] == [("card", 300)]
    told = _details(place, order)["payments"][-1]
    assert (told["by"], told["reason"], told["undone"][0]["amount_minor"]) == ("Alex", "The wrong tender", 700)
    whole = _take(place, after, tender="card")
    assert (whole["payment"], _sound(place)) == ("paid", {})
    none = _undo(place, whole)
    assert (none["payment"], none["payments"], _sound(place)) == ("unpaid", [], {})


def test_a_refund_goes_to_the_tenders_that_paid(place: Place) -> None:
    order = _take(place, _take(place, place.ada.place(), amount_minor=500), tender="card", tip_minor=100)
    held = {"cash": 500, "card": order["total_minor"] - 500}
    part = _change(place, order, "refund", amount_minor=held["card"] + 100).json()
    assert [each["refunded_minor"] for each in part["payments"]] == [100, held["card"]]
    returned = _details(place, order)["payments"][-1]["returned"]
    assert [(each["tender"], each["amount_minor"]) for each in returned] == [("cash", 100), ("card", held["card"])]
    assert not _sound(place)
    rest = _change(place, part, payment="refunded").json()
    assert (rest["payment"], [each["refunded_minor"] for each in rest["payments"]]) == ("refunded", [500, held["card"]])
    assert sum(each[1] for each in _booked(place, order) if each[0] in ("payment", "change", "refund")) == 100
    assert not _sound(place)


def test_at_the_counter_several_payments_at_once(place: Place) -> None:
    paid = _taken_at_counter(
        place,
        payment="paid",
        payments=[{"tender": "card", "amount_minor": 1000}, {"tender": "cash", "tip_minor": 30, "given_minor": 5000}],
    ).json()
    assert (paid["payment"], paid["version"], paid["given_minor"]) == ("paid", 1, None)
    assert [each["tender"] for each in paid["payments"]] == ["card", "cash"]
    part = _taken_at_counter(place, payment="unpaid", payments=[{"tender": "card", "amount_minor": 1}]).json()
    assert (part["payment"], part["payments"][0]["amount_minor"]) == ("unpaid", 1)
    assert _details(place, part)["payments"][0]["source"] is None
    assert not _sound(place)
    refused = _taken_at_counter(place, payments=[{"amount_minor": 1}, {"amount_minor": 10**9}])
    assert (refused.status_code, refused.json()["field"]) == (422, "payments[1].amount_minor")


def test_a_voucher_is_kept_with_its_number(place: Place) -> None:
    order = place.ada.place()
    paid = _take(place, order, tender="voucher", reference="V-17")
    assert (paid["payment"], paid["payments"][0]["reference"]) == ("paid", "V-17")
    assert _details(place, order)["payments"][0]["taken"][0]["reference"] == "V-17"
    assert not _sound(place)
    part = _undo(place, paid, tender="voucher", amount_minor=paid["total_minor"])
    assert (part["payments"], _sound(place)) == ([], {})


def test_sent_twice_it_is_taken_once_and_on_an_older_version_never(place: Place) -> None:
    order = place.ada.place()
    key, body = new_key(), {"version": order["version"], "amount_minor": 100}
    path = f"/api/pos/orders/{order['id']}/payments/"
    replies = [place.kim.post(path, body, key=key) for _ in range(2)]
    assert replies[0].json() == replies[1].json()
    stale = place.alex.post(path, body, key=new_key())
    assert (stale.status_code, stale.json()["payment"]["taken"][0]["amount_minor"]) == (409, 100)
    assert len(_details(place, order)["order"]["payments"]) == 1


def test_a_till_that_sees_no_parts_neither_takes_the_rest_nor_corrects_the_tender(place: Place) -> None:
    part = _take(place, place.ada.place(), amount_minor=100)
    refused = _change(place, part, payment="paid")
    assert (refused.status_code, refused.json()["field"]) == (409, "payment")
    assert "left of it" in refused.json()["detail"]
    whole = _take(place, part, tender="card")
    assert _change(place, whole, payment="paid", tender="cash").status_code == 409
    assert _change(place, whole, payment="unpaid").json()["payments"] == []
    assert not _sound(place)


@pytest.mark.parametrize(
    "asked",
    [
        {"amount_minor": -1},
        {"amount_minor": 0},
        {"amount_minor": 1.5},
        {"amount_minor": 10**13},
        {"tip_minor": -1},
        {"amount_minor": 100, "given_minor": 99},
        {"amount_minor": 100, "given_minor": 101, "tender": "card"},
        {"tender": "shells"},
    ],
)
def test_bad_payments_are_refused_and_change_nothing(place: Place, asked: dict[str, Any]) -> None:
    order = place.ada.place()
    _take(place, order, status=422, **asked)
    assert _details(place, order)["order"] == order


def test_reports_count_one_sale_when_all_is_paid_and_each_amount_with_its_tender(place: Place) -> None:
    """Random parts, corrections and refunds: whatever it is added up by, it is what the orders say."""

    def report(by: By) -> dict[str, Any]:
        reply = place.alex.get("/api/admin/reports/sales/", params={**DAYS, "by": by.value})
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def tenders() -> dict[str, int]:
        return {row["name"]: row["sales_minor"] - row["refunds_minor"] for row in report(By.TENDER)["rows"]}

    chance = random.Random(11)
    before, held_before = {by: report(by)["total"] for by in By}, tenders()
    sold = back = sales = tips = 0
    held: dict[str, int] = {}
    for number in range(12):
        order = _taken_at_counter(place, payment="unpaid").json()
        while order["payment"] == "unpaid":
            left = order["total_minor"] - sum(each["amount_minor"] for each in order["payments"])
            amount = chance.randint(1, left) if len(order["payments"]) < 3 else left
            by, tip = chance.choice(["cash", "card"]), chance.randint(0, 99)
            order = _take(place, order, tender=by, amount_minor=amount, tip_minor=tip)
            if chance.random() < 0.25:
                one = chance.choice(order["payments"] or [{}])
                order = _undo(place, order, **{name: one[name] for name in NAMED if one})
        if number % 3 == 0:
            order = _change(place, order, "refund", amount_minor=chance.randint(1, order["total_minor"])).json()
        if number % 4 == 0:
            _take(place, _taken_at_counter(place, payment="unpaid").json(), amount_minor=5)
        sales += 1
        tips += sum(each["tip_minor"] for each in order["payments"])
        sold, back = sold + order["total_minor"], back + order["refunded_minor"]
        whole = {"amount_minor": order["total_minor"]} | {name: order[name] for name in ("tender", "refunded_minor")}
        for each in order["payments"] or [whole]:
            held[each["tender"]] = held.get(each["tender"], 0) + each["amount_minor"] - each["refunded_minor"]
    for by in By:
        grown = {name: value - before[by][name] for name, value in report(by)["total"].items() if name != "name"}
        if by.has_turnover and not by.is_of_lines:
            assert (grown["sales"], grown["sales_minor"], grown["refunds_minor"]) == (sales, sold, back), by
            assert grown["tips_minor"] == tips, by
    grown = {name: minor - held_before.get(name, 0) for name, minor in tenders().items()}
    assert {name: minor for name, minor in grown.items() if minor} == held
    assert not _sound(place)
