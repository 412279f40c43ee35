"""Change requests over real HTTP: asked by the customer, answered by the shop, seen by nobody else."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from core.instants import now
from core.protocol.health import Finding
from core.store.backups import check
from core.store.sql.statements import Transaction
from tests.integration.calls import Caller, new_key
from tests.integration.conftest import Place
from tests.integration.orders.test_refunds import _sound
from tests.support import shop


def until(place: Place, status: str) -> None:
    reply = place.alex.post("/api/admin/shop/", {"changes_until": status})
    assert reply.status_code == 200, reply.text
    assert reply.json()["changes_until"] == status


def ask(
    caller: Caller, order: dict[str, Any], *more: dict[str, Any], status: int = 200, key: str = "", **body: Any
) -> dict[str, Any]:
    lines = [{"id": line["id"], "quantity": line["quantity"], "note": line["note"]} for line in order["lines"]]
    wanted = {"version": order["version"], "lines": [*lines, *more], "note": order["note"], **body}
    reply = caller.post(f"/api/online/orders/{order['id']}/ask-change/", wanted, key=key or new_key())
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


def with_fries(caller: Caller, order: dict[str, Any], **more: Any) -> dict[str, Any]:
    return ask(caller, order, {"item_id": shop.FRIES}, **more)


def accept(place: Place, order: dict[str, Any], *, status: int = 200, **more: Any) -> dict[str, Any]:
    request = order["change_request"]
    body = {
        "version": order["version"],
        "lines": request["lines"],
        "fulfilment": order["fulfilment"],
        "note": request.get("note", ""),
        "menu_version": request["menu_version"],
        "customer_name": order["customer_name"],
        "customer_phone": order["customer_phone"],
        "answers": request["version"],
        **more,
    }
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/amend/", body, key=new_key())
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


def decline(place: Place, order: dict[str, Any], *, status: int = 200, **more: Any) -> dict[str, Any]:
    body = {"version": order["version"], "answers": order["change_request"]["version"], "reason": "It is packed"}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/decline-change/", body | more, key=new_key())
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


def test_it_is_asked_accepted_and_both_are_named(place: Place) -> None:
    order = place.ada.place()
    asked = with_fries(place.ada, order)
    request = asked["change_request"]
    assert (asked["total_minor"], asked["lines"]) == (order["total_minor"], order["lines"]), "nothing has changed yet"
    assert request["total_minor"] > order["total_minor"]
    assert [(each["before"], each["now"]) for each in map(_whole, request["changes"])] == [(0, 1)]
    after = accept(place, asked)
    assert (after["total_minor"], after["amendments"]) == (request["total_minor"], 1)
    assert after["change_request"]["state"] == "accepted"
    told = place.kim.get(f"/api/pos/orders/{order['id']}/").json()
    assert [(each["request"].get("state", "asked"), each["by"]) for each in told["requests"]] == [
        ("asked", shop.ADA.name),
        ("accepted", "Kim"),
    ]
    [amendment] = told["amendments"]
    assert (amendment["by"], amendment["version"]) == ("Kim", told["requests"][1]["version"])
    seen = place.ada.get(f"/api/online/orders/{order['id']}/").json()
    assert seen == after
    assert "Kim" not in place.ada.get(f"/api/online/orders/{order['id']}/").text, "who it was is the shop's business"
    assert not _sound(place)


def _whole(change: dict[str, Any]) -> dict[str, Any]:
    return {"before": 0, "now": 0} | change


def test_it_is_declined_with_a_reason(place: Place) -> None:
    asked = with_fries(place.ada, place.ada.place())
    decline(place, asked, status=422, reason=" ")
    after = decline(place, asked)
    assert (after["change_request"]["state"], after["change_request"]["reason"]) == ("declined", "It is packed")
    assert (after["total_minor"], after["amendments"]) == (asked["total_minor"], 0)
    assert decline(place, after, status=409)["type"] == "illegal_move"
    assert not _sound(place)


def test_it_is_done_once_however_often_it_is_sent(place: Place) -> None:
    order, key = place.ada.place(), new_key()
    once = with_fries(place.ada, order, key=key)
    assert with_fries(place.ada, order, key=key) == once
    again = with_fries(place.ada, once)
    assert again["version"] == once["version"], "the same under another key makes no second one"
    assert place.rows("SELECT count(*) FROM change_requests WHERE order_id = ?", order["id"]) == [(1,)]


def test_nobody_asks_for_another_customers_order(place: Place) -> None:
    order = place.ada.place()
    before = place.counts()
    assert with_fries(place.grace, order, status=404)["type"] == "not_found"
    assert with_fries(place.kim, order, status=403)
    assert with_fries(place.sam, order, status=403)
    assert place.counts() == before
    asked = with_fries(place.ada, order)
    body = {"version": asked["version"], "answers": asked["version"], "reason": "no"}
    for caller in (place.ada, place.sam):
        reply = caller.post(f"/api/pos/orders/{order['id']}/decline-change/", body, key=new_key())
        assert reply.status_code in (403, 404)


def test_an_order_that_has_moved_on_answers_so(place: Place) -> None:
    order = place.ada.place()
    confirmed = place.kim.bring(order, "confirmed")
    stale = with_fries(place.ada, order, status=409)
    assert (stale["type"], stale["order"]["status"]) == ("conflict", "confirmed")
    asked = with_fries(place.ada, confirmed)
    preparing = place.kim.bring(asked, "preparing")
    assert with_fries(place.ada, preparing)["version"] == preparing["version"], "that is asked already"
    refused = ask(place.ada, preparing, {"item_id": shop.FRIES, "quantity": 2}, status=409)
    assert refused["type"] == "illegal_move"
    assert "at the counter" in refused["detail"]
    assert accept(place, preparing)["amendments"] == 1, "the cashier decides about what was asked in time"


def test_the_shop_says_until_when(place: Place) -> None:
    order = place.ada.place()
    until(place, "never")
    with_fries(place.ada, order, status=409)
    until(place, "confirmed")
    with_fries(place.ada, order)
    with_fries(place.ada, place.kim.bring(place.ada.place(), "confirmed"), status=409)
    until(place, "preparing")


def test_a_paid_order_says_the_difference(place: Place) -> None:
    order = place.ada.place()
    body = {"payment": "paid", "version": order["version"], "tender": "card"}
    paid = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key()).json()
    more = accept(place, with_fries(place.ada, paid))
    assert (more["payment"], more["payments"][0]["amount_minor"]) == ("unpaid", order["total_minor"])
    back = ask(place.ada, more, lines=[{"id": line["id"], "quantity": 1} for line in order["lines"][:1]])
    less = accept(place, back)
    assert less["payment"] == "paid"
    given = sum(each["refunded_minor"] for each in less["payments"])
    assert given == order["total_minor"] - less["total_minor"]
    assert not _sound(place)


def test_the_price_is_that_of_when_it_was_asked(place: Place) -> None:
    asked = with_fries(place.ada, place.ada.place())
    menu = place.alex.get("/api/menu/").json()
    dearer = [
        {**group, "items": [{**each, "price_minor": each["price_minor"] + 500} for each in group["items"]]}
        for group in menu["categories"]
    ]
    body = {"version": menu["version"], "categories": dearer}
    assert place.alex.call("PUT", "/api/admin/menu/", body).status_code == 200
    assert accept(place, asked)["total_minor"] == asked["change_request"]["total_minor"]
    now_version = place.alex.get("/api/menu/").json()["version"]
    body = {"version": now_version, "categories": menu["categories"]}
    assert place.alex.call("PUT", "/api/admin/menu/", body).status_code == 200


def test_what_is_accepted_is_what_was_asked_and_nothing_else(place: Place) -> None:
    order = place.ada.place()
    body = {"payment": "paid", "version": order["version"], "tender": "cash"}
    paid = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key()).json()
    asked = with_fries(place.ada, paid)
    less = [{"id": asked["lines"][0]["id"], "quantity": 1}]
    others: list[dict[str, Any]] = [
        {"lines": less},
        {"lines": [*asked["change_request"]["lines"], {"item_id": shop.FRIES}]},
        {"note": "Something else"},
        {"customer_name": "Eve"},
        {"fulfilment": "delivery", "address": "Elsewhere 1"},
        {"discount": {"reason": "So", "rate": 1_000}},
    ]
    before = place.counts()
    for other in others:
        refused = accept(place, asked, status=409, reason="So", **other)
        assert "not what the customer has asked for" in refused["detail"], other
    assert place.counts() == before
    assert accept(place, asked)["total_minor"] == asked["change_request"]["total_minor"]
    assert not _sound(place)


def test_what_was_asked_is_withdrawn_as_long_as_the_shop_may_accept_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withdraw(order: dict[str, Any]) -> dict[str, Any]:
        return ask(place.ada, order, note="")

    order = place.ada.place()
    for n in range(place.server.services.settings.change_requests_max):
        order = ask(place.ada, order, note=f"wish {n}")
    assert ask(place.ada, order, note=order["change_request"]["note"]) == order, "the same again"
    assert withdraw(order)["change_request"]["state"] == "withdrawn"
    late = place.kim.bring(with_fries(place.ada, place.ada.place()), "preparing")
    assert withdraw(late)["change_request"]["state"] == "withdrawn"
    with monkeypatch.context() as patch:
        patch.setattr("core.server.orders.ordering.now", lambda: now() - timedelta(days=1, hours=2))
        old = place.ada.place()
        asked = with_fries(place.ada, place.ada.place())
    assert withdraw(asked)["change_request"]["state"] == "withdrawn"
    refused = with_fries(place.ada, old, status=409)
    assert "Please ask at the counter" in refused["detail"], "words for a customer"
    assert not _sound(place)


def test_what_could_be_too_large_once_it_is_accepted_cannot_be_asked_for(place: Place) -> None:
    most = place.server.services.settings.order_kib_max * 1024
    accepted = 0
    for count in (20, 16, 12, 8, 6):
        lines = [{"item_id": shop.FRIES, "note": "x" * 500} for _ in range(count)]
        order = place.ada.place()
        wanted = [{"id": each["id"], "quantity": each["quantity"], "note": each["note"]} for each in order["lines"]]
        body = {"version": order["version"], "lines": [*wanted, *lines], "note": order["note"]}
        reply = place.ada.post(f"/api/online/orders/{order['id']}/ask-change/", body, key=new_key())
        if reply.status_code == 413:
            continue
        made = accept(place, reply.json())
        assert len(msgspec.json.encode(made)) <= most
        accepted += 1
    assert 0 < accepted < 5


FALSIFIED = {
    "the history says another answer": "UPDATE change_requests SET state = 'declined' WHERE order_id = '{}'",
    "another was accepted than was made": "UPDATE orders SET note = 'other' WHERE id = '{}'",
    "the order says another answer": (
        """UPDATE orders SET change_request = replace(change_request, '"accepted"', '"withdrawn"') WHERE id = '{}'"""
    ),
}


@pytest.mark.parametrize("how", FALSIFIED)
def test_the_check_proves_what_was_accepted(place: Place, how: str) -> None:
    order = accept(place, with_fries(place.ada, place.ada.place()))

    assert not _sound(place)
    found: list[Finding] = []

    def falsify(transaction: Transaction) -> None:
        on = " ON change_requests" if transaction.connection.dialect.name == "postgresql" else ""
        transaction.connection.exec_driver_sql(f"DROP TRIGGER change_requests_no_update{on}")
        transaction.connection.exec_driver_sql(FALSIFIED[how].format(order["id"]))
        found.extend(each for each in check.invariants(transaction.connection) if each.count)
        raise _Enough

    with pytest.raises(_Enough):
        place.server.database.write_blocking(falsify)
    assert [(each.rule, each.examples) for each in found] == [("requests", (order["number"],))]
    assert not _sound(place), "nothing of that is left"


class _Enough(Exception):
    pass


def test_nobody_floods_the_shop(place: Place) -> None:
    order = place.ada.place()
    most = place.server.services.settings.change_requests_max
    for n in range(most):
        order = ask(place.ada, order, note=f"wish {n}")
    last = ask(place.ada, order, note="one more", status=422)
    assert "maximum" in last["detail"]
    long = place.ada.place()
    lines = [{"item_id": shop.FRIES, "note": "x" * 500} for _ in range(80)]
    ask(place.ada, long, *lines, status=413)
    assert place.ada.get(f"/api/online/orders/{long['id']}/").json() == long
