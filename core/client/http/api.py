"""The API over HTTP: timeouts on every call, safe retries, and every failure as one of `core.client.errors`.

Calls for a person go through the `SessionApi` of their sign-in: with their token and nobody else's.
"""

import contextlib
import logging
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.metadata import version
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import msgspec
import requests
from typing_extensions import override

from core import clock
from core.client.connection import Connection
from core.client.device.trust import is_plain, unreachable
from core.client.errors import ClientError, Left, OtherServer, ServerFault, SignedOut, Unreachable, Untrusted
from core.client.http.adapter import InTime, Straight, whole
from core.client.http.push import Socket, open_socket
from core.client.http.refusals import as_error, problem_in
from core.client.session.session import Keep, Session, kept_nowhere
from core.decoding import reader
from core.domain.commands import CancelOrder, ChangePayment, ChangeStatus, PlaceOrder, RecallOrder, TakeOrder
from core.domain.ids import ItemId, OpId, OrderId, new_op_id
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.people import Customer, Person
from core.protocol import routes
from core.protocol.devices import DeviceList, Pair, Paired
from core.protocol.display import TicketsReply
from core.protocol.headers import IDEMPOTENCY_KEY, ORDER_NUMBER, OWNER, REQUEST_ID
from core.protocol.replies import Availability, CustomerList, OrderDetails, OrderPage, StatusReport, Tokens
from core.protocol.requests import (
    ChangeAvailability,
    DeviceSignIn,
    HistoryQuery,
    OrderQuery,
    RefreshTokens,
    ReplaceMenu,
    SignIn,
    SignUp,
    StaffSignIn,
)
from core.protocol.security import ExportNote
from core.settings import here
from core.workers import run_aside

log = logging.getLogger(__name__)

_STAFF_SIGN_IN: Final = "/api/auth/staff/sign-in/"
R = TypeVar("R")

TIMEOUT_S: Final = (3.0, 10.0)
"""To connect, and between two bytes of an answer, which is complete in `WHOLE_WITHIN` times that or never."""
_CONNECTIONS_KEPT: Final = 16
"""Pooled connections; further ones are opened and closed again."""
_REPEATS: Final = 2
_PROBE_TIMEOUT_S: Final = (3.0, 3.0)
_CLOSE_WITHIN_S: Final = 2.0
"""How long `close` waits for the server to be notified of sessions that have just ended."""
_CLOCK_STEP: Final = timedelta(seconds=1.5)
"""A `Date` header counts whole seconds: an estimate closer than this to the current one is no improvement."""
_CLOCK_MOST: Final = timedelta(days=36_525)
"""A server clock that is further from this machine's is ignored."""
_REMEMBERED: Final = 64
"""Answers cached by ETag: unchanged ones are neither sent nor decoded again."""


Read = Callable[[bytes], R]
"""Decodes an answer. Raises `msgspec.DecodeError` for invalid JSON, `ValidationError` for another type."""


class Answer(msgspec.Struct, Generic[R], frozen=True):
    """An answer of Orderbell that is not a refusal."""

    content: R
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        return self.headers.get("ETag", "")


def _nothing(content: bytes) -> None:
    """Reads an answer without content."""
    if content:
        raise msgspec.DecodeError("there is something")


