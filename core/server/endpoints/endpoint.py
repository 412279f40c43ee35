"""The types of the endpoint table, of which routes, the API document and the authorisation tests are made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from core.domain.ids import OrderId
from core.domain.people import Principal
from core.protocol.feed import Cursor
from core.protocol.route import Nothing, Route
from core.server.http.problems import BODY_LIMIT, Headers
from core.server.services import Services

B = TypeVar("B")
Q = TypeVar("Q")
R = TypeVar("R")


class Encoded(msgspec.Struct, Generic[R], frozen=True):
    """A reply of type R as the bytes it is sent as."""

    body: bytes
    status: int
    replayed: bool = False
    content_type: bytes = b"application/json"
    headers: Headers = ()
    """Headers of this reply besides the common ones."""


class Call(Generic[B, Q]):
    """An authorised request: its decoded input, and its bearer."""

    __slots__ = (
        "address",
        "bearer",
        "body",
        "cursor",
        "fingerprint",
        "is_here",
        "key",
        "known",
        "number",
        "parameter",
        "query",
        "request_id",
        "services",
        "status",
    )

    def __init__(  # noqa: PLR0913 (a record: one for each part of a request)
        self,
        *,
        services: Services,
        request_id: str,
        bearer: Principal | None,
        body: B,
        query: Q,
        parameter: str,
        key: str,
        known: bytes,
        fingerprint: bytes,
        status: int,
        number: str = "",
        cursor: Cursor | None = None,
        address: str = "",
        is_here: bool = False,
    ) -> None:
        self.services = services
        self.request_id = request_id
        self.bearer = bearer
        self.body = body
        self.query = query
        self.parameter = parameter
        self.key = key
        self.known = known
        self.fingerprint = fingerprint
        self.status = status
        self.number = number
        """The order's former number, as sent by the client; unproven: see `core.server.orders.numbers`."""
        self.cursor = cursor
        """A place in the history that the request is based on; None for any history."""
        self.address = address
        """The client's address, as far as the connection shows it."""
        self.is_here = is_here
        """On a public endpoint: whether the client is on the server's own machine."""

    @property
    def order_id(self) -> OrderId:
        """The order id in the path."""
        return OrderId(self.parameter)

    @property
    def principal(self) -> Principal:
        """The bearer. Raises `TypeError` on a public endpoint without a token."""
        if self.bearer is None:
            raise TypeError("nobody is signed in")
        return self.bearer


@dataclass(frozen=True, eq=False)
class Endpoint(Generic[B, Q, R]):
    """One row of the table."""

    route: Route[B, Q, R]
    handler: Callable[[Call[B, Q]], Awaitable[R | Encoded[R]]]
    example: B | None = None
    """A valid body."""
    example_reply: R | None = None
    body_limit: int = BODY_LIMIT
    """The most bytes of its body."""

    def __post_init__(self) -> None:
        if (self.route.body is not Nothing) != (self.example is not None):
            raise ValueError(f"{self.route.id}: give an example exactly when there is a body")


AnyEndpoint = Endpoint[Any, Any, Any]
