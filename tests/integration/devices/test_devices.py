"""Devices: paired by a code that works once, each with a secret and a series of its own, heard of, and revoked."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.domain.ids import DeviceId, ShopId
from core.domain.numbers import AHEAD
from core.domain.people import Principal, Role
from core.instants import from_us, now
from core.protocol.devices import parts
from core.protocol.feed import Close
from core.server.devices import pairing
from core.server.health.presence import PresenceTracker
from core.store import devices, failed_attempts, shops
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import databases, shop
from tests.support.listener import Listener, hello
from tests.support.server import ServerThread

PAIR = "/api/auth/pair/"
DEVICES = "/api/admin/devices/"


def invite(place: Place, name: str, kind: str = "terminal") -> str:
    reply = place.alex.post(DEVICES, {"name": name, "kind": kind})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["code"])


def pair(place: Place, code: str, key: str | None = None) -> dict[str, Any]:
    reply = place.nobody.post(PAIR, {"code": code}, key=key)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def till(place: Place, name: str) -> dict[str, Any]:
    """A terminal that was just paired."""
    return pair(place, invite(place, name))


def sign_in(place: Place, paired: dict[str, Any], **changes: str) -> Any:
    body = {"staff": "Kim", "pin": shop.CASHIER_PIN, "device": paired["name"], "device_secret": paired["secret"]}
    return place.nobody.post("/api/auth/staff/sign-in/", body | changes)


def at(place: Place, paired: dict[str, Any]) -> Caller:
    reply = sign_in(place, paired)
    assert reply.status_code == 200, reply.text
    return Caller(place.server.url, reply.json())


def report(caller: Caller, name: str, path: str = DEVICES) -> dict[str, Any]:
    found: list[dict[str, Any]] = caller.get(path).json()["devices"]
    return next(each for each in found if each["name"] == name)


def server_shop(transaction: Transaction) -> ShopId:
    found = shops.default(transaction)
    assert found is not None
    return found.id


def take(caller: Caller, **more: Any) -> Any:
    return caller.post("/api/pos/orders/", order_body(**more), key=new_key())


AS_TYPED: dict[str, Callable[[str], str]] = {
    "SHOWN1": str,
    "SMALL1": str.lower,
    "CLOSE1": lambda code: code.replace("-", ""),
    "SPACE1": lambda code: f" {code.replace('-', ' ')} ",
    "MORE1": lambda code: f"{code}-4TWB-HC3D-JK",
}


@pytest.mark.parametrize(("name", "typed"), AS_TYPED.items(), ids=AS_TYPED)
def test_a_code_makes_a_terminal_however_it_is_typed(place: Place, name: str, typed: Callable[[str], str]) -> None:
    paired = pair(place, typed(invite(place, name)))
    assert (paired["name"], paired["kind"], paired["shop"]) == (name, "terminal", place.world.shop)
    assert paired["shop_name"] == "Test Kitchen"
    assert len(paired["secret"]) >= 43, "256 bits"
    kim = at(place, paired)
    assert take(kim).json()["number"] == f"{name}-000001"


def test_what_follows_the_code_is_for_the_device_only() -> None:
    assert parts("K7QF-2M9X-4TWB-HC3D-JK") == ("K7QF2M9X", "4TWBHC3DJK")
    assert parts("k7qf2m9x") == ("K7QF2M9X", "")


def test_a_code_works_once(place: Place) -> None:
    code = invite(place, "ONCE1")
    pair(place, code, new_key())
    for key in (None, new_key()):
        again = place.nobody.post(PAIR, {"code": code}, key=key)
        assert (again.status_code, again.json()["field"]) == (422, "code")


def test_a_device_whose_reply_was_lost_may_ask_again(place: Place) -> None:
    code, key = invite(place, "LOST1"), new_key()
    first = pair(place, code, key)
    assert pair(place, code, key) == first
    assert sign_in(place, first).status_code == 200


def test_a_newer_code_ends_the_older(place: Place) -> None:
    older, newer = invite(place, "TWICE1"), invite(place, "TWICE1")
    assert place.nobody.post(PAIR, {"code": older}).status_code == 422
    pair(place, newer)


def test_a_code_expires(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    code = invite(place, "LATE1")
    later = now() + pairing.LIFE
    monkeypatch.setattr("core.server.devices.pairing.now", lambda: later)
    assert place.nobody.post(PAIR, {"code": code}).status_code == 422
    assert not place.rows("SELECT 1 FROM devices WHERE id = 'LATE1'")


def test_a_name_stays_of_its_kind_and_online_is_nobodys(place: Place) -> None:
    for name, kind in (("POS1", "board"), ("BOARD1", "terminal")):
        assert place.alex.post(DEVICES, {"name": name, "kind": kind}).json()["type"] == "other_kind"
    assert place.alex.post(DEVICES, {"name": "ONLINE"}).status_code == 422
    assert place.alex.post(DEVICES, {"name": "pos2"}).status_code == 422


def test_codes_and_secrets_are_kept_as_hashes(place: Place) -> None:
    code = invite(place, "HASH1")
    waiting = invite(place, "HASH2")
    secret = pair(place, code)["secret"]
    whole = b"".join(path.read_bytes() for path in place.directory.glob("orderbell.db*"))
    assert whole or databases.kind() != "sqlite"
    for known in (secret, code, parts(code)[0], parts(waiting)[0]):
        assert known.encode() not in whole


def test_a_terminal_that_was_paired_shows_its_secret(place: Place) -> None:
    paired, other = till(place, "SHOW1"), till(place, "SHOW2")
    for wrong in ("", "x", other["secret"]):
        refused = sign_in(place, paired, device_secret=wrong)
        assert (refused.status_code, refused.json()["type"]) == (401, "unauthenticated")
    assert sign_in(place, paired).status_code == 200


def test_a_terminal_made_with_the_shop_needs_none_until_it_is_paired(place: Place) -> None:
    before = calls.staff(place.server, shop.SAM, shop.OTHER_DEVICE, place.world.other_shop)
    assert before.get("/api/pos/orders/").status_code == 200
    code = _invite_elsewhere(place)
    paired = pair(place, code)
    assert before.get("/api/pos/orders/").status_code == 401, "whoever was it is signed out"
    body = {"staff": "Sam", "pin": shop.OTHER_PIN, "device": shop.OTHER_DEVICE, "shop": place.world.other_shop}
    assert place.nobody.post("/api/auth/staff/sign-in/", body).status_code == 401
    reply = place.nobody.post("/api/auth/staff/sign-in/", body | {"device_secret": paired["secret"]})
    assert reply.status_code == 200


FROM_AFAR = {"X-Forwarded-For": "203.0.113.7"}
"""As through a proxy on the server's machine; which connections are from elsewhere, `test_operations` asks."""


