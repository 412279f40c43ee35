"""Who may do what: each act of the table, by each role that has the right and that has not. A new act is in here by
being in the table."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from core.domain.acts import Act, Unit
from core.domain.people import Role
from core.domain.rights import ACTS, START, rights_of
from core.domain.status import CALLED_OFF
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.integration.orders.test_amendments import as_it_is
from tests.support import shop


def take(caller: Caller, **more: Any) -> requests.Response:
    return caller.post("/api/pos/orders/", order_body(**more), key=new_key())


def taken(place: Place, **more: Any) -> dict[str, Any]:
    """An order of the admin's, who may do everything."""
    reply = take(place.alex, **more)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def of_order(caller: Caller, order: dict[str, Any], what: str, **body: Any) -> requests.Response:
    body |= {"version": order["version"]}
    return caller.post(f"/api/pos/orders/{order['id']}/{what}/", body, key=new_key())


def discounted(caller: Caller, percent: int, lines: int = 0) -> requests.Response:
    """An order at so many percent off, and its first line at `lines` percent off."""
    body = order_body(discount={"rate": percent * 1000, "reason": "regular"})
    if lines:
        body["lines"][0]["discount"] = {"rate": lines * 1000, "reason": "late"}
    return caller.post("/api/pos/orders/", body, key=new_key())


def refund(place: Place, caller: Caller) -> requests.Response:
    return of_order(caller, taken(place), "payment", payment="refunded", reason="cold", tender="cash")


def void(place: Place, caller: Caller) -> requests.Response:
    return of_order(caller, taken(place, payment="unpaid"), "status", to="cancelled", reason="gone")


def correct(place: Place, caller: Caller) -> requests.Response:
    return of_order(caller, taken(place), "payments/undo", reason="wrong order")


def move_cash(place: Place, caller: Caller, **what: Any) -> requests.Response:
    newest = caller.get("/api/pos/drawers/").json()["sessions"][:1]
    if not newest or newest[0]["entries"][-1]["act"] == "closed":
        reply = caller.post("/api/pos/drawer/", {"session": new_key(), "float_minor": 100_000}, key=new_key())
        newest = [reply.json()]
    body = {"session": newest[0]["id"], "reason": "so"} | what
    return caller.post("/api/pos/drawer/cash/", body, key=new_key())


def close_drawer(place: Place) -> None:
    session = {"session": place.alex.get("/api/pos/drawers/").json()["sessions"][0]["id"]}
    place.alex.post("/api/pos/drawer/count/", {**session, "counted_minor": 0}, key=new_key())
    place.alex.post("/api/pos/drawer/close/", {**session, "reason": "so"}, key=new_key())


def past(place: Place, caller: Caller) -> requests.Response:
    """An order that was handed over yesterday."""
    order = place.alex.bring(taken(place), "completed")
    place.server.database.write_blocking(
        lambda transaction: transaction.connection.exec_driver_sql(
            f"UPDATE orders SET placed_at = placed_at - 172800000000 WHERE id = '{order['id']}'"
        )
    )
    listed = caller.get("/api/pos/orders/", params={"q": order["number"]}).json()["orders"]
    reply = caller.get(f"/api/pos/orders/{order['id']}/")
    assert [each["id"] for each in listed] == ([order["id"]] if reply.ok else []), "the list says no more"
    return reply


def menu(place: Place, caller: Caller, *, price: int = 0) -> requests.Response:
    """Another menu, by one letter or by one price."""
    held = place.alex.get("/api/menu/").json()
    if price:
        held["categories"][0]["items"][0]["price_minor"] += price
    else:
        held["categories"][0]["name"] += "s"
    body = {"version": held["version"], "categories": held["categories"]}
    return caller.call("PUT", "/api/admin/menu/", body)


def others_drawer(place: Place, caller: Caller) -> requests.Response:
    """What should be in a drawer that nobody has counted."""
    session = move_cash(place, place.alex, act="no_sale").json()["id"]
    return caller.get(f"/api/pos/drawers/{session}/x/")


