"""Asking whether anything has changed: `ETag`, `If-None-Match`, 304. And what became of a write."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import requests

from core.domain.pictures import picture_id
from core.protocol import routes
from core.protocol.feed import Cursor
from core.protocol.route import ORDER_ID
from core.server.endpoints.examples import KEEP_PICTURE
from core.server.routes import ENDPOINTS
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.integration.push.test_feed import page, seq, snapshot
from tests.support import databases, shop
from tests.support.steps import FIRST, NEXT

PICTURE_ID = "{picture_id}"
CONDITIONAL = [endpoint.route.path for endpoint in ENDPOINTS if endpoint.route.conditional]
NAMED = pytest.mark.parametrize("path", CONDITIONAL)


def asker(place: Place, path: str) -> Caller:
    if path.startswith("/api/board/"):
        return place.board
    if PICTURE_ID in path:
        assert place.alex.post(routes.KEEP_PICTURE.path, msgspec.to_builtins(KEEP_PICTURE)).status_code == 200
    return place.kim if path.startswith("/api/pos/") else place.ada


def ask(caller: Caller, path: str, order: dict[str, Any], tag: str | None = None) -> requests.Response:
    headers = {} if tag is None else {"If-None-Match": tag}
    named = path.replace(ORDER_ID, order["id"]).replace(PICTURE_ID, picture_id(KEEP_PICTURE.content))
    return caller.get(named, headers=headers)


def test_what_windows_ask_again_and_again_can_be_asked_cheaply() -> None:
    assert set(CONDITIONAL) >= {
        "/api/online/orders/history/",
        "/api/online/orders/{order_id}/",
        "/api/online/orders/{order_id}/status/",
        "/api/pos/orders/",
        "/api/menu/",
    }


@NAMED
def test_what_has_not_changed_is_not_said_again(place: Place, path: str) -> None:
    order, caller = place.ada.place(), asker(place, path)
    whole = ask(caller, path, order)
    tag = whole.headers["ETag"]
    assert tag.startswith('"')  # strong
    for known in (tag, f'"something", {tag}', f"W/{tag}", "*"):
        again = ask(caller, path, order, known)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag), known
        assert "Content-Length" not in again.headers
        assert "Content-Type" not in again.headers
    for other in ('"something else"', tag.strip('"'), tag[:-2] + '"'):
        assert ask(caller, path, order, other).content == whole.content, other


CHANGES: dict[str, Callable[[Place, dict[str, Any]], requests.Response]] = {
    "status": lambda place, order: place.kim.move(order, NEXT),
    "payment": lambda place, order: place.kim.post(
        f"/api/pos/orders/{order['id']}/payment/", {"payment": "paid", "version": 1}, key=new_key()
    ),
    "cancel": lambda place, order: place.ada.post(f"/api/online/orders/{order['id']}/cancel/", {}),
}


@pytest.mark.parametrize("path", [path for path in CONDITIONAL if "orders" in path])
@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_an_order_is_told(place: Place, path: str, change: str) -> None:
    order, caller = place.ada.place(), asker(place, path)
    before = ask(caller, path, order)
    assert CHANGES[change](place, order).status_code == 200
    after = ask(caller, path, order, before.headers["ETag"])
    assert after.status_code == 200
    assert after.content != before.content
    assert ask(caller, path, order, after.headers["ETag"]).status_code == 304


@pytest.mark.parametrize("path", ["/api/online/orders/history/", "/api/pos/orders/"])
def test_a_new_order_changes_the_lists_it_is_in(place: Place, path: str) -> None:
    caller = asker(place, path)
    for query in ("?limit=1", "?limit=3"):
        before = caller.get(path + query)
        place.ada.place()
        assert caller.get(path + query, headers={"If-None-Match": before.headers["ETag"]}).status_code == 200


def test_a_page_further_down_changes_with_its_orders_and_with_the_total(place: Place) -> None:
    orders = [place.ada.place() for _ in range(4)]
    first = place.ada.get("/api/online/orders/history/?limit=2").json()
    path = f"/api/online/orders/history/?limit=2&cursor={first['next_cursor']}"
    before = place.ada.get(path)
    shown = before.json()["orders"][0]
    assert shown["id"] == orders[1]["id"]
    place.kim.move(shown, NEXT)
    moved = place.ada.get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert moved.json()["orders"][0]["status"] == NEXT
    place.ada.place()  # not on this page, but counted on it
    more = place.ada.get(path, headers={"If-None-Match": moved.headers["ETag"]})
    assert more.json()["total"] == moved.json()["total"] + 1


def test_one_customers_changes_are_not_anothers(place: Place) -> None:
    tag = place.grace.get("/api/online/orders/history/").headers["ETag"]
    place.kim.move(place.ada.place(), NEXT)
    assert place.grace.get("/api/online/orders/history/", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", [path for path in CONDITIONAL if ORDER_ID in path])
def test_a_tag_opens_nobody_elses_order(place: Place, path: str) -> None:
    order = place.ada.place()
    tag = ask(asker(place, path), path, order).headers["ETag"]
    stranger = place.sam if path.startswith("/api/pos/") else place.grace
    for known in (tag, "*"):
        refused = ask(stranger, path, order, known)
        assert (refused.status_code, refused.json()["type"]) == (404, "not_found")
        assert "ETag" not in refused.headers


def test_the_same_version_of_another_history_is_another_tag(place: Place) -> None:
    """A restored server that goes on differently gives the same versions to other contents."""
    order = place.grace.place()
    paths = ["/api/online/orders/history/", f"/api/online/orders/{order['id']}/"]
    tags = [place.grace.get(path).headers["ETag"] for path in paths]
    place.server.database.write_blocking(
        lambda tx: tx.connection.exec_driver_sql(
            databases.placed("UPDATE orders SET updated_at = updated_at + 1 WHERE id = ?"), (order["id"],)
        )
    )
    try:
        for path, tag in zip(paths, tags, strict=True):
            # A reading connection remembers orders by version; only its memory is of this history.
            assert place.grace.get(path, headers={"If-None-Match": tag}).status_code == 200
    finally:
        place.server.database.write_blocking(
            lambda tx: tx.connection.exec_driver_sql(
                databases.placed("UPDATE orders SET updated_at = updated_at - 1 WHERE id = ?"), (order["id"],)
            )
        )


def outcome(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.headers["Operation-Outcome"]


def test_a_write_says_what_became_of_it(place: Place) -> None:
    body, key = order_body(), new_key()
    first = place.ada.post("/api/online/orders/", body, key=key)
    assert outcome(first) == (201, "applied")
    again = place.ada.post("/api/online/orders/", body, key=key)
    assert outcome(again) == (201, "duplicate")
    assert again.content == first.content
    order = first.json()
    assert outcome(place.kim.move(order, NEXT)) == (200, "applied")
    late = place.alex.move(order, NEXT)  # she saw it before, and wants what it already is
    assert outcome(late) == (200, "superseded")
    refused = place.alex.move(order, "rejected", reason="too late")
    assert (refused.status_code, refused.json()["type"]) == (409, "conflict")
    assert "Operation-Outcome" not in refused.headers


def test_a_superseded_write_told_again_is_a_duplicate(place: Place) -> None:
    order = place.ada.place()
    place.kim.move(order, NEXT)
    path, body, key = f"/api/pos/orders/{order['id']}/status/", {"to": NEXT, "version": 1}, new_key()
    assert outcome(place.alex.post(path, body, key=key)) == (200, "superseded")
    assert outcome(place.alex.post(path, body, key=key)) == (200, "duplicate")


@pytest.mark.parametrize("seen", [0, 1], ids=["as it was", "as it is"])
def test_money_that_another_operation_has_moved_is_a_conflict_that_says_who_and_when(place: Place, seen: int) -> None:
    """The second one has money in their hands, too. The same operation, told again, is as harmless as ever."""
    order = place.ada.place()
    path = f"/api/pos/orders/{order['id']}/payment/"
    steps = ({"payment": "paid", "version": 1}, {"payment": "refunded", "version": 2, "reason": "cold"})
    for n, body in enumerate(steps, 1):
        key = new_key()
        assert outcome(place.kim.post(path, body, key=key)) == (200, "applied")
        refused = place.alex.post(path, body | {"version": n + seen, "reason": "mine"}, key=new_key())
        assert refused.status_code == 409
        problem = refused.json()
        assert problem["order"]["payment"] == problem["payment"]["target"] == body["payment"]
        assert (problem["payment"]["by"], problem["payment"]["version"]) == (shop.KIM.name, n + 1)
        assert outcome(place.kim.post(path, body, key=key)) == (200, "duplicate")
    details = place.kim.get(f"/api/pos/orders/{order['id']}/").json()
    assert [change["target"] for change in details["payments"]] == ["paid", "refunded"]


def test_a_write_says_where_in_history_it_is(place: Place) -> None:
    start = snapshot(place.kim).cursor
    key, body = new_key(), order_body()
    reply = place.kim.post("/api/pos/orders/", body, key=key)
    cursor = reply.headers["Event-Cursor"]
    found = page(place.kim, start).frames
    assert [frame.seq for frame in found] == [seq(cursor)]
    assert page(place.kim, cursor).frames == ()
    place.ada.place()
    again = place.kim.post("/api/pos/orders/", body, key=key)
    assert seq(again.headers["Event-Cursor"]) == seq(cursor) + 1  # or after it: it proves no less
    assert Cursor.parse(cursor).epoch == Cursor.parse(start).epoch


def take(caller: Caller, **more: Any) -> requests.Response:
    return caller.post("/api/pos/orders/", order_body(**more), key=new_key())


def test_a_till_numbers_what_it_took_offline_and_the_server_goes_on_from_there(place: Place) -> None:
    last = snapshot(place.kim).series_last
    ahead = f"POS1-{last + 5:06d}"
    taken = take(place.kim, number=ahead)
    assert (taken.status_code, taken.json()["number"]) == (201, ahead)
    assert take(place.kim).json()["number"] == f"POS1-{last + 6:06d}"
    between = take(place.kim, number=f"POS1-{last + 2:06d}")
    assert between.status_code == 201
    assert take(place.kim).json()["number"] == f"POS1-{last + 7:06d}"
    assert snapshot(place.kim).series_last == last + 7
    place.ada.place()  # other series don't notice


def test_a_number_is_given_once(place: Place) -> None:
    number = take(place.kim).json()["number"]
    before = place.counts()
    again = take(place.kim, number=number)
    assert (again.status_code, again.json()["type"], again.json()["field"]) == (409, "exists", "number")
    assert place.counts() == before


@pytest.mark.parametrize(
    "number", ["POS2-000001", "ONLINE-900000", "pos1-900000", "POS1-000000", "POS1-0900000", "POS1-9", "x", "-000001"]
)
def test_a_number_is_of_the_tills_own_series(place: Place, number: str) -> None:
    before = place.counts()
    refused = take(place.kim, number=number)
    assert (refused.status_code, refused.json()["type"], refused.json()["field"]) == (422, "invalid", "number")
    assert place.counts() == before


def test_when_it_was_done_by_the_clients_clock_is_shown_and_orders_nothing(place: Place) -> None:
    long_ago, far_ahead = "2016-01-02T03:04:05Z", "2036-01-02T03:04:05Z"
    first = take(place.kim, placed_at_client=far_ahead).json()
    second = take(place.kim, placed_at_client=long_ago).json()
    assert first["placed_at"] < second["placed_at"]
    moved = place.kim.move(second, FIRST, moved_at_client=far_ahead)
    assert moved.status_code == 200
    history = place.kim.get(f"/api/pos/orders/{second['id']}/").json()["history"]
    assert [entry["client_at"] for entry in history] == [long_ago, far_ahead]
    assert history[0]["at"] < history[1]["at"]
    newest = place.kim.get("/api/pos/orders/?limit=2").json()["orders"]
    assert [order["id"] for order in newest] == [second["id"], first["id"]]


def test_a_clock_beyond_the_calendar_is_left_out(place: Place) -> None:
    taken = take(place.kim, placed_at_client="0001-01-01T00:00:00+14:00")
    assert taken.status_code == 201
    assert place.kim.get(f"/api/pos/orders/{taken.json()['id']}/").json()["history"][0]["client_at"] is None


def test_a_clock_without_its_offset_is_refused(place: Place) -> None:
    refused = take(place.kim, placed_at_client="2026-01-01T00:00:00")
    assert (refused.status_code, refused.json()["field"]) == (422, "placed_at_client")
