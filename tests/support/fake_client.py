"""A window's HTTP client whose server is a `FakeBackend` in this process, without a socket. What is asked crosses as
the bytes that it would be; all on the window's side of them is what is shipped."""

import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from typing_extensions import override

from core import sealing
from core.client.errors import (
    Busy,
    ClientError,
    Conflict,
    Diverged,
    Gone,
    MenuMoved,
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
from core.client.http.api import HttpClient
from core.decoding import convert, decode
from core.domain.commands import NewOrder, TakeOrder
from core.domain.credentials import TooCommon, check_password
from core.domain.ids import CustomerId, ItemId, OpId, OrderId
from core.domain.menu import Menu, check_menu
from core.domain.order import Channel, Order
from core.domain.people import Customer, Person, Role
from core.domain.status import status_info
from core.protocol import routes
from core.protocol.devices import DeviceList
from core.protocol.feed import EventPage, EventQuery, Frames, Heartbeat, Hello, Snapshot
from core.protocol.headers import EVENT_CURSOR, IDEMPOTENCY_KEY, ORDER_NUMBER, OUTCOME, REQUEST_ID
from core.protocol.problem import CONTENT_TYPE, Problem
from core.protocol.replies import (
    Availability,
    CustomerList,
    OrderDetails,
    OrderPage,
    StaffOrderPage,
    StatusReport,
    Tokens,
)
from core.protocol.requests import OrderQuery, SignUp, StaffSignIn
from core.protocol.route import AnyRoute, Nothing, Who
from core.protocol.sealed import OpenedOperation, OpenedOperations, context, sign_out_context
from core.protocol.security import ExportNote
from tests.support.fake_backend import PUBLIC_KEY, SEALING_KEY, SHOP, FakeBackend, Session

ADDRESS: Final = "http://127.0.0.1:9"
M = TypeVar("M")


class Asked(msgspec.Struct, frozen=True):
    """One request, and whose it is."""

    backend: FakeBackend
    session: Session | None
    token: str
    op_id: OpId
    subject: str
    """The part of its address that names what it is about."""
    content: Any
    """Its body or its query, as its type."""
    raw: bytes

    @property
    def me(self) -> Person:
        assert self.session is not None, "the route is for whoever is signed in"
        return self.session.person

    @property
    def device(self) -> str:
        return self.session.device if self.session is not None else ""

    @property
    def customer_id(self) -> CustomerId | None:
        """Whose events and orders these are; None for staff, who see all."""
        return CustomerId(self.me.id) if self.me.role is Role.CUSTOMER else None

    def order(self) -> Order:
        """The one that is asked about, if whoever asks may see it."""
        order = self.backend.orders.get(OrderId(self.subject))
        if order is None or not self.backend.sees(self.customer_id, order.customer_id):
            raise NotFound("There is no such order.")
        return order


def _tokens(asked: Asked, person: Person, device: str = "") -> Tokens:
    backend = asked.backend
    token = f"access-{len(backend.calls)}-{sum(backend.calls.values())}"
    backend.sessions[token] = Session(person, device)
    return Tokens(
        access_token=token,
        refresh_token=f"refresh-{token}",
        expires_in_s=600,
        person=person,
        shop=SHOP,
        shop_name=backend.menu.shop_name,
        device=device,
        series_last=backend.counters.get(device, 0) if device else None,
        sealing_key=PUBLIC_KEY,
    )


def _sign_up(asked: Asked) -> Tokens:
    wanted: SignUp = asked.content
    try:
        check_password(wanted.password, wanted.name, wanted.phone, wanted.email or "")
    except TooCommon as error:
        raise Refused(error.message, field=error.field) from None
    if wanted.phone in asked.backend.customers:
        raise Conflict("This phone number already has an account.", order=None)
    return _tokens(asked, _person(asked.backend.add_customer(wanted.name, wanted.phone, wanted.password)))


def _sign_in(asked: Asked) -> Tokens:
    customer, password = asked.backend.customers.get(asked.content.login, (None, ""))
    if customer is None or password != asked.content.password:
        raise SignedOut("The phone number, e-mail address or password is wrong.")
    return _tokens(asked, _person(customer))


def _person(customer: Customer) -> Person:
    return Person(id=customer.id, role=Role.CUSTOMER, name=customer.name, phone=customer.phone)


def _staff_sign_in(asked: Asked) -> Tokens:
    wanted: StaffSignIn = asked.content
    pin, role = asked.backend.staff.get(wanted.staff, ("", Role.CASHIER))
    if not pin or pin != wanted.pin:
        raise SignedOut("The name or the PIN is wrong.")
    return _tokens(asked, Person(id=f"staff-{wanted.staff}", role=role, name=wanted.staff), wanted.device)


def _refresh(asked: Asked) -> Tokens:
    session = asked.backend.sessions.pop(asked.content.refresh_token.removeprefix("refresh-"), None)
    if session is None:
        raise SignedOut("The session is over.")
    return _tokens(asked, session.person, session.device)


def _sign_out(asked: Asked) -> None:
    asked.backend.sessions.pop(asked.token, None)


def _menu(asked: Asked) -> Menu:
    return asked.backend.menu


def _set_available(asked: Asked) -> Availability:
    item_id = ItemId(asked.subject)
    if item_id not in asked.backend.menu.items():
        raise NotFound("There is no such item on the menu.")
    menu = asked.backend.sell(item_id, asked.content.available)
    return Availability(item_id=item_id, available=asked.content.available, version=menu.version)


def _replace_menu(asked: Asked) -> Menu:
    if asked.content.version != asked.backend.menu.version:
        raise MenuMoved("Somebody else has changed it meanwhile.", asked.backend.menu)
    check_menu(asked.content.categories)
    return asked.backend.change_menu(asked.content.categories)


def _place(asked: Asked) -> tuple[Order, str]:
    me = asked.me
    known = Customer(id=CustomerId(me.id), name=me.name, phone=me.phone)
    return _once(asked, lambda: asked.backend.add_order(asked.content, known))


def _take(asked: Asked) -> tuple[Order, str]:
    wanted: TakeOrder = asked.content
    known = next((c for c, _password in asked.backend.customers.values() if c.id == wanted.customer_id), None)
    if wanted.customer_id is not None and known is None:
        raise Refused("There is no such customer.", field="customer_id")
    return _once(asked, lambda: asked.backend.add_order(wanted, known, asked.device))


def _change(asked: Asked) -> tuple[Order, str]:
    me, order = asked.me, asked.order()
    return _once(asked, lambda: asked.backend.change(order, asked.content, me.role.acts_as, me.name, asked.device))


def _once(asked: Asked, effect: Callable[[], Order]) -> tuple[Order, str]:
    order, outcome = asked.backend.once(asked.me.id, asked.op_id, (asked.subject, asked.raw), effect)
    return order, outcome.value


def _history(asked: Asked) -> OrderPage:
    mine = [order for order in _newest_first(asked) if order.customer_id == asked.me.id]
    return _page(mine, asked.content.cursor, asked.content.limit)


def _orders(asked: Asked) -> StaffOrderPage:
    query: OrderQuery = asked.content
    found = query.finds(_newest_first(asked))
    page = _page(found[::-1] if query.open else found, query.cursor, query.limit)
    taken = [order for order in page.orders if query.cashiers and order.channel is Channel.COUNTER]
    cashiers = {order.id: asked.backend.history[order.id][0].by for order in taken}
    return StaffOrderPage(**msgspec.structs.asdict(page), cashiers=cashiers)


def _newest_first(asked: Asked) -> list[Order]:
    return sorted(asked.backend.orders.values(), key=lambda order: (order.placed_at, order.id), reverse=True)


def _page(orders: list[Order], cursor: str, limit: int) -> OrderPage:
    start = int(cursor or 0)
    page = orders[start : start + limit]
    end = start + len(page)
    return OrderPage(orders=tuple(page), total=len(orders), next_cursor=str(end) if end < len(orders) else None)


def _status(asked: Asked) -> StatusReport:
    order = asked.order()
    return StatusReport(
        order_id=order.id,
        number=order.number,
        status=order.status,
        version=order.version,
        updated_at=order.updated_at,
        status_info=status_info(order.status, order.fulfilment),
        history=tuple(asked.backend.history[order.id]),
    )


def _details(asked: Asked) -> OrderDetails:
    order = asked.order()
    return OrderDetails(
        order=order, history=tuple(asked.backend.history[order.id]), payments=tuple(asked.backend.payments[order.id])
    )


def _customers(asked: Asked) -> CustomerList:
    known = [customer for customer, _password in asked.backend.customers.values()]
    sought = asked.content.q
    words, number = " ".join(sought.split()).casefold(), "".join(filter(str.isdecimal, sought))
    if any(map(str.isalpha, words)):
        found = [each for each in known if f"{each.name.casefold()} ".startswith(f"{words} ")]
    else:
        found = [each for each in known if number and number == "".join(filter(str.isdecimal, each.phone))]
    return CustomerList(customers=tuple(found))


def _note_export(asked: Asked) -> ExportNote:
    asked.backend.exports.append(asked.content)
    noted: ExportNote = asked.content
    return noted


def _devices(asked: Asked) -> DeviceList:
    return DeviceList(devices=tuple(asked.backend.devices))


def _events(asked: Asked) -> EventPage:
    return asked.backend.page(asked.content, asked.customer_id)


def _snapshot(asked: Asked) -> Snapshot:
    return asked.backend.snapshot(asked.customer_id, asked.device)


def _open_sealed(asked: Asked) -> OpenedOperations:
    opened = []
    for each in asked.content.operations:
        try:
            content = sealing.open_sealed(each.content, SEALING_KEY, context(asked.me.id, SHOP, each.op_id))
        except sealing.CannotOpen:
            content = None
        opened.append(OpenedOperation(each.op_id, content))
    return OpenedOperations(tuple(opened))


def _sealed_sign_out(asked: Asked) -> None:
    named = sealing.open_sealed(asked.content.content, SEALING_KEY, sign_out_context(SHOP)).decode()
    asked.backend.sessions.pop(named.removeprefix("refresh-"), None)


_CALLS: Final[Mapping[str, tuple[AnyRoute, Callable[[Asked], object]]]] = {
    "sign_up": (routes.SIGN_UP, _sign_up),
    "sign_in": (routes.SIGN_IN, _sign_in),
    "staff_sign_in": (routes.STAFF_SIGN_IN, _staff_sign_in),
    "refresh": (routes.REFRESH, _refresh),
    "sign_out": (routes.SIGN_OUT, _sign_out),
    "sealed_sign_out": (routes.SEALED_SIGN_OUT, _sealed_sign_out),
    "menu": (routes.MENU, _menu),
    "history": (routes.HISTORY, _history),
    "place": (routes.PLACE, _place),
    "order": (routes.ORDER, Asked.order),
    "status": (routes.ORDER_STATUS, _status),
    "cancel": (routes.CANCEL, _change),
    "orders": (routes.ORDERS, _orders),
    "take": (routes.TAKE, _take),
    "details": (routes.DETAILS, _details),
    "change_status": (routes.CHANGE_STATUS, _change),
    "recall": (routes.RECALL, _change),
    "change_payment": (routes.CHANGE_PAYMENT, _change),
    "customers": (routes.CUSTOMERS, _customers),
    "note_export": (routes.NOTE_EXPORT, _note_export),
    "set_available": (routes.SET_AVAILABLE, _set_available),
    "replace_menu": (routes.REPLACE_MENU, _replace_menu),
    "devices": (routes.DEVICES, _devices),
    "events": (routes.EVENTS, _events),
    "snapshot": (routes.SNAPSHOT, _snapshot),
    "open_sealed": (routes.OPEN_OPERATIONS, _open_sealed),
}
"""What this backend answers, under the names that `FakeBackend.calls` counts by."""
_PATTERNS: Final = {
    name: re.compile(re.sub(r"{\w+}", "([^/]+)", route.path)) for name, (route, _answer) in _CALLS.items()
}


class _InProcess(BaseAdapter):
    """Where requests to the backend go in place of a socket."""

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
        for name, (route, answer) in _CALLS.items():
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
            told = self._told(answer, Asked(backend, session, token, op_id, subject, content, raw))
            headers = {REQUEST_ID: f"{backend.run}-1", "Content-Type": route.content_type}
            if isinstance(told, tuple):
                order, outcome = told
                headers |= {OUTCOME: outcome, EVENT_CURSOR: str(backend.cursor())}
                headers |= {ORDER_NUMBER: f"{order.number}.proof"} if isinstance(content, NewOrder) else {}
                told = order
            return b"" if told is None else msgspec.json.encode(told), headers
        raise NotFound(f"There is no {request.method} {address.path} here.")

    def _told(self, answer: Callable[[Asked], object], asked: Asked) -> object:
        """What is answered, unless it is lost."""
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
    """A query's fields: a sequence's as a list, the others as they are."""
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
    )
    headers = {"Content-Type": CONTENT_TYPE, REQUEST_ID: "1-1"}
    if isinstance(error, Busy | TooManyAttempts):
        headers["Retry-After"] = str(round(error.retry_after_s or 1))
    return status, msgspec.json.encode(problem), headers