def enrol(place: Place, caller: Caller) -> requests.Response:
    """They enrol at a POS that is paired."""
    device = f"E{new_key()[:8].upper()}"
    code = place.command.post("/api/admin/devices/", {"name": device, "kind": "terminal"}).json()["code"]
    paired = place.nobody.post("/api/auth/pair/", {"code": code, "kind": "terminal"}).json()
    name = caller.signed_in["person"]["name"]
    who = {"staff": name, "pin": {each.name: each.pin for each in (shop.KIM, shop.MAX, shop.ALEX)}[name]}
    at = {"device": device, "device_secret": paired["secret"]}
    signed_in = place.nobody.post("/api/auth/staff/sign-in/", who | at).json()
    return Caller(place.server.url, signed_in).post("/api/pos/approvals/enrol/", who)


DEEDS: dict[Act, Callable[[Place, Caller], requests.Response]] = {
    Act.DISCOUNT: lambda _place, caller: discounted(caller, 5),
    Act.COMP: lambda _place, caller: discounted(caller, 100),
    Act.SERVICE: lambda _place, caller: caller.post(
        "/api/pos/orders/", order_body(service={"rate": 0, "reason": "slow"}), key=new_key()
    ),
    Act.REFUND: refund,
    Act.VOID: void,
    Act.CORRECT: correct,
    Act.RECORD_CARD: lambda place, caller: of_order(
        caller, taken(place, payment="unpaid"), "payments", tender="card", by_hand=True, reference="4711"
    ),
    Act.CASH: lambda place, caller: move_cash(place, caller, act="paid_out", amount_minor=100),
    Act.NO_SALE: lambda place, caller: move_cash(place, caller, act="no_sale"),
    Act.DRAWERS: others_drawer,
    Act.REPORTS: lambda _place, caller: caller.get(
        "/api/admin/reports/sales/", params={"first": "2026-05-04", "last": "2026-05-04"}
    ),
    Act.PAST_ORDERS: past,
    Act.MENU: menu,
    Act.PRICES: lambda place, caller: menu(place, caller, price=10),
    Act.SHOP: lambda _place, caller: caller.post("/api/admin/shop/", {"name": "Another Kitchen"}),
    Act.PEOPLE: lambda _place, caller: caller.get("/api/admin/staff/"),
    Act.ALLOW_OFFLINE: enrol,
    Act.DEVICES: lambda _place, caller: caller.get("/api/admin/devices/"),
}
"""How each act is done. What it needs besides (`BESIDES`) is allowed all the same."""
BESIDES = {Act.PRICES: {Act.MENU}}
AS = {Role.CASHIER: "kim", Role.MANAGER: "max", Role.ADMIN: "alex"}


def allow(place: Place, role: Role, rights: list[dict[str, Any]]) -> None:
    reply = place.alex.post(f"/api/admin/roles/{role}/", {"rights": rights})
    assert reply.status_code == 200, reply.text


def needs(reply: requests.Response) -> list[str]:
    """The acts that a request was refused for."""
    assert (reply.status_code, reply.json()["type"]) == (403, "right"), reply.text
    return [each["act"] for each in reply.json()["needs"]]


def test_every_act_is_tried() -> None:
    assert set(DEEDS) == set(ACTS) == set(Act), "say in DEEDS how it is done"
    assert set(AS) == {role for role in Role if role.is_staff}


@pytest.mark.parametrize("role", [Role.CASHIER, Role.MANAGER], ids=str)
@pytest.mark.parametrize("act", DEEDS, ids=str)
def test_who_has_a_right_may_and_who_has_all_others_may_not(place: Place, act: Act, role: Role) -> None:
    caller: Caller = getattr(place, AS[role])
    allow(place, role, [{"act": other.value} for other in ACTS if other is not act])
    refused = DEEDS[act](place, caller)
    if act is Act.DRAWERS:
        assert refused.json()["type"] == "blind", "one's own drawer alone, once it was counted"
    else:
        assert needs(refused) == [act]
    allow(place, role, [{"act": each.value} for each in {act, *BESIDES.get(act, ())}])
    done = DEEDS[act](place, caller)
    assert done.ok, done.text


