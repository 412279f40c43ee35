"""Every address comes from the one table, and the table says who may use it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from core.server.app import Orderbell, create_app
from core.server.auth import keys
from core.server.http.endpoint import Who
from core.server.http.endpoint_app import EndpointApp
from core.server.routes import ENDPOINTS
from core.server.settings import ServerSettings
from core.store.engine.database import Database, file_url

PUBLIC = {
    ("GET", "/api/ca/"),
    ("GET", "/api/menu/"),
    ("GET", "/api/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/auth/pair/"),
    ("POST", "/api/auth/device/sign-in/"),
    ("POST", "/api/auth/refresh/"),
    ("POST", "/api/auth/sign-in/"),
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
    known = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    found = set()
    for route in app.routes:
        assert isinstance(route, Route), f"{route} is no endpoint of core.server.routes.ENDPOINTS"
        assert isinstance(route.endpoint, EndpointApp), f"{route.path} was made beside the table of endpoints"
        assert route.endpoint.endpoint in ENDPOINTS
        found |= {(method, route.path) for method in (route.methods or set()) - {"HEAD"}}
    assert found == known


def test_no_address_is_there_twice() -> None:
    addresses = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS]
    assert len(addresses) == len(set(addresses))


def test_what_is_public_was_meant_to_be() -> None:
    found = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS if endpoint.who is Who.PUBLIC}
    assert found == PUBLIC


def test_the_part_of_the_address_says_who_it_is_for() -> None:
    for endpoint in ENDPOINTS:
        if endpoint.path.startswith("/api/online/"):
            assert endpoint.who is Who.CUSTOMER, endpoint.path
        if endpoint.path.startswith("/api/pos/"):
            assert endpoint.who is Who.STAFF, endpoint.path