class FakeSocket:
    """What is pushed to one window."""

    latency_s: Final = 0.001

    def __init__(self, backend: FakeBackend, read: Callable[[bytes], Any], heard: Callable[[], None]) -> None:
        self._backend = backend
        self._read = read
        self._heard = heard
        self._session: Session | None = None
        self._position = -1
        self._greeted = False
        self._closed = threading.Event()
        self._waiting = False
        backend.sockets.append(self)

    @property
    def quiet(self) -> bool:
        """Everything that was pushed has been taken in."""
        with self._backend.happened:
            return self._waiting and not self._due()

    def send_hello(self, hello: Hello) -> None:
        with self._backend.happened:
            self._session = self._backend.sessions.get(hello.token)
            if self._position < 0:
                self._position = int(hello.cursor.split(".")[1])
            self._greeted = False

    def receive(self) -> Any:
        backend = self._backend
        while True:
            with backend.happened:
                self._waiting = True
                backend.happened.wait_for(lambda: self._closed.is_set() or self._broken() or self._due())
                self._waiting = False
                if self._closed.is_set():
                    raise Unreachable("The push connection ended.")
                if (error := self._broken()) is not None:
                    raise error
                if backend.gate.is_set():
                    message = self._message()
                    break
            backend.gate.wait()
        self._heard()
        return self._read(msgspec.json.encode(message))

    def _broken(self) -> ClientError | None:
        """What ends the socket: the way to the server, or the session."""
        error = self._backend.fail_with
        if isinstance(error, Unreachable | SignedOut) and not isinstance(error, Busy):
            return error
        if self._session is None or self._session not in self._backend.sessions.values():
            return SignedOut("The session is over.")
        return None

    def _due(self) -> bool:
        return not self._greeted or (self._backend.pushes and len(self._backend.events) > self._position)

    def _message(self) -> Frames | Heartbeat:
        backend, session = self._backend, self._session
        assert session is not None
        customer = CustomerId(session.person.id) if session.person.role is Role.CUSTOMER else None
        if backend.pushes and len(backend.events) > self._position:
            query = EventQuery(cursor=str(backend.cursor(self._position)))
            page = backend.page(query, customer)
            self._position = int(page.cursor.split(".")[1])
            if page.frames:
                return Frames(frames=page.frames, cursor=page.cursor)
        self._greeted = True
        return Heartbeat(head=backend.head(customer, self._position), cursor=str(backend.cursor(self._position)))

    def close(self) -> None:
        self._closed.set()
        with self._backend.happened:
            self._backend.happened.notify_all()


class FakeClient(HttpClient):
    """One window's way to the backend. The shop's clock is told exactly."""

    def __init__(self, backend: FakeBackend) -> None:
        super().__init__(ADDRESS)
        self.backend = backend
        self._http.mount("http://", _InProcess(backend))

    @override
    def server_now(self) -> datetime:
        return self.backend.clock

    @override
    @contextmanager
    def open_socket(self, read: Callable[[bytes], M]) -> Iterator[Any]:
        self.backend.enter("listen")
        socket = FakeSocket(self.backend, read, self.connection.answered)
        try:
            yield socket
        finally:
            self.backend.sockets.remove(socket)
