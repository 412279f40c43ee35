"""An order from the customer's window to the counter and back, over real HTTP and a real file."""

import itertools
import json
from typing import Any

import pytest

from core.domain.status import Fulfilment, steps_of
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.steps import NEXT


def test_the_whole_life_of_an_order(place: Place) -> None:
    order = place.ada.place(note="no onions")
    assert order["status"] == "pending"
    assert order["version"] == 1
    assert order["customer_id"] == place.world.ada
    assert order["number"].startswith("ONLINE-")
    assert (order["subtotal_minor"], order["tax_minor"], order["total_minor"]) == (2790, 230, 3020)
    assert [line["total_minor"] for line in order["lines"]] == [2400, 390]
    line = steps_of(Fulfilment.PICKUP)
    for to in line[1:]:
        reply = place.kim.move(order, to)
        assert reply.status_code == 200, reply.text
        order = reply.json()
        assert order["status"] == to
        assert place.ada.get(f"/api/online/orders/{order['id']}/").json() == order
    report = place.ada.get(f"/api/online/orders/{order['id']}/status/").json()
    assert report["status_info"]["progress"] == 100
    moves = [(change["source"], change["target"]) for change in report["history"]]
    assert moves == [(None, "pending"), *itertools.pairwise(line)]
    times = [change["at"] for change in report["history"]]
    assert times == sorted(times)
    assert times[-1] == report["updated_at"] == order["updated_at"]


def test_a_customer_is_not_told_who_in_the_shop_did_it(place: Place) -> None:
    order = place.kim.move(place.ada.place(), NEXT).json()
    told = place.ada.get(f"/api/online/orders/{order['id']}/status/").json()["history"]
    assert {(change["by"], change["device"]) for change in told} == {("", "")}
    seen = place.kim.get(f"/api/pos/orders/{order['id']}/").json()["history"]
    assert [(change["by"], change["device"]) for change in seen] == [("Ada Lovelace", ""), ("Kim", "POS1")]


def test_history_is_newest_first_in_pages_that_miss_nothing(place: Place) -> None:
    placed = [place.grace.place()["id"] for _ in range(7)]
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = place.grace.get("/api/online/orders/history/", params={"limit": 3, "cursor": cursor}).json()
        assert len(page["orders"]) <= 3
        assert page["total"] >= 7
        found += [order["id"] for order in page["orders"]]
        cursor = page["next_cursor"]
    assert len(found) == page["total"] == len(set(found))
    assert [order_id for order_id in found if order_id in placed] == placed[::-1]


