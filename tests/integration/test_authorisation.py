"""Who may use what: every endpoint of the table, called by everybody. A new one is in here by being in the table."""

import msgspec
import pytest
import requests

from core.domain.people import Role
from core.server.endpoint import ORDER_ID, AnyEndpoint, Keyed, Nothing, Who
from core.server.routes import ENDPOINTS
from tests.integration.calls import Caller, customer, display, new_key, order_body, staff
from tests.integration.conftest import Place
from tests.support import shop

NAMED = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
SAMPLES = {"q": "555", "cursor": "another-shop.1.event"}
NO_SUCH_ORDER = "01920000-0000-7000-8000-ffffffffffff"


def call(
    caller: Caller, endpoint: AnyEndpoint, order_id: str = NO_SUCH_ORDER, customer_id: str | None = None
) -> requests.Response:
    """A well-formed request: what the endpoint's example says, for the world that the tests have."""
    body = msgspec.to_builtins(endpoint.example) if endpoint.body is not Nothing else None
    if isinstance(body, dict) and "lines" in body:
        body |= {"id": None, "lines": [{"item_id": shop.BOWL}]}
    if isinstance(body, dict) and customer_id is not None:
        body["customer_id"] = customer_id
    query = {"customer_id": customer_id} if customer_id else {}
    query |= {field.name: SAMPLES[field.name] for field in msgspec.structs.fields(endpoint.query) if field.required}
    key = new_key() if endpoint.keyed is not Keyed.UNUSED else None
    return caller.call(endpoint.method, endpoint.path.replace(ORDER_ID, order_id), body, key=key, params=query)


@NAMED
def test_nobody_gets_past_a_door_that_asks(place: Place, endpoint: AnyEndpoint) -> None:
    reply = call(place.nobody, endpoint)
    if endpoint.who is Who.PUBLIC:
        assert reply.status_code != 403
        assert reply.status_code in {endpoint.status, *endpoint.refusals}
    else:
        assert reply.status_code == 401
        assert reply.json()["type"] == "unauthenticated"
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@NAMED
def test_a_role_gets_in_where_the_table_says_so(place: Place, endpoint: AnyEndpoint) -> None:
    callers = {Role.CUSTOMER: place.ada, Role.CASHIER: place.kim, Role.ADMIN: place.alex, Role.DISPLAY: place.board}
    assert set(callers) == set(Role)
    if endpoint.path == "/api/auth/sign-out/":  # in sessions of their own, which this ends
        server = place.server
        callers = {Role.CUSTOMER: customer(server), Role.CASHIER: staff(server), Role.ADMIN: staff(server, shop.ALEX)}
        callers[Role.DISPLAY] = display(server)
    for role, caller in callers.items():
        reply = call(caller, endpoint)
        if role not in endpoint.who.roles:
            assert (reply.status_code, reply.json()["type"]) == (403, "forbidden"), role
        elif ORDER_ID in endpoint.path:
            assert (reply.status_code, reply.json()["type"]) == (404, "not_found"), role
        else:
            assert reply.status_code in {endpoint.status, *endpoint.refusals}, (role, reply.text)


ABOUT_AN_ORDER = pytest.mark.parametrize(
    "endpoint",
    [endpoint for endpoint in ENDPOINTS if ORDER_ID in endpoint.path],
    ids=lambda endpoint: f"{endpoint.method} {endpoint.path}",
)


@ABOUT_AN_ORDER
def test_anothers_order_is_not_there(place: Place, endpoint: AnyEndpoint) -> None:
    """Not by its status, not by its words, not by its headers can it be told from one that never was."""
    order = place.ada.place()
    stranger = place.grace if endpoint.who is Who.CUSTOMER else place.sam
    before = place.counts()
    theirs, missing = call(stranger, endpoint, order["id"]), call(stranger, endpoint)
    assert (theirs.status_code, theirs.json()["type"]) == (404, "not_found")
    assert theirs.content == missing.content
    for header in ("X-Request-Id", "Date"):
        theirs.headers.pop(header), missing.headers.pop(header)
    assert theirs.headers == missing.headers
    assert place.counts() == before
    assert place.ada.get(f"/api/online/orders/{order['id']}/").json() == order


@ABOUT_AN_ORDER
def test_ones_own_order_is_there(place: Place, endpoint: AnyEndpoint) -> None:
    """The other side of the test above, so that it can't pass by finding nothing at all."""
    order = place.ada.place()
    owner = place.ada if endpoint.who is Who.CUSTOMER else place.kim
    assert call(owner, endpoint, order["id"]).status_code in {200, 409}


@pytest.mark.parametrize(
    "endpoint",
    [endpoint for endpoint in ENDPOINTS if endpoint.who is Who.CUSTOMER],
    ids=lambda endpoint: f"{endpoint.method} {endpoint.path}",
)
def test_naming_another_customer_changes_nothing(place: Place, endpoint: AnyEndpoint) -> None:
    """Grace asks in Ada's name, in the body and in the query, and gets what she would have got anyway."""
    adas, graces = place.ada.place(), place.grace.place()
    if ORDER_ID in endpoint.path:
        assert call(place.grace, endpoint, adas["id"], place.world.ada).status_code == 404
    reply = call(place.grace, endpoint, graces["id"], place.world.ada)
    assert reply.status_code == endpoint.status
    found = reply.json()
    for order in found.get("orders", [found]):
        if "customer_id" in order:
            assert order["customer_id"] == place.world.grace
    assert place.world.ada not in reply.text


def test_a_history_has_no_orders_but_ones_own(place: Place) -> None:
    for caller, owner in ((place.ada, place.world.ada), (place.grace, place.world.grace)):
        caller.place()
        page = caller.get("/api/online/orders/history/", params={"limit": 100, "customer_id": place.world.ada}).json()
        assert {order["customer_id"] for order in page["orders"]} == {owner}
        assert len(page["orders"]) == min(page["total"], 100)


def test_another_shops_orders_are_in_no_list(place: Place) -> None:
    order = place.ada.place()
    mine = place.sam.post("/api/pos/orders/", order_body(), key=new_key()).json()
    found = place.sam.get("/api/pos/orders/", params={"limit": 500}).json()
    assert order["id"] not in {one["id"] for one in found["orders"]}
    assert mine["id"] in {one["id"] for one in found["orders"]}
    assert {one["shop_id"] for one in found["orders"]} == {place.world.other_shop}
    assert found["total"] == len(found["orders"])


@pytest.mark.parametrize("who", ["shop", "device", "pin", "name"])
def test_staff_sign_in_needs_all_of_it_right(place: Place, who: str) -> None:
    """Kim's PIN opens Kim's own shop at a terminal it has, and nothing else."""
    right = {"staff": "Kim", "pin": shop.CASHIER_PIN, "device": shop.DEVICE, "shop": place.world.shop}
    wrong = {
        "shop": {"shop": place.world.other_shop, "device": shop.OTHER_DEVICE},
        "device": {"device": shop.OTHER_DEVICE},
        "pin": {"pin": shop.ADMIN_PIN},
        "name": {"staff": "Sam"},
    }
    assert place.nobody.post("/api/auth/staff/sign-in/", right).status_code == 200
    refused = place.nobody.post("/api/auth/staff/sign-in/", right | wrong[who])
    assert (refused.status_code, refused.json()["type"]) == (401, "unauthenticated")