@pytest.mark.parametrize("pin", [shop.CASHIER_PIN, "0000"])
@pytest.mark.parametrize("name", ["POS1", "NEVER1"])
def test_a_terminal_that_was_never_paired_is_believed_at_the_servers_machine_only(
    place: Place, name: str, pin: str
) -> None:
    # What the other tests of this module have tried as Kim here, in whatever order they ran, counts too.
    place.server.database.write_blocking(
        lambda transaction: transaction.connection.exec_driver_sql("DELETE FROM wrong_tries")
    )
    body = {"staff": "Kim", "pin": pin, "device": name}
    tried = place.rows("SELECT count(*) FROM wrong_tries")
    refused = place.nobody.post("/api/auth/staff/sign-in/", body, headers=FROM_AFAR)
    assert (refused.status_code, refused.json()["type"]) == (403, "unpaired")
    assert refused.json()["detail"] == f"Pair this POS first: orderbell devices pair {name} --kind pos"
    assert place.rows("SELECT count(*) FROM wrong_tries") == tried, "no PIN was looked at"
    invented = place.nobody.post("/api/auth/staff/sign-in/", body | {"device_secret": "x"}, headers=FROM_AFAR)
    assert invented.status_code == 401
    here = place.nobody.post("/api/auth/staff/sign-in/", body)
    assert (here.status_code == 200) is ((name, pin) == ("POS1", shop.CASHIER_PIN))