def test_a_new_order_does_not_move_the_next_page(place: Place) -> None:
    for _ in range(3):
        place.grace.place()
    first = place.grace.get("/api/online/orders/history/?limit=2").json()
    place.grace.place()
    second = place.grace.get("/api/online/orders/history/", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert not {order["id"] for order in first["orders"]} & {order["id"] for order in second["orders"]}


def test_a_refreshed_history_shows_the_change(place: Place) -> None:
    order = place.ada.place()
    path = "/api/online/orders/history/?limit=1"
    assert place.ada.get(path).json()["orders"] == [order]
    moved = place.kim.move(order, NEXT).json()
    assert place.ada.get(path).json()["orders"] == [moved]


def test_a_customer_cancels_while_pending_and_not_after(place: Place) -> None:
    order = place.ada.place()
    cancelled = place.ada.post(f"/api/online/orders/{order['id']}/cancel/", {"reason": "twice"}).json()
    assert (cancelled["status"], cancelled["reason"], cancelled["version"]) == ("cancelled", "twice", 2)
    order = place.kim.move(place.ada.place(), NEXT).json()
    refused = place.ada.post(f"/api/online/orders/{order['id']}/cancel/", {})
    assert refused.status_code == 409
    assert refused.json()["type"] == "illegal_move"
    assert refused.json()["order"] == order


@pytest.mark.parametrize(("to", "reason"), [("rejected", "closed"), ("cancelled", "no rice")])
def test_staff_end_an_order_with_a_reason(place: Place, to: str, reason: str) -> None:
    order = place.ada.place()
    refused = place.kim.move(order, to)
    assert (refused.status_code, refused.json()["field"]) == (422, "reason")
    ended = place.kim.move(order, to, reason=reason).json()
    assert (ended["status"], ended["reason"]) == (to, reason)
    assert place.ada.get(f"/api/online/orders/{order['id']}/status/").json()["history"][-1]["reason"] == reason


def test_recall_takes_one_step_back_and_says_so(place: Place) -> None:
    order = place.kim.move(place.ada.place(), NEXT).json()
    path = f"/api/pos/orders/{order['id']}/recall/"
    back = place.kim.post(path, {"version": 2, "reason": "too early"}, key=new_key()).json()
    assert (back["status"], back["version"], back["reason"]) == ("pending", 3, "too early")
    refused = place.kim.post(path, {"version": 3}, key=new_key())
    assert (refused.status_code, refused.json()["type"], refused.json()["order"]) == (409, "illegal_move", back)


def test_a_delivery_goes_out(place: Place) -> None:
    order = place.ada.place(fulfilment="delivery", address="1 Main Street", tender="cash_on_delivery")
    for to in steps_of(Fulfilment.DELIVERY)[1:]:
        order = place.kim.move(order, to).json()
    assert order["status"] == "completed"


def test_a_counter_order_is_numbered_by_its_terminal(place: Place) -> None:
    body = order_body(customer_name="Walk-in", fulfilment="dine_in")
    first = place.kim.post("/api/pos/orders/", body, key=new_key())
    assert first.status_code == 201
    order = first.json()
    assert (order["channel"], order["status"], order["payment"]) == ("counter", "confirmed", "paid")
    assert (order["customer_id"], order["customer_name"]) == (None, "Walk-in")
    second = place.alex.post("/api/pos/orders/", order_body(), key=new_key()).json()
    series, _, count = order["number"].partition("-")
    assert series == shop.DEVICE
    assert second["number"] == f"{series}-{int(count) + 1:06d}"


def test_a_counter_order_for_a_known_customer_is_in_their_history(place: Place) -> None:
    found = place.kim.get("/api/pos/customers/", params={"q": "+1 555 0101"}).json()["customers"]
    assert [customer["name"] for customer in found] == ["Grace Hopper"]
    assert place.kim.get("/api/pos/customers/", params={"q": "grace"}).json()["customers"] == found
    before = place.grace.get("/api/online/orders/history/").json()["total"]
    body = order_body(customer_id=found[0]["id"])
    order = place.kim.post("/api/pos/orders/", body, key=new_key()).json()
    assert (order["customer_name"], order["customer_phone"]) == ("Grace Hopper", "15550101")
    page = place.grace.get("/api/online/orders/history/?limit=1").json()
    assert (page["orders"], page["total"]) == ([order], before + 1)


def test_payment_has_its_own_moves(place: Place) -> None:
    order = place.ada.place()
    path = f"/api/pos/orders/{order['id']}/payment/"
    paid = place.kim.post(path, {"payment": "paid", "version": 1, "tender": "card"}, key=new_key()).json()
    assert (paid["payment"], paid["tender"], paid["version"], paid["status"]) == ("paid", "card", 2, "pending")
    again = place.kim.post(path, {"payment": "paid", "version": 1}, key=new_key())
    assert (again.status_code, again.json()["type"]) == (409, "conflict"), "money that was taken twice is no repeat"
    stale = place.kim.post(path, {"payment": "refunded", "version": 1}, key=new_key())
    assert (stale.status_code, stale.json()["type"]) == (409, "conflict")
    refunded = place.kim.post(path, {"payment": "refunded", "version": 2}, key=new_key()).json()
    final = place.kim.post(path, {"payment": "paid", "version": 3}, key=new_key())
    assert (final.status_code, final.json()["type"], final.json()["order"]) == (409, "illegal_move", refunded)


def test_a_move_that_comes_too_late_says_what_the_order_is_and_nothing_of_its_money(place: Place) -> None:
    order = place.ada.place()
    paid = payment(place, order, payment="paid", tender="card").json()
    stale = place.kim.move(order, NEXT).json()
    assert (stale["status"], stale["type"], stale["order"]) == (409, "conflict", paid)
    assert stale.get("payment") is None
    assert payment(place, order, payment="paid").json()["payment"]["by"] == "Kim", (
        "who is late with money is told whose"
    )


def test_an_order_that_is_not_there_is_said_to_be_none(place: Place) -> None:
    order = place.ada.place()
    mine = f"/api/online/orders/{order['id']}/"
    refused = (
        place.sam.move(order, NEXT),
        place.grace.get(f"{mine}status/"),
        place.grace.post(f"{mine}cancel/", {}, key=new_key()),
    )
    assert {(each.status_code, each.json()["title"]) for each in refused} == {(404, "There is no such order.")}


def payment(place: Place, order: dict[str, Any], **asked: Any) -> Any:
    body = {"version": order["version"], **asked}
    return place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key())