@pytest.mark.parametrize("act", DEEDS, ids=str)
def test_an_admin_may_whatever_roles_say(place: Place, act: Act) -> None:
    """But have their PIN open something at a till."""
    for role in (Role.CASHIER, Role.MANAGER):
        allow(place, role, [])
    reply = DEEDS[act](place, place.alex)
    assert reply.ok == (act is not Act.ALLOW_OFFLINE), reply.text


@pytest.mark.parametrize("role", [Role.CASHIER, Role.MANAGER], ids=str)
def test_a_limit_is_a_limit(place: Place, role: Role) -> None:
    caller: Caller = getattr(place, AS[role])
    limits = {Act.DISCOUNT: 10_000, Act.REFUND: 500, Act.CASH: 500}
    assert set(limits) == {act for act, row in ACTS.items() if row.unit is not None}
    allow(place, role, [{"act": act.value, "limit": limit} for act, limit in limits.items()])
    assert discounted(caller, 10).ok
    over = discounted(caller, 11)
    assert needs(over) == [Act.DISCOUNT]
    assert over.json()["needs"] == [{"act": "discount", "size": 11_000}]
    assert needs(discounted(caller, 10, lines=10)) == [Act.DISCOUNT], "two small ones are one large one"
    assert needs(discounted(caller, 100)) == [Act.COMP], "all of it is another act"
    tenth = taken(place)["subtotal_minor"] // 10
    body = order_body(discount={"amount_minor": tenth, "reason": "regular"})
    assert caller.post("/api/pos/orders/", body, key=new_key()).ok
    body = order_body(discount={"amount_minor": tenth + 1, "reason": "regular"})
    assert needs(caller.post("/api/pos/orders/", body, key=new_key())) == [Act.DISCOUNT]
    order = taken(place)
    assert needs(of_order(caller, order, "refund", reason="cold", amount_minor=501)) == [Act.REFUND]
    first = of_order(caller, order, "refund", reason="cold", amount_minor=300)
    assert first.ok, first.text
    second = of_order(caller, first.json(), "refund", reason="cold", amount_minor=201)
    assert second.json()["needs"] == [{"act": "refund", "size": 501}], "together they are more"
    assert of_order(caller, first.json(), "refund", reason="cold", amount_minor=200).ok
    move_cash(place, place.alex, act="no_sale")
    close_drawer(place)
    move_cash(place, place.alex, act="paid_in", amount_minor=10_000)
    assert needs(move_cash(place, caller, act="paid_out", amount_minor=501)) == [Act.CASH]
    assert move_cash(place, caller, act="drop", amount_minor=300).ok, "what somebody else has moved is not counted"
    assert needs(move_cash(place, caller, act="paid_out", amount_minor=201)) == [Act.CASH], "in one session"
    assert move_cash(place, caller, act="paid_out", amount_minor=200).ok


def test_everybody_may_at_first_what_they_could_before(place: Place) -> None:
    for role in (Role.CASHIER, Role.MANAGER):
        allow(place, role, [{"act": right.act.value} for right in rights_of(START, role)])
    at_the_till = [Act.DISCOUNT, Act.COMP, Act.SERVICE, Act.REFUND, Act.VOID, Act.CORRECT, Act.RECORD_CARD]
    at_the_till += [Act.CASH, Act.NO_SALE, Act.PAST_ORDERS]
    for act, deed in DEEDS.items():
        assert deed(place, place.kim).ok == (act in at_the_till), act


def test_work_goes_on_without_any_right(place: Place) -> None:
    """Orders are taken, paid, moved, and called off before anybody has begun with them."""
    allow(place, Role.CASHIER, [])
    order = take(place.kim, payment="unpaid").json()
    paid = of_order(place.kim, order, "payments", tender="cash")
    assert paid.ok
    place.kim.bring(paid.json(), "completed")
    for to in CALLED_OFF:
        assert place.kim.move(place.ada.place(), to, reason="closed").ok
    assert place.kim.get("/api/pos/orders/", params={"open": "true"}).ok
    assert needs(void(place, place.kim)) == [Act.VOID]


