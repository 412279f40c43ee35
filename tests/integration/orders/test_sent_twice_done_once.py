"""Sent twice, done once: idempotency keys, versions, and everybody at the same moment."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support.steps import FIRST, NEXT, ONLINE

REPLAYED = "Idempotency-Replayed"


def test_the_same_again_is_the_same_answer_and_no_second_order(place: Place) -> None:
    body, key = order_body(), new_key()
    first = place.ada.post("/api/online/orders/", body, key=key)
    before = place.counts()
    again = place.ada.post("/api/online/orders/", body, key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert place.counts() == before


def test_the_answer_given_again_is_the_one_of_then(place: Place) -> None:
    """Even when the order has gone on since: it says what that request did."""
    order, key = place.ada.place(), new_key()
    path = f"/api/pos/orders/{order['id']}/status/"
    body = {"to": NEXT, "version": 1}
    confirmed = place.kim.post(path, body, key=key)
    place.kim.move(confirmed.json(), FIRST)
    again = place.kim.post(path, body, key=key)
    assert (again.status_code, again.content) == (200, confirmed.content)


@pytest.mark.parametrize("other", ["body", "address"])
def test_a_key_is_for_one_request(place: Place, other: str) -> None:
    order, key = place.ada.place(), new_key()
    path = f"/api/pos/orders/{order['id']}/status/"
    assert place.kim.post(path, {"to": NEXT, "version": 1}, key=key).status_code == 200
    before = place.counts()
    if other == "body":
        refused = place.kim.post(path, {"to": "preparing", "version": 2}, key=key)
    else:
        refused = place.kim.post(path.replace("/status/", "/recall/"), {"to": NEXT, "version": 1}, key=key)
    assert (refused.status_code, refused.json()["type"]) == (422, "idempotency_key_reused")
    assert refused.json()["field"] == "Idempotency-Key"
    assert place.counts() == before


def test_a_key_belongs_to_who_used_it(place: Place) -> None:
    """The same key from somebody else is somebody else's request, and shows them nothing."""
    key = new_key()
    adas = place.ada.post("/api/online/orders/", order_body(), key=key).json()
    graces = place.grace.post("/api/online/orders/", order_body(), key=key)
    assert graces.status_code == 201
    assert REPLAYED not in graces.headers
    assert graces.json()["customer_id"] == place.world.grace
    assert graces.json()["id"] != adas["id"]


def test_staff_must_send_a_key_and_customers_may(place: Place) -> None:
    order = place.ada.place(key=None)
    for path, body in (
        ("/api/pos/orders/", order_body()),
        (f"/api/pos/orders/{order['id']}/status/", {"to": NEXT, "version": 1}),
        (f"/api/pos/orders/{order['id']}/recall/", {"version": 1}),
        (f"/api/pos/orders/{order['id']}/payment/", {"payment": "paid", "version": 1}),
    ):
        for key in (None, ""):
            refused = place.kim.post(path, body, key=key)
            assert (refused.status_code, refused.json()["field"]) == (400, "Idempotency-Key"), path


def test_a_refused_request_may_be_sent_again_under_its_key(place: Place) -> None:
    order, key = place.ada.place(), new_key()
    path, body = f"/api/pos/orders/{order['id']}/status/", {"to": ONLINE[1], "version": 2}
    assert place.kim.post(path, body, key=key).status_code == 409
    place.kim.move(order, ONLINE[0])
    assert place.kim.post(path, body, key=key).status_code == 200


def test_an_order_placed_under_a_second_key_is_not_placed_twice(place: Place) -> None:
    body = order_body()
    assert place.ada.post("/api/online/orders/", body, key=new_key()).status_code == 201
    before = place.counts()
    for caller in (place.ada, place.grace):
        refused = caller.post("/api/online/orders/", body, key=new_key())
        assert (refused.status_code, refused.json()["type"], refused.json()["field"]) == (409, "exists", "id")
        assert "order" not in refused.json()
    assert place.counts() == before