def test_no_payment_changes_without_an_author(place: Place) -> None:
    order = place.ada.place()
    asked = (
        {"payment": "paid", "tender": "cash"},
        {"payment": "unpaid", "reason": " the wrong card "},
        {"payment": "paid", "tender": "card"},
        {"payment": "refunded", "reason": "cold", "moved_at_client": "2026-11-28T12:00:00Z"},
    )
    rows = [order := payment(place, order, **each).json() for each in asked]
    details = place.kim.get(f"/api/pos/orders/{order['id']}/").json()
    kept = details["payments"]
    keys = ("version", "source", "target", "tender", "at", "by", "device", "reason", "client_at")
    assert [tuple(each[key] for key in keys) for each in kept] == [
        (2, "unpaid", "paid", "cash", rows[0]["updated_at"], "Kim", "POS1", "", None),
        (3, "paid", "unpaid", "cash", rows[1]["updated_at"], "Kim", "POS1", "the wrong card", None),
        (4, "unpaid", "paid", "card", rows[2]["updated_at"], "Kim", "POS1", "", None),
        (5, "paid", "refunded", "card", rows[3]["updated_at"], "Kim", "POS1", "cold", "2026-11-28T12:00:00Z"),
    ]
    assert len(details["history"]) == 1, "and its status has not changed"
    told = place.ada.get(f"/api/online/orders/{order['id']}/").text + place.ada.get("/api/snapshot/").text
    assert "cold" not in told, "why it is refunded is told among staff"


def test_who_took_an_order_and_its_money_is_kept(place: Place) -> None:
    paid = place.kim.post("/api/pos/orders/", order_body(payment="paid", tender="card"), key=new_key()).json()
    unpaid = place.kim.post("/api/pos/orders/", order_body(payment="unpaid"), key=new_key()).json()
    [entry] = place.kim.get(f"/api/pos/orders/{paid['id']}/").json()["payments"]
    assert (entry["version"], entry["source"], entry["target"], entry["tender"]) == (1, None, "paid", "card")
    assert (entry["by"], entry["device"], entry["at"]) == ("Kim", "POS1", paid["placed_at"])
    assert place.kim.get(f"/api/pos/orders/{unpaid['id']}/").json()["payments"] == []


def test_what_cannot_be_with_money(place: Place) -> None:
    born = place.kim.post("/api/pos/orders/", order_body(payment="refunded"), key=new_key())
    assert (born.status_code, born.json()["field"]) == (422, "payment")
    order = payment(place, place.ada.place(), payment="paid", tender="card").json()
    for asked, status, field in (
        ({"payment": "refunded", "tender": "cash", "reason": "cold"}, 409, "tender"),
        ({"payment": "refunded", "reason": " "}, 422, "reason"),
        ({"payment": "refunded", "reason": "4242 4242 4242 4242"}, 422, "reason"),
    ):
        refused = payment(place, order, **asked)
        assert (refused.status_code, refused.json()["field"]) == (status, field)
    refunded = payment(place, order, payment="refunded", reason="cold").json()
    other = payment(place, refunded, payment="refunded", tender="cash", reason="cold")
    assert (other.status_code, other.json()["type"], other.json()["order"]) == (409, "illegal_move", refunded)
    assert len(place.kim.get(f"/api/pos/orders/{order['id']}/").json()["payments"]) == 2


def test_the_payment_of_an_order_that_was_called_off_is_not_undone_quietly(place: Place) -> None:
    paid = payment(place, place.ada.place(), payment="paid", tender="cash").json()
    order = place.kim.move(paid, "cancelled", reason="sold out").json()
    for asked in ({"payment": "unpaid"}, {"payment": "unpaid", "reason": ""}, {"payment": "paid", "tender": "card"}):
        refused = payment(place, order, **asked)
        assert (refused.status_code, refused.json()["field"]) == (422, "reason")
    assert payment(place, order, payment="unpaid", reason="never took any").json()["payment"] == "unpaid"
    assert place.kim.get(f"/api/pos/orders/{order['id']}/").json()["payments"][-1]["reason"] == "never took any"


def test_a_till_of_before_refunds_without_saying_why(place: Place) -> None:
    order = payment(place, place.ada.place(), payment="paid").json()
    assert payment(place, order, payment="refunded").status_code == 200
    kept = place.kim.get(f"/api/pos/orders/{order['id']}/").json()["payments"][-1]
    assert (kept["target"], kept["by"], kept["reason"]) == ("refunded", "Kim", "")


def ids(reply: Any) -> list[str]:
    return [order["id"] for order in reply.json()["orders"]]


