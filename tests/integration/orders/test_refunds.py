"""Refunds of a part of an order, over real HTTP: what is booked, what everybody sees, and what is refused."""

from typing import Any

import pytest

from core.store import ledger
from core.store.backups import check
from core.store.sql.statements import Transaction
from tests.integration.calls import new_key
from tests.integration.conftest import Place


def _paid(place: Place) -> dict[str, Any]:
    """Two bowls and a soda for 30.20, 2.30 of it tax, paid by card."""
    order = place.ada.place()
    body = {"payment": "paid", "version": 1, "tender": "card"}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    paid: dict[str, Any] = reply.json()
    return paid


def _refund(place: Place, order: dict[str, Any], **asked: Any) -> Any:
    body = {"version": order["version"], "reason": "The soup was cold", **asked}
    return place.kim.post(f"/api/pos/orders/{order['id']}/refund/", body, key=new_key())


def _of(order: dict[str, Any], position: int, quantity: int = 1) -> dict[str, Any]:
    return {"id": order["lines"][position]["id"], "quantity": quantity}


def _booked(place: Place, order: dict[str, Any]) -> list[tuple[Any, ...]]:
    def rows(transaction: Transaction) -> list[tuple[Any, ...]]:
        kept = transaction.all(ledger._OF, order_id=order["id"])
        return [tuple(row[:3]) + tuple(row[5:8]) for row in kept]

    return place.server.database.read_blocking(rows)


def _sound(place: Place) -> dict[str, int]:
    with place.server.database.engine.connect() as connection:
        return {each.rule: each.count for each in check.invariants(connection) if each.count}


def test_items_then_an_amount_then_the_rest(place: Place) -> None:
    order = _paid(place)
    first = _refund(place, order, lines=[_of(order, 0)])
    assert first.status_code == 200, first.text
    after = first.json()
    assert (after["payment"], after["version"]) == ("paid", 3)
    assert after["lines"][0]["refunded_quantity"] == 1
    bowl = after["refunded_minor"]
    assert bowl == after["lines"][0]["refunded_minor"] == 1200 + after["lines"][0]["refunded_tax_minor"]
    second = _refund(place, after, amount_minor=100).json()
    assert second["refunded_minor"] == bowl + 100
    body = {"payment": "refunded", "version": 4, "reason": "All of it"}
    last = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key()).json()
    assert (last["payment"], last["refunded_minor"]) == ("refunded", last["total_minor"])
    assert sum(line["refunded_tax_minor"] for line in last["lines"]) == last["tax_minor"]
    booked = _booked(place, order)
    assert booked[1][:3] == ("credit", -bowl, "")
    assert booked[1][3:] == (order["lines"][0]["id"], 1, -after["lines"][0]["refunded_tax_minor"])
    assert booked[2][:3] == ("refund", -bowl, "card")
    assert sum(each[1] for each in booked if each[0] in ("payment", "refund")) == 0, "nothing is held any more"
    assert sum(each[1] for each in booked if each[0] == "credit") == -order["total_minor"]
    assert not _sound(place)


def test_staff_read_what_was_given_back_by_whom_and_why(place: Place) -> None:
    order = _paid(place)
    back = _refund(place, order, lines=[_of(order, 1)]).json()["refunded_minor"]
    told = place.kim.get(f"/api/pos/orders/{order['id']}/").json()["payments"][-1]
    assert (told["target"], told["refunded_minor"], told["tender"]) == ("paid", back, "card")
    assert (told["by"], told["device"], told["reason"]) == ("Kim", "POS1", "The soup was cold")


def test_the_customer_and_the_other_screens_see_it(place: Place) -> None:
    order = _paid(place)
    before = {caller: caller.get("/api/snapshot/").json()["cursor"] for caller in (place.ada, place.alex)}
    after = _refund(place, order, amount_minor=250).json()
    assert place.ada.get(f"/api/online/orders/{order['id']}/").json() == after
    history = place.ada.get("/api/online/orders/history/").json()["orders"]
    assert next(each for each in history if each["id"] == order["id"]) == after
    for caller, cursor in before.items():
        (frame,) = caller.get("/api/events/", params={"cursor": cursor}).json()["frames"]
        assert (frame["event"]["kind"], frame["event"]["order"]) == ("order_refunded", after)


def test_no_more_than_was_paid_however_it_is_asked(place: Place) -> None:
    order = _paid(place)
    after = _refund(place, order, lines=[_of(order, 0, 2)]).json()
    left = after["total_minor"] - after["refunded_minor"]
    for asked, field in (
        ({"amount_minor": left + 1}, "amount_minor"),
        ({"lines": [_of(order, 0)]}, "lines[0].quantity"),
    ):
        reply = _refund(place, after, **asked)
        assert reply.status_code == 409, reply.text
        assert reply.json()["field"] == field
    assert _refund(place, after, amount_minor=left).json()["payment"] == "refunded"
    assert not _sound(place)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"amount_minor": 0},
        {"amount_minor": 10**16},
        {"amount_minor": 1.5},
        {"lines": [{"id": "x"}]},
        {"lines": [{"id": "01920000-0000-7000-8000-ffffffffffff"}]},
        {"amount_minor": 1, "reason": " "},
        {"amount_minor": 1, "reason": "4111 1111 1111 1111"},
    ],
)
def test_bad_requests_are_refused_and_change_nothing(place: Place, asked: dict[str, Any]) -> None:
    order = _paid(place)
    reply = _refund(place, order, **asked)
    assert reply.status_code == 422, reply.text
    assert place.kim.get(f"/api/pos/orders/{order['id']}/").json()["order"] == order


def test_what_is_unpaid_has_nothing_to_give_back(place: Place) -> None:
    order = place.ada.place()
    reply = _refund(place, order, amount_minor=1)
    assert (reply.status_code, reply.json()["field"]) == (409, "payment")


def test_sent_twice_it_is_given_back_once_and_on_an_older_version_never(place: Place) -> None:
    order = _paid(place)
    key, body = new_key(), {"version": order["version"], "reason": "cold", "amount_minor": 100}
    path = f"/api/pos/orders/{order['id']}/refund/"
    replies = [place.kim.post(path, body, key=key) for _ in range(2)]
    assert [each.json()["refunded_minor"] for each in replies] == [100, 100]
    assert place.kim.post(path, body, key=new_key()).status_code == 409
    assert place.kim.get(f"/api/pos/orders/{order['id']}/").json()["order"]["refunded_minor"] == 100


def test_after_a_part_was_given_back_its_payment_cannot_be_undone(place: Place) -> None:
    """A till of an earlier release may try: the money would be counted twice."""
    order = _refund(place, _paid(place), amount_minor=100).json()
    for body in ({"payment": "unpaid"}, {"payment": "paid", "tender": "cash"}):
        body = {"version": order["version"], "reason": "mistake", **body}
        reply = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key())
        assert reply.status_code == 409, reply.text
