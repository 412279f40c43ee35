"""Looking after people: whoever loses a right loses it at once, and a shop always has somebody to look after it."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from core.protocol.feed import Close
from core.server.auth.passwords import hash_secret
from core.store import people
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.listener import Listener, hello

STAFF = "/api/admin/staff/"
CUSTOMERS = "/api/admin/customers/"
PIN = "11235813"


def add(place: Place, role: str = "cashier") -> dict[str, Any]:
    """Somebody new."""
    reply = place.alex.post(STAFF, {"name": f"New {secrets.token_hex(4)}", "pin": PIN, "role": role})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def sign_in(place: Place, who: dict[str, Any], pin: str = PIN) -> Any:
    return place.nobody.post("/api/auth/staff/sign-in/", {"staff": who["name"], "pin": pin, "device": shop.DEVICE})


def signed_in(place: Place, who: dict[str, Any], pin: str = PIN) -> Caller:
    reply = sign_in(place, who, pin)
    assert reply.status_code == 200, reply.text
    return Caller(place.server.url, reply.json())


def change(place: Place, who: dict[str, Any], **changes: Any) -> Any:
    return place.alex.post(f"{STAFF}{who['id']}/", changes)


def refreshed(caller: Caller) -> Any:
    return Caller(caller.url).post("/api/auth/refresh/", {"refresh_token": caller.signed_in["refresh_token"]})


def works(caller: Caller) -> bool:
    return caller.get("/api/pos/orders/").status_code == 200


def test_somebody_new_works_here_and_nowhere_else(place: Place) -> None:
    new = add(place)
    assert works(signed_in(place, new))
    assert new["name"] in {each["name"] for each in place.alex.get(STAFF).json()["staff"]}
    elsewhere = {"staff": new["name"], "pin": PIN, "device": shop.OTHER_DEVICE, "shop": place.world.other_shop}
    assert place.nobody.post("/api/auth/staff/sign-in/", elsewhere).status_code == 401


def test_a_pin_that_is_changed_while_the_old_one_is_looked_at_lets_nobody_in(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = add(place)
    passwords = place.server.services.passwords
    verify = passwords.verify

    async def slowly(known: str | None, given: str, *, at_own_device: bool = False) -> bool:
        right = await verify(known, given, at_own_device=at_own_device)
        if given == PIN:
            await asyncio.to_thread(change, place, new, pin="86427531")
        return right

    monkeypatch.setattr(passwords, "verify", slowly)
    assert sign_in(place, new).status_code == 401
    assert sign_in(place, new, "86427531").status_code == 200


@pytest.mark.parametrize("pin", ["0000", "1234", "121212"])
def test_a_pin_that_is_guessed_first_is_set_nowhere(place: Place, pin: str) -> None:
    new = add(place)
    for reply in (
        place.alex.post(STAFF, {"name": f"New {secrets.token_hex(4)}", "pin": pin}),
        change(place, new, pin=pin),
    ):
        assert (reply.status_code, reply.json()["field"]) == (422, "pin")
    assert works(signed_in(place, new))


def test_a_pin_with_a_line_feed_is_none(place: Place) -> None:
    """It would be set, and nobody could ever type it."""
    new = add(place)
    assert change(place, new, pin=f"{PIN}\n").status_code == 422
    assert place.alex.post("/api/admin/devices/", {"name": "BOARD7\n", "kind": "board"}).status_code == 422
    body = {"name": "Eve", "phone": "+1 777 4321\n", "password": shop.PASSWORD}
    assert place.nobody.post("/api/auth/sign-up/", body).status_code == 422


def test_a_pin_that_was_set_before_goes_on(place: Place) -> None:
    """Who has a common one from an earlier release is not locked out by the update."""
    who, common = add(place), hash_secret("1234")
    update = "UPDATE staff SET pin_hash = :hash WHERE id = :id"
    place.server.database.write_blocking(
        lambda transaction: transaction.connection.execute(text(update), {"hash": common, "id": who["id"]})
    )
    assert works(signed_in(place, who, "1234"))


@pytest.mark.parametrize("password", ["password", "12345678", "Welcome1!", "+1 777 00000001"])
def test_a_password_that_is_guessed_first_is_set_nowhere(place: Place, hedy: Caller, password: str) -> None:
    body = {"name": "Eve", "phone": "+1 777 00000001", "password": password}
    signed_up = place.nobody.post("/api/auth/sign-up/", body)
    assert (signed_up.status_code, signed_up.json()["field"]) == (422, "password")
    if password.startswith("+"):
        password = hedy.signed_in["person"]["phone"]
    reset = place.alex.post(f"{CUSTOMERS}{hedy.signed_in['person']['id']}/", {"password": password})
    assert (reset.status_code, reset.json()["field"]) == (422, "password")
    assert login(place, hedy).status_code == 200


@pytest.mark.parametrize("name", ["Kim", " kIM "])
def test_a_name_is_one_persons(place: Place, name: str) -> None:
    reply = place.alex.post(STAFF, {"name": name, "pin": PIN})
    assert (reply.status_code, reply.json()["type"], reply.json()["field"]) == (409, "exists", "name")


@pytest.mark.parametrize("body", [{"pin": "12"}, {"pin": "secret"}, {"name": "  "}, {"role": "customer"}])
def test_staff_are_staff_with_a_pin_and_a_name(place: Place, body: dict[str, str]) -> None:
    assert place.alex.post(STAFF, {"name": "Nobody", "pin": PIN} | body).status_code == 422


@pytest.mark.parametrize("changes", [{"disabled": True}, {"pin": "31415926"}, {"role": "admin"}], ids=str)
def test_whoever_is_another_now_is_signed_out_at_once(place: Place, changes: dict[str, Any]) -> None:
    who = add(place)
    before, at_work = signed_in(place, who), signed_in(place, place.alex.signed_in["person"], shop.ADMIN_PIN)
    assert works(before)
    assert works(at_work)
    cursor = before.get("/api/snapshot/").json()["cursor"]
    with Listener(place.server.url, hello(before.token, cursor)) as socket:
        socket.message()
        assert change(place, who, **changes).status_code == 200
        assert not works(before)
        assert refreshed(before).status_code == 401
        assert socket.closed(within_s=5) == Close.SIGNED_OUT
    assert works(at_work), "nobody else is"


def test_disabling_lasts_until_it_is_taken_back(place: Place) -> None:
    who = add(place)
    assert change(place, who, disabled=True).json()["disabled_at"] is not None
    wrong = place.nobody.post(
        "/api/auth/staff/sign-in/", {"staff": who["name"], "pin": "00000000", "device": shop.DEVICE}
    )
    assert sign_in(place, who).status_code == 401
    assert sign_in(place, who).content == wrong.content, "it does not say that the PIN was right"
    assert change(place, who, disabled=False).json()["disabled_at"] is None
    assert works(signed_in(place, who))


def test_a_new_pin_ends_the_old_one(place: Place) -> None:
    who = add(place)
    change(place, who, pin="27182818")
    assert sign_in(place, who).status_code == 401
    assert works(signed_in(place, who, "27182818"))


def test_a_role_is_new_with_the_next_sign_in_and_no_session_keeps_the_old(place: Place) -> None:
    who = add(place, "admin")
    admin = signed_in(place, who)
    assert admin.get(STAFF).status_code == 200
    change(place, who, role="cashier")
    assert refreshed(admin).status_code == 401
    cashier = signed_in(place, who)
    assert cashier.get(STAFF).status_code == 403
    assert refreshed(cashier).json()["person"]["role"] == "cashier"


def test_what_changes_nothing_signs_nobody_out(place: Place) -> None:
    who = add(place)
    caller = signed_in(place, who)
    for nothing in ({}, {"role": "cashier"}, {"disabled": False}, {"unlock": True}):
        assert change(place, who, **nothing).status_code == 200
    assert works(caller)


@pytest.mark.parametrize("changes", [{"disabled": True}, {"role": "cashier"}])
def test_a_shop_keeps_somebody_who_looks_after_it(place: Place, changes: dict[str, Any]) -> None:
    alex = {"id": place.world.alex}
    for each in place.alex.get(STAFF).json()["staff"]:
        if each["role"] == "admin" and each["id"] != alex["id"]:
            change(place, each, disabled=True)
    refused = change(place, alex, **changes)
    assert (refused.status_code, refused.json()["type"]) == (409, "last_admin")
    assert place.alex.get(STAFF).status_code == 200
    second = add(place, "admin")
    change(place, second, disabled=True)
    assert change(place, alex, **changes).status_code == 409, "one who is disabled looks after nothing"
    change(place, second, disabled=False)
    assert change(place, second, **changes).status_code == 200, "of two, one may go"


def test_another_shops_staff_is_not_there(place: Place) -> None:
    for changes in ({"disabled": True}, {}):
        refused = change(place, {"id": place.world.sam}, **changes)
        assert (refused.status_code, refused.json()["type"]) == (404, "not_found")
    assert works(place.sam)


def test_admins_make_each_other(place: Place) -> None:
    other = signed_in(place, add(place, "admin"))
    reply = other.post(STAFF, {"name": "Grandchild", "pin": PIN, "role": "admin"})
    assert reply.status_code == 201


# -- customers


@pytest.fixture
def hedy(place: Place) -> Caller:
    """A customer of her own for each test."""
    body = {"name": "Hedy Lamarr", "phone": f"+1 777 {secrets.randbelow(10**8):08d}", "password": shop.PASSWORD}
    return Caller(place.server.url, place.nobody.post("/api/auth/sign-up/", body).json())


def login(place: Place, who: Caller, password: str = shop.PASSWORD) -> Any:
    return place.nobody.post("/api/auth/sign-in/", {"login": who.signed_in["person"]["phone"], "password": password})


def test_a_customer_who_forgot_gets_another_password(place: Place, hedy: Caller) -> None:
    phone = hedy.signed_in["person"]["phone"]
    (found,) = place.alex.get(CUSTOMERS, params={"q": phone[-8:]}).json()["customers"]
    assert (found["id"], found["name"], found["orders"]) == (hedy.signed_in["person"]["id"], "Hedy Lamarr", 0)
    changed = place.alex.post(f"{CUSTOMERS}{found['id']}/", {"password": "another-one-altogether"})
    assert changed.status_code == 200
    assert hedy.get("/api/online/orders/history/").status_code == 401
    assert refreshed(hedy).status_code == 401
    assert login(place, hedy).status_code == 401
    assert login(place, hedy, "another-one-altogether").status_code == 200


def test_ones_own_name_is_no_password_whoever_sets_it(place: Place, hedy: Caller) -> None:
    path = f"{CUSTOMERS}{hedy.signed_in['person']['id']}/"
    refused = place.alex.post(path, {"password": "HEDY Lamarr"})
    assert (refused.status_code, refused.json()["field"]) == (422, "password")
    assert login(place, hedy).status_code == 200


def test_a_refusal_names_what_there_is_not(place: Place) -> None:
    nobody = "00000000-0000-7000-8000-00000000dead"
    for path, body, what in (
        (f"{STAFF}{nobody}/", {"disabled": True}, "There is no such member of staff."),
        (f"{CUSTOMERS}{nobody}/", {"disabled": True}, "There is no such customer."),
        ("/api/admin/unlock/", {"device": "NOBODYS"}, "There is no such device."),
    ):
        reply = place.alex.post(path, body)
        assert (reply.status_code, reply.json()["title"]) == (404, what)
    role = place.alex.post(STAFF, {"name": "New", "pin": PIN, "role": "customer"})
    assert (role.status_code, role.json()["field"]) == (422, "role")
    assert role.json()["detail"] == "Staff are cashier, manager or admin."
    elsewhere = {"login": shop.ADA.phone, "password": shop.PASSWORD, "shop": nobody}
    reply = place.nobody.post("/api/auth/sign-in/", elsewhere)
    assert (reply.status_code, reply.json()["field"]) == (422, "shop")
    assert reply.json()["detail"] == "There is no such shop."
    eve = {"name": " ", "phone": "+1 777 4321", "password": shop.PASSWORD}
    unnamed = place.nobody.post("/api/auth/sign-up/", eve)
    assert (unnamed.status_code, unnamed.json()["field"]) == (422, "name")


def test_a_disabled_customer_is_signed_out_and_stays_out(place: Place, hedy: Caller) -> None:
    path = f"{CUSTOMERS}{hedy.signed_in['person']['id']}/"
    assert place.alex.post(path, {"disabled": True}).json()["disabled_at"] is not None
    assert hedy.get("/api/online/orders/history/").status_code == 401
    assert login(place, hedy).status_code == 401
    place.alex.post(path, {"disabled": False})
    assert login(place, hedy).status_code == 200


@pytest.fixture
def sam(place: Place) -> Caller:
    """Who works in the chain's other shop, as an admin there, at a till."""
    with place.server.database.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE staff SET role = 'admin' WHERE name = 'Sam'")
        connection.commit()
    return calls.staff(place.server, shop.SAM, shop.OTHER_DEVICE, place.world.other_shop)


