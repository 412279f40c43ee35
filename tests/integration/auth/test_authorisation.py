"""Who may use what: every endpoint of the table, called by everybody. A new one is in here by being in the table.

Who hears of what happens is `test_who_hears_what.py`'s.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from core.domain.acts import Need
from core.domain.ids import ShopId, uuid7
from core.domain.people import Principal, Role
from core.domain.rights import START, may, rights_of
from core.instants import now, to_us
from core.protocol.route import ORDER_ID, Keyed, Nothing, Who
from core.server.endpoints import examples
from core.server.endpoints.endpoint import AnyEndpoint
from core.server.health import presence
from core.server.routes import ENDPOINTS, auth, baskets, drawers, pos, rights
from core.store import sessions
from core.store.tables import metadata
from tests.integration.calls import Caller, customer, display, new_key, order_body, staff
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.server import ServerThread


def named(endpoints: Iterable[AnyEndpoint]) -> pytest.MarkDecorator:
    """A test for each of these, called by its address."""
    return pytest.mark.parametrize(
        "endpoint", list(endpoints), ids=lambda endpoint: f"{endpoint.route.method} {endpoint.route.path}"
    )


NAMED = named(ENDPOINTS)
SAMPLES = {"first": "2026-05-04", "last": "2026-05-04", "q": "555", "cursor": "another-shop.1.event"}
NO_SUCH_ORDER = "01920000-0000-7000-8000-ffffffffffff"


def call(
    caller: Caller, endpoint: AnyEndpoint, order_id: str = NO_SUCH_ORDER, customer_id: str | None = None
) -> requests.Response:
    """A well-formed request: what the endpoint's example says, for the world that the tests have."""
    route = endpoint.route
    body = msgspec.to_builtins(endpoint.example) if route.body is not Nothing else None
    if isinstance(body, dict) and body.get("lines"):
        body |= {"id": new_key(), "lines": [{"item_id": shop.BOWL}]}
    if isinstance(body, dict) and customer_id is not None:
        body["customer_id"] = customer_id
    query = {"customer_id": customer_id} if customer_id else {}
    query |= {field.name: SAMPLES[field.name] for field in msgspec.structs.fields(route.query) if field.required}
    key = new_key() if route.keyed is not Keyed.UNUSED else None
    path = route.path.replace(f"{{{route.parameter}}}", order_id) if route.parameter else route.path
    return caller.call(route.method, path, body, key=key, params=query)


class Somebody(msgspec.Struct, frozen=True):
    """One column of the matrix: a role, and where it is one."""

    caller: Callable[[Place], Caller]
    role: Role | None
    here: bool = True
    """In the shop that the orders of these tests are of."""
    at_a_terminal: bool = True
    operator: bool = False
    owner: bool = False
    """The customer whose orders they are."""


def elsewhere(place: Place) -> Caller:
    """An admin of the other shop."""
    return passing_by(place, Role.ADMIN)


def passing_by(place: Place, role: Role) -> Caller:
    """Somebody of the other shop whom the world has not, with a session as any."""
    bearer = Principal(subject="robin", role=role, name="Robin", session_id=uuid7(), shop_id=place.world.other_shop)
    place.server.database.write_blocking(lambda transaction: sessions.insert(transaction, bearer, to_us(now())))
    return Caller(place.server.url, {"access_token": place.server.services.access.sign(bearer)})


def local(place: Place, shop_id: ShopId) -> Caller:
    """A command on the server's own machine."""
    return Caller(place.server.url, {"access_token": place.server.services.access.sign_local("operator", shop_id)})


EVERYBODY = {
    "nobody": Somebody(lambda place: place.nobody, None),
    "the customer": Somebody(lambda place: place.ada, Role.CUSTOMER, owner=True),
    "another customer": Somebody(lambda place: place.grace, Role.CUSTOMER),
    "a cashier": Somebody(lambda place: place.kim, Role.CASHIER),
    "a manager": Somebody(lambda place: place.max, Role.MANAGER),
    "an admin": Somebody(lambda place: place.alex, Role.ADMIN),
    "a command": Somebody(lambda place: local(place, place.world.shop), Role.ADMIN, at_a_terminal=False, operator=True),
    "a display": Somebody(lambda place: place.board, Role.DISPLAY),
    "another shop's cashier": Somebody(lambda place: place.sam, Role.CASHIER, here=False),
    "another shop's manager": Somebody(
        lambda place: passing_by(place, Role.MANAGER), Role.MANAGER, here=False, at_a_terminal=False
    ),
    "another shop's admin": Somebody(elsewhere, Role.ADMIN, here=False, at_a_terminal=False),
    "another shop's command": Somebody(
        lambda place: local(place, place.world.other_shop),
        Role.ADMIN,
        here=False,
        at_a_terminal=False,
        operator=True,
    ),
    "another shop's display": Somebody(lambda place: place.other_board, Role.DISPLAY, here=False),
}
ANYBODY = pytest.mark.parametrize("somebody", EVERYBODY.values(), ids=EVERYBODY)