def test_a_paired_terminal_is_believed_from_anywhere(place: Place) -> None:
    paired = till(place, "AFAR1")
    body = {"staff": "Kim", "pin": shop.CASHIER_PIN, "device": "AFAR1", "device_secret": paired["secret"]}
    assert place.nobody.post("/api/auth/staff/sign-in/", body, headers=FROM_AFAR).status_code == 200


def _invite_elsewhere(place: Place) -> str:
    """The other shop has no admin; its cashier is one for a moment."""
    with place.server.database.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE staff SET role = 'admin' WHERE name = 'Sam'")
    sam = calls.staff(place.server, shop.SAM, shop.OTHER_DEVICE, place.world.other_shop)
    assert {each["name"] for each in sam.get(DEVICES).json()["devices"]} == {"BOARD1", shop.OTHER_DEVICE}
    return str(sam.post(DEVICES, {"name": shop.OTHER_DEVICE}).json()["code"])


def test_another_machine_goes_on_with_the_series_and_doubles_no_number(place: Place) -> None:
    old = till(place, "SERIES1")
    before = at(place, old)
    assert take(before).json()["number"] == "SERIES1-000001"
    new = pair(place, invite(place, "SERIES1"))
    assert new["series_last"] == 1 + AHEAD, "the old machine may have given some of them offline"
    assert before.get("/api/pos/orders/").status_code == 401
    assert sign_in(place, old).status_code == 401
    kim = at(place, new)
    assert take(kim).json()["number"] == f"SERIES1-{new['series_last'] + 1:06d}"
    assert take(kim, number="SERIES1-000001").json()["type"] == "exists"


@pytest.mark.parametrize("kind", ["board", "display"])
def test_a_screen_is_paired_like_a_terminal_and_signs_in_by_itself(place: Place, kind: str) -> None:
    name = kind.upper() + "7"
    paired = pair(place, invite(place, name, kind))
    body = {"device": name, "secret": paired["secret"]}
    screen = Caller(place.server.url, place.nobody.post("/api/auth/device/sign-in/", body).json())
    assert screen.get("/api/board/").status_code == 200
    assert screen.get("/api/pos/orders/").status_code == 403
    assert sign_in(place, paired).status_code == 401, "nobody works at it"
    assert not place.rows("SELECT 1 FROM number_series WHERE series = ?", name)


def test_revoking_ends_what_a_device_may_do_at_once(place: Place) -> None:
    paired, other = till(place, "GONE1"), till(place, "GONE2")
    kim, elsewhere = at(place, paired), at(place, other)
    code = invite(place, "GONE1")
    assert kim.get("/api/pos/orders/").status_code == 200
    with Listener(place.server.url, hello(kim.token, kim.get("/api/snapshot/").json()["cursor"])) as socket:
        socket.message()
        assert place.alex.post(f"{DEVICES}GONE1/revoke/").status_code == 204
        assert socket.closed(within_s=5) == Close.SIGNED_OUT
    assert kim.get("/api/pos/orders/").status_code == 401
    refreshed = place.nobody.post("/api/auth/refresh/", {"refresh_token": kim.signed_in["refresh_token"]})
    assert refreshed.status_code == 401
    assert sign_in(place, paired).status_code == 401
    assert place.nobody.post(PAIR, {"code": code}).status_code == 422, "a code that was open is ended, too"
    assert elsewhere.get("/api/pos/orders/").status_code == 200
    assert report(place.alex, "GONE1")["revoked_at"] is not None
    again = pair(place, invite(place, "GONE1"))
    assert report(place.alex, "GONE1")["revoked_at"] is None
    assert sign_in(place, again).status_code == 200


def test_a_device_that_is_not_there_is_not_revoked(place: Place) -> None:
    for name in ("POS7", shop.OTHER_DEVICE):
        refused = place.alex.post(f"{DEVICES}{name}/revoke/")
        assert (refused.status_code, refused.json()["type"]) == (404, "not_found")
    assert place.rows("SELECT revoked_at FROM devices WHERE id = ?", shop.OTHER_DEVICE) == [(None,)]