class HttpClient:
    """The client of one backend, for calls without a session. Thread-safe.

    A call whose answer was lost is repeated: reads are harmless and every write carries its op id. A server is trusted
    by `ca_file` and nothing else, or without one by the public authorities.
    """

    def __init__(self, server_url: str, *, ca_file: str = "", timeout_s: tuple[float, float] = TIMEOUT_S) -> None:
        self.server_url = server_url.rstrip("/")
        self.ca_file = ca_file
        self._timeout_s = timeout_s
        self._http = Straight()
        self._http.trust_env = False
        self._http.verify = ca_file or True
        self._http.headers["User-Agent"] = f"Orderbell/{version('orderbell')}"
        self._http.mount("http://", InTime(pool_maxsize=_CONNECTIONS_KEPT))
        self._http.mount("https://", InTime(pool_maxsize=_CONNECTIONS_KEPT))
        if is_plain(self.server_url):
            log.warning("what is said to the server is not encrypted", extra={"server_url": self.server_url})
        self.connection = Connection(self.server_url)
        """The state of the connection, updated by every call."""
        self._probed: Answer[Menu] | None = None
        self._clock_offset = timedelta()
        self._ending: list[threading.Thread] = []

    def close(self) -> None:
        """Close the connections. Calls in progress end by themselves; the server has a moment to be notified of
        sessions that have just ended."""
        until_s = time.monotonic() + _CLOSE_WITHIN_S
        for thread in self._ending:
            thread.join(max(0.0, until_s - time.monotonic()))
        self._http.close()

    def server_now(self) -> datetime:
        return datetime.now(UTC) + self._clock_offset

    def open_socket(self, read: Callable[[bytes], R]) -> AbstractContextManager[Socket[R]]:
        """See `core.client.http.push`."""
        return open_socket(self.server_url, read, self.ca_file, self.connection.answered)

    # -- being somebody. Signing up twice is refused, not doubled, so it may be repeated too

    def sign_up(self, request: SignUp) -> Tokens:
        return self._open("POST", "/api/auth/sign-up/", Tokens, request)

    def sign_in(self, request: SignIn) -> Tokens:
        return self._open("POST", "/api/auth/sign-in/", Tokens, request)

    def staff_sign_in(self, request: StaffSignIn) -> Tokens:
        """While the server does not answer, one attempt with a short timeout: a locked till waits for it."""
        if self.connection.problem is None:
            return self._open("POST", _STAFF_SIGN_IN, Tokens, request)
        read = reader(Tokens).decode
        return self.once(
            "POST", _STAFF_SIGN_IN, read=read, body=request, op_id=new_op_id(), timeout_s=_PROBE_TIMEOUT_S
        ).content

    def device_sign_in(self, request: DeviceSignIn) -> Tokens:
        return self._open("POST", "/api/auth/device/sign-in/", Tokens, request)

    def pair(self, request: Pair, op_id: OpId) -> Paired:
        """Become a device of the shop's; the same code may be retried with the same `op_id`."""
        return self._open("POST", routes.PAIR.path, Paired, request, op_id)

    def refresh(self, refresh_token: str, op_id: OpId) -> Tokens:
        return self._open("POST", "/api/auth/refresh/", Tokens, RefreshTokens(refresh_token=refresh_token), op_id)

    def end(self, tokens: Tokens | None) -> None:
        """Notify the server in the background that a session is over."""
        if tokens is None:
            return
        self._ending = [thread for thread in self._ending if thread.is_alive()]
        self._ending.append(run_aside(partial(self._end, tokens), "sign-out"))

    def _end(self, tokens: Tokens) -> None:
        with contextlib.suppress(ClientError):
            self.repeated("POST", "/api/auth/sign-out/", read=_nothing, token=tokens.access_token)

    def menu(self) -> Menu:
        """The default shop's menu."""
        return self._open("GET", "/api/menu/", Menu)

    def _open(self, method: str, path: str, reply: type[R], body: object = None, op_id: OpId | None = None) -> R:
        return self.repeated(method, path, read=reader(reply).decode, body=body, op_id=op_id or new_op_id()).content

    def probe(self) -> None:
        """A short request that costs the server one look into its database. Raises `ClientError`."""
        read = reader(Menu).decode
        self._probed = self.once("GET", "/api/menu/", read=read, known=self._probed, timeout_s=_PROBE_TIMEOUT_S)

    # -- one call

    def repeated(
        self,
        method: str,
        path: str,
        *,
        read: Read[R],
        token: str = "",
        owner: str = "",
        query: object = None,
        body: object = None,
        op_id: OpId | None = None,
        known: Answer[R] | None = None,
    ) -> Answer[R]:
        """`once`, repeated when the answer was lost."""
        repeat = 0
        while True:
            try:
                return self.once(
                    method,
                    path,
                    read=read,
                    token=token,
                    owner=owner,
                    query=query,
                    body=body,
                    op_id=op_id,
                    known=known,
                )
            except (OtherServer, Untrusted):
                raise
            except Unreachable as error:
                if repeat == _REPEATS or error.retry_after_s is not None:
                    raise
                time.sleep(random.uniform(0, 0.2 * 2**repeat))  # noqa: S311 (jitter, not a secret)
                repeat += 1

    def once(
        self,
        method: str,
        path: str,
        *,
        read: Read[R],
        token: str = "",
        owner: str = "",
        query: object = None,
        body: object = None,
        op_id: OpId | None = None,
        number: str = "",
        known: Answer[R] | None = None,
        timeout_s: tuple[float, float] | None = None,
    ) -> Answer[R]:
        """One attempt. With a `token` the call is for `owner`, the token's person. `known` is an earlier answer, and
        returned when nothing has changed since. Raises `ClientError`; `OtherServer` for every answer that is not
        Orderbell's."""
        headers = {
            "Accept": "application/json",
            here.HEADER: here.proof(self.server_url) if path == _STAFF_SIGN_IN else "",
            "If-None-Match": "" if known is None else known.etag,
            "Authorization": f"Bearer {token}" if token else "",
            OWNER: owner,
            IDEMPOTENCY_KEY: op_id or "",
            ORDER_NUMBER: number,
            "Content-Type": "" if body is None else "application/json",
        }
        began_s = clock.now_s()
        try:
            response = self._http.request(
                method,
                self.server_url + path,
                params=_params(query),
                data=None if body is None else msgspec.json.encode(body),
                headers={name: value for name, value in headers.items() if value},
                timeout=timeout_s or self._timeout_s,
                stream=True,
            )
            said = whole(response)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            log.debug("unreachable", extra={"path": path, "cause": type(error).__name__})
            problem = unreachable(error, self.server_url)
            self.connection.failed(problem, began_s)
            raise problem from error
        except requests.RequestException:  # an answer that HTTP knows no meaning for, or too large a one
            raise self._other_server(method, path, began_s) from None
        except OSError as error:  # requests' way of saying that `ca_file` is gone
            raise Untrusted("The file that the server is known by cannot be read here. Tell the admin.") from error
        found = _unchanged(response, known) or _understood(response, said, read)
        if found is None:
            raise self._other_server(method, path, began_s)
        self._set_clock(response)
        if response.status_code < 500:
            self.connection.answered()
        elif method == "GET" and isinstance(found, Unreachable):  # one that cannot write may be read
            self.connection.failed(found, began_s)
        if isinstance(found, ClientError):
            raise found
        return found

    def _other_server(self, method: str, path: str, began_s: float) -> OtherServer:
        log.debug("something else answers", extra={"method": method, "path": path})
        error = OtherServer(self.server_url)
        if method == "GET":  # what keeps from writing alone is for who writes to say
            self.connection.failed(error, began_s)
        return error

    def _set_clock(self, response: requests.Response) -> None:
        with contextlib.suppress(KeyError, ValueError, TypeError, OverflowError):
            told = parsedate_to_datetime(response.headers["Date"]) + timedelta(seconds=0.5)
            offset = told - datetime.now(UTC) + response.elapsed / 2
            if abs(offset) < _CLOCK_MOST and abs(offset - self._clock_offset) > _CLOCK_STEP:
                self._clock_offset = offset