def test_every_role_is_in_the_matrix_here_and_elsewhere() -> None:
    assert {somebody.role for somebody in EVERYBODY.values()} == {None, *Role}
    assert {somebody.role for somebody in EVERYBODY.values() if not somebody.here} == set(Role) - {Role.CUSTOMER}


@NAMED
@ANYBODY
def test_a_door_opens_for_those_it_is_for(place: Place, endpoint: AnyEndpoint, somebody: Somebody) -> None:
    """What is no order's is asked with a body that cannot be read, so that whoever gets in changes nothing."""
    caller = somebody.caller(place)
    if endpoint.handler is auth.sign_out and "refresh_token" in caller.signed_in:
        assert somebody.role is not None
        caller = passing_by(place, somebody.role)  # it ends the session it is called in, which the others need
    if _asked_unreadably(endpoint):
        path = endpoint.route.path.replace(f"{{{endpoint.route.parameter}}}", "nobody")
        reply = caller.call(endpoint.route.method, path, data=b"{", headers={"Content-Type": "application/json"})
    else:
        reply = call(caller, endpoint)
    expected = entrance(endpoint, somebody)
    assert reply.status_code in expected, reply.text
    if reply.status_code == 401:
        assert reply.json()["type"] == "unauthenticated"
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def _asked_unreadably(endpoint: AnyEndpoint) -> bool:
    return endpoint.route.body is not Nothing and endpoint.route.who in (Who.ADMIN, Who.PUBLIC)


def admits(endpoint: AnyEndpoint, role: Role | None) -> bool:
    """Whether a role may use an endpoint at all, in a shop whose admins have changed no rights."""
    if role is None or role not in endpoint.route.roles:
        return False
    return endpoint.route.act is None or may(rights_of(START, role), Need(endpoint.route.act))


def entrance(endpoint: AnyEndpoint, somebody: Somebody) -> set[int]:
    """With which statuses an endpoint meets somebody."""
    route = endpoint.route
    if route.who is Who.MONITOR:
        return {route.status}  # whoever sits at this machine, as these tests do; see test_readiness_and_metrics.py
    if route.who is not Who.PUBLIC and somebody.role is None:
        return {401}
    if route.who is not Who.PUBLIC and not admits(endpoint, somebody.role):
        return {403}
    if route.who is Who.OPERATOR and not somebody.operator:
        return {403}
    if _asked_unreadably(endpoint):
        return {400}
    if route.parameter:
        return {404}
    at_till = (pos.take, drawers.act, baskets.hold, rights.approve, rights.enrol)
    if endpoint.handler in at_till and not somebody.at_a_terminal:
        return {403}  # there is no series to number the order by, no drawer, and no till that holds a basket
    return {route.status, *route.refusals} - {403}


ABOUT_AN_ORDER = named(endpoint for endpoint in ENDPOINTS if ORDER_ID in endpoint.route.path)


@ABOUT_AN_ORDER
@ANYBODY
def test_an_order_is_there_for_those_it_concerns(place: Place, endpoint: AnyEndpoint, somebody: Somebody) -> None:
    """For others it is not there: not by its status, not by its words, not by its headers can it be told from one that
    never was."""
    order = place.ada.place()
    caller = somebody.caller(place)
    theirs, missing = call(caller, endpoint, order["id"]), call(caller, endpoint)
    if not admits(endpoint, somebody.role):
        assert theirs.status_code == (401 if somebody.role is None else 403)
    elif somebody.owner if endpoint.route.who is Who.CUSTOMER else somebody.here:
        assert theirs.status_code in {200, 409}
        return
    else:
        assert (theirs.status_code, theirs.json()["type"]) == (404, "not_found")
        assert theirs.content == missing.content
    for header in ("X-Request-Id", "Date"):
        theirs.headers.pop(header), missing.headers.pop(header)
    assert theirs.headers == missing.headers
    assert place.ada.get(f"/api/online/orders/{order['id']}/").json() == order


