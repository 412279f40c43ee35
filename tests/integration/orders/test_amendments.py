"""Amendments of orders, over real HTTP: what is booked, what everybody sees, what reports say, and what is refused."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from core.protocol.reports import By
from tests.integration.calls import new_key
from tests.integration.conftest import Place
from tests.integration.orders.test_refunds import _booked, _sound
from tests.support import shop

TODAY = datetime.now(UTC).date()
DAYS = {"first": str(TODAY - timedelta(days=1)), "last": str(TODAY + timedelta(days=1))}
CONTENT = ("fulfilment", "discount", "customer_name", "customer_phone", "address", "note")


def take(place: Place, **more: Any) -> dict[str, Any]:
    lines = [{"item_id": shop.BOWL, "quantity": 2}, {"item_id": shop.FRIES}]
    reply = place.kim.post("/api/pos/orders/", {"lines": lines, "payment": "unpaid", **more}, key=new_key())
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def as_it_is(order: dict[str, Any], **more: Any) -> dict[str, Any]:
    lines = [{name: line[name] for name in ("id", "quantity", "note", "discount")} for line in order["lines"]]
    content = {name: order[name] for name in CONTENT}
    return {"version": order["version"], "lines": lines, "reason": "So", **content, **more}


def amend(place: Place, order: dict[str, Any], *, status: int = 200, key: str = "", **more: Any) -> dict[str, Any]:
    body = as_it_is(order, **more)
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/amend/", body, key=key or new_key())
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


def with_fries(order: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [*as_it_is(order)["lines"], {"item_id": shop.FRIES, **more}]


def pay(place: Place, order: dict[str, Any], **asked: Any) -> dict[str, Any]:
    reply = place.kim.post(
        f"/api/pos/orders/{order['id']}/payments/", {"version": order["version"], **asked}, key=new_key()
    )
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def details(place: Place, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = place.kim.get(f"/api/pos/orders/{order['id']}/").json()
    return found


def test_before_a_payment_the_new_version_replaces_the_old(place: Place) -> None:
    order = take(place, customer_name="Zoe")
    after = amend(place, order, lines=with_fries(order), customer_name="Table 9", note="hot")
    assert (after["version"], after["amendments"], len(after["lines"])) == (2, 1, 3)
    assert _booked(place, order) == [], "it never was a sale"
    told = details(place, order)
    assert told["order"] == after
    [one] = told["amendments"]
    assert (one["before"], one["by"], one["device"], one["reason"]) == (order, "Kim", "POS1", "So")
    found = place.kim.get("/api/pos/orders/", params={"q": "Table 9"}).json()["orders"]
    assert [each["id"] for each in found] == [order["id"]], "it is found by its new name"
    assert order["id"] not in [
        each["id"] for each in place.kim.get("/api/pos/orders/", params={"q": "Ada"}).json()["orders"]
    ]
    assert not _sound(place)


def test_after_one_the_ledger_shows_charge_and_refund(place: Place) -> None:
    order = take(place, payment="paid", tender="card")
    more = amend(place, order, lines=with_fries(order))
    added = more["total_minor"] - order["total_minor"]
    assert (more["payment"], more["payments"][0]["amount_minor"]) == ("unpaid", order["total_minor"])
    paid = pay(place, more, tender="cash", given_minor=10_000)
    assert paid["payment"] == "paid"
    less = amend(place, paid, lines=as_it_is(paid)["lines"][1:], tender="card")
    assert less["payment"] == "paid"
    back = paid["total_minor"] - less["total_minor"]
    assert [each["refunded_minor"] for each in less["payments"]] == [back, 0]
    booked = [each[:3] for each in _booked(place, order)]
    assert booked[0] == ("payment", order["total_minor"], "card")
    assert sum(each[1] for each in booked if each[0] == "charge") == less["total_minor"] - order["total_minor"]
    assert booked[-1] == ("refund", -back, "card")
    changes = details(place, order)["payments"]
    assert [(each["charged_minor"], each["target"]) for each in changes] == [
        (0, "paid"),
        (added, "unpaid"),
        (0, "paid"),
        (-back, "paid"),
    ]
    assert changes[-1]["returned"][0]["amount_minor"] == back
    assert not _sound(place)
    undone = {"version": less["version"], "payment": "unpaid", "reason": "x"}
    assert place.kim.post(f"/api/pos/orders/{order['id']}/payment/", undone, key=new_key()).status_code == 409
    rest = {"version": less["version"], "payment": "refunded", "reason": "x"}
    gone = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", rest, key=new_key()).json()
    assert (gone["payment"], gone["refunded_minor"]) == ("refunded", less["total_minor"])
    assert sum(each[1] for each in _booked(place, order) if each[0] in ("payment", "change", "refund")) == 0
    assert not _sound(place)


def test_sent_twice_it_is_done_once_and_on_an_older_version_never(place: Place) -> None:
    order, key = take(place), new_key()
    first, second = (amend(place, order, key=key, lines=with_fries(order)) for _ in range(2))
    assert first == second
    refused = amend(place, order, status=409, note="x")
    assert refused["order"] == first
    assert len(details(place, order)["amendments"]) == 1
    assert amend(place, first) == first, "what changes nothing makes no version"


def test_the_customer_sees_the_new_version(place: Place) -> None:
    order = place.ada.place()
    after = amend(place, order, lines=with_fries(order))
    assert place.ada.get(f"/api/online/orders/{order['id']}/").json() == after
    assert after["changed"][0] | {"id": ""} == {"id": "", "name": "Fries", "now": 1}
    assert place.ada.post(f"/api/pos/orders/{order['id']}/amend/", as_it_is(after), key=new_key()).status_code == 403


def test_bad_amendments_are_refused_and_change_nothing(place: Place) -> None:
    order = take(place, payment="paid")
    lines = as_it_is(order)["lines"]
    refused: tuple[dict[str, Any], ...] = (
        {"lines": []},
        {"lines": [{"item_id": "no"}]},
        {"lines": [{"id": new_key()}]},
        {"lines": [lines[0], lines[0]]},
        {"lines": [lines[0] | {"quantity": 0}]},
        {"lines": lines[:1], "reason": ""},
        {"fulfilment": "delivery"},
        {"note": "4242 4242 4242 4242"},
    )
    for more in refused:
        amend(place, order, status=422, **more)
    assert details(place, order)["order"] == order


def test_reports_say_what_orders_and_drawers_say(place: Place) -> None:
    """Random amendments, payments and refunds: whatever it is added up by, it is what the orders come to."""
    session = new_key()
    opened = place.kim.post("/api/pos/drawer/", {"session": session, "float_minor": 0}, key=new_key())
    assert opened.status_code == 201, opened.text

    def report(by: By) -> dict[str, Any]:
        found: dict[str, Any] = place.alex.get("/api/admin/reports/sales/", params={**DAYS, "by": by.value}).json()
        return found

    def tenders() -> Counter[str]:
        return Counter({row["name"]: row["sales_minor"] - row["refunds_minor"] for row in report(By.TENDER)["rows"]})

    before, by_tender_before = {by: report(by)["total"] for by in By}, tenders()
    chance, orders, held = random.Random(5), [], Counter[str]()
    for _ in range(14):
        order = take(place, payment=chance.choice(["paid", "unpaid"]), tender=chance.choice(["cash", "card"]))
        for _ in range(chance.randint(1, 5)):
            order = _any_act(place, order, chance)
        if order["payment"] == "unpaid":
            order = pay(place, order, tender="cash")
        orders.append(order)
        for kind, amount, tender, *_ in _booked(place, order):
            if kind in ("payment", "change", "refund"):
                held[tender] += amount
    turnover = sum(each["total_minor"] - each["refunded_minor"] for each in orders)
    tax = sum(each["tax_minor"] - sum(line["refunded_tax_minor"] for line in each["lines"]) for each in orders)
    assert sum(held.values()) == turnover
    for by in (By.DAY, By.HOUR, By.TENDER, By.CHANNEL):
        now = report(by)["total"]
        found = {name: now[name] - before[by][name] for name in ("sales_minor", "refunds_minor", "tax_minor", "sales")}
        assert found["sales_minor"] - found["refunds_minor"] == turnover, by
        assert (found["tax_minor"], found["sales"]) == (tax, len(orders)), by
    found_by = tenders()
    assert {name: found_by[name] - by_tender_before[name] for name in ("cash", "card")} == dict(held)
    x = place.alex.get(f"/api/pos/drawers/{session}/x/").json()["report"]
    assert (x["turnover_minor"], x["tax_minor"], x["sales"]) == (turnover, tax, len(orders))
    assert (x["payments"], x["cash"]["payments_minor"]) == (dict(held), held["cash"])
    assert x["receivable_minor"] == 0
    assert not _sound(place)


def _any_act(place: Place, order: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    if order["payment"] == "unpaid" and chance.random() < 0.4:
        return pay(place, order, tender=chance.choice(["cash", "card"]))
    lines = [
        line | {"quantity": max(1, line["quantity"] + chance.choice([-1, 0, 0, 1]))}
        for line in as_it_is(order)["lines"]
        if chance.random() < 0.8
    ]
    lines += [{"item_id": chance.choice([shop.FRIES, shop.BOWL])} for _ in range(chance.randint(not lines, 2))]
    half = {"rate": 50_000, "reason": "Regular"}
    return amend(place, order, lines=lines, discount=chance.choice([order["discount"], None, half]))


def test_an_order_in_place_of_another_names_it(place: Place) -> None:
    order = take(place)
    named = take(place, follows=order["number"])
    assert (named["follows"], details(place, named)["order"]["follows"]) == (order["number"], order["number"])
    refused = place.kim.post(
        "/api/pos/orders/", {"lines": [{"item_id": shop.FRIES}], "follows": "POS9-000001"}, key=new_key()
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "follows")


def test_a_change_that_moves_no_money_leaves_the_tender_that_is_planned(place: Place) -> None:
    body = {"payment": "unpaid", "lines": [{"item_id": shop.BOWL, "quantity": 2}]}
    order = place.kim.post("/api/pos/orders/", body, key=new_key()).json()
    at = f"/api/pos/orders/{order['id']}"
    deposit = {"tender": "cash", "amount_minor": 100, "version": order["version"]}
    order = place.kim.post(f"{at}/payments/", deposit, key=new_key()).json()
    planned = {"payment": "unpaid", "tender": "card", "version": order["version"]}
    order = place.kim.post(f"{at}/payment/", planned, key=new_key()).json()
    assert amend(place, order, note="hot")["tender"] == "card"
    assert not _sound(place)


def test_only_coins_give_change_whatever_the_amount_is(place: Place) -> None:
    tenders = place.alex.get("/api/menu/").json()["tenders"]
    changed = place.alex.post("/api/admin/shop/", {"tenders": [*tenders, {"id": "Meal_card"}]})
    assert changed.ok, changed.text
    body = {"payment": "unpaid", "lines": [{"item_id": shop.BOWL, "quantity": 1}]}
    order = place.kim.post("/api/pos/orders/", body, key=new_key()).json()
    paid = {"tender": "Meal_card", "given_minor": 900_000, "version": order["version"]}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/payments/", paid, key=new_key())
    assert (reply.status_code, reply.json()["field"]) == (422, "given_minor"), reply.text


def test_what_is_given_back_of_an_order_that_was_called_off_is_sound(place: Place) -> None:
    """A part was refunded, more was added and is due, and then it is called off."""
    order = take(place, payment="paid", tender="cash")
    body = {"version": order["version"], "reason": "cold", "amount_minor": 100}
    part = place.alex.post(f"/api/pos/orders/{order['id']}/refund/", body, key=new_key()).json()
    more = amend(place, part, lines=with_fries(part))
    path, undo = f"/api/pos/orders/{order['id']}/payments/undo/", {"version": more["version"], "reason": "x"}
    assert place.alex.post(path, undo, key=new_key()).status_code == 409, "it is not called off"
    off = place.alex.post(
        f"/api/pos/orders/{order['id']}/status/",
        {"to": "cancelled", "version": more["version"], "reason": "x"},
        key=new_key(),
    ).json()
    back = place.alex.post(path, undo | {"version": off["version"]}, key=new_key())
    assert (back.status_code, back.json()["payment"]) == (200, "refunded"), back.text
    assert sum(each["refunded_minor"] for each in back.json()["payments"]) == order["total_minor"]
    assert not _sound(place)
