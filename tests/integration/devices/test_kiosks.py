"""A customer's screen that stands in a shop is a device of that shop: customers sign in at it, and order there."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from core.client.device import identity
from core.client.storage import session_file
from core.client.storage.cache import Cache
from core.client.storage.local_store import LocalStore
from core.client.storage.seal import Seal
from core.domain.commands import PlaceOrder
from core.domain.ids import ShopId, new_op_id
from core.domain.order import NewLine
from core.domain.people import DeviceKind
from core.protocol import routes
from core.protocol.feed import Close
from core.store.engine.writer import Work
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.integration.customer_steps import ADA, place_fries
from tests.support import shop
from tests.support.customer_synced import Cable, synced_window
from tests.support.listener import Listener, hello
from tests.support.pos_synced import synced_till
from tests.support.synced import Screen

SIGN_IN = "/api/auth/sign-in/"
SIGN_UP = "/api/auth/sign-up/"
DEVICES = "/api/admin/devices/"
HISTORY = "/api/online/orders/history/"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def sam(place: Place) -> Caller:
    """The other shop has no admin: its cashier becomes one."""
    place.server.database.write_blocking(
        lambda transaction: transaction.connection.exec_driver_sql("UPDATE staff SET role = 'admin' WHERE name = 'Sam'")
    )
    return calls.staff(place.server, shop.SAM, shop.OTHER_DEVICE, place.world.other_shop)


def paired(admin: Caller, name: str, kind: str = "display") -> dict[str, str]:
    """What a screen signs customers in with, from when it was paired."""
    code = admin.post(DEVICES, {"name": name, "kind": kind}).json()["code"]
    reply = Caller(admin.url).post("/api/auth/pair/", {"code": code})
    assert reply.status_code == 200, reply.text
    told = reply.json()
    return {"device": told["name"], "device_secret": told["secret"], "shop": told["shop"]}


def sign_in(place: Place, who: Any = shop.ADA, **at: str) -> Any:
    return place.nobody.post(SIGN_IN, {"login": who.phone, "password": who.password} | at)


def customer_at(place: Place, screen: dict[str, str], who: Any = shop.ADA) -> Caller:
    reply = sign_in(place, who, **screen)
    assert reply.status_code == 200, reply.text
    return Caller(place.server.url, reply.json())


def ids(caller: Caller, path: str) -> set[str]:
    return {order["id"] for order in caller.get(path).json()["orders"]}


def report(admin: Caller, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = admin.get(DEVICES).json()["devices"]
    return next(each for each in found if each["name"] == name)


def test_an_order_is_the_shops_whose_screen_it_is_and_the_history_is_the_customers(place: Place, sam: Caller) -> None:
    at_home = customer_at(place, paired(place.alex, "DISPLAY1"))
    elsewhere = customer_at(place, paired(sam, "DISPLAY1"))
    assert at_home.signed_in["shop_name"] == at_home.get("/api/menu/").json()["shop_name"] == "Test Kitchen"
    assert elsewhere.signed_in["shop_name"] == elsewhere.get("/api/menu/").json()["shop_name"] == "Other Kitchen"
    here, there = at_home.place(), elsewhere.place()
    assert (here["shop_id"], there["shop_id"]) == (place.world.shop, place.world.other_shop)
    for caller in (at_home, elsewhere, place.ada):
        assert {here["id"], there["id"]} <= ids(caller, HISTORY)
        assert caller.get(f"/api/online/orders/{there['id']}/").status_code == 200
        assert {here["id"], there["id"]} <= ids(caller, "/api/snapshot/")
    grace = customer_at(place, paired(sam, "DISPLAY2"), shop.GRACE)
    assert not {here["id"], there["id"]} & (ids(grace, HISTORY) | ids(grace, "/api/snapshot/"))
    assert grace.get(f"/api/online/orders/{there['id']}/").status_code == 404
    assert here["id"] in ids(place.kim, "/api/pos/orders/")
    assert there["id"] not in ids(place.kim, "/api/pos/orders/")
    assert there["id"] in ids(sam, "/api/pos/orders/")
    assert here["id"] not in ids(sam, "/api/pos/orders/")


def test_the_menu_is_the_screens_shops_for_whoever_signs_in_at_it(place: Place, sam: Caller) -> None:
    screen = paired(sam, "DISPLAY3")
    menu = sam.get("/api/menu/").json()
    dearer = [
        category | {"items": [item | {"price_minor": 7770} for item in category["items"]]}
        for category in menu["categories"]
    ]
    body = {"version": menu["version"], "categories": dearer}
    assert sam.call("PUT", "/api/admin/menu/", body).status_code == 200
    try:
        ada = customer_at(place, screen)
        assert ada.get("/api/menu/").json()["categories"][0]["items"][0]["price_minor"] == 7770
        assert ada.get("/api/snapshot/").json()["menu_version"] == menu["version"] + 1
        assert ada.place(lines=[{"item_id": shop.FRIES}])["subtotal_minor"] == 7770
        assert place.ada.place(lines=[{"item_id": shop.FRIES}])["subtotal_minor"] == 390
        refused = ada.post("/api/online/orders/", order_body(expected_total_minor=3020))
        assert (refused.status_code, refused.json()["type"]) == (409, "price_changed")
    finally:
        body = {"version": menu["version"] + 1, "categories": menu["categories"]}
        assert sam.call("PUT", "/api/admin/menu/", body).status_code == 200


def test_an_order_of_another_shop_of_the_chain_is_cancelled_where_it_was_placed(
    place: Place, sam: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place.ada.place()
    elsewhere = customer_at(place, paired(sam, "DISPLAY4"))
    head = elsewhere.get("/api/snapshot/").json()["cursor"]
    with Listener(place.server.url, hello(place.kim.token, place.kim.get("/api/snapshot/").json()["cursor"])) as socket:
        socket.caught_up()
        written: list[ShopId | None] = []
        write = place.server.database.write

        def written_to(work: Work[Any], in_shop: ShopId | None = None) -> Any:
            written.append(in_shop)
            return write(work, in_shop)

        monkeypatch.setattr(place.server.database, "write", written_to)
        cancelled = elsewhere.post(f"/api/online/orders/{order['id']}/cancel/", {}, key=new_key())
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        socket.until_about(order["id"])
    assert [in_shop for in_shop in written if in_shop] == [place.world.shop], "nobody else writes there meanwhile"
    assert elsewhere.get("/api/snapshot/").json()["cursor"] == head, "nothing has happened in the other shop"
    assert cancelled.headers["Event-Cursor"] == head


def test_the_session_is_the_screens_and_ends_with_it(place: Place) -> None:
    screen = paired(place.alex, "DISPLAY5")
    ada, at_home = customer_at(place, screen), calls.customer(place.server)
    assert ada.signed_in["device"] == "DISPLAY5"
    cursor = ada.get("/api/snapshot/", headers={"User-Agent": "Orderbell/1.2.3"}).json()["cursor"]
    with Listener(place.server.url, hello(ada.token, cursor)) as socket:
        socket.caught_up()
        heard = report(place.alex, "DISPLAY5")
        assert (heard["lag_events"], heard["app_version"]) == (0, "1.2.3")
        assert place.alex.post(f"{DEVICES}DISPLAY5/revoke/").status_code == 204
        assert socket.closed(within_s=5) == Close.SIGNED_OUT
    assert ada.get(HISTORY).status_code == 401
    refreshed = place.nobody.post("/api/auth/refresh/", {"refresh_token": ada.signed_in["refresh_token"]})
    assert refreshed.status_code == 401
    assert sign_in(place, **screen).status_code == 403
    assert at_home.get(HISTORY).status_code == 200, "the customer goes on elsewhere"


def test_a_screen_that_does_not_prove_itself_is_told_so_before_any_password_is_looked_at(place: Place) -> None:
    screen, other = paired(place.alex, "DISPLAY6"), paired(place.alex, "DISPLAY7")
    till, board = paired(place.alex, "SCREEN1", "terminal"), paired(place.alex, "SCREEN2", "board")
    tried = place.rows("SELECT count(*) FROM wrong_tries")
    wrong = [screen | {"device_secret": secret} for secret in ("", "x", other["device_secret"])]
    wrong += [till, board, screen | {"device": "NEVER1"}, screen | {"shop": place.world.other_shop}]
    new = {"name": "Nia", "phone": "+1 555 0188", "password": shop.PASSWORD}
    for at in wrong:
        for password in (shop.PASSWORD, "not it at all"):
            refused = sign_in(place, **(at | {"password": password}))
            assert (refused.status_code, refused.json()["type"], refused.json()["field"]) == (403, "unpaired", "device")
        assert place.nobody.post(SIGN_UP, new | at).json()["type"] == "unpaired"
    assert place.rows("SELECT count(*) FROM wrong_tries") == tried
    assert not place.rows("SELECT 1 FROM customers WHERE name = 'Nia'")


def test_a_shop_that_is_not_there_is_said_to_be_none(place: Place) -> None:
    refused = sign_in(place, shop="0198c0de-0000-7000-8000-000000000000")
    assert (refused.status_code, refused.json()["field"]) == (422, "shop")


def test_a_new_customer_is_at_the_screen_where_they_became_one(place: Place, sam: Caller) -> None:
    new = {"name": "Noor", "phone": "+1 555 0189", "password": shop.PASSWORD}
    reply = place.nobody.post(SIGN_UP, new | paired(sam, "DISPLAY8"))
    assert reply.status_code == 201, reply.text
    noor = Caller(place.server.url, reply.json())
    assert (noor.signed_in["device"], noor.place()["shop_id"]) == ("DISPLAY8", place.world.other_shop)


def test_a_refreshed_session_is_still_at_that_screen(place: Place, sam: Caller) -> None:
    ada = customer_at(place, paired(sam, "DISPLAY9"))
    fresh = place.nobody.post("/api/auth/refresh/", {"refresh_token": ada.signed_in["refresh_token"]}).json()
    assert (fresh["device"], fresh["shop_name"]) == ("DISPLAY9", "Other Kitchen")
    assert Caller(place.server.url, fresh).place()["shop_id"] == place.world.other_shop


# -- the window


def become(admin: Caller, path: Path, name: str, kind: DeviceKind = DeviceKind.KIOSK) -> None:
    """The machine whose window keeps its file in `path` is paired."""
    code = admin.post(DEVICES, {"name": name, "kind": kind}).json()["code"]
    with closing(LocalStore(path / ("pos.db" if kind is DeviceKind.POS else "customer.db"))) as store:
        identity.pair(Seal(store), admin.url, code, new_op_id(), kind)


def test_the_window_orders_from_its_shop_and_its_session_ends_with_the_screen(
    place: Place, sam: Caller, cable: Cable, path: Path, qtbot: QtBot
) -> None:
    at_home = place.ada.place()
    with synced_window(qtbot, cable.url, path, keep_session=True) as window:
        window.arrive(*ADA)
        window.until_live()
        assert window.api.call(routes.MENU()).shop_name == "Test Kitchen"
    become(sam, path, "WINDOW1")
    with synced_window(qtbot, cable.url, path, keep_session=True) as window:
        assert not window.sees("orders_page"), "whoever was here was so at no screen of this shop's"
        window.arrive(*ADA)
        window.until_live()
        assert window.api.call(routes.MENU()).shop_name == "Other Kitchen"
        place_fries(window)
        qtbot.waitUntil(lambda: len(window.listed()) >= 2 and bool(window.listed()[0].number))
        order = window.listed()[0]
        assert (order.shop_id, order.channel) == (place.world.other_shop, "online")
        assert at_home["id"] in {each.id for each in window.listed()}
        assert order.id in ids(sam, "/api/pos/orders/")
        assert sam.post(f"{DEVICES}WINDOW1/revoke/").status_code == 204
        qtbot.waitUntil(lambda: window.sees("sign_in_submit"))
        window.settle()
        window.sign_in(*ADA)
        qtbot.waitUntil(lambda: "The shop does not know this screen" in window.notice())
        assert "paired again" in window.notice()


def test_what_waits_is_sent_to_the_shop_that_it_was_accepted_for_and_no_other(
    place: Place, sam: Caller, path: Path
) -> None:
    """Ada orders at a screen that is offline; it is paired over to another shop, where she signs in, and back."""

    def at_it(url: str = place.server.url) -> Screen:
        return Screen(url, path / "customer.db")

    become(place.alex, path, "WINDOW3")
    with at_it() as screen:
        screen.customer()
        acknowledged = screen.place()
        screen.until_sent()
    with at_it(NOWHERE) as screen:
        screen.api.resume()
        waiting = screen.place()
    become(sam, path, "WINDOW3")
    with at_it() as screen:
        assert screen.customer().shop == place.world.other_shop
        here = screen.place()
        screen.until_sent()
        assert [each.order_id for each in screen.api.elsewhere()] == [waiting.id]
        assert screen.store.get(waiting.id) is None
    become(place.alex, path, "WINDOW3")
    with at_it() as screen:
        screen.customer()
        screen.until_sent()
    at_alex, at_sam = ids(place.kim, "/api/pos/orders/"), ids(sam, "/api/pos/orders/")
    assert {acknowledged.id, waiting.id} <= at_alex
    assert not {acknowledged.id, waiting.id} & at_sam
    assert here.id in at_sam - at_alex


def test_a_till_that_changed_shops_shows_what_waits_for_the_one_before(
    place: Place, sam: Caller, path: Path, qtbot: QtBot
) -> None:
    become(place.alex, path, "POS31", DeviceKind.POS)
    with Screen(place.server.url, path / "pos.db") as pos:
        pos.staff(device="POS31")
        pos.until_live()
        pos.api.call(routes.MENU())
    with Screen(NOWHERE, path / "pos.db") as pos:
        pos.api.resume()
        given_up, kept = pos.take(), pos.take()
    become(sam, path, "POS31", DeviceKind.POS)
    with synced_till(qtbot, place.server.url, path, device="POS31") as till:
        till.arrive((shop.SAM.name, shop.SAM.pin))
        till.until_live()
        till.click("nav_sync")
        queue = till.sync_page.queue
        qtbot.waitUntil(lambda: len(queue.elsewhere) == 2)
        assert [entry.operation.order_id for entry in queue.rows.rows] == [given_up.id, kept.id]
        assert till.text("sync_title") == "In step with the server"
        assert "It is for Test Kitchen, and safe here." in till.text("decision_words")
        assert not till.sees("decision_again")
        queue.export(path / "kept.json")
        qtbot.waitUntil(lambda: (path / "kept.json").exists())
        told = json.loads((path / "kept.json").read_text(encoding="utf-8"))
        assert [(each["state"], each["shop"]) for each in told] == [("elsewhere", "Test Kitchen")] * 2
        queue.discard(queue.elsewhere[0].op_id, "taken again by hand")
        qtbot.waitUntil(lambda: [each.order_id for each in queue.elsewhere] == [kept.id])
        assert till.window.board.card(kept.id) is None


def test_a_machine_that_is_paired_anew_has_nothing_of_the_shop_before(
    place: Place, sam: Caller, path: Path, qtbot: QtBot
) -> None:
    """A menu's version counts for itself: the other one's may be the higher, and pass for the newer."""
    become(place.alex, path, "WINDOW2")
    with synced_window(qtbot, place.server.url, path, keep_session=True) as window:
        window.arrive(*ADA)
        window.until_live()
        order = window.api.call(routes.PLACE(body=PlaceOrder(lines=(NewLine(item_id=shop.FRIES),))))
        qtbot.waitUntil(lambda: window.api.sync_status.counts.open == 0)
    with closing(LocalStore(path / "customer.db")) as store:
        kept = Cache(store)
        assert kept.menu is not None
        assert kept.get(order.id) is not None
        assert session_file.read(Seal(store)) is not None
    become(sam, path, "WINDOW2")
    with closing(LocalStore(path / "customer.db")) as store:
        kept = Cache(store)
        assert (kept.menu, kept.get(order.id), kept.owner) == (None, None, ("", ""))
        assert session_file.read(Seal(store)) is None
