"""Conditional requests: `ETag` and `If-None-Match` (RFC 9110 §13.1.2)."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from core.server.endpoints.endpoint import Call, Encoded
from core.server.endpoints.openapi import VERSION

R = TypeVar("R")
_encode: Final = msgspec.json.Encoder().encode


def etag(*parts: int | str) -> bytes:
    """A strong validator of the values that the reply depends on; far cheaper than the reply."""
    told = "-".join(map(str, (VERSION, *parts)))  # another release may encode it differently
    return f'"{told}"'.encode()


def unless_known(call: Call[Any, Any], tag: bytes, make: Callable[[], R]) -> Encoded[R]:
    """The reply of `make`, or 304 without a body when the client has the one of `tag`."""
    if knows(call, tag):
        return not_modified(tag)
    return Encoded(_encode(make()), call.status, headers=((b"etag", tag),))


def knows(call: Call[Any, Any], tag: bytes) -> bool:
    """Whether `If-None-Match` contains `tag`. Weak validators match too."""
    if not call.known:
        return False
    return any(known.strip().removeprefix(b"W/") in (tag, b"*") for known in call.known.split(b","))


def not_modified(tag: bytes) -> Encoded[Any]:
    return Encoded(b"", 304, headers=((b"etag", tag),))
