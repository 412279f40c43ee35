"""What cannot be accepted is refused by name, and leaves nothing behind."""

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.domain.ids import new_order_id
from core.server.http.problems import BODY_LIMIT
from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop

ORDERS = "/api/online/orders/"
JSON = {"Content-Type": "application/json"}
LINE = {"item_id": shop.FRIES}
CARD = "Visa 4111 1111 1111 1111 12/27"


def lines(*wanted: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"lines": list(wanted), **more}


BAD_ORDERS: list[tuple[Any, str]] = [
    ({}, "lines"),
    (lines(), "lines"),
    (lines(*[LINE] * 201), "lines"),
    ({"lines": "bowl"}, "lines"),
    (lines({}), "lines[0].item_id"),
    (lines(LINE, {"item_id": 7}), "lines[1].item_id"),
    (lines(LINE, {"item_id": "pizza"}), "lines[1].item_id"),
    (lines({"item_id": shop.SOLD_OUT}), "lines[0].item_id"),
    (lines({**LINE, "quantity": 0}), "lines[0].quantity"),
    (lines({**LINE, "quantity": -2}), "lines[0].quantity"),
    (lines({**LINE, "quantity": 1000}), "lines[0].quantity"),
    (lines({**LINE, "quantity": 10**30}), "lines[0].quantity"),
    (lines({**LINE, "quantity": 1.5}), "lines[0].quantity"),
    (lines({**LINE, "quantity": "2"}), "lines[0].quantity"),
    (lines({**LINE, "modifier_ids": ["gold"]}), "lines[0].modifier_ids[0]"),
    (lines({**LINE, "note": "x" * 501}), "lines[0].note"),
    (lines(LINE, fulfilment="drone"), "fulfilment"),
    (lines(LINE, fulfilment="delivery"), "address"),
    (lines(LINE, tender="promises"), "tender"),
    (lines(LINE, note="x" * 501), "note"),
    (lines(LINE, id="1"), "id"),
    (lines(LINE, id="'; DROP TABLE orders; --"), "id"),
    (lines({**LINE, "note": CARD}), "lines[0].note"),
    (lines(LINE, note=CARD), "note"),
    (lines(LINE, fulfilment="delivery", address=CARD), "address"),
    ([], ""),
    ("order", ""),
    (None, ""),
]


@pytest.mark.parametrize(("body", "field"), BAD_ORDERS)
def test_a_bad_order_is_refused_by_name(place: Place, body: Any, field: str) -> None:
    before = place.counts()
    refused = (
        place.ada.post(ORDERS, json=body)
        if body is not None
        else place.ada.call("POST", ORDERS, data="null", headers=JSON)
    )
    assert refused.status_code == 422, refused.text
    assert refused.headers["Content-Type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["type"], problem["status"]) == ("invalid", 422)
    assert problem.get("field", "").startswith(field)
    assert problem["title"]
    assert problem["detail"]
    assert place.counts() == before


BAD_STAFF_INPUT: list[tuple[str, Any, str]] = [
    ("status", {"version": 1}, "to"),
    ("status", {"to": "eaten", "version": 1}, "to"),
    ("status", {"to": "confirmed"}, "version"),
    ("status", {"to": "confirmed", "version": 0}, "version"),
    ("status", {"to": "confirmed", "version": "one"}, "version"),
    ("status", {"to": "confirmed", "version": 1, "reason": "x" * 301}, "reason"),
    ("status", {"to": "cancelled", "version": 1, "reason": " "}, "reason"),
    ("status", {"to": "cancelled", "version": 1, "reason": CARD}, "reason"),
    ("recall", {}, "version"),
    ("payment", {"payment": "maybe", "version": 1}, "payment"),
    ("payment", {"payment": "paid", "version": 1, "tender": "shells"}, "tender"),
]


@pytest.mark.parametrize(("action", "body", "field"), BAD_STAFF_INPUT)
def test_a_bad_move_is_refused_by_name(place: Place, action: str, body: Any, field: str) -> None:
    order = place.ada.place()
    before = place.counts()
    refused = place.kim.post(f"/api/pos/orders/{order['id']}/{action}/", body, key=new_key())
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert place.counts() == before
    assert place.ada.get(f"/api/online/orders/{order['id']}/").json() == order


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (order_body(customer_id="ada"), "customer_id"),
        (order_body(customer_id=new_order_id()), "customer_id"),
        (order_body(payment="later"), "payment"),
        (order_body(customer_name="x" * 81), "customer_name"),
        (order_body(customer_name=CARD), "customer_name"),
    ],
)
def test_a_bad_counter_order_is_refused_by_name(place: Place, body: Any, field: str) -> None:
    before = place.counts()
    refused = place.kim.post("/api/pos/orders/", body, key=new_key())
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert place.counts() == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": None}, "name"),
        ({"name": CARD}, "name"),
        ({"phone": "call me"}, "phone"),
        ({"phone": "1----"}, "phone"),
        ({"email": "nowhere"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
    ],
)
def test_a_bad_sign_up_is_refused_by_name(place: Place, change: dict[str, Any], field: str) -> None:
    body = {"name": "Eve", "phone": "+1 555 4444", "password": shop.PASSWORD} | change
    before = place.counts()
    refused = place.nobody.post("/api/auth/sign-up/", body)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert place.counts() == before


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("cursor=abc", "cursor"),
        ("cursor=" + "x" * 201, "cursor"),
        ("cursor=%00", "cursor"),
    ],
)
def test_a_bad_page_is_refused_by_name(place: Place, query: str, field: str) -> None:
    refused = place.ada.get(f"{ORDERS}history/?{query}")
    assert (refused.status_code, refused.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=eaten", "status[0]"),
        ("open=perhaps", "open"),
        ("placed_from=yesterday", "placed_from"),
        ("placed_from=2026-05-04T11:30:00", "placed_from"),
        ("placed_to=2026-13-01", "placed_to"),
        ("limit=501", "limit"),
        ("q=" + "x" * 81, "q"),
    ],
)
def test_a_bad_search_is_refused_by_name(place: Place, query: str, field: str) -> None:
    refused = place.kim.get(f"/api/pos/orders/?{query}")
    assert (refused.status_code, refused.json()["field"]) == (422, field)