def test_whatever_another_shop_calls_this_one_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each address of the table, with this shop's own ids, by everybody who has a role in the other shop."""
    monkeypatch.setattr(presence, "KEEP_S", 3_600)  # that this shop's own till was seen is written later
    world = shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        nobody, ada = Caller(server.url), customer(server)
        place = Place(server, world, tmp_path, nobody, ada, ada, *[nobody] * 6)
        order = ada.place()
        session = {"session": new_key(), "float_minor": 0}
        assert staff(server, shop.KIM).post("/api/pos/drawer/", session, key=new_key()).ok
        basket = {"id": new_key(), "lines": [{"item_id": shop.FRIES}]}
        assert staff(server, shop.KIM).post("/api/pos/baskets/", basket, key=new_key()).ok
        picture = {"content": b64encode(examples.KEEP_PICTURE.content).decode()}
        assert staff(server, shop.ALEX).post("/api/admin/pictures/", picture).ok
        parameters = {endpoint.route.parameter for endpoint in ENDPOINTS} - {"", CHAIN_WIDE}
        ours = {"": ""} | {parameter: owned(place, world.shop, parameter) for parameter in parameters}
        assert ours["order_id"] == order["id"]
        cashier = staff(server, shop.SAM, shop.OTHER_DEVICE, world.other_shop)
        strangers = [
            elsewhere(place),
            local(place, world.other_shop),
            display(server, shop.OTHER_DISPLAY, world.other_shop),
            cashier,
        ]
        before = rows_of(place, world.shop)
        assert {"orders", "events", "staff", "devices"} <= set(before), "so that the comparison means something"
        for endpoint in ENDPOINTS:
            if endpoint.route.who in (Who.PUBLIC, Who.MONITOR, Who.SIGNED_IN) or endpoint.route.parameter == CHAIN_WIDE:
                continue
            for stranger in strangers:
                reply = call(stranger, endpoint, ours[endpoint.route.parameter])
                assert reply.status_code < 500, (endpoint.route.path, reply.text)
                after = rows_of(place, world.shop)
                changed = [table for table in before if before[table] != after[table]]
                assert not changed, f"{endpoint.route.method} {endpoint.route.path} of another shop changed {changed}"


CHAIN_WIDE = "customer_id"
"""The parameter that names what no shop has for itself."""


def owned(place: Place, shop_id: ShopId, parameter: str) -> str:
    """Something of a shop's that a path's parameter can name: `{device_id}` the id of one of its rows in `devices`,
    `{category_id}` what one of its rows has in a column of that name."""
    thing = parameter.removesuffix("_id")
    columns = [
        (table.name, "id" if table.name.endswith((thing, f"{thing}s")) else parameter)
        for table in metadata.sorted_tables
        if "shop_id" in table.c
    ]
    found = [
        str(row[0])
        for table, column in columns
        if column in metadata.tables[table].c
        for row in place.rows(f"SELECT {column} FROM {table} WHERE shop_id = ? ORDER BY 1", shop_id)
        if row[0] is not None
    ]
    assert found, f"no row of the test's shop has what {{{parameter}}} names"
    return found[0]


def rows_of(place: Place, shop_id: ShopId) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the database has of a shop."""
    return {
        table.name: sorted(place.rows(f"SELECT * FROM {table.name} WHERE {column} = ?", shop_id), key=repr)
        for table in metadata.sorted_tables
        for column in (["id"] if table.name == "shops" else ["shop_id"] if "shop_id" in table.c else [])
    }


@named(endpoint for endpoint in ENDPOINTS if endpoint.route.who is Who.CUSTOMER)
def test_naming_another_customer_changes_nothing(place: Place, endpoint: AnyEndpoint) -> None:
    """Grace asks in Ada's name, in the body and in the query, and gets what she would have got anyway."""
    adas, graces = place.ada.place(), place.grace.place()
    if ORDER_ID in endpoint.route.path:
        assert call(place.grace, endpoint, adas["id"], place.world.ada).status_code == 404
    reply = call(place.grace, endpoint, graces["id"], place.world.ada)
    assert reply.status_code == endpoint.route.status
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
