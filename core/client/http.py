"""The door over HTTP: timeouts on every call, safe repeats, and every failure as one of `core.client.errors`."""

import contextlib
import logging
import random
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
import requests

from core.client.errors import ClientError, ServerFault, SignedOut, Unreachable, Untrusted
from core.client.refusals import as_error
from core.client.session import Keep, Session
from core.client.transport import InTime
from core.client.trust import is_plain, untrusted
from core.decoding import decode
from core.domain.ids import ItemId, OpId, OrderId, new_op_id
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.people import Customer
from core.protocol.board import BOARD_PATH, BoardReply
from core.protocol.devices import PAIR_PATH, DeviceList, Pair, Paired
from core.protocol.headers import IDEMPOTENCY_KEY
from core.protocol.replies import Availability, CustomerList, OrderDetails, OrderPage, StatusReport, Tokens
from core.protocol.requests import (
    CancelOrder,
    ChangeAvailability,
    ChangePayment,
    ChangeStatus,
    DeviceSignIn,
    HistoryQuery,
    OrderQuery,
    PlaceOrder,
    RecallOrder,
    RefreshTokens,
    ReplaceMenu,
    SignIn,
    SignUp,
    StaffSignIn,
    TakeOrder,
)

log = logging.getLogger(__name__)
R = TypeVar("R")

TIMEOUT_S: Final = (3.0, 10.0)
"""To connect, and between two bytes of an answer, which is whole in `WHOLE_WITHIN` times that or never."""
_REPEATS: Final = 2
_SIGN_OUT_TIMEOUT_S: Final = (1.0, 2.0)
_CLOCK_STEP: Final = timedelta(seconds=1.5)
"""A `Date` header counts whole seconds: an estimate closer than this to the one held tells nothing new."""
_REMEMBERED: Final = 64
"""Answers kept for their ETag: what has not changed is neither sent nor decoded again."""


class _Answer(NamedTuple):
    etag: str
    content: object