def test_what_we_do_not_know_is_ignored(place: Place) -> None:
    """So that clients newer and older than the server go on working."""
    assert place.ada.post(ORDERS, order_body(gift_wrap=True)).status_code == 201
    assert place.ada.get(f"{ORDERS}history/?colour=red").status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'lines': []}", b"\xff\xfe", b'{"lines": [}', b'{"note": "\xff"}', b'{"x":' * 8_000],
)
def test_what_is_not_json_is_malformed(place: Place, body: bytes) -> None:
    before = place.counts()
    refused = place.ada.call("POST", ORDERS, data=body, headers=JSON)
    expected = (422, "invalid") if body == b"" else (400, "malformed")
    assert (refused.status_code, refused.json()["type"]) == expected
    assert place.counts() == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_another_content_type_is_refused(place: Place, content_type: str) -> None:
    refused = place.ada.call("POST", ORDERS, data=b"{}", headers={"Content-Type": content_type})
    assert (refused.status_code, refused.json()["type"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_content_type_may_be_written_out(place: Place, content_type: str) -> None:
    refused = place.ada.call("POST", ORDERS, data=b"{}", headers={"Content-Type": content_type})
    assert (refused.status_code, refused.json()["field"]) == (422, "lines")


def test_too_large_a_body_is_refused_before_it_is_read(place: Place) -> None:
    body = order_body(note="")
    body["x"] = "x" * BODY_LIMIT
    refused = place.ada.post(ORDERS, body)
    assert (refused.status_code, refused.json()["type"]) == (413, "too_large")


def test_too_large_a_body_is_refused_when_it_does_not_say_so(place: Place) -> None:
    """Chunked, so without a Content-Length; the server stops reading on its own."""
    address = urlsplit(place.server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        head = f"POST {ORDERS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.ada.token}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(BODY_LIMIT // 1024 + 1):
            connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_request_that_ends_early_does_nothing(place: Place) -> None:
    """Its first half is a whole order; the connection dies before what was promised has come."""
    address = urlsplit(place.server.url)
    before = place.counts()
    body = b'{"lines":[{"item_id":"fries"}]}'
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        head = f"POST {ORDERS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.ada.token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body) + 9}\r\n\r\n"
        connection.sendall(head.encode() + body)
    place.ada.place()  # waits its turn behind whatever the broken request had begun
    assert place.counts()["orders"] == before["orders"] + 1


@pytest.mark.parametrize(
    "path", ["/", "/api/", "/api/online/", "/api/online/orders/x/y/z/", "/api/pos/orders/a/b", "//"]
)
def test_an_unknown_address_is_not_found(place: Place, path: str) -> None:
    refused = place.ada.get(path)
    assert (refused.status_code, refused.json()["type"]) == (404, "not_found")
    assert refused.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/menu/", {"GET", "HEAD"}),
        ("PUT", f"{ORDERS}history/", {"GET", "HEAD"}),
        ("GET", "/api/auth/sign-in/", {"POST"}),
        ("GET", ORDERS, {"POST"}),
    ],
)
def test_the_wrong_method_is_told_the_right_one(place: Place, method: str, path: str, allowed: set[str]) -> None:
    refused = place.ada.call(method, path)
    assert (refused.status_code, refused.json()["type"]) == (405, "method_not_allowed")
    assert set(refused.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("order_id", ["x", "0", "%00", "..%2F..", "'%20OR%201=1", "x" * 3000])
def test_a_strange_id_is_no_order(place: Place, order_id: str) -> None:
    assert place.ada.get(f"{ORDERS}{order_id}/").status_code == 404
    assert place.kim.get(f"/api/pos/orders/{order_id}/").status_code == 404


def test_a_key_has_an_end(place: Place) -> None:
    refused = place.ada.post(ORDERS, order_body(), key="k" * 101)
    assert (refused.status_code, refused.json()["field"]) == (400, "Idempotency-Key")


def test_every_answer_says_what_a_browser_may_not_do(place: Place) -> None:
    for reply in (place.ada.get("/api/menu/"), place.nobody.get("/nope"), place.nobody.get(f"{ORDERS}history/")):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Request-Id"]
        assert "Server" not in reply.headers
        assert "Access-Control-Allow-Origin" not in reply.headers


def test_a_nul_is_in_no_text(place: Place) -> None:
    """SQLite would keep it, PostgreSQL cannot: so nobody may send one."""
    before = place.counts()
    refused = place.ada.post(ORDERS, order_body(note="a\0b"))
    assert (refused.status_code, refused.json()["type"]) == (422, "invalid")
    searched = place.kim.get("/api/pos/orders/?q=a%00b")
    assert (searched.status_code, searched.json()["field"]) == (422, "q")
    assert place.counts() == before
    assert place.ada.place(note="\\u0000 is only how one is written")["note"].startswith("\\u0000")
