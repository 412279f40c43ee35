"""A route, a request or an endpoint that leaves something open cannot be made."""

from typing import Any

import pytest

from core.domain.commands import ChangeStatus
from core.domain.ids import OpId, OrderId
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.requests import OrderQuery, SignIn
from core.protocol.route import Keyed, Nothing, Route, Who
from core.server.endpoints import examples
from core.server.endpoints.endpoint import Call, Endpoint

MOVE = ChangeStatus(to=OrderStatus.CONFIRMED, version=1)


async def handler(_call: Call[Any, Any]) -> Nothing:
    return Nothing()


def route(**changes: Any) -> Route[Any, Any, Any]:
    every: dict[str, Any] = {"id": "x", "method": "GET", "path": "/x/", "who": Who.STAFF, "summary": "X"} | changes
    return Route(**{name: value for name, value in every.items() if value is not ...})


def test_this_one_can_be_made() -> None:
    assert route().who is Who.STAFF


def test_without_saying_who_there_is_no_route() -> None:
    with pytest.raises(TypeError):
        route(who=...)
    with pytest.raises(TypeError, match="say who"):
        route(who=None)
    with pytest.raises(TypeError, match="say who"):
        route(who="staff")


@pytest.mark.parametrize("path", ["x/", "/x/{customer_id}/", "/{order_id}/{x}/", "/a/b/{order_id}/{x}/"])
def test_a_path_has_one_parameter_in_its_place_or_none(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        route(path=path)


def test_a_body_has_an_example() -> None:
    Endpoint(route(body=SignIn), handler, examples.SIGN_IN)
    with pytest.raises(ValueError, match="example"):
        Endpoint(route(body=SignIn), handler)
    with pytest.raises(ValueError, match="example"):
        Endpoint(route(), handler, examples.SIGN_IN)


def test_a_key_belongs_to_somebody() -> None:
    route(keyed=Keyed.REQUIRED)
    with pytest.raises(ValueError, match="public"):
        route(who=Who.PUBLIC, keyed=Keyed.OPTIONAL)


def test_a_request_has_all_that_its_route_takes() -> None:
    request = routes.CHANGE_STATUS(OrderId("a b/c"), body=MOVE, op_id=OpId("op"))
    assert (request.route.method, request.path) == ("POST", "/api/pos/orders/a%20b/c/status/")
    assert request.content == b'{"to":"confirmed","version":1,"reason":"","approval":"","moved_at_client":null}'
    asked = routes.ORDERS(query=OrderQuery(open=True, status=(OrderStatus.READY, OrderStatus.PENDING), limit=3))
    assert asked.params == [("open", "true"), ("status", "ready"), ("status", "pending"), ("limit", "3")]
    assert (routes.MENU().params, routes.MENU().content) == ([], None)
    assert routes.MENU() == routes.MENU()
    assert routes.DETAILS(OrderId("x")) != routes.DETAILS(OrderId("y"))


def test_what_may_have_a_key_has_one() -> None:
    first, second = (routes.CHANGE_STATUS(OrderId("x"), body=MOVE) for _ in range(2))
    assert first.op_id
    assert second.op_id not in ("", first.op_id)
    assert routes.PLACE(body=examples.PLACE).op_id
    assert not routes.SIGN_IN(body=examples.SIGN_IN).op_id
    assert routes.PAIR(body=examples.PAIR, op_id=OpId("mine")).op_id == "mine"


def test_a_request_that_lacks_something_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="order_id"):
        routes.DETAILS()
    with pytest.raises(TypeError, match="parameter"):
        routes.ORDERS("one too many")
    with pytest.raises(TypeError, match="q"):
        routes.CUSTOMERS()