class HttpApi:
    """A `CustomerApi` and a `StaffApi` over one backend. Safe to use from several threads.

    A call whose answer was lost is repeated: reads are harmless and every write carries its op id. A server is
    believed by `ca_file` and nothing else, or without one by the public authorities.
    """

    def __init__(
        self,
        server_url: str,
        *,
        ca_file: str = "",
        timeout_s: tuple[float, float] = TIMEOUT_S,
        keep: Keep | None = None,
    ) -> None:
        self.server_url = server_url.rstrip("/")
        self.ca_file = ca_file
        self._timeout_s = timeout_s
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = ca_file or True
        self._http.headers["User-Agent"] = f"Orderbell/{version('orderbell')}"
        self._http.mount("http://", InTime(pool_maxsize=8))
        self._http.mount("https://", InTime(pool_maxsize=8))
        if is_plain(self.server_url):
            log.warning("what is said to the server is not encrypted", extra={"server_url": self.server_url})
        self._session = Session(self._refresh, keep=keep) if keep else Session(self._refresh)
        self._clock_offset = timedelta()
        self._answers: dict[tuple[object, ...], _Answer] = {}

    def close(self) -> None:
        """Give the connections back. Calls under way end by themselves."""
        self._http.close()

    # -- accounts

    def sign_up(self, request: SignUp) -> Tokens:
        return self._start(self._open("POST", "/api/auth/sign-up/", Tokens, request))

    def sign_in(self, request: SignIn) -> Tokens:
        return self._start(self._open("POST", "/api/auth/sign-in/", Tokens, request))

    def staff_sign_in(self, request: StaffSignIn) -> Tokens:
        return self._start(self._open("POST", "/api/auth/staff/sign-in/", Tokens, request))

    def device_sign_in(self, request: DeviceSignIn) -> Tokens:
        return self._start(self._open("POST", "/api/auth/device/sign-in/", Tokens, request))

    def pair(self, request: Pair, op_id: OpId) -> Paired:
        """Become a device of the shop's; the same code may be tried again under the same `op_id`."""
        return self._repeated("POST", PAIR_PATH, Paired, "", body=request, op_id=op_id)

    def sign_out(self) -> None:
        tokens = self._session.end()
        self.forget()
        if tokens is not None:
            self.end(tokens)

    def end(self, tokens: Tokens) -> None:
        """Tell the server, when it can be reached, that a session is over which is not the one that is held here."""
        with contextlib.suppress(ClientError):
            self._once("POST", "/api/auth/sign-out/", tokens.access_token, timeout_s=_SIGN_OUT_TIMEOUT_S)

    def menu(self, *, of_session: bool = False) -> Menu:
        """The menu of the shop that one is signed in to. When nobody is, it is the default shop's, unless it is to be
        `of_session`: then it raises `SignedOut`."""
        if self._session.tokens is None and not of_session:
            return self._open("GET", "/api/menu/", Menu)
        return self._get("/api/menu/", Menu)

    def server_now(self) -> datetime:
        return datetime.now(UTC) + self._clock_offset

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

    def set_available(self, op_id: OpId, item_id: ItemId, request: ChangeAvailability) -> Availability:
        return self._post(f"/api/pos/menu/{quote(item_id)}/availability/", Availability, request, op_id)

    def replace_menu(self, request: ReplaceMenu) -> Menu:
        return self._signed("PUT", "/api/admin/menu/", Menu, body=request)

    def devices(self) -> DeviceList:
        return self._get("/api/pos/devices/", DeviceList)

    # -- displays

    def board(self) -> BoardReply:
        return self._get(BOARD_PATH, BoardReply)

    # -- for the sync engine, which repeats by itself

    def exchange(
        self,
        method: str,
        path: str,
        reply: type[R],
        *,
        query: object = None,
        body: bytes | None = None,
        op_id: OpId | None = None,
    ) -> tuple[R, Mapping[str, str]]:
        """One try of one call by whoever is signed in, and the headers of its answer. `body` is sent byte for byte."""
        content = None if body is None else msgspec.Raw(body)
        token = self._session.access_token()
        try:
            response = self._once(method, path, token, query=query, body=content, op_id=op_id)
        except SignedOut:
            token = self._session.access_token(rejected=token)
            response = self._once(method, path, token, query=query, body=content, op_id=op_id)
        return _decoded(response, reply, path), response.headers

    def forget(self) -> None:
        """Forget every answer: ask for everything in full again."""
        self._answers.clear()

    def access_token(self, *, rejected: str = "") -> str:
        """See `Session.access_token`."""
        return self._session.access_token(rejected=rejected)

    @property
    def tokens(self) -> Tokens | None:
        """The session, while somebody is signed in."""
        return self._session.tokens

    def resume(self, tokens: Tokens, op_id: OpId) -> None:
        """Go on with the session of an earlier run. Asks nobody."""
        self._session.resume(tokens, op_id)

    # -- one call

    def _get(self, path: str, reply: type[R], query: object = None) -> R:
        return self._signed("GET", path, reply, query=query)

    def _post(self, path: str, reply: type[R], body: object, op_id: OpId) -> R:
        return self._signed("POST", path, reply, body=body, op_id=op_id)

    def _signed(
        self,
        method: str,
        path: str,
        reply: type[R],
        *,
        query: object = None,
        body: object = None,
        op_id: OpId | None = None,
    ) -> R:
        reader = self._reader
        token = self._token_of(reader)
        try:
            return self._repeated(method, path, reply, token, reader, query=query, body=body, op_id=op_id)
        except SignedOut:
            fresh = self._token_of(reader, rejected=token)
            return self._repeated(method, path, reply, fresh, reader, query=query, body=body, op_id=op_id)

    def _token_of(self, reader: str, *, rejected: str = "") -> str:
        """A token of the one who asked. Raises `SignedOut` when somebody else has signed in here since."""
        token = self._session.access_token(rejected=rejected)
        if self._reader != reader:  # looked at after the token was taken: a token is never older than its bearer
            raise SignedOut("You were signed out meanwhile.")
        return token

    def _open(self, method: str, path: str, reply: type[R], body: object = None) -> R:
        """A call that needs no token. Signing up twice is refused, not doubled, so it may be repeated too."""
        return self._repeated(method, path, reply, "", body=body, op_id=new_op_id())

    def _refresh(self, refresh_token: str, op_id: OpId) -> Tokens:
        body = RefreshTokens(refresh_token=refresh_token)
        return self._repeated("POST", "/api/auth/refresh/", Tokens, "", body=body, op_id=op_id)

    def _start(self, tokens: Tokens) -> Tokens:
        self._session.start(tokens)
        return tokens

    def _repeated(
        self,
        method: str,
        path: str,
        reply: type[R],
        token: str,
        reader: str = "",
        *,
        query: object = None,
        body: object = None,
        op_id: OpId | None = None,
    ) -> R:
        key = (reader, path, *_params(query))
        known = self._answers.get(key) if method == "GET" else None
        etag = known.etag if known is not None else ""
        for repeat in range(_REPEATS + 1):
            try:
                response = self._once(method, path, token, query=query, body=body, op_id=op_id, etag=etag)
                break
            except Unreachable as error:
                if repeat == _REPEATS or error.retry_after_s is not None or isinstance(error, Untrusted):
                    raise
                time.sleep(random.uniform(0, 0.2 * 2**repeat))  # noqa: S311 (jitter, not a secret)
        if response.status_code == 304 and known is not None and isinstance(known.content, reply):
            return known.content
        found = _decoded(response, reply, path)
        if method == "GET" and "ETag" in response.headers and reader == self._reader:
            self._answers.pop(key, None)
            self._answers[key] = _Answer(response.headers["ETag"], found)
            while len(self._answers) > _REMEMBERED:
                self._answers.pop(next(iter(self._answers)), None)
        return found

    @property
    def _reader(self) -> str:
        """Who asks: one person's answers are never another's."""
        tokens = self._session.tokens
        return tokens.person.id if tokens else ""

    def _once(
        self,
        method: str,
        path: str,
        token: str,
        *,
        query: object = None,
        body: object = None,
        op_id: OpId | None = None,
        etag: str = "",
        timeout_s: tuple[float, float] | None = None,
    ) -> requests.Response:
        headers = {"Accept": "application/json"}
        if etag:
            headers["If-None-Match"] = etag
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if op_id:
            headers[IDEMPOTENCY_KEY] = op_id
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(body)
        try:
            response = self._http.request(
                method,
                self.server_url + path,
                params=_params(query),
                data=content,
                headers=headers,
                timeout=timeout_s or self._timeout_s,
                allow_redirects=False,
            )
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            log.debug("unreachable", extra={"path": path, "cause": type(error).__name__})
            raise untrusted(error) or Unreachable(
                "The server cannot be reached. Check the network; this window keeps trying."
            ) from error
        except requests.RequestException as error:
            raise ServerFault("Its answer broke off. Try again.") from error
        except OSError as error:  # requests' way of saying that `ca_file` is gone
            raise Untrusted("The file that the server is known by cannot be read here. Tell the admin.") from error
        self._set_clock(response)
        if response.status_code >= 300 and not (etag and response.status_code == 304):
            raise as_error(response)
        return response

    def _set_clock(self, response: requests.Response) -> None:
        with contextlib.suppress(KeyError, ValueError, TypeError):
            told = parsedate_to_datetime(response.headers["Date"]) + timedelta(seconds=0.5)
            offset = told - datetime.now(UTC) + response.elapsed / 2
            if abs(offset - self._clock_offset) > _CLOCK_STEP:
                self._clock_offset = offset


def _decoded(response: requests.Response, reply: type[R], path: str) -> R:
    try:
        return decode(response.content, reply)
    except msgspec.DecodeError as error:
        log.exception("unreadable answer", extra={"path": path})
        raise ServerFault("Its answer could not be read. Is this window as new as the server?") from error


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
