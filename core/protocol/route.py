"""Routes, and requests made from them. The table of routes is `core.protocol.routes`."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Generic, overload
from urllib.parse import quote

import msgspec
from typing_extensions import TypeVar, override

from core.decoding import decode_reply
from core.domain.acts import Act
from core.domain.ids import OpId, new_op_id
from core.domain.people import Role
from core.domain.status import EVERYONE, PEOPLE, STAFF

ORDER_ID: Final = "{order_id}"
PARAMETER_AT: Final = 4
"""The index of the path's one parameter: `/api/online/orders/{order_id}/…`."""


class Who(Enum):
    """The callers that a route admits."""

    PUBLIC = "public"
    """Anybody; a token, when one is sent, must still be valid."""
    SIGNED_IN = "signed in"
    PERSON = "person"
    """A customer or a member of staff."""
    CUSTOMER = "customer"
    """A customer, for their own data only."""
    STAFF = "staff"
    """A cashier or an admin, in their own shop only."""
    ADMIN = "admin"
    """An admin, in their own shop only; or whoever of the staff has the right that the route names."""
    DISPLAY = "display"
    """A status display of one shop."""
    OPERATOR = "operator"
    """The operator: a command on the server's own machine, which holds its keys."""
    MONITOR = "monitor"
    """A monitoring system: on the server's own machine, or with the configured token."""

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
    """Whether a route uses the `Idempotency-Key` header."""

    UNUSED = "unused"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Offline(Enum):
    """A window's behaviour for a request while no server answers."""

    UNREACHABLE = "unreachable"
    """It fails: the answer is the server's or none."""
    KEPT = "kept"
    """It answers from its cache, and marks the answer."""
    OUTBOX = "outbox"
    """It accepts the request in its outbox, with or without a server, and answers with the predicted order."""


class Nothing(msgspec.Struct, frozen=True):
    """No body, no query parameters, or an answer without content."""


NOTHING: Final = Nothing()
NO_KEY: Final = OpId("")
B = TypeVar("B", default=Nothing)
Q = TypeVar("Q", default=Nothing)
R = TypeVar("R", default=Nothing)


class Request(msgspec.Struct, Generic[R], frozen=True):
    """A call of `route`, with its parameter, body and query. The answer is an R."""

    route: "Route[Any, Any, R]"
    parameter: str = ""
    """The value of the path's parameter, unquoted."""
    query: msgspec.Struct = NOTHING
    body: msgspec.Struct | msgspec.Raw = NOTHING
    """`Raw` is sent byte for byte."""
    op_id: OpId = NO_KEY
    """The `Idempotency-Key`; empty for none."""
    number: str = ""
    """Of a new order that is sent again: the server's proof of the number that it has issued (`Order-Number`)."""
    cursor: str = ""
    """A cursor of the history that it is based on (`Event-Cursor`); empty for any history."""

    @override
    def __repr__(self) -> str:
        """Without the body, which may hold a password, and the parameter."""
        return f"<Request {self.route.id}>"

    @property
    def path(self) -> str:
        """Quoted, and without the query."""
        route = self.route
        return route.path.replace(f"{{{route.parameter}}}", quote(self.parameter)) if route.parameter else route.path

    @property
    def params(self) -> list[tuple[str, str]]:
        """The query's fields as URL parameters, the empty ones left out; a sequence repeats its name."""
        given: dict[str, Any] = msgspec.to_builtins(self.query)
        return [
            (name, "true" if each is True else str(each))
            for name, value in given.items()
            for each in (value if isinstance(value, list | tuple) else (value,))
            if each
        ]

    @property
    def content(self) -> bytes | None:
        """The body as JSON; None for none."""
        return None if self.body is NOTHING else msgspec.json.encode(self.body)


class Route(msgspec.Struct, Generic[B, Q, R], frozen=True, eq=False):
    """One row of the table. Raises `TypeError` or `ValueError` for an incomplete one."""

    id: str
    """The OpenAPI document's `operationId`."""
    method: str
    path: str
    who: Who
    summary: str
    body: type[B] = Nothing  # type: ignore[assignment]  # the type variable's default
    query: type[Q] = Nothing  # type: ignore[assignment]
    reply: type[R] = Nothing  # type: ignore[assignment]
    """With another `content_type` than JSON it is `str`."""
    status: int = 200
    """The status of a successful answer."""
    content_type: str = "application/json"
    reads: Callable[[bytes], R] | None = None
    """What reads an answer, where the type alone does not say it."""
    keyed: Keyed = Keyed.UNUSED
    offline: Offline = Offline.UNREACHABLE
    conditional: bool = False
    """Whether its replies have an `ETag`, and `If-None-Match` is evaluated."""
    refusals: tuple[int, ...] = ()
    """The statuses of its refusals, beyond those of every route."""
    act: Act | None = None
    """What one has to be allowed; None where `who` says it all, or what is asked decides (`needs_of`)."""

    def __post_init__(self) -> None:
        if not isinstance(self.who, Who):
            raise TypeError(f"{self.method} {self.path}: say who may call it")
        braces = [at for at, part in enumerate(self.path.split("/")) if "{" in part]
        if not self.path.startswith("/") or braces not in ([], [PARAMETER_AT]):
            raise ValueError(f"{self.path}: a path starts with / and has a parameter as part {PARAMETER_AT} or none")
        if self.keyed is not Keyed.UNUSED and self.who in (Who.PUBLIC, Who.MONITOR):
            raise ValueError(f"{self.path}: a key belongs to somebody, so the route cannot be public")

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that may call it; of those, the ones allowed its `act`."""
        return STAFF if self.act is not None else self.who.roles

    @property
    def parameter(self) -> str:
        """The name of the path's parameter; empty when there is none."""
        return self.path.partition("{")[2].partition("}")[0]

    def read(self, raw: bytes) -> R:
        """Decode a server's answer. Raises `msgspec.DecodeError` for invalid JSON, `ValidationError` for another
        type."""
        if self.reads is not None:
            return self.reads(raw)
        if self.reply is not Nothing:
            return decode_reply(raw, self.reply)
        if raw:
            raise msgspec.DecodeError("there is something")
        return self.reply()

    @overload
    def __call__(
        self: "Route[Nothing, Q, R]", parameter: str = ..., *, query: Q | None = ..., op_id: OpId = ...
    ) -> Request[R]: ...
    @overload
    def __call__(self, parameter: str = ..., *, body: B, query: Q | None = ..., op_id: OpId = ...) -> Request[R]: ...
    def __call__(
        self, parameter: str = "", *, body: Any = NOTHING, query: Any = None, op_id: OpId = NO_KEY
    ) -> Request[R]:
        """A request. `parameter` stands for the path's. One that may have a key has one of its own unless it is given
        one, so that to send it again is harmless. Raises `TypeError` when something that it takes is missing."""
        if bool(parameter) != bool(self.parameter):
            raise TypeError(f"{self.id}: say {self.parameter or 'no parameter'}")
        if not op_id and self.keyed is not Keyed.UNUSED:
            op_id = new_op_id()
        asked: Any = self.query() if query is None else query
        return Request(self, parameter, asked, body, op_id)


AnyRoute = Route[Any, Any, Any]
