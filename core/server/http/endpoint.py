"""What an endpoint is: everything the routes, the document and the authorisation tests need to know about it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

import msgspec

from core.domain.ids import OrderId
from core.domain.people import Principal, Role
from core.domain.status import EVERYONE, PEOPLE, STAFF
from core.server.http.problems import BODY_LIMIT, Headers
from core.server.services import Services

B = TypeVar("B")
Q = TypeVar("Q")
R = TypeVar("R")

ORDER_ID: Final = "{order_id}"
ANY: Final = "{}"
PARAMETER_AT: Final = 4
"""Where the one parameter a path may have stands in it: `/api/online/orders/{order_id}/…`."""


class Who(Enum):
    """Who may use an endpoint."""

    PUBLIC = "public"
    """Anybody; a token, when one is sent, must still be valid."""
    SIGNED_IN = "signed in"
    PERSON = "person"
    """A customer or a member of staff: whoever orders are told to."""
    CUSTOMER = "customer"
    """A customer, and only with what is theirs."""
    STAFF = "staff"
    """A cashier or an admin, and only in their own shop."""
    ADMIN = "admin"
    """An admin, and only in their own shop."""
    DISPLAY = "display"
    """A board over the counter of one shop."""
    OPERATOR = "operator"
    """Whoever looks after the server: a command on its own machine, which holds its keys."""
    MONITOR = "monitor"
    """What watches the server: on its own machine, or with the token that the settings name."""

    @property
    def roles(self) -> frozenset[Role]:
        return _ROLES[self]


_ROLES: Final = {
    Who.PUBLIC: EVERYONE,
    Who.SIGNED_IN: EVERYONE,
    Who.CUSTOMER: frozenset({Role.CUSTOMER}),
    Who.STAFF: STAFF,
    Who.ADMIN: frozenset({Role.ADMIN}),
    Who.PERSON: PEOPLE,
    Who.DISPLAY: frozenset({Role.DISPLAY}),
    Who.OPERATOR: frozenset({Role.ADMIN}),
    Who.MONITOR: frozenset(),
}


class Keyed(Enum):
    """What the `Idempotency-Key` header is to an endpoint."""

    UNUSED = "unused"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Nothing(msgspec.Struct, frozen=True):
    """No body, or no query parameters."""


class Encoded(msgspec.Struct, Generic[R], frozen=True):
    """A reply of type R as the bytes it is sent as."""

    body: bytes
    status: int
    replayed: bool = False
    content_type: bytes = b"application/json"
    headers: Headers = ()
    """What this reply has besides those that all have."""


class Call(Generic[B, Q]):
    """One request that has been let in: its input decoded, its bearer known."""

    __slots__ = (
        "address",
        "bearer",
        "body",
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

    def __init__(
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
        """The order's, as the client was told it before; not proven: see `core.server.orders.numbers`."""
        self.address = address
        """Where the request came from, as far as the connection says."""
        self.is_here = is_here
        """On a public endpoint: whether whoever asks sits at the server's own machine."""

    @property
    def order_id(self) -> OrderId:
        """The order that the path names."""
        return OrderId(self.parameter)

    @property
    def principal(self) -> Principal:
        """Who asks. Raises `TypeError` on a public endpoint that nobody signed in to."""
        if self.bearer is None:
            raise TypeError("nobody is signed in")
        return self.bearer


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint(Generic[B, Q, R]):
    """One row of the table. Without saying `who` there is no endpoint."""

    method: str
    path: str
    who: Who
    summary: str
    handler: Callable[[Call[B, Q]], Awaitable[R | Encoded[R]]]
    body: type[B]
    query: type[Q]
    reply: type[R]
    """With another `content_type` than JSON it is `str`."""
    content_type: str = "application/json"
    status: int = 200
    keyed: Keyed = Keyed.UNUSED
    body_limit: int = BODY_LIMIT
    """Bytes that its body may have."""
    conditional: bool = False
    """Its replies have an `ETag`, and `If-None-Match` is heeded."""
    example: B | None = None
    """A body that would be accepted."""
    example_reply: R | None = None
    refusals: tuple[int, ...] = ()
    """The statuses it may refuse with, beyond those that any endpoint has."""
    name: str = ""
    """What it is called in the document, where its handler serves others too; otherwise the handler's name."""

    def __post_init__(self) -> None:
        if not isinstance(self.who, Who):
            raise TypeError(f"{self.method} {self.path}: say who may use it")
        braces = [at for at, part in enumerate(self.path.split("/")) if "{" in part]
        if not self.path.startswith("/") or braces not in ([], [PARAMETER_AT]):
            raise ValueError(f"{self.path}: a path starts with / and has a parameter as part {PARAMETER_AT} or none")
        if (self.body is not Nothing) != (self.example is not None):
            raise ValueError(f"{self.method} {self.path}: give an example exactly when there is a body")
        if (self.keyed is not Keyed.UNUSED) and self.who in (Who.PUBLIC, Who.MONITOR):
            raise ValueError(f"{self.path}: a key belongs to somebody, so the endpoint cannot be public")

    @property
    def parameter(self) -> str:
        """The name of the path's parameter; empty when there is none."""
        part = self.path.split("/")[PARAMETER_AT:][:1]
        return part[0].strip("{}") if part and "{" in part[0] else ""

    @property
    def address(self) -> str:
        """The path as it is looked up: whatever its parameter is called."""
        return self.path.replace(f"{{{self.parameter}}}", ANY) if self.parameter else self.path


AnyEndpoint = Endpoint[Any, Any, Any]