def _unchanged(response: requests.Response, known: Answer[R] | None) -> Answer[R] | None:
    """`known`, if the answer is 304. (Where a proxy compresses answers, one tag is weak and the other is not.)"""
    if known is None or not known.etag or response.status_code != 304:
        return None
    return known if response.headers.get("ETag", "").removeprefix("W/") == known.etag.removeprefix("W/") else None


def _understood(response: requests.Response, said: bytes, read: Read[R]) -> Answer[R] | ClientError | None:
    """Orderbell's answer as an `Answer` or an error; None when another server has answered."""
    status, headers = response.status_code, response.headers
    if 200 <= status < 300:
        try:
            return Answer(read(said), headers)
        except msgspec.ValidationError:
            if REQUEST_ID not in headers:
                return None
            log.exception("unreadable answer", extra={"path": response.request.path_url.partition("?")[0]})
            return ServerFault("Its answer could not be read. Is this window as new as the server?")
        except msgspec.DecodeError:
            return None
    problem = problem_in(status, headers.get("Content-Type", ""), said)
    return None if problem is None else as_error(problem, headers)


class _Calls(ABC):
    """All calls with a session. Raises `SignedOut` when it is over."""

    @abstractmethod
    def _ask(
        self,
        method: str,
        path: str,
        reply: type[R],
        *,
        query: object = None,
        body: object = None,
        op_id: OpId | None = None,
    ) -> R: ...

    def _get(self, path: str, reply: type[R], query: object = None) -> R:
        return self._ask("GET", path, reply, query=query)

    def _post(self, path: str, reply: type[R], body: object, op_id: OpId) -> R:
        return self._ask("POST", path, reply, body=body, op_id=op_id)

    def menu(self) -> Menu:
        """The menu of the session's shop."""
        return self._get("/api/menu/", Menu)

    # -- customers

    def place(self, op_id: OpId, request: PlaceOrder) -> Order:
        return self._post("/api/online/orders/", Order, request, op_id)

    def history(self, query: HistoryQuery) -> OrderPage:
        return self._get("/api/online/orders/history/", OrderPage, query)

    def order(self, order_id: OrderId) -> Order:
        return self._get(f"/api/online/orders/{quote(order_id)}/", Order)

    def status(self, order_id: OrderId) -> StatusReport:
        return self._get(f"/api/online/orders/{quote(order_id)}/status/", StatusReport)

    def cancel(self, op_id: OpId, order_id: OrderId, request: CancelOrder) -> Order:
        return self._post(f"/api/online/orders/{quote(order_id)}/cancel/", Order, request, op_id)

    # -- staff

    def orders(self, query: OrderQuery) -> OrderPage:
        return self._get("/api/pos/orders/", OrderPage, query)

    def details(self, order_id: OrderId) -> OrderDetails:
        return self._get(f"/api/pos/orders/{quote(order_id)}/", OrderDetails)

    def take(self, op_id: OpId, request: TakeOrder) -> Order:
        return self._post("/api/pos/orders/", Order, request, op_id)

    def change_status(self, op_id: OpId, order_id: OrderId, request: ChangeStatus) -> Order:
        return self._post(f"/api/pos/orders/{quote(order_id)}/status/", Order, request, op_id)

    def recall(self, op_id: OpId, order_id: OrderId, request: RecallOrder) -> Order:
        return self._post(f"/api/pos/orders/{quote(order_id)}/recall/", Order, request, op_id)

    def change_payment(self, op_id: OpId, order_id: OrderId, request: ChangePayment) -> Order:
        return self._post(f"/api/pos/orders/{quote(order_id)}/payment/", Order, request, op_id)

    def customers(self, q: str) -> Sequence[Customer]:
        return self._get("/api/pos/customers/", CustomerList, {"q": q}).customers

    def note_export(self, exported: ExportNote) -> None:
        self._ask("POST", "/api/pos/exports/", ExportNote, body=exported)

    def set_available(self, op_id: OpId, item_id: ItemId, request: ChangeAvailability) -> Availability:
        return self._post(f"/api/pos/menu/{quote(item_id)}/availability/", Availability, request, op_id)

    def replace_menu(self, request: ReplaceMenu) -> Menu:
        return self._ask("PUT", "/api/admin/menu/", Menu, body=request)

    def devices(self) -> DeviceList:
        return self._get("/api/pos/devices/", DeviceList)

    # -- displays

    def read_tickets(self) -> TicketsReply:
        return self._get(routes.TICKETS.path, TicketsReply)


