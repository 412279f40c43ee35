"""HTTP without a socket: an adapter of `requests` that hands a window's requests to a `FakeBackend`, as bytes, and its
answers and refusals back."""

import io
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from typing_extensions import override

from core.client.errors import (
    Busy,
    ClientError,
    Conflict,
    Diverged,
    Gone,
    MenuMoved,
    NoRight,
    NotFound,
    NumberTooFar,
    PriceChanged,
    Refused,
    ServerFault,
    SignedOut,
    TooManyAttempts,
    Unpaired,
    Unreachable,
)
from core.decoding import convert, decode
from core.domain.commands import NewOrder
from core.domain.ids import OpId
from core.protocol import routes
from core.protocol.headers import EVENT_CURSOR, IDEMPOTENCY_KEY, ORDER_NUMBER, OUTCOME, REQUEST_ID
from core.protocol.problem import CONTENT_TYPE, Problem
from core.protocol.route import Nothing, Who
from tests.support.fake_answers import CALLS, Asked
from tests.support.fake_backend import FakeBackend

_PATTERNS: Final = {
    name: re.compile(re.sub(r"{\w+}", "([^/]+)", route.path)) for name, (route, _answer) in CALLS.items()
}


class InProcess(BaseAdapter):
    """The adapter that is mounted in place of HTTP."""

    def __init__(self, backend: FakeBackend) -> None:
        super().__init__()
        self._backend = backend

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        try:
            status, content, headers = 200, *self._answer(request)
        except Unreachable as error:
            if not isinstance(error, Busy):
                raise requests.ConnectionError(error.message) from None
            status, content, headers = _refusal(error)
        except ClientError as error:
            status, content, headers = _refusal(error)
        except msgspec.ValidationError as error:
            status, content, headers = _refusal(Refused(str(error)))
        response = requests.Response()
        response.status_code, response.raw, response.request = status, io.BytesIO(content), request
        response.url = request.url or ""
        response.headers = CaseInsensitiveDict(headers)
        return response

    def _answer(self, request: requests.PreparedRequest) -> tuple[bytes, dict[str, str]]:
        backend, address = self._backend, urlsplit(request.url or "")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        for name, (route, answer) in CALLS.items():
            found = _PATTERNS[name].fullmatch(address.path)
            if found is None or route.method != request.method:
                continue
            backend.enter(name)
            raw = request.body or b""
            assert isinstance(raw, bytes)
            content: Any = None
            if route.body is not Nothing:
                content = decode(raw, route.body)
            elif route.query is not Nothing:
                content = convert(_fields(address.query, route.query), route.query, strict=False)
            session = backend.sessions.get(token)
            if session is None and (token or route.who is not Who.PUBLIC) and route is not routes.SIGN_OUT:
                raise SignedOut("The session is over.")
            if session is not None and session.person.role not in route.who.roles:
                raise Refused("Not for you.")
            op_id = OpId(request.headers.get(IDEMPOTENCY_KEY, ""))
            subject = unquote(found[1]) if route.parameter else ""
            if op_id and session is not None:
                backend.check_history(session.person.id, op_id, request.headers.get(EVENT_CURSOR, ""))
            told = self._answered(answer, Asked(backend, session, token, op_id, subject, content, raw))
            headers = {REQUEST_ID: f"{backend.run}-1", "Content-Type": route.content_type}
            if isinstance(told, tuple):
                order, outcome = told
                headers |= {OUTCOME: outcome, EVENT_CURSOR: str(backend.cursor())}
                headers |= {ORDER_NUMBER: f"{order.number}.proof"} if isinstance(content, NewOrder) else {}
                told = order
            return b"" if told is None else msgspec.json.encode(told), headers
        raise NotFound(f"There is no {request.method} {address.path} here.")

    def _answered(self, answer: Callable[[Asked], object], asked: Asked) -> object:
        """The answer. Raises `Unreachable` for a request or an answer that is to be lost."""
        backend = self._backend
        if asked.op_id and asked.session is not None:
            with backend.happened:
                backend.asked.append((asked.op_id, asked.content))
                if backend.requests_to_lose:
                    backend.requests_to_lose -= 1
                    raise Unreachable("The request was lost.")
        told = answer(asked)
        if isinstance(told, tuple):
            with backend.happened:
                if backend.answers_to_lose:
                    backend.answers_to_lose -= 1
                    raise Unreachable("The answer was lost.")
        return told

    @override
    def close(self) -> None:
        pass


def _fields(query: str, kind: type) -> dict[str, object]:
    """The fields of a query; those of a sequence's type as lists."""
    lists = {field.name for field in msgspec.structs.fields(kind) if isinstance(field.default, tuple)}
    return {name: found if name in lists else found[0] for name, found in parse_qs(query).items()}


_STATUS: Final[dict[type[ClientError], tuple[int, str]]] = {
    SignedOut: (401, "signed_out"),
    Unpaired: (403, "unpaired"),
    NotFound: (404, "not_found"),
    Diverged: (409, "diverged"),
    PriceChanged: (409, "price_changed"),
    NumberTooFar: (409, "number_too_far"),
    MenuMoved: (409, "conflict"),
    Conflict: (409, "conflict"),
    Gone: (410, "gone"),
    TooManyAttempts: (429, "too_many_tries"),
    Busy: (503, "busy"),
    ServerFault: (500, "internal"),
    NoRight: (403, "right"),
    Refused: (422, "invalid"),
}


def _refusal(error: ClientError) -> tuple[int, bytes, dict[str, str]]:
    status, kind = next(_STATUS[each] for each in type(error).__mro__ if each in _STATUS)
    problem = Problem(
        type=kind,
        title=error.title,
        status=status,
        detail=error.message,
        field=error.field,
        order=error.order if isinstance(error, Conflict) else None,
        payment=error.payment if isinstance(error, Conflict) else None,
        menu=error.menu if isinstance(error, MenuMoved) else None,
        needs=error.needs if isinstance(error, NoRight) else (),
    )
    headers = {"Content-Type": CONTENT_TYPE, REQUEST_ID: "1-1"}
    if isinstance(error, Busy | TooManyAttempts):
        headers["Retry-After"] = str(round(error.retry_after_s or 1))
    return status, msgspec.json.encode(problem), headers