def test_codes_are_not_guessed_for_long(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.server.accounts.throttle.PER_ADDRESS", 3)
    _forget_tries(place)
    good = invite(place, "GUESS1")
    assert pair(place, invite(place, "GUESS2"))
    replies = [place.nobody.post(PAIR, {"code": f"AAAA-AAA{digit}"}) for digit in "2345"]
    assert [reply.status_code for reply in replies] == [422, 422, 422, 429]
    assert int(replies[-1].headers["Retry-After"]) > 0
    assert place.nobody.post(PAIR, {"code": good}).status_code == 429
    _forget_tries(place)


def _forget_tries(place: Place) -> None:
    place.server.database.write_blocking(lambda transaction: failed_attempts.trim(transaction, 1 << 62, 10_000))


def test_devices_are_heard_of_and_lag_behind(place: Place) -> None:
    paired = till(place, "HEARD1")
    assert report(place.alex, "HEARD1")["last_contact_at"] is None
    kim = at(place, paired)
    snapshot = kim.get("/api/snapshot/", headers={"User-Agent": "Orderbell/1.2.3 (till)"}).json()
    seen = report(kim, "HEARD1", "/api/pos/devices/")
    assert seen["last_contact_at"] is not None
    assert seen["lag_events"] is None, "it has not said where it stands"
    headers = {"User-Agent": "Orderbell/1.2.3 (till)"}
    kim.get("/api/events/", params={"cursor": snapshot["cursor"]}, headers=headers)
    assert (report(place.alex, "HEARD1")["lag_events"], report(place.alex, "HEARD1")["lag_s"]) == (0, 0)
    assert report(place.alex, "HEARD1")["app_version"] == "1.2.3"
    place.ada.place()
    place.ada.place()
    behind = report(place.alex, "HEARD1")
    assert behind["lag_events"] == 2
    assert behind["lag_s"] > 0


def test_a_device_that_is_told_as_it_happens_is_behind_in_nothing(place: Place) -> None:
    paired = till(place, "TOLD1")
    kim = at(place, paired)
    with Listener(place.server.url, hello(kim.token, kim.get("/api/snapshot/").json()["cursor"])) as socket:
        socket.caught_up()
        order = place.ada.place()
        socket.until_about(order["id"])
        told = report(place.alex, "TOLD1")
    assert (told["lag_events"], told["lag_s"]) == (0, 0)
    place.ada.place()
    assert report(place.alex, "TOLD1")["lag_events"] == 1, "and from then on it stands where it was left"


def test_what_was_heard_outlives_the_server(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        kim = calls.staff(server)
        snapshot = kim.get("/api/snapshot/").json()
        kim.get("/api/events/", params={"cursor": snapshot["cursor"]})
        heard = report(kim, "POS1", "/api/pos/devices/")
    with ServerThread(tmp_path) as server:
        rows = server.database.read_blocking(lambda transaction: devices.of_shop(transaction, server_shop(transaction)))
    kept = next(device for device in rows if device.id == "POS1")
    assert kept.contact_us is not None
    assert from_us(kept.contact_us).isoformat()[:19] == heard["last_contact_at"][:19]
    assert kept.position == 0


BEARER = Principal(
    subject="kim", role=Role.CASHIER, name="Kim", session_id="s", shop_id=ShopId("s"), device_id=DeviceId("POS1")
)


@pytest.mark.parametrize("positions", [(9, 3), (3, 9)])
def test_of_two_sockets_the_one_that_is_further_speaks_for_the_device(place: Place, positions: tuple[int, int]) -> None:
    """The other is half-open: its machine has long come back."""
    heard = PresenceTracker(place.server.database)
    heard._followers = lambda: [(BEARER, position) for position in positions]
    heard._add_followers()
    assert [contact.position for contact in heard._rows(0.0)] == [9]


def test_hearing_of_a_device_costs_next_to_nothing(place: Place) -> None:
    """It is on the way of every request."""
    heard = PresenceTracker(place.server.database)

    def thousand() -> float:
        started = time.perf_counter()
        for _ in range(1000):
            heard.record_request(BEARER, b"Orderbell/1")
        return time.perf_counter() - started

    best_us = 1e3 * min(thousand() for _ in range(20))
    assert best_us < 5, f"{best_us:.2f} µs"