class SessionApi(_Calls):
    """One person's calls, from their sign-in to their sign-out. Thread-safe.

    Each call uses a token of this session or is not made, and raises `Left` once its person has left.
    """

    def __init__(
        self, client: HttpClient, tokens: Tokens, *, keep: Keep = kept_nowhere, op_id: OpId | None = None
    ) -> None:
        """See `Session`."""
        self.client = client
        self.session = Session(tokens, client.refresh, keep=keep, op_id=op_id)
        self._answers: dict[tuple[object, ...], Answer[Any]] = {}

    @property
    def person(self) -> Person:
        return self.session.person

    @property
    def tokens(self) -> Tokens | None:
        """None once the session is over."""
        return self.session.tokens

    def access_token(self, *, rejected: str = "") -> str:
        """See `Session.access_token`."""
        return self.session.access_token(rejected=rejected)

    def end(self) -> None:
        """End the session: no more calls, and no answers to those in progress. The server is notified in the
        background."""
        tokens = self.tokens
        try:
            self.session.end()
        finally:  # a disk that takes nothing keeps nobody signed in at the server
            self._answers.clear()
            self.client.end(tokens)

    def forget(self) -> None:
        """Drop all cached answers, so that everything is sent in full again."""
        self._answers.clear()

    def exchange(
        self,
        method: str,
        path: str,
        read: Read[R],
        *,
        query: object = None,
        body: bytes | None = None,
        op_id: OpId | None = None,
        number: str = "",
    ) -> Answer[R]:
        """One attempt of one call, for the sync engine, which retries by itself. `body` is sent byte for byte. `number`
        is `Operation.number`."""
        content = None if body is None else msgspec.Raw(body)

        def once(token: str) -> Answer[R]:
            return self.client.once(
                method,
                path,
                read=read,
                token=token,
                owner=self.person.id,
                query=query,
                body=content,
                op_id=op_id,
                number=number,
            )

        return self._with_token(once)

    @override
    def _ask(
        self,
        method: str,
        path: str,
        reply: type[R],
        *,
        query: object = None,
        body: object = None,
        op_id: OpId | None = None,
    ) -> R:
        key = (reply, path, *_params(query))
        known: Answer[R] | None = self._answers.get(key) if method == "GET" else None

        def repeated(token: str) -> Answer[R]:
            return self.client.repeated(
                method,
                path,
                read=reader(reply).decode,
                token=token,
                owner=self.person.id,
                query=query,
                body=body,
                op_id=op_id,
                known=known,
            )

        found = self._with_token(repeated)
        if method == "GET" and found.etag:
            self._answers.pop(key, None)
            self._answers[key] = found
            while len(self._answers) > _REMEMBERED:
                self._answers.pop(next(iter(self._answers)), None)
        return found.content

    def _with_token(self, call: Callable[[str], Answer[R]]) -> Answer[R]:
        token = self.session.access_token()
        try:
            found = call(token)
        except SignedOut:
            found = call(self.session.access_token(rejected=token))
        if self.session.ended:  # whoever asked has left, and who is here now has asked nothing
            raise Left
        return found


