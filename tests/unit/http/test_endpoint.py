"""An endpoint that leaves something open cannot be made."""

from typing import Any

import pytest

from core.protocol.requests import SignIn
from core.server.http import examples
from core.server.http.endpoint import Call, Endpoint, Keyed, Nothing, Who


async def handler(_call: Call[Any, Any]) -> Nothing:
    return Nothing()


def endpoint(**changes: Any) -> Endpoint[Any, Any, Any]:
    every: dict[str, Any] = {
        "method": "GET",
        "path": "/x/",
        "who": Who.STAFF,
        "summary": "X",
        "handler": handler,
        "body": Nothing,
        "query": Nothing,
        "reply": Nothing,
    } | changes
    return Endpoint(**{name: value for name, value in every.items() if value is not ...})


def test_this_one_can_be_made() -> None:
    assert endpoint().who is Who.STAFF


def test_without_saying_who_there_is_no_endpoint() -> None:
    with pytest.raises(TypeError):
        endpoint(who=...)
    with pytest.raises(TypeError, match="say who"):
        endpoint(who=None)
    with pytest.raises(TypeError, match="say who"):
        endpoint(who="staff")


@pytest.mark.parametrize("path", ["x/", "/x/{customer_id}/", "/{order_id}/{x}/"])
def test_a_path_has_no_parameter_but_the_orders_id(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        endpoint(path=path)


def test_a_body_has_an_example() -> None:
    endpoint(body=SignIn, example=examples.SIGN_IN)
    with pytest.raises(ValueError, match="example"):
        endpoint(body=SignIn)
    with pytest.raises(ValueError, match="example"):
        endpoint(example=examples.SIGN_IN)


def test_a_key_belongs_to_somebody() -> None:
    endpoint(keyed=Keyed.REQUIRED)
    with pytest.raises(ValueError, match="public"):
        endpoint(who=Who.PUBLIC, keyed=Keyed.OPTIONAL)