def at_once(count: int, call: Any) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_sixteen_of_the_same_at_once_are_one_order(place: Place) -> None:
    body, key = order_body(), new_key()
    total = place.ada.get("/api/online/orders/history/").json()["total"]
    replies = at_once(16, lambda _: place.ada.post("/api/online/orders/", body, key=key))
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.content for reply in replies}) == 1
    assert sum(REPLAYED not in reply.headers for reply in replies) == 1
    assert place.ada.get("/api/online/orders/history/").json()["total"] == total + 1


def test_sixteen_orders_at_once_are_sixteen_numbers(place: Place) -> None:
    replies = at_once(16, lambda _: place.ada.post("/api/online/orders/", order_body(), key=new_key()))
    counts = sorted(int(reply.json()["number"].rpartition("-")[2]) for reply in replies)
    assert counts == list(range(counts[0], counts[0] + 16))


def test_of_two_different_moves_at_once_one_wins_and_the_other_sees_it(place: Place) -> None:
    for _ in range(5):
        order = place.ada.place()
        moves: list[tuple[Caller, str, dict[str, Any]]] = [
            (place.kim, NEXT, {}),
            (place.alex, "rejected", {"reason": "closed"}),
        ]
        replies = at_once(2, lambda n, order=order, moves=moves: moves[n][0].move(order, moves[n][1], **moves[n][2]))
        assert Counter(reply.status_code for reply in replies) == {200: 1, 409: 1}
        won, lost = sorted(replies, key=lambda reply: reply.status_code)
        assert lost.json()["type"] == "conflict"
        assert lost.json()["order"] == won.json()
        assert won.json()["version"] == 2


def test_of_two_same_moves_at_once_both_are_right(place: Place) -> None:
    """The second finds the order where it wanted it: superseded, not an error, and not a second entry."""
    order = place.ada.place()
    replies = at_once(2, lambda n: (place.kim, place.alex)[n].move(order, NEXT))
    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json() == replies[1].json()
    assert replies[0].json()["version"] == 2
    history = place.kim.get(f"/api/pos/orders/{order['id']}/").json()["history"]
    assert len(history) == 2


def test_a_stale_version_is_a_conflict_with_the_order_as_it_is(place: Place) -> None:
    order = place.ada.place()
    confirmed = place.kim.move(order, NEXT).json()
    stale = place.kim.move(order, "cancelled", reason="late")
    assert (stale.status_code, stale.json()["type"], stale.json()["field"]) == (409, "conflict", "version")
    assert stale.json()["order"] == confirmed


def test_a_version_from_the_future_is_a_conflict(place: Place) -> None:
    """As after a restored backup: the client has seen what the server has lost."""
    order = place.ada.place()
    ahead = place.kim.move(order | {"version": 9}, NEXT)
    assert (ahead.status_code, ahead.json()["type"]) == (409, "conflict")


def test_being_there_already_is_superseded_only_by_a_later_move(place: Place) -> None:
    """Confirmed at version 2 and paid at version 3: confirming what was seen at 2 is no move at all."""
    order = place.kim.move(place.ada.place(), NEXT).json()
    place.kim.post(f"/api/pos/orders/{order['id']}/payment/", {"payment": "paid", "version": 2}, key=new_key())
    refused = place.kim.move(order, NEXT)
    assert (refused.status_code, refused.json()["type"]) == (409, "conflict")


@pytest.mark.parametrize("to", ["ready", "completed", "out_for_delivery", "pending"])
def test_an_illegal_move_is_refused_with_the_order_as_it_is(place: Place, to: str) -> None:
    order = place.ada.place()
    before = place.counts()
    refused = place.kim.move(order, to)
    assert (refused.status_code, refused.json()["type"], refused.json()["field"]) == (409, "illegal_move", "to")
    assert refused.json()["order"] == order
    assert place.counts() == before