def test_the_board_is_oldest_first_and_only_what_is_open(place: Place) -> None:
    old, new, done = place.ada.place(), place.grace.place(), place.ada.place()
    place.kim.move(done, "rejected", reason="closed")
    board = place.kim.get("/api/pos/orders/", params={"open": "true", "limit": 500})
    assert [found for found in ids(board) if found in {old["id"], new["id"], done["id"]}] == [old["id"], new["id"]]
    assert board.json()["total"] == len(ids(board))
    everything = place.kim.get("/api/pos/orders/", params={"limit": 500})
    assert ids(everything)[:3] == [done["id"], new["id"], old["id"]]


def test_the_board_comes_in_pages_too(place: Place) -> None:
    for _ in range(3):
        place.ada.place()
    whole = ids(place.kim.get("/api/pos/orders/", params={"open": "true", "limit": 500}))
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = place.kim.get("/api/pos/orders/", params={"open": "true", "limit": 2, "cursor": cursor})
        found += ids(page)
        cursor = page.json()["next_cursor"]
    assert found == whole


def test_staff_find_an_order_by_what_they_know(place: Place) -> None:
    order = place.grace.place()

    def found(**query: Any) -> list[str]:
        return ids(place.kim.get("/api/pos/orders/", params={"limit": 500, **query}))

    assert found(q=order["number"]) == [order["id"]]
    assert found(q=order["number"].lower()) == [order["id"]]
    assert order["id"] in found(q="hopp")
    assert order["id"] in found(q="555 0101")
    assert order["id"] not in found(q="Lovelace")
    assert found(q="%") == []
    assert found(q="_") == []
    assert order["id"] in found(status=["pending", "ready"])
    assert order["id"] not in found(status=["ready"])
    assert order["id"] in found(placed_from=order["placed_at"])
    assert order["id"] not in found(placed_to=order["placed_at"])
    assert found(placed_from=order["placed_at"], placed_to=order["placed_at"]) == []