def amend(caller: Caller, order: dict[str, Any], **more: Any) -> requests.Response:
    return caller.post(f"/api/pos/orders/{order['id']}/amend/", as_it_is(order, **more), key=new_key())


def bowls(place: Place, caller: Caller, count: int, **more: Any) -> dict[str, Any]:
    lines = [{"item_id": shop.BOWL, "quantity": count}]
    reply = caller.post("/api/pos/orders/", {"payment": "unpaid", "lines": lines, **more}, key=new_key())
    assert reply.ok, reply.text
    found: dict[str, Any] = reply.json()
    return found


def test_a_discount_does_not_grow_with_what_it_is_taken_off(place: Place) -> None:
    allow(place, Role.CASHIER, [{"act": "discount", "limit": 10_000}, {"act": "void"}])
    one = bowls(place, place.kim, 1)["subtotal_minor"]
    small = bowls(place, place.kim, 20, discount={"amount_minor": one, "reason": "regular"})
    lines = as_it_is(small)["lines"]
    left = amend(place.kim, small, lines=[{**lines[0], "quantity": 1}], reason="fewer")
    assert needs(left) == [Act.COMP], "what is left of it costs nothing"
    given = bowls(place, place.alex, 1, discount={"rate": 50_000, "reason": "late"})
    lines = as_it_is(given)["lines"]
    assert needs(amend(place.kim, given, lines=[{**lines[0], "quantity": 20}])) == [Act.DISCOUNT]
    assert amend(place.kim, given, note="hot").ok, "the discount stays as it was allowed"


def test_an_order_that_was_recalled_was_begun_all_the_same(place: Place) -> None:
    allow(place, Role.CASHIER, [])
    order = bowls(place, place.kim, 3)
    recalled = of_order(place.kim, order, "recall")
    assert recalled.json()["status"] == "pending", recalled.text
    assert needs(of_order(place.kim, recalled.json(), "status", to="cancelled", reason="gone")) == [Act.VOID]
    fewer = [{**as_it_is(recalled.json())["lines"][0], "quantity": 1}]
    assert needs(amend(place.kim, recalled.json(), lines=fewer, reason="fewer")) == [Act.VOID]


def test_no_answer_shows_an_order_of_an_earlier_day(place: Place) -> None:
    old = place.alex.bring(taken(place, customer_name="Zoe Private"), "completed")
    place.server.database.write_blocking(
        lambda transaction: transaction.connection.exec_driver_sql(
            f"UPDATE orders SET placed_at = placed_at - 172800000000 WHERE id = '{old['id']}'"
        )
    )
    allow(place, Role.CASHIER, [])
    stale = of_order(place.kim, old | {"version": 1}, "recall")
    assert needs(stale) == [Act.PAST_ORDERS]
    assert "Zoe" not in stale.text
    same = of_order(place.kim, old, "status", to="completed")
    assert needs(same) == [Act.PAST_ORDERS]
    assert "Zoe" not in same.text


@pytest.mark.parametrize(
    ("role", "rights", "status"),
    [
        ("admin", [], 422),
        ("customer", [], 422),
        ("captain", [], 404),
        ("cashier", [{"act": "comp", "limit": 5}], 422),
        ("cashier", [{"act": "discount", "limit": 100_001}], 422),
        ("cashier", [{"act": "comp"}, {"act": "comp"}], 422),
        ("cashier", [{"act": "fly"}], 422),
    ],
)
def test_rights_that_no_role_can_have_are_refused(
    place: Place, role: str, rights: list[dict[str, Any]], status: int
) -> None:
    before = place.alex.get("/api/pos/roles/").json()
    assert place.alex.post(f"/api/admin/roles/{role}/", {"rights": rights}).status_code == status
    assert place.alex.get("/api/pos/roles/").json() == before


