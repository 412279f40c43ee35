"""One ASGI app for each endpoint: decodes requests, calls the handler, encodes replies, and answers its own errors.

It knows nothing of orders or menus; authorisation and types come from the endpoint's row in the table.
"""

import hashlib
import logging
import re
import secrets
import time
from collections.abc import Iterable
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Message, Receive, Scope, Send

from core.decoding import convert, decoder
from core.domain.acts import Need
from core.domain.errors import DomainError
from core.domain.people import Principal
from core.logs import Repeats
from core.protocol import problem
from core.protocol.feed import Cursor
from core.protocol.headers import EVENT_CURSOR, IDEMPOTENCY_KEY, ORDER_NUMBER, OWNER, REPLAYED, REQUEST_ID
from core.protocol.route import Keyed, Nothing, Who
from core.server.auth import operators, rights
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded
from core.server.http import origin, problems
from core.server.http.problems import Headers, Refusal
from core.server.services import Services
from core.store.engine.writer import StoreClosed, Unavailable
from core.store.sql import dialects

log = logging.getLogger(__name__)
_repeats: Final = Repeats()
access = logging.getLogger("orderbell.access")

KEY_LIMIT: Final = 100
CHUNK: Final = 64 * 1024
"""Bytes of an answer that are passed to the connection at once."""
_KEY: Final = IDEMPOTENCY_KEY.lower().encode()
_CURSOR: Final = EVENT_CURSOR.lower().encode()
_OWNER: Final = OWNER.lower().encode()
_NUMBER: Final = ORDER_NUMBER.lower().encode()
_REPLAYED: Final = REPLAYED.lower().encode()
_REQUEST_ID: Final = REQUEST_ID.lower().encode()
_SECURITY: Final[Headers] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_MAY_BE_KEPT: Final = tuple(each for each in _SECURITY if each[0] != b"cache-control")
"""For a reply that says itself for how long it may be kept."""
_PLACES: Final = frozenset({"after", "before", "offset", "page", "skip", "start"})
"""Paging parameters of other APIs, which are refused instead of ignored."""
_SUBJECT: Final = "orderbell.subject"
_BODILESS: Final = (204, 304)  # and so without a length: RFC 9110 §8.6
_PROBLEM: Final = problem.CONTENT_TYPE.encode()
_encode: Final = msgspec.json.Encoder().encode
_ID: Final = re.compile(r"[0-9a-f-]{1,36}")  # ours, and the counting numbers of older systems
_ID_LENGTH: Final = 36
_NO_NUL: Final = "Text has no NUL characters."  # PostgreSQL's cannot
_NUL: Final = rb"\u0000"
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # and not an escaped backslash before those letters
_run: Final = secrets.token_hex(4)
_counter: Final = count(1)


def next_request_id() -> str:
    """A cheap id that is unique over restarts: this run's random prefix and a counter."""
    return f"{_run}-{next(_counter)}"