class HttpApi(_Calls):
    """A `CustomerApi` and a `StaffApi` over one backend, for one person after the other. Each call is for the person
    who is signed in when it begins. Thread-safe."""

    def __init__(self, server_url: str, *, ca_file: str = "", timeout_s: tuple[float, float] = TIMEOUT_S) -> None:
        self.client = HttpClient(server_url, ca_file=ca_file, timeout_s=timeout_s)
        self._current: SessionApi | None = None
        self._attempt: object = None
        self._entered: object = None

    def close(self) -> None:
        """See `HttpClient.close`."""
        self.client.close()

    def server_now(self) -> datetime:
        return self.client.server_now()

    def sign_up(self, request: SignUp) -> Tokens:
        return self._enter(lambda: self.client.sign_up(request))

    def sign_in(self, request: SignIn) -> Tokens:
        return self._enter(lambda: self.client.sign_in(request))

    def staff_sign_in(self, request: StaffSignIn) -> Tokens:
        return self._enter(lambda: self.client.staff_sign_in(request))

    def _enter(self, ask: Callable[[], Tokens]) -> Tokens:
        attempt = self._attempt = object()
        tokens = ask()
        if self._attempt is not attempt:
            self.client.end(tokens)
            raise Left
        self._entered = attempt
        return self.start(tokens)

    def give_up_sign_in(self) -> None:
        """Abort the newest sign-in, and end a session that came of it."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None and attempt is self._entered:
            self.sign_out()

    def probe(self) -> None:
        self.client.probe()

    def device_sign_in(self, request: DeviceSignIn) -> Tokens:
        return self.start(self.client.device_sign_in(request))

    def start(self, tokens: Tokens) -> Tokens:
        """Continue with these tokens."""
        self._current = SessionApi(self.client, tokens)
        return tokens

    def sign_out(self) -> None:
        current, self._current = self._current, None
        if current is not None:
            current.end()

    @property
    def session(self) -> SessionApi:
        """The calls of the person who is signed in. Raises `SignedOut`."""
        current = self._current
        if current is None:
            raise SignedOut("Nobody is signed in.")
        return current

    @property
    def tokens(self) -> Tokens | None:
        """The session's, while somebody is signed in."""
        return self._current.tokens if self._current is not None else None

    def access_token(self, *, rejected: str = "") -> str:
        """See `Session.access_token`."""
        return self.session.access_token(rejected=rejected)

    @override
    def menu(self) -> Menu:
        """The menu of the session's shop; without a session, the default shop's."""
        return self.client.menu() if self._current is None else super().menu()

    @override
    def _ask(
        self,
        method: str,
        path: str,
        reply: type[R],
        *,
        query: object = None,
        body: object = None,
        op_id: OpId | None = None,
    ) -> R:
        return self.session._ask(method, path, reply, query=query, body=body, op_id=op_id)  # noqa: SLF001


def _params(query: object) -> list[tuple[str, str]]:
    """A query's fields as URL parameters, the empty ones left out; a sequence repeats its name."""
    if query is None:
        return []
    given: dict[str, Any] = msgspec.to_builtins(query)
    return [
        (name, "true" if each is True else str(each))
        for name, value in given.items()
        for each in (value if isinstance(value, list | tuple) else (value,))
        if each
    ]
