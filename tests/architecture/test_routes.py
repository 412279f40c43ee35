"""Every address comes from the one table, and the table says who may use it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from core.client.operations import KINDS
from core.protocol.route import Keyed, Offline, Who
from core.protocol.routes import TABLE
from core.server.app import Orderbell, create_app
from core.server.auth import keys
from core.server.endpoints.endpoint_app import EndpointApp
from core.server.routes import ENDPOINTS
from core.server.settings import ServerSettings
from core.store.engine.database import Database, file_url

PUBLIC = {
    ("GET", "/api/ca/"),
    ("GET", "/api/menu/"),
    ("GET", "/api/menu/pictures/{picture_id}/"),
    ("GET", "/api/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/auth/pair/"),
    ("POST", "/api/auth/device/sign-in/"),
    ("POST", "/api/auth/refresh/"),
    ("POST", "/api/auth/sign-in/"),
    ("POST", "/api/auth/sign-out/sealed/"),
    ("POST", "/api/auth/sign-up/"),
    ("POST", "/api/auth/staff/sign-in/"),
}
"""What anybody may call. Adding to it is a decision, so it is written down twice."""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Orderbell]:
    database = Database(file_url(tmp_path / "orderbell.db"))
    made = create_app(database, keys.make(), ServerSettings())
    yield made
    made.services.close()


def test_no_route_is_made_beside_the_table(app: Orderbell) -> None:
    known = {(each.method, each.path) for each in TABLE}
    found = set()
    for route in app.routes:
        assert isinstance(route, Route), f"{route} is no endpoint of core.server.routes.ENDPOINTS"
        assert isinstance(route.endpoint, EndpointApp), f"{route.path} was made beside the table of endpoints"
        assert route.endpoint.endpoint in ENDPOINTS
        found |= {(method, route.path) for method in (route.methods or set()) - {"HEAD"}}
    assert found == known


def test_each_row_of_the_table_is_answered_by_one_endpoint() -> None:
    assert [endpoint.route for endpoint in ENDPOINTS] == list(TABLE)
    assert len({each.id for each in TABLE}) == len({(each.method, each.path) for each in TABLE}) == len(TABLE)


def test_what_is_public_was_meant_to_be() -> None:
    assert {(each.method, each.path) for each in TABLE if each.who is Who.PUBLIC} == PUBLIC


def test_what_a_window_sends_later_is_all_that_its_outbox_can_send() -> None:
    assert set(KINDS) == {each for each in TABLE if each.offline is Offline.OUTBOX}
    assert all(each.keyed is not Keyed.UNUSED for each in KINDS), "it is sent until there is an answer"


def test_the_part_of_the_address_says_who_it_is_for() -> None:
    for each in TABLE:
        if each.path.startswith("/api/online/"):
            assert each.who is Who.CUSTOMER, each.path
        if each.path.startswith("/api/pos/"):
            assert each.who is Who.STAFF, each.path


ROOT = Path(__file__).parents[2]
THE_TABLE = ROOT / "core" / "protocol" / "routes.py"
_FIRST_PARTS = "|".join(sorted({each.path.split("/")[1] for each in TABLE}))
ADDRESS = re.compile(rf"(?<![\w. ])/(?:{_FIRST_PARTS})(?![\w-])")


def addresses_in(source: str) -> Iterator[tuple[int, str]]:
    """Where the program spells an address, whole, as the beginning or as a piece of a text; not in what explains it."""
    nodes = list(ast.walk(ast.parse(source)))
    explained = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)) if id(node) not in explained and ADDRESS.search(text):
                yield node.lineno, text


def test_no_address_is_spelt_beside_the_table() -> None:
    offences = [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {text[:80]!r}"
        for folder in ("core", "pos_app", "customer_view")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != THE_TABLE
        for line, text in addresses_in(path.read_text(encoding="utf-8"))
    ]
    assert not offences, "\n".join(["An address is core.protocol.routes' alone: call its row.", *offences])


@pytest.mark.parametrize(
    "source",
    ['PATH = "/api/pos/orders/"', 'f"{url}/healthz"', 'f"/api/pos/orders/{order_id}/status/"', 'url + "/api"'],
)
def test_an_address_is_found_wherever_it_is_spelt(source: str) -> None:
    assert list(addresses_in(source))


@pytest.mark.parametrize(
    "source", ['"""As `GET /api/menu/` does."""', '"core/api/menu"', '"/apiary"', '"metrics"', '"opens /metrics"']
)
def test_what_only_resembles_an_address_is_none(source: str) -> None:
    assert not list(addresses_in(source))