def test_numbers_and_events_have_no_gaps(place: Place) -> None:
    for _ in range(3):
        place.ada.place()
        assert place.ada.post("/api/online/orders/", {"lines": []}).status_code == 422
        gone = {"lines": [{"item_id": shop.SOLD_OUT}]}
        assert place.ada.post("/api/online/orders/", gone).status_code == 422
    shop_id = place.world.shop
    numbers = place.rows("SELECT number FROM orders WHERE shop_id = ? AND channel = 'online'", shop_id)
    counts = sorted(int(number.rpartition("-")[2]) for (number,) in numbers)
    assert counts == list(range(1, len(counts) + 1))
    seqs = [seq for (seq,) in place.rows("SELECT seq FROM events WHERE shop_id = ? ORDER BY seq", shop_id)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert place.rows("SELECT seq FROM shops WHERE id = ?", shop_id) == [(len(seqs),)]


def test_every_change_is_an_event(place: Place) -> None:
    order = place.ada.place()
    order = place.kim.move(order, NEXT).json()
    place.kim.post(f"/api/pos/orders/{order['id']}/payment/", {"payment": "paid", "version": 2}, key=new_key())
    newest = place.rows(
        "SELECT payload FROM events WHERE shop_id = ? ORDER BY seq DESC LIMIT 3",
        place.world.shop,
    )
    kinds = [json.loads(payload)["kind"] for (payload,) in newest]
    assert kinds == [
        "order_payment_changed",
        "order_status_changed",
        "order_placed",
    ]


def test_the_menu_is_the_shops(place: Place) -> None:
    assert place.nobody.get("/api/menu/").json()["shop_name"] == "Test Kitchen"
    assert place.kim.get("/api/menu/").json()["shop_name"] == "Test Kitchen"
    assert place.sam.get("/api/menu/").json()["shop_name"] == "Other Kitchen"


def test_an_address_works_without_its_last_slash(place: Place) -> None:
    order = place.ada.place()
    assert place.ada.get(f"/api/online/orders/{order['id']}").json() == order
    assert place.ada.get("/api/online/orders/history?limit=1").json()["orders"] == [order]


# -- as the software that customers had before asks


def test_offset_gives_the_next_page(place: Place) -> None:
    placed = [place.grace.place()["id"] for _ in range(5)][::-1]
    seen: list[str] = []
    for offset in (0, 2, 4):
        page = place.grace.get("/api/online/orders/history/", params={"limit": 2, "offset": offset})
        assert page.status_code == 200
        seen += [each["id"] for each in page.json()["orders"]]
    assert seen[:5] == placed
    total = page.json()["total"]
    beyond = place.grace.get("/api/online/orders/history/", params={"limit": 20, "offset": total}).json()
    assert (beyond["orders"], beyond["next_cursor"], beyond["total"]) == ([], None, total)
    first = place.grace.get("/api/online/orders/history/", params={"limit": 2, "offset": 1}).json()
    second = place.grace.get("/api/online/orders/history/", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [each["id"] for each in second["orders"]] == placed[3:5]


@pytest.mark.parametrize("offset", ["-1", "x", "100001", "9" * 30])
def test_an_offset_has_bounds(place: Place, offset: str) -> None:
    reply = place.grace.get("/api/online/orders/history/", params={"offset": offset})
    assert (reply.status_code, reply.json()["field"]) == (422, "offset")


def test_a_page_begins_in_one_way(place: Place) -> None:
    place.grace.place()
    place.grace.place()
    cursor = place.grace.get("/api/online/orders/history/", params={"limit": 1}).json()["next_cursor"]
    reply = place.grace.get("/api/online/orders/history/", params={"cursor": cursor, "offset": 1})
    assert (reply.status_code, reply.json()["field"]) == (422, "offset")


@pytest.mark.parametrize("name", ["page", "skip", "start", "after", "before"])
@pytest.mark.parametrize("path", ["/api/online/orders/history/", "/api/pos/orders/"])
def test_what_would_ask_for_another_page_is_refused_by_name(place: Place, path: str, name: str) -> None:
    caller = place.grace if "online" in path else place.kim
    reply = caller.get(path, params={name: "2"})
    assert (reply.status_code, reply.json()["field"]) == (400, name)
    assert name in reply.json()["detail"]
    assert caller.get(path, params={"customer_id": "2", "utm_source": "x"}).status_code == 200


def test_a_list_without_offsets_refuses_one(place: Place) -> None:
    assert place.kim.get("/api/pos/orders/", params={"offset": "20"}).json()["field"] == "offset"


def test_an_order_is_found_by_its_number(place: Place) -> None:
    order = place.grace.place()
    path = f"/api/online/orders/{order['number']}/"
    found = place.grace.get(path)
    assert (found.status_code, found.json()["id"]) == (200, order["id"])
    assert place.grace.get(path, headers={"If-None-Match": found.headers["ETag"]}).status_code == 304
    assert place.grace.get(f"/api/online/orders/{order['number'].lower()}/").json()["id"] == order["id"]
    assert place.grace.get(f"{path}status/").json()["order_id"] == order["id"]
    for stranger in (place.ada, place.sam, place.kim):
        assert stranger.get(path).status_code in (403, 404)
    assert place.ada.post(f"{path}cancel/", {"reason": "not mine"}).status_code == 404
    key = new_key()
    cancelled = [place.grace.post(f"{path}cancel/", {"reason": "too late"}, key=key) for _ in range(2)]
    assert [each.status_code for each in cancelled] == [200, 200]
    assert cancelled[0].content == cancelled[1].content
    assert place.grace.get(f"/api/online/orders/{order['id']}/").json()["status"] == "cancelled"


def test_a_number_is_the_newest_orders_that_has_it(place: Place) -> None:
    """Two shops of a chain count for themselves, and a customer may have the same number from both."""
    here = place.grace.place()
    there = place.nobody.post(
        "/api/auth/sign-in/", {"login": shop.GRACE.phone, "password": shop.PASSWORD, "shop": place.world.other_shop}
    ).json()
    other = Caller(place.server.url, there)
    newer = other.place()
    with place.server.database.engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE orders SET number = '{here['number']}' WHERE id = '{newer['id']}'")
        connection.commit()
    path = f"/api/online/orders/{here['number']}/"
    assert {who.get(path).json()["id"] for who in (place.grace, other)} == {newer["id"]}


@pytest.mark.parametrize(
    "number", ["ONLINE-999999", "ONLINE-1", "-000001", "ONLINE-" + "0" * 5000, "ONLINE-000001x", "１-000001"]
)
def test_what_is_no_number_of_ones_own_is_not_there(place: Place, number: str) -> None:
    assert place.grace.get(f"/api/online/orders/{number}/").status_code == 404


@pytest.mark.parametrize(("tender", "kept"), [("cash", 5000), ("card", None)])
def test_the_cash_that_was_given_is_kept_until_the_payment_is_another(
    place: Place, tender: str, kept: int | None
) -> None:
    body = order_body(tender=tender, payment="paid", given_minor=5000)
    order = place.kim.post("/api/pos/orders/", body, key=new_key()).json()
    path = f"/api/pos/orders/{order['id']}/"
    assert order["given_minor"] == kept
    assert place.kim.get(path).json()["order"]["given_minor"] == kept
    for to, then in (("unpaid", None), ("paid", None)):
        change = {"payment": to, "version": order["version"]}
        order = place.kim.post(f"{path}payment/", change, key=new_key()).json()
        assert (order["payment"], order["given_minor"]) == (to, then)
