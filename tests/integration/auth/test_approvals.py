"""What a manager allows somebody else, once."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from typing_extensions import override

from core.domain.acts import Act
from core.domain.people import Role
from core.domain.rights import ACTS
from core.server.accounts import throttle
from core.server.setup import NewStaff
from core.store import failed_attempts
from tests.integration.auth.test_rights import DEEDS, allow, needs, take, taken
from tests.integration.calls import Caller, new_key, order_body, staff
from tests.integration.conftest import Place
from tests.support import shop

AT_TILL = [act for act, row in ACTS.items() if row.at_till]
MANAGER = "Mia"
"""The name of a manager who is made by a test begins so."""


@pytest.fixture(autouse=True)
def rights(place: Place) -> Iterator[None]:
    """A cashier who may nothing, and a manager who may everything that can be allowed at a till."""
    allow(place, Role.CASHIER, [])
    allow(place, Role.MANAGER, [{"act": act.value} for act in AT_TILL])
    yield
    forget(place)


def forget(place: Place) -> None:
    """Forget wrong tries, for the other tests."""
    reply = place.alex.post(f"/api/admin/staff/{place.world.max}/", {"unlock": True})
    assert reply.ok, reply.text


def ask(
    place: Place,
    caller: Caller,
    key: str,
    about: str,
    *wanted: tuple[str, int],
    by: Any = shop.MAX,
    pin: str = "",
) -> requests.Response:
    body = {
        "staff": by.name,
        "pin": pin or by.pin,
        "operation": key,
        "about": about,
        "needs": [{"act": act, "size": size} for act, size in wanted],
    }
    return caller.post("/api/pos/approvals/", body)


def given(reply: requests.Response) -> str:
    assert reply.status_code == 201, reply.text
    return str(reply.json()["approval"])


def refund_body(order: dict[str, Any], amount_minor: int = 500, **more: Any) -> dict[str, Any]:
    return {"version": order["version"], "reason": "cold", "amount_minor": amount_minor} | more


class Allowing(Caller):
    """Somebody who asks a manager for whatever they are refused, and sends it again under the same key."""

    def __init__(self, place: Place, caller: Caller) -> None:
        super().__init__(caller.url, caller.signed_in)
        self._place = place
        self.asked: list[list[dict[str, Any]]] = []

    @override
    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, **more: Any) -> Any:
        reply = super().call(method, path, body, key=key, **more)
        if reply.status_code != 403 or key is None:
            return reply
        wanted = reply.json()["needs"]
        self.asked.append(wanted)
        about = body.get("session") or body.get("id") or path.split("/")[4]
        pairs = [(each["act"], each.get("size", 0)) for each in wanted]
        approval = given(ask(self._place, self, key, about, *pairs))
        return super().call(method, path, body | {"approval": approval}, key=key, **more)


@pytest.mark.parametrize("act", [act for act in AT_TILL if act is not Act.PAST_ORDERS], ids=str)
def test_each_act_is_done_with_a_managers_word(place: Place, act: Act) -> None:
    caller = Allowing(place, place.kim)
    reply = DEEDS[act](place, caller)
    assert reply.ok, reply.text
    assert [each["act"] for each in caller.asked[-1]] == [act]


@pytest.mark.parametrize("change", [{"pin": "86427531"}, {"disabled": True}], ids=["another PIN", "disabled"])
def test_a_manager_who_is_changed_while_their_pin_is_checked_allows_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    added = place.alex.post(
        "/api/admin/staff/", {"name": f"{MANAGER} {new_key()[-8:]}", "pin": "11235813", "role": "manager"}
    )
    assert added.ok, added.text
    mia = added.json()
    order = taken(place)
    passwords = place.server.services.passwords
    verify = passwords.verify

    async def slowly(known: str | None, given: str, *, at_own_device: bool = False) -> bool:
        right = await verify(known, given, at_own_device=at_own_device)
        reply = await asyncio.to_thread(place.alex.post, f"/api/admin/staff/{mia['id']}/", change)
        assert reply.ok, reply.text
        return right

    monkeypatch.setattr(passwords, "verify", slowly)
    asked = {"staff": mia["name"], "pin": "11235813", "operation": new_key(), "about": order["id"]}
    reply = place.kim.post("/api/pos/approvals/", asked | {"needs": [{"act": "refund", "size": 500}]})
    assert (reply.status_code, reply.json()["field"]) == (422, "pin")


def test_an_order_of_an_earlier_day_is_changed_with_a_managers_word(place: Place) -> None:
    order = place.alex.bring(taken(place), "completed")
    place.server.database.write_blocking(
        lambda transaction: transaction.connection.exec_driver_sql(
            f"UPDATE orders SET placed_at = placed_at - 172800000000 WHERE id = '{order['id']}'"
        )
    )
    caller = Allowing(place, place.kim)
    reply = caller.post(f"/api/pos/orders/{order['id']}/refund/", refund_body(order), key=new_key())
    assert reply.ok, reply.text
    assert {each["act"] for each in caller.asked[0]} == {"refund", "past_orders"}


def test_an_order_is_amended_with_a_managers_word_and_both_names_are_kept(place: Place) -> None:
    order = taken(place, lines=[{"item_id": shop.FRIES, "quantity": 2}])
    caller = Allowing(place, place.kim)
    lines = [{"id": order["lines"][0]["id"], "quantity": 1}]
    body = {"version": order["version"], "lines": lines, "fulfilment": order["fulfilment"], "reason": "cold"}
    reply = caller.post(f"/api/pos/orders/{order['id']}/amend/", body, key=new_key())
    assert reply.ok, reply.text
    assert {each["act"] for each in caller.asked[0]} == {"void", "refund"}
    [kept] = place.alex.get(f"/api/pos/orders/{order['id']}/").json()["amendments"]
    assert (kept["by"], kept["approver"]) == ("Kim", shop.MAX.name)


def test_both_names_are_kept(place: Place) -> None:
    caller = Allowing(place, place.kim)
    discounted = order_body(discount={"rate": 100_000, "reason": "regular"})
    order = caller.post("/api/pos/orders/", discounted, key=new_key()).json()
    history = place.kim.get(f"/api/pos/orders/{order['id']}/").json()["history"]
    assert [(each["by"], each["approver"]) for each in history] == [("Kim", "Max")]
    order = taken(place)
    assert caller.post(f"/api/pos/orders/{order['id']}/refund/", refund_body(order), key=new_key()).ok
    payments = place.kim.get(f"/api/pos/orders/{order['id']}/").json()["payments"]
    assert [(each["by"], each["approver"]) for each in payments] == [("Alex", ""), ("Kim", "Max")]
    rows = place.rows("SELECT by_id, approver_id FROM ledger WHERE order_id = ? AND approver_id <> ''", order["id"])
    assert set(rows) == {(place.world.kim, place.world.max)}
    session = DEEDS[Act.CASH](place, caller).json()
    assert (session["entries"][-1]["by"], session["entries"][-1]["approver"]) == ("Kim", "Max")
    entry = place.alex.get("/api/admin/security-log/").json()["entries"][0]
    assert (entry["event"], entry["by_name"], entry["about"]) == ("approved", "Max", "cash 100 for Kim")


def test_a_customer_does_not_hear_who_allowed_it(place: Place) -> None:
    order = place.kim.bring(place.ada.place(), "confirmed")
    reply = Allowing(place, place.kim).move(order, "cancelled", reason="closed")
    assert reply.ok, reply.text
    assert "Max" not in place.ada.get(f"/api/online/orders/{order['id']}/status/").text
    assert "Max" in place.kim.get(f"/api/pos/orders/{order['id']}/").text


def test_it_is_good_for_one_operation_and_for_no_more_than_was_allowed(place: Place) -> None:
    order, other, key = taken(place), taken(place), new_key()
    approval = given(ask(place, place.kim, key, order["id"], ("refund", 500)))
    path = f"/api/pos/orders/{order['id']}/refund/"

    def refused(caller: Caller, at: str, body: dict[str, Any], under: str) -> None:
        assert needs(caller.post(at, body, key=under)) == [Act.REFUND]

    refused(place.kim, path, refund_body(order, 501, approval=approval), key)
    refused(place.kim, path, refund_body(order, 500, approval=approval), new_key())
    refused(place.kim, f"/api/pos/orders/{other['id']}/refund/", refund_body(other, 500, approval=approval), key)
    refused(place.kim, path, refund_body(order, 500, approval=approval[:-1] + "x"), key)
    refused(place.kim, path, refund_body(order, 500, approval="nonsense"), key)
    refused(place.kim, path, refund_body(order, 500, approval="ü.ü"), key)
    body = refund_body(order, 500, approval=approval)
    first = place.kim.post(path, body, key=key)
    assert first.ok, first.text
    again = place.kim.post(path, body, key=key)
    assert again.content == first.content, "sent twice, done once"
    after = place.kim.get(f"/api/pos/orders/{order['id']}/").json()["order"]
    assert after["refunded_minor"] == 500
    refused(place.kim, path, refund_body(after, 500, approval=approval), new_key())


def test_it_is_nobody_elses_and_of_no_other_pos(place: Place) -> None:
    reply = place.command.post("/api/admin/devices/", {"name": "POS7", "kind": "terminal"})
    assert reply.ok, reply.text
    paired = place.nobody.post("/api/auth/pair/", {"code": reply.json()["code"], "kind": "terminal"}).json()
    added = place.alex.post("/api/admin/staff/", {"name": "Lee", "pin": "86421357"})
    assert added.ok, added.text
    at_seven = {"device": "POS7", "device_secret": paired["secret"]}
    lee = place.nobody.post(
        "/api/auth/staff/sign-in/", {"staff": "Lee", "pin": "86421357", "device": shop.DEVICE}
    ).json()
    kim = place.nobody.post("/api/auth/staff/sign-in/", {"staff": "Kim", "pin": shop.CASHIER_PIN, **at_seven}).json()
    order, key = taken(place), new_key()
    body = refund_body(order, approval=given(ask(place, place.kim, key, order["id"], ("refund", 500))))
    for session in (lee, kim):
        caller = Caller(place.server.url, session)
        assert needs(caller.post(f"/api/pos/orders/{order['id']}/refund/", body, key=key)) == [Act.REFUND]
    assert place.alex.post(f"/api/admin/staff/{added.json()['id']}/remove/").ok


def test_it_is_judged_again_when_it_arrives(place: Place) -> None:
    """The manager may no more than they may by then, and nothing once they are gone."""
    order, key = taken(place), new_key()
    body = refund_body(order, approval=given(ask(place, place.kim, key, order["id"], ("refund", 500))))
    path = f"/api/pos/orders/{order['id']}/refund/"
    allow(place, Role.MANAGER, [{"act": "refund", "limit": 499}])
    assert needs(place.kim.post(path, body, key=key)) == [Act.REFUND]
    allow(place, Role.MANAGER, [{"act": "refund", "limit": 500}])
    added = place.alex.post("/api/admin/staff/", {"name": "Mo", "pin": "86421357", "role": "manager"}).json()
    mo = NewStaff("Mo", "86421357", Role.MANAGER)
    by_mo = refund_body(order, approval=given(ask(place, place.kim, key, order["id"], ("refund", 500), by=mo)))
    assert place.alex.post(f"/api/admin/staff/{added['id']}/remove/").ok
    assert needs(place.kim.post(path, by_mo, key=key)) == [Act.REFUND]
    assert place.kim.post(path, body, key=key).ok


def test_who_may_not_do_it_allows_nobody_else(place: Place) -> None:
    allow(place, Role.MANAGER, [{"act": "refund", "limit": 400}])
    assert needs(ask(place, place.kim, new_key(), "", ("refund", 500), ("void", 0))) == ["refund", "void"]
    assert needs(ask(place, place.kim, new_key(), "", ("refund", 500), by=shop.KIM)) == ["refund"]
    assert ask(place, place.kim, new_key(), "", ("refund", 500), by=shop.ALEX).ok
    assert ask(place, place.kim, new_key(), "", ("people", 0), by=shop.ALEX).status_code == 403
    assert ask(place, place.sam, new_key(), "", ("refund", 500)).status_code == 422, "another shop's manager"
    assert ask(place, place.ada, new_key(), "", ("refund", 500)).status_code == 403


def test_guessing_a_managers_pin_is_as_slow_as_at_the_sign_in(place: Place) -> None:
    wrong = ask(place, place.kim, new_key(), "", ("refund", 5), pin="000000")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "pin")
    nobody = ask(place, place.kim, new_key(), "", ("refund", 5), by=NewStaff("Nobody", "111222"))
    assert {name: each for name, each in nobody.json().items() if name != "status"} == {
        name: each for name, each in wrong.json().items() if name != "status"
    }, "nobody learns who works here"
    entries = place.alex.get("/api/admin/security-log/", params={"failures": "true"}).json()["entries"]
    assert ("approval_failed", "Max", "for Kim") in {
        (each["event"], each["by_name"], each["about"]) for each in entries
    }
    for _ in range(throttle.PER_ACCOUNT - 1):
        ask(place, place.kim, new_key(), "", ("refund", 5), pin="000000")
    locked = ask(place, place.kim, new_key(), "", ("refund", 5))
    assert (locked.status_code, locked.json()["type"]) == (429, "too_many_tries")
    sign_in = {"staff": "Max", "pin": shop.MANAGER_PIN, "device": shop.DEVICE}
    assert place.nobody.post("/api/auth/staff/sign-in/", sign_in).status_code == 429, "one count for both"
    forget(place)
    assert ask(place, place.kim, new_key(), "", ("refund", 5)).ok
    tried = place.server.database.read_blocking(
        lambda transaction: failed_attempts.read_all(transaction, throttle.staff_scope(place.world.shop, "Max"))
    )
    assert not any(tried), "a right one does not count"
    assert staff(place.server, shop.MAX).signed_in
    assert take(place.kim).ok


def test_the_names_of_managers_who_may_are_told_and_no_others(place: Place) -> None:
    def names(*acts: str) -> list[str]:
        reply = place.kim.get("/api/pos/approvers/", params=[("act", act) for act in acts])
        assert reply.status_code == 200, reply.text
        found: list[str] = reply.json()["names"]
        return found

    rights = [{"act": "void"}, {"act": "refund", "limit": 500}]
    assert place.alex.post("/api/admin/roles/manager/", {"rights": rights}).status_code == 200
    assert place.alex.post("/api/admin/roles/cashier/", {"rights": []}).status_code == 200
    told = [name for name in names("void", "refund") if not name.startswith(MANAGER)]  # those of other tests
    assert told == [shop.MAX.name], "neither admins nor cashiers, and nobody of another shop"
    assert names("comp") == []
    assert names() == []
    assert place.ada.get("/api/pos/approvers/", params={"act": "void"}).status_code == 403


def test_x_and_z_list_what_was_allowed_in_their_session(place: Place) -> None:
    allow(place, Role.CASHIER, [{"act": "record_card"}])
    newest = place.kim.get("/api/pos/drawers/").json()["sessions"][:1]
    if newest and newest[0]["entries"][-1]["act"] != "closed":
        session = newest[0]["id"]
    else:
        session = new_key()
        body = {"session": session, "float_minor": 0}
        assert place.kim.post("/api/pos/drawer/", body, key=new_key()).status_code == 201
    earlier = len(place.alex.get(f"/api/pos/drawers/{session}/x/").json()["report"]["approvals"])

    def done(path: str, about: str, body: dict[str, Any], act: str, size: int = 0) -> dict[str, Any]:
        key = new_key()
        approval = given(ask(place, place.kim, key, about, (act, size)))
        reply = place.kim.post(path, body | {"approval": approval}, key=key)
        assert reply.ok, reply.text
        found: dict[str, Any] = reply.json()
        return found

    order_id = new_key()
    body = order_body(id=order_id, payment="unpaid", discount={"rate": 20_000, "reason": "regular"})
    off = done("/api/pos/orders/", order_id, body, "discount", 20_000)
    paid = place.kim.post("/api/pos/orders/", order_body(payment="paid"), key=new_key()).json()
    body = {"version": 1, "reason": "cold", "amount_minor": 100}
    done(f"/api/pos/orders/{paid['id']}/refund/", paid["id"], body, "refund", 100)
    gone = place.kim.post("/api/pos/orders/", order_body(payment="unpaid"), key=new_key()).json()
    body = {"version": 1, "to": "cancelled", "reason": "left"}
    done(f"/api/pos/orders/{gone['id']}/status/", gone["id"], body, "void")
    body = {"session": session, "act": "paid_out", "amount_minor": 10, "reason": "milk"}
    done("/api/pos/drawer/cash/", session, body, "cash", 10)
    report = place.alex.get(f"/api/pos/drawers/{session}/x/").json()["report"]
    told = [(each["about"], each["by"], each["approver"], each["reason"]) for each in report["approvals"]][earlier:]
    kim, max_ = shop.KIM.name, shop.MAX.name
    assert told == [
        (off["number"], kim, max_, "\N{MINUS SIGN}20 %: regular"),
        (paid["number"], kim, max_, "cold"),
        (gone["number"], kim, max_, "left"),
        ("paid_out", kim, max_, "milk"),
    ]