def test_only_an_admin_changes_roles_and_nobody_makes_somebody_mightier_than_they_are(place: Place) -> None:
    allow(place, Role.MANAGER, [{"act": "people"}, {"act": "discount", "limit": 20_000}])
    allow(place, Role.CASHIER, [{"act": "discount", "limit": 10_000}])
    assert place.max.post("/api/admin/roles/cashier/", {"rights": []}).status_code == 403
    added = place.max.post("/api/admin/staff/", {"name": "Lee", "pin": "86421357"})
    assert added.status_code == 201, added.text
    lee = added.json()["id"]
    assert place.max.post("/api/admin/staff/", {"name": "Eve", "pin": "86421357", "role": "admin"}).status_code == 403
    assert place.max.post(f"/api/admin/staff/{lee}/", {"role": "admin"}).status_code == 403
    assert place.max.post(f"/api/admin/staff/{place.world.alex}/", {"pin": "86421357"}).status_code == 403
    assert place.max.post(f"/api/admin/staff/{place.world.alex}/remove/").status_code == 403
    allow(place, Role.CASHIER, [{"act": "discount"}])
    assert place.max.post(f"/api/admin/staff/{lee}/", {"pin": "75312468"}).status_code == 403, "they may more now"
    assert place.alex.post(f"/api/admin/staff/{lee}/remove/").status_code == 204


def test_a_change_is_logged_and_told_once(place: Place) -> None:
    allow(place, Role.CASHIER, [{"act": "refund"}])
    start = place.kim.get("/api/snapshot/").json()
    assert {"role": "cashier", "rights": [{"act": "refund"}]} in start["roles"]
    for _ in range(2):
        allow(place, Role.CASHIER, [{"act": "discount", "limit": 15_000}])
    frames = place.kim.get("/api/events/", params={"cursor": start["cursor"]}).json()["frames"]
    assert [each["event"]["kind"] for each in frames] == ["roles_changed"]
    entry = place.alex.get("/api/admin/security-log/").json()["entries"][0]
    assert (entry["event"], entry["by_name"], entry["about"]) == (
        "rights_changed",
        "Alex",
        "cashier: discount up to 15 %",
    )
    assert ACTS[Act.DISCOUNT].unit is Unit.PERCENT
    assert "roles" not in place.ada.get("/api/snapshot/").json() or not place.ada.get("/api/snapshot/").json()["roles"]
    assert place.kim.signed_in["person"]["role"] == shop.KIM.role


def test_who_changes_an_order_needs_the_rights_of_what_that_does(place: Place) -> None:
    def amend(order: dict[str, Any], quantity: int, **more: Any) -> requests.Response:
        lines = [{"id": line["id"], "quantity": quantity} for line in order["lines"]]
        body = {"lines": lines, "fulfilment": order["fulfilment"], "reason": "mind changed", "address": "1 Main St"}
        return of_order(place.kim, order, "amend", **body | more)

    allow(place, Role.CASHIER, [])
    two = [{"item_id": shop.FRIES, "quantity": 2}]
    off = {"rate": 10_000, "reason": "late"}
    paid = taken(place, lines=two)
    assert amend(taken(place, payment="unpaid"), 3, note="hot").ok, "to add something is to sell it"
    assert needs(amend(taken(place, lines=two, payment="unpaid"), 2, discount=off)) == ["discount"]
    comp = {**off, "rate": 100_000}
    assert needs(amend(taken(place, lines=two, discount=off), 2, discount=comp)) == ["comp", "refund"]
    assert needs(amend(paid, 1)) == ["void", "refund"]
    rights: list[dict[str, Any]] = [
        {"act": "discount", "limit": 10_000},
        {"act": "void"},
        {"act": "refund", "limit": 10**6},
    ]
    allow(place, Role.CASHIER, rights)
    assert amend(paid, 1, discount=off).ok
    allow(place, Role.CASHIER, [{"act": each.act.value} for each in rights_of(START, Role.CASHIER)])


def test_the_orders_behind_a_figure_need_the_right_to_the_figure(place: Place) -> None:
    allow(place, Role.CASHIER, [{"act": "past_orders"}])
    query = {"report": "tender", "row": "cash", "first": "2026-11-01", "last": "2026-11-30"}
    assert needs(place.kim.get("/api/pos/orders/", params=query)) == [Act.REPORTS]
    allow(place, Role.CASHIER, [{"act": "reports"}])
    assert place.kim.get("/api/pos/orders/", params=query).status_code == 200