class EndpointApp:
    """The ASGI app of one endpoint."""

    def __init__(self, endpoint: AnyEndpoint, services: Services) -> None:
        self.endpoint = endpoint
        self._route = route = endpoint.route
        self._services = services
        self._body = None if route.body is Nothing else decoder(route.body)
        fields = msgspec.structs.fields(route.query)
        self._lists = frozenset(field.encode_name for field in fields if isinstance(field.default, tuple))
        names = {field.encode_name for field in fields}
        self._refused = _PLACES - names if "limit" in names else frozenset()
        self._begins = " or ".join(f"`{name}`" for name in ("cursor", "offset", "before") if name in names) + " says"
        self._no_query = route.query() if not any(field.required for field in fields) else None
        self._figures = services.metrics.route(route.method, route.path)
        self._says = services.settings.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request_id = next_request_id()
        headers: Headers = ()
        try:
            reply = await self._reply(scope, receive, request_id)
        except Exception as error:  # noqa: BLE001 - whatever happens, the client gets an answer
            reply, headers = refused(error, self._route.method, self._route.path, request_id)
        if len(reply.body) > CHUNK:
            await self._answer_held(scope, send, reply, request_id, headers)
        else:
            await answer(send, reply, request_id, headers)
        took_s = time.perf_counter() - began
        self._figures.observe(reply.status, took_s)
        if self._says:
            self._log_access(scope, reply.status, took_s, request_id)

    async def _answer_held(
        self, scope: Scope, send: Send, reply: Encoded[Any], request_id: str, headers: Headers
    ) -> None:
        """Send a large reply, and count it against a client that does not read it."""
        subject = scope.get(_SUBJECT) or origin.address(scope)
        try:
            with self._services.unread.held(subject, len(reply.body)):
                await answer(send, reply, request_id, headers)
        except Refusal as error:
            reply, headers = refused(error, self._route.method, self._route.path, request_id)
            await answer(send, reply, request_id, headers)

    async def _reply(self, scope: Scope, receive: Receive, request_id: str) -> Encoded[Any]:
        route = self._route
        if "\0" in scope["path"]:
            raise problems.not_found()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin.check_host(scope, headers)
        bearer = await self._bearer(scope, headers)
        if bearer is not None:
            scope[_SUBJECT] = bearer.subject
        key = self._key(headers)
        raw, body = b"", Nothing() if self._body is None else None
        if self._body is not None:
            raw = await _read(headers, receive, self.endpoint.body_limit)
            body = _decode(self._body, raw)
        if bearer is not None and (approval := getattr(body, "approval", "")):
            services = self._services
            bearer = await services.approvals.with_shown(services.database, bearer, approval, key)
        query_string: bytes = scope["query_string"]
        query = self._query(query_string) if query_string or self._no_query is None else self._no_query
        if route.who is Who.CUSTOMER and (b"customer_id" in raw or b"customer_id" in query_string):
            _warn_of_other_customer(self._customer(bearer), raw, query_string, request_id)
        call: Call[Any, Any] = Call(
            services=self._services,
            request_id=request_id,
            bearer=bearer,
            body=body,
            query=query,
            parameter=next(iter(scope["path_params"].values()), "") if "path_params" in scope else "",
            key=key,
            known=headers.get(b"if-none-match", b"") if route.conditional else b"",
            fingerprint=_fingerprint(scope, raw) if key else b"",
            status=route.status,
            number=headers.get(_NUMBER, b"").decode("latin-1") if key else "",
            cursor=_cursor(headers) if key else None,
            address=origin.address(scope),
            is_here=route.who is Who.PUBLIC and origin.is_here(scope, headers, self._services.here),
        )
        result = await self.endpoint.handler(call)
        if type(result) is Encoded:
            return result
        return Encoded(b"" if route.status == 204 else _encode(result), route.status)

    def _log_access(self, scope: Scope, status: int, took_s: float, request_id: str) -> None:
        """Write a line of the access log, with the route instead of the address."""
        method, route = self._route.method, self._route.path
        facts = {"request_id": request_id, "method": method, "route": route, "status": status}
        facts |= {"ms": round(took_s * 1000, 2), "subject": scope.get(_SUBJECT, ""), "address": origin.address(scope)}
        access.info("%s %s %d", method, route, status, extra=facts)

    async def _bearer(self, scope: Scope, headers: dict[bytes, bytes]) -> Principal | None:
        who = self._route.who
        if who is Who.MONITOR:
            operators.admit(scope, headers, self._services.settings.metrics_token, self._services.here)
            return None
        authorization = headers.get(b"authorization")
        if authorization is None:
            if who is Who.PUBLIC:
                return None
            raise problems.unauthenticated()
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise problems.unauthenticated("Send a bearer token.")
        bearer = await self._services.principal(token.strip())
        if headers.get(_OWNER, b"").decode("latin-1") not in ("", bearer.subject):
            raise problems.unauthenticated("This is somebody else's session.")
        if bearer.device_id is not None:
            self._services.presence.record_request(bearer, headers.get(b"user-agent", b""))
        if bearer.role not in self._route.roles:
            raise problems.forbidden()
        if (act := self._route.act) is not None:
            await self._services.database.read(lambda transaction: rights.check(transaction, bearer, [Need(act)]))
        if who is Who.OPERATOR and not operators.is_operator(bearer):
            raise problems.operators_only()
        return bearer

    def _key(self, headers: dict[bytes, bytes]) -> str:
        if self._route.keyed is Keyed.UNUSED and _KEY not in headers:
            return ""
        key = headers.get(_KEY, b"").decode("latin-1").strip()
        if not key and self._route.keyed is Keyed.REQUIRED:
            raise problems.key_missing()
        if len(key) > KEY_LIMIT:
            raise problems.malformed(f"{IDEMPOTENCY_KEY} has at most {KEY_LIMIT} characters.", IDEMPOTENCY_KEY)
        return key

    def _query(self, query_string: bytes) -> Any:
        """The decoded query. Parameters may repeat where the query has a list; unknown ones are ignored, except for
        paging parameters: their sender would take the reply for the page they asked for."""
        values: dict[str, Any] = {}
        for name, value in _pairs(query_string):
            if name in self._refused:
                raise problems.malformed(
                    f"This list has no parameter {name!r}: its pages begin where {self._begins}.", name
                )
            if "\0" in value:
                raise problems.invalid(_NO_NUL, name)
            if name in self._lists:
                values.setdefault(name, []).append(value)
            else:
                values[name] = value
        return convert(values, self._route.query, strict=False)

    @staticmethod
    def _customer(bearer: Principal | None) -> str:
        return bearer.subject if bearer is not None else ""


def _cursor(headers: dict[bytes, bytes]) -> Cursor | None:
    given = headers.get(_CURSOR)
    try:
        return Cursor.parse(given.decode("latin-1")) if given else None
    except ValueError:
        raise problems.malformed(f"{EVENT_CURSOR} is not a cursor.", EVENT_CURSOR) from None