def shown(caller: Caller, q: str) -> set[str]:
    return {each["id"] for each in caller.get(CUSTOMERS, params={"q": q, "limit": 200}).json()["customers"]}


def test_nothing_that_another_shop_does_gives_it_a_customers_account(place: Place, hedy: Caller, sam: Caller) -> None:
    """Whether she has ordered anywhere or not, and whatever was put under her name at another shop's counter."""
    who = hedy.signed_in["person"]
    path = f"{CUSTOMERS}{who['id']}/"

    def refused_everything() -> None:
        for body in ({"password": "taken over by Sam"}, {"disabled": True}, {"unlock": True}, {}):
            refused = sam.post(path, body)
            assert (refused.status_code, refused.json()["type"]) == (404, "not_found")
        assert who["id"] not in shown(sam, "Hedy")
        assert login(place, hedy).status_code == 200

    refused_everything()
    taken = sam.post("/api/pos/orders/", order_body(customer_id=who["id"]), key=new_key())
    assert taken.status_code == 201, taken.text
    refused_everything()
    hedy.place()
    refused_everything()
    there = place.nobody.post(
        "/api/auth/sign-in/", {"login": who["phone"], "password": shop.PASSWORD, "shop": place.world.other_shop}
    ).json()
    Caller(place.server.url, there).place()
    refused_everything()
    assert place.alex.post(path, {}).status_code == 200
    assert who["id"] in shown(place.alex, "Hedy")


