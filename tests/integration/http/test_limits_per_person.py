"""What one person may take of the server is bounded, whatever they do; and nobody else waits for it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.client.http.api import HttpApi
from core.client.sync.transport import HttpTransport
from core.domain.ids import new_op_id
from core.protocol.feed import Close, Cursor, Snapshot
from core.protocol.requests import StaffSignIn
from core.server.accounts.throttle import PER_ADDRESS
from core.server.auth.passwords import Passwords, hash_secret
from core.server.settings import ServerSettings
from tests.integration import calls
from tests.integration.calls import Caller, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.listener import Listener, hello
from tests.support.server import ServerThread
from tests.support.steps import NEXT


@pytest.fixture
def few(tmp_path: Path) -> Iterator[ServerThread]:
    """A server that allows little."""
    shop.lay_out(tmp_path / "orderbell.db")
    settings = ServerSettings(
        port=0,
        data_dir=str(tmp_path),
        sign_ups_max=3,
        open_orders_max=3,
        order_kib_max=8,
        sockets_max=2,
        unread_mib_max=1,
    )
    with ServerThread(tmp_path, settings) as server:
        yield server


def signing_up(n: int) -> dict[str, str]:
    return {"name": "Hedy", "phone": f"+1 888 {n:08d}", "password": shop.PASSWORD}


def test_so_many_sign_up_from_one_address(few: ServerThread) -> None:
    nobody = Caller(few.url)
    assert [nobody.post("/api/auth/sign-up/", signing_up(n)).status_code for n in range(3)] == [201] * 3
    refused = nobody.post("/api/auth/sign-up/", signing_up(4))
    assert (refused.status_code, refused.json()["type"]) == (429, "too_many")
    assert "Try again in" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) > 60
    for n in range(PER_ADDRESS):
        assert nobody.post("/api/auth/sign-up/", signing_up(n)).status_code == 429
    for login in (shop.ADA.phone, "+1 888 00000001"):
        signed_in = nobody.post("/api/auth/sign-in/", {"login": login, "password": shop.PASSWORD})
        assert signed_in.status_code == 200, "who has an account signs in from there all the same"


def test_a_customer_has_so_many_orders_open(few: ServerThread) -> None:
    ada, grace, kim = calls.customer(few), calls.customer(few, shop.GRACE), calls.staff(few)
    placed = [ada.place() for _ in range(3)]
    key, body = new_op_id(), order_body()
    refused = ada.post("/api/online/orders/", body, key=key)
    assert (refused.status_code, refused.json()["type"]) == (429, "too_many")
    assert refused.json()["detail"] == "You have 3 open orders. Order again when one of them is done."
    grace.place()
    again = ada.post("/api/online/orders/", order_body(id=placed[0]["id"]))
    assert again.status_code in (409, 429)
    assert kim.move(placed[0], "cancelled", reason="out of bread").status_code == 200
    assert ada.post("/api/online/orders/", body, key=key).status_code == 201, "the same press, once there is room"
    counter = kim.post("/api/pos/orders/", order_body(customer_id=ada.signed_in["person"]["id"]), key=new_op_id())
    assert counter.status_code == 201, "what the shop takes itself is not counted"


def test_a_customers_order_has_so_many_bytes(few: ServerThread) -> None:
    ada = calls.customer(few)
    line = {"item_id": shop.BOWL, "quantity": 1, "modifier_ids": [shop.CHICKEN, shop.GUACAMOLE]}
    refused = ada.post("/api/online/orders/", {"lines": [line] * 60})
    assert (refused.status_code, refused.json()["type"], refused.json()["field"]) == (413, "too_large", "lines")
    assert "8 KiB" in refused.json()["title"]
    assert ada.get("/api/online/orders/history/").json()["total"] == 0
    assert ada.post("/api/online/orders/", {"lines": [line] * 5}).status_code == 201


def test_one_token_holds_so_many_sockets(few: ServerThread) -> None:
    ada, grace = calls.customer(few), calls.customer(few, shop.GRACE)
    cursor = ada.get("/api/snapshot/").json()["cursor"]
    with ExitStack() as stack:
        held = []
        for caller in (ada, ada, grace, ada):
            held.append(stack.enter_context(Listener(few.url, hello(caller.token, cursor))))
            held[-1].caught_up()
        first, second, other, third = held
        assert first.closed() == Close.TOO_MANY
        order, others = ada.place(), grace.place()
        for listener in (second, third):
            listener.until_about(order["id"])
        other.until_about(others["id"])


def _unread(url: str, token: str, path: str) -> socket.socket:
    """A request whose answer nobody reads."""
    host, _, port = url.removeprefix("http://").partition(":")
    made = socket.create_connection((host, int(port)))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return made


def test_answers_that_nobody_reads_are_bounded(few: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """And held against whoever asked for them alone."""
    large = "x" * 24_000_000  # more than the system takes for a connection

    def snapshot(*_: Any) -> Snapshot:
        return Snapshot(cursor=large, orders=(), total=0, menu_version=1)

    monkeypatch.setattr("core.server.push.feed.snapshot", snapshot)
    kim, alex = calls.staff(few), calls.staff(few, shop.ALEX)
    unread = _unread(few.url, kim.token, "/api/snapshot/")
    try:
        assert unread.recv(1) == b"H"
        refused = kim.get("/api/snapshot/")
        assert (refused.status_code, refused.json()["type"]) == (429, "unread")
        assert kim.get("/api/pos/orders/").status_code == 200
        assert len(alex.get("/api/snapshot/").content) > len(large)
    finally:
        unread.close()
    while kim.get("/api/snapshot/").status_code == 429:
        pass  # until the server has noticed


def test_a_large_answer_arrives_whole(place: Place) -> None:
    reply = place.nobody.get("/api/openapi.json")
    assert len(reply.content) == int(reply.headers["Content-Length"]) > 64 * 1024
    reply.json()


# -- the snapshot in pages


def test_a_snapshot_in_pages_is_the_snapshot(place: Place) -> None:
    for _ in range(7):
        place.ada.place()
    whole = msgspec.json.decode(place.kim.get("/api/snapshot/").content, type=Snapshot)
    assert whole.next_after == ""
    pages: list[Snapshot] = []
    after = ""
    while not pages or after:
        reply = place.kim.get("/api/snapshot/", params={"limit": 3, "after": after})
        pages.append(msgspec.json.decode(reply.content, type=Snapshot))
        after = pages[-1].next_after
        assert len(pages[-1].orders) <= 3
        assert pages[-1].total == whole.total
    assert len(pages) > 2
    assert {order.id: order for page in pages for order in page.orders} == {order.id: order for order in whole.orders}
    assert sum(len(page.orders) for page in pages) == len(whole.orders)


def test_a_window_reads_pages_and_misses_nothing_that_moves_meanwhile(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What moves between two pages is in one of them or in the feed from the first page's cursor."""
    monkeypatch.setattr("core.client.sync.transport.SNAPSHOT_PAGE", 2)
    placed = [place.ada.place() for _ in range(6)]
    api = HttpApi(place.server.url)
    api.staff_sign_in(StaffSignIn(staff=shop.KIM.name, pin=shop.KIM.pin, device=shop.DEVICE))
    transport = HttpTransport(api.session)
    asked: list[str] = []
    page = transport._page

    def paged(after: str) -> Snapshot:
        asked.append(after)
        if len(asked) == 2:
            place.kim.move(placed[0], NEXT)
            place.kim.move(placed[5], "cancelled", reason="out of bread")
        return page(after)

    monkeypatch.setattr(transport, "_page", paged)
    found = transport.snapshot()
    assert len(asked) > 2
    assert asked == ["", *sorted(asked[1:])]
    assert {order["id"] for order in placed} <= {order.id for order in found.orders}
    events = place.kim.get("/api/events/", params={"cursor": found.cursor}).json()["frames"]
    assert {placed[0]["id"], placed[5]["id"]} <= {frame["event"]["order_id"] for frame in events}
    assert Cursor.parse(found.cursor).seq < events[0]["seq"]
    api.close()


# -- staff do not wait for strangers


def test_staff_sign_in_while_strangers_keep_the_hashing_busy() -> None:
    """Strangers have a lane that is full; it is held here, so that whoever waited for it would wait for ever."""
    passwords, pin = Passwords(), hash_secret("24681357")
    held = threading.Event()
    try:
        passwords._threads.submit(held.wait)

        async def sign_in() -> bool:
            return await passwords.verify(pin, "24681357", at_own_device=True)

        assert asyncio.run(asyncio.wait_for(sign_in(), 60))
    finally:
        held.set()
        passwords.close()