async def answer(send: Send, reply: Encoded[Any], request_id: str, more: Headers = ()) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": headers_of(reply, request_id, more)})
    body = reply.body
    for at in range(0, len(body) - CHUNK, CHUNK):  # each is sent when the connection has taken those before it
        await send({"type": "http.response.body", "body": body[at : at + CHUNK], "more_body": True})
    last = (len(body) - 1) // CHUNK * CHUNK if body else 0
    await send({"type": "http.response.body", "body": body[last:] if last else body})


def headers_of(reply: Encoded[Any], request_id: str, more: Headers = ()) -> list[tuple[bytes, bytes]]:
    """The headers of every reply, and this one's own."""
    common = _MAY_BE_KEPT if any(name == b"cache-control" for name, _value in reply.headers) else _SECURITY
    headers = [(_REQUEST_ID, request_id.encode()), *common, *reply.headers, *more]
    if reply.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    if reply.body:
        headers.append((b"content-type", reply.content_type))
    if reply.replayed:
        headers.append((_REPLAYED, b"true"))
    return headers


def refused(error: Exception, method: str, route: str, request_id: str) -> tuple[Encoded[Any], Headers]:
    """The problem for an error. Unexpected errors are logged and not revealed; the log has the `route`, not the
    address, which is arbitrary text."""
    match error:
        case Refusal():
            refusal = error
        case msgspec.ValidationError():
            refusal = problems.invalid_value(error)
        case DomainError():
            refusal = problems.invalid(error.message, error.field)
        case StoreClosed():
            refusal = problems.unavailable("The server is stopping.")
        case Unavailable():
            refusal = problems.unusable(error.trouble)
        case _ if (trouble := dialects.trouble(error)) is not None:
            if (count := _repeats.due(trouble)) is not None:
                facts = {"refused": count, "because": dialects.driver_message(error)}
                log.error("the database is %s: requests are refused", trouble, extra=facts)
            refusal = problems.unusable(trouble)
        case _:
            log.error(
                "a request failed",
                exc_info=error,
                extra={"request_id": request_id, "method": method, "route": route},
            )
            refusal = problems.fault(request_id)
    body = _encode(refusal.problem)
    return Encoded(body, refusal.problem.status, content_type=_PROBLEM), refusal.headers


async def _read(headers: dict[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """The whole body. Raises `Refusal` when it is too large, as declared or received, or not declared as JSON."""
    length = headers.get(b"content-length")
    if length is not None and length.isdigit() and int(length) > limit:
        raise problems.too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":  # half a body may be valid JSON, but is no request
            raise problems.malformed("The request ended early.")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise problems.too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            break
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    if body and headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        raise problems.unsupported_media_type()
    return body


def _decode(decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
    """The decoded body. Raises `Refusal`, and `msgspec.ValidationError` when it does not match the type.

    All of it has to be UTF-8 (RFC 8259 §8.1), unknown fields too: code that reads another part later must not find what
    this has not checked.
    """
    if _NUL in raw and _ESCAPED_NUL.search(raw):
        raise problems.invalid(_NO_NUL, "")
    try:
        raw.decode()
        return decoder.decode(raw or b"{}")
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise problems.malformed(str(error)) from None


def _pairs(query_string: bytes) -> Iterable[tuple[str, str]]:
    return parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)


def _fingerprint(scope: Scope, raw: bytes) -> bytes:
    """A hash of method, path and body: what makes two requests the same."""
    path: str = scope["path"]
    return hashlib.sha256(b"\0".join((scope["method"].encode(), path.rstrip("/").encode(), raw))).digest()


class _Naming(msgspec.Struct, frozen=True):
    """The one field of a customer's request that is read besides those of its type."""

    customer_id: msgspec.Raw = msgspec.Raw()


_naming: Final = decoder(_Naming)
_id: Final[msgspec.json.Decoder[str | int]] = decoder(str | int)


def _customers_in(raw: bytes) -> set[str]:
    """The customer ids that a body names, as text; what cannot be an id as an impossible one."""
    try:
        named = bytes(_naming.decode(raw).customer_id) if raw else b""
        if not named or named == b"null":
            return set()
        return {str(_id.decode(named)) if len(named) <= _ID_LENGTH + 2 else "(too long)"}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"(unreadable)"}


def _warn_of_other_customer(customer_id: str, raw: bytes, query_string: bytes, request_id: str) -> None:
    """Log when a request names another customer than the token. Older clients send one; it has no effect."""
    named: set[str] = {value for name, value in _pairs(query_string) if name == "customer_id"}
    named |= _customers_in(raw)
    for other in named - {customer_id}:
        known = len(other) <= _ID_LENGTH and _ID.fullmatch(other)
        shown = other if known else "(no id)"  # other values are not logged
        log.warning(
            "the request names customer %s, the token is customer %s's",
            shown,
            customer_id,
            extra={"customer_id": customer_id, "named": shown, "request_id": request_id},
        )