def test_the_operator_looks_after_every_account(place: Place, hedy: Caller) -> None:
    signing = place.server.services.access
    for shop_id in (place.world.shop, place.world.other_shop):
        command = Caller(place.server.url, {"access_token": signing.sign_local("orderbell", shop_id)})
        assert hedy.signed_in["person"]["id"] in shown(command, "Hedy")
        assert command.post(f"{CUSTOMERS}{hedy.signed_in['person']['id']}/", {}).status_code == 200


@pytest.mark.parametrize(
    "found_by",
    [
        lambda who: who["phone"],
        lambda who: f"+{who['phone'][:3]} {who['phone'][3:]}",
        lambda _: "hedy lamarr",
        lambda _: "Hedy",
    ],
)
def test_a_customer_is_found_by_the_whole_number_or_a_name(
    place: Place, hedy: Caller, found_by: Callable[[dict[str, str]], str]
) -> None:
    who = hedy.signed_in["person"]
    found = place.kim.get("/api/pos/customers/", params={"q": found_by(who)}).json()["customers"]
    assert who["id"] in {each["id"] for each in found} or len(found) == people.FOUND_MOST
    assert not any(each["email"] for each in found)


@pytest.mark.parametrize("part", [slice(-2, None), slice(-8, None), slice(0, 6), slice(1, None)])
def test_part_of_a_number_finds_nobody(place: Place, hedy: Caller, part: slice) -> None:
    sought = hedy.signed_in["person"]["phone"][part]
    assert place.kim.get("/api/pos/customers/", params={"q": sought}).json()["customers"] == []


@pytest.mark.parametrize("sought", ["He", "hed", "%%", "_edy", "Hedy L", "a%"])
def test_part_of_a_word_finds_nobody(place: Place, hedy: Caller, sought: str) -> None:
    assert place.kim.get("/api/pos/customers/", params={"q": sought}).json()["customers"] == []


def test_looking_customers_up_is_limited(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.server.services.lookups, "_most", 3)
    place.server.services.lookups._done.clear()
    for n in range(3):
        assert place.kim.get("/api/pos/customers/", params={"q": f"Nobody{n}"}).status_code == 200
    refused = place.kim.get("/api/pos/customers/", params={"q": "Ada"})
    assert (refused.status_code, refused.json()["type"]) == (429, "too_many")
    assert int(refused.headers["Retry-After"]) > 1700
    assert place.alex.get("/api/pos/customers/", params={"q": "Ada"}).status_code == 200
    monkeypatch.undo()
    place.server.services.lookups._done.clear()


def test_what_concerns_every_shop_is_the_operators(place: Place, sam: Caller) -> None:
    command = place.command
    for method, path in (("GET", "backups"), ("POST", "backups"), ("GET", "check"), ("GET", "doctor")):
        for admin in (place.alex, sam):
            refused = admin.call(method, f"/api/admin/{path}/")
            assert (refused.status_code, refused.json()["type"]) == (403, "forbidden")
            assert "operator" in refused.json()["title"]
        assert command.call(method, f"/api/admin/{path}/").ok
    unlocking = {"address": "192.0.2.7"}
    assert sam.post("/api/admin/unlock/", unlocking).status_code == 403
    assert command.post("/api/admin/unlock/", unlocking).status_code == 204


def test_customers_come_in_pages(place: Place, hedy: Caller) -> None:
    page = place.alex.get(CUSTOMERS, params={"limit": 1}).json()
    assert (len(page["customers"]), page["more"]) == (1, True)
    assert place.alex.get(CUSTOMERS, params={"limit": 200}).json()["more"] is False


def test_no_secret_comes_back(place: Place) -> None:
    who = add(place)
    for reply in (place.alex.get(STAFF), place.alex.get(CUSTOMERS), change(place, who, pin="16180339")):
        assert "16180339" not in reply.text
        assert PIN not in reply.text
        assert "argon2" not in reply.text
