"""The backend's door without a backend: the same rules, in memory. The contract suite holds it against the real one."""

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from core.client.errors import (
    ClientError,
    Conflict,
    Left,
    MenuMoved,
    NotFound,
    PriceChanged,
    Refused,
    SignedOut,
)
from core.client.sync.operations import KINDS, ROUTES
from core.domain import order_rules
from core.domain.commands import (
    CancelOrder,
    Change,
    ChangePayment,
    ChangeStatus,
    PlaceOrder,
    RecallOrder,
    TakeOrder,
)
from core.domain.credentials import TooCommon, check_password
from core.domain.errors import DomainError, IllegalMove
from core.domain.ids import CustomerId, ItemId, OpId, OrderId, ShopId, new_order_id, uuid7
from core.domain.menu import Category, Menu, check_menu, with_availability
from core.domain.order import (
    ONLINE_SERIES,
    Order,
    PaymentState,
    StatusChange,
    order_number,
)
from core.domain.payment import PaymentChange
from core.domain.people import Customer, Person, Role
from core.domain.status import OrderStatus, status_info
from core.protocol import routes
from core.protocol.headers import IDEMPOTENCY_KEY
from core.protocol.replies import Availability, CustomerList, OrderDetails, OrderPage, StatusReport, Tokens
from core.protocol.requests import (
    ChangeAvailability,
    CustomerQuery,
    HistoryQuery,
    OrderQuery,
    ReplaceMenu,
    SignIn,
    SignUp,
    StaffSignIn,
)
from core.protocol.route import NOTHING, AnyRoute, R, Request
from core.protocol.security import ExportNote
from tests.support.menus import MENU

SHOP = ShopId("00000000-0000-7000-8000-000000000001")
_EPOCH = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeBackend:
    """One shop that several `FakeApi`s look at, as several windows look at one backend.

    `fail_with` makes every call raise until it is None again; `gate` holds every call back while it is cleared;
    `calls` counts them by name.
    """

    def __init__(self, menu: Menu = MENU) -> None:
        self.menu = menu
        self.orders: dict[OrderId, Order] = {}
        self.history: dict[OrderId, list[StatusChange]] = {}
        self.payments: defaultdict[OrderId, list[PaymentChange]] = defaultdict(list)
        self.customers: dict[str, tuple[Customer, str]] = {}
        self.staff = {"Maya": ("1234", Role.CASHIER), "Ana": ("9999", Role.ADMIN)}
        self.operations: dict[tuple[str, OpId], tuple[object, Order]] = {}
        self.counters: dict[str, int] = {}
        self.exports: list[ExportNote] = []
        self.fail_with: ClientError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.calls: dict[str, int] = {}
        self.lock = threading.RLock()
        self._ticks = 0

    def now(self) -> datetime:
        """A clock that moves one second with every look."""
        self._ticks += 1
        return self.clock

    @property
    def clock(self) -> datetime:
        """What the last look showed."""
        return _EPOCH + timedelta(seconds=self._ticks)

    def enter(self, call: str) -> None:
        with self.lock:
            self.calls[call] = self.calls.get(call, 0) + 1
        self.gate.wait(20)
        if self.fail_with is not None:
            raise self.fail_with

    def number(self, series: str) -> str:
        self.counters[series] = self.counters.get(series, 0) + 1
        return order_number(series, self.counters[series])

    def change_menu(self, categories: tuple[Category, ...]) -> Menu:
        if categories != self.menu.categories:
            self.menu = msgspec.structs.replace(self.menu, categories=categories, version=self.menu.version + 1)
        return self.menu

    def add_customer(self, name: str, phone: str, password: str = "correct horse") -> Customer:
        customer = Customer(id=CustomerId(uuid7()), name=name, phone=phone)
        self.customers[phone] = (customer, password)
        return customer

    def add_order(
        self, request: TakeOrder | PlaceOrder, customer: Customer | None, series: str = ONLINE_SERIES
    ) -> Order:
        if request.id in self.orders:
            raise Conflict("There already is an order with this id.", order=None)
        offer = order_rules.Offer(SHOP, self.menu.currency, self.menu.tax, self.menu.items())
        order = order_rules.place(request, offer, customer, order_id=request.id or new_order_id(), at=self.now())
        order = msgspec.structs.replace(order, number=self.number(series))
        self.keep(None, order, device=series)
        return order

    def keep(self, before: Order | None, order: Order, reason: str = "", by: str = "", device: str = "") -> None:
        """An order that was made or changed, with the entry in its history that tells of it."""
        self.orders[order.id] = order
        if before is None or order.status is not before.status:
            step = StatusChange(
                source=before.status if before else None, target=order.status, at=order.updated_at, reason=order.reason
            )
            self.history.setdefault(order.id, []).append(step)
        if (before is None and order.payment is not PaymentState.UNPAID) or (
            before is not None and order.status is before.status
        ):
            self.payments[order.id].append(
                PaymentChange(
                    version=order.version,
                    source=before.payment if before else None,
                    target=order.payment,
                    tender=order.tender,
                    at=order.updated_at,
                    reason=reason,
                    by=by,
                    device=device,
                )
            )

    def move(self, order_id: OrderId, target: OrderStatus, role: Role = Role.CASHIER, reason: str = "") -> Order:
        """Move an order as staff at another window would; raises what the domain raises."""
        order = self.orders[order_id]
        asked = ChangeStatus(to=target, version=order.version, reason=reason)
        moved = order_rules.change(order, asked, role, self.now())
        self.keep(order, moved)
        return moved


_ANSWERED_BY: Final[dict[AnyRoute, str]] = {
    **{route: kind.value for kind, route in ROUTES.items()},
    routes.MENU: "menu",
    routes.HISTORY: "history",
    routes.ORDER: "order",
    routes.ORDER_STATUS: "status",
    routes.ORDERS: "orders",
    routes.DETAILS: "details",
    routes.CUSTOMERS: "customers",
    routes.NOTE_EXPORT: "note_export",
    routes.SET_AVAILABLE: "set_available",
    routes.REPLACE_MENU: "replace_menu",
}


class FakeApi:
    """What `HttpApi` is, over a `FakeBackend`."""

    def __init__(self, backend: FakeBackend) -> None:
        self.backend = backend
        self._attempt: object = None
        self._entered: object = None
        self.person: Person | None = None
        self.device = ""

    # -- accounts

    def sign_up(self, request: SignUp) -> Tokens:
        self.backend.enter("sign_up")
        try:
            check_password(request.password, request.name, request.phone, request.email or "")
        except TooCommon as error:
            raise Refused(error.message, field=error.field) from None
        if request.phone in self.backend.customers:
            raise Conflict("This phone number already has an account.", order=None)
        self.backend.add_customer(request.name, request.phone, request.password)
        return self.sign_in(SignIn(login=request.phone, password=request.password))

    def sign_in(self, request: SignIn) -> Tokens:
        attempt = self._attempt = object()
        self.backend.enter("sign_in")
        customer, password = self.backend.customers.get(request.login, (None, ""))
        if customer is None or password != request.password:
            raise SignedOut("The phone number, e-mail address or password is wrong.")
        return self._start(
            attempt, Person(id=customer.id, role=Role.CUSTOMER, name=customer.name, phone=customer.phone)
        )

    def staff_sign_in(self, request: StaffSignIn) -> Tokens:
        attempt = self._attempt = object()
        self.backend.enter("staff_sign_in")
        pin, role = self.backend.staff.get(request.staff, ("", Role.CASHIER))
        if not pin or pin != request.pin:
            raise SignedOut("The name or the PIN is wrong.")
        return self._start(attempt, Person(id=f"staff-{request.staff}", role=role, name=request.staff), request.device)

    def give_up_sign_in(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None and attempt is self._entered:
            self.sign_out()

    def probe(self) -> None:
        if self.backend.fail_with is not None:
            raise self.backend.fail_with

    def sign_out(self) -> None:
        self.person = None

    def menu(self) -> Menu:
        self.backend.enter("menu")
        return self.backend.menu

    def set_available(self, op_id: OpId, item_id: ItemId, request: ChangeAvailability) -> Availability:
        self.backend.enter("set_available")
        self._me(staff=True)
        if item_id not in self.backend.menu.items():
            raise NotFound("There is no such item on the menu.")
        self.backend.change_menu(with_availability(self.backend.menu.categories, {item_id: request.available}))
        return Availability(item_id=item_id, available=request.available, version=self.backend.menu.version)

    def replace_menu(self, request: ReplaceMenu) -> Menu:
        self.backend.enter("replace_menu")
        self._me(staff=True)
        if request.version != self.backend.menu.version:
            raise MenuMoved("Somebody else has changed it meanwhile.", self.backend.menu)
        check_menu(request.categories)
        return self.backend.change_menu(request.categories)

    def server_now(self) -> datetime:
        return self.backend.clock

    # -- customers

    def place(self, op_id: OpId, request: PlaceOrder) -> Order:
        self.backend.enter("place")
        me = self._me(staff=False)
        known = Customer(id=CustomerId(me.id), name=me.name, phone=me.phone)
        return self._once(op_id, request, lambda: self.backend.add_order(request, known))

    def history(self, query: HistoryQuery) -> OrderPage:
        self.backend.enter("history")
        me = self._me(staff=False)
        mine = [order for order in self._newest_first() if order.customer_id == me.id]
        return _page(mine, query.cursor, query.limit)

    def order(self, order_id: OrderId) -> Order:
        self.backend.enter("order")
        return self._mine(order_id)

    def status(self, order_id: OrderId) -> StatusReport:
        self.backend.enter("status")
        order = self._mine(order_id)
        return StatusReport(
            order_id=order.id,
            number=order.number,
            status=order.status,
            version=order.version,
            updated_at=order.updated_at,
            status_info=status_info(order.status, order.fulfilment),
            history=tuple(self.backend.history[order.id]),
        )

    def cancel(self, op_id: OpId, order_id: OrderId, request: CancelOrder) -> Order:
        self.backend.enter("cancel")
        return self._change(op_id, self._mine(order_id), request, Role.CUSTOMER)

    # -- staff

    def orders(self, query: OrderQuery) -> OrderPage:
        self.backend.enter("orders")
        self._me(staff=True)
        found = query.finds(self._newest_first())
        return _page(found[::-1] if query.open else found, query.cursor, query.limit)

    def details(self, order_id: OrderId) -> OrderDetails:
        self.backend.enter("details")
        return OrderDetails(
            order=self._any(order_id),
            history=tuple(self.backend.history[order_id]),
            payments=tuple(self.backend.payments[order_id]),
        )

    def take(self, op_id: OpId, request: TakeOrder) -> Order:
        self.backend.enter("take")
        self._me(staff=True)
        known = next((c for c, _ in self.backend.customers.values() if c.id == request.customer_id), None)
        if request.customer_id is not None and known is None:
            raise Refused("There is no such customer.", field="customer_id")
        return self._once(op_id, request, lambda: self.backend.add_order(request, known, self.device))

    def change_status(self, op_id: OpId, order_id: OrderId, request: ChangeStatus) -> Order:
        self.backend.enter("change_status")
        return self._change(op_id, self._any(order_id), request)

    def recall(self, op_id: OpId, order_id: OrderId, request: RecallOrder) -> Order:
        self.backend.enter("recall")
        return self._change(op_id, self._any(order_id), request)

    def change_payment(self, op_id: OpId, order_id: OrderId, request: ChangePayment) -> Order:
        self.backend.enter("change_payment")
        return self._change(op_id, self._any(order_id), request)

    def customers(self, query: CustomerQuery) -> CustomerList:
        return CustomerList(customers=tuple(self._found(query.q)))

    def _found(self, q: str) -> list[Customer]:
        self.backend.enter("customers")
        self._me(staff=True)
        known = [customer for customer, _ in self.backend.customers.values()]
        words, number = " ".join(q.split()).casefold(), "".join(filter(str.isdecimal, q))
        if any(map(str.isalpha, words)):
            return [c for c in known if f"{c.name.casefold()} ".startswith(f"{words} ")]
        return [c for c in known if number and number == "".join(filter(str.isdecimal, c.phone))]

    def note_export(self, exported: ExportNote) -> None:
        self.backend.enter("note_export")
        self.backend.exports.append(exported)

    def call(self, request: Request[R]) -> R:
        """What the method of the route's answers."""
        route = request.route
        given: list[Any] = [request.op_id] if route in KINDS or route is routes.SET_AVAILABLE else []
        given += [request.parameter] if request.parameter else []
        given += [each for each in (request.query, request.body) if each != NOTHING]
        answer: R = getattr(self, _ANSWERED_BY[route])(*given)
        return answer

    # -- inside

    def _start(self, attempt: object, person: Person, device: str = "") -> Tokens:
        if self._attempt is not attempt:
            raise Left
        self._entered = attempt
        self.person, self.device = person, device
        return Tokens(
            access_token="access",
            refresh_token="refresh",
            expires_in_s=600,
            person=person,
            shop_name=self.backend.menu.shop_name,
            device=device,
        )

    def _me(self, *, staff: bool) -> Person:
        if self.person is None:
            raise SignedOut("Nobody is signed in.")
        if self.person.role.is_staff is not staff:
            raise Refused("Not for you.")
        return self.person

    def _mine(self, order_id: OrderId) -> Order:
        me = self._me(staff=False)
        order = self.backend.orders.get(order_id)
        if order is None or order.customer_id != me.id:
            raise NotFound("There is no such order.")
        return order

    def _any(self, order_id: OrderId) -> Order:
        self._me(staff=True)
        if order_id not in self.backend.orders:
            raise NotFound("There is no such order.")
        return self.backend.orders[order_id]

    def _once(self, op_id: OpId, request: object, effect: Callable[[], Order]) -> Order:
        key = (self.person.id if self.person else "", op_id)
        with self.backend.lock:
            if key not in self.backend.operations:
                try:
                    self.backend.operations[key] = request, effect()
                except order_rules.PriceChanged as error:
                    raise PriceChanged(error.message, order=error.order) from None
                except DomainError as error:
                    raise Refused(error.message, field=error.field) from error
            asked, answer = self.backend.operations[key]
            if asked != request:
                raise Refused("This key was used for another request.", field=IDEMPOTENCY_KEY)
            return answer

    def _change(self, op_id: OpId, order: Order, request: Change, role: Role = Role.CASHIER) -> Order:
        def change() -> Order:
            try:
                changed = order_rules.change(order, request, role, self.backend.now())
            except (order_rules.Stale, IllegalMove) as error:
                raise Conflict(error.message, order=order) from None
            if changed is not order:
                by = self.person.name if self.person else ""
                self.backend.keep(order, changed, getattr(request, "reason", "") or "", by, self.device)
            return changed

        return self._once(op_id, (order.id, request), change)

    def _newest_first(self) -> list[Order]:
        return sorted(self.backend.orders.values(), key=lambda order: (order.placed_at, order.id), reverse=True)


def _page(orders: list[Order], cursor: str, limit: int) -> OrderPage:
    start = int(cursor or 0)
    page = orders[start : start + limit]
    end = start + len(page)
    return OrderPage(orders=tuple(page), total=len(orders), next_cursor=str(end) if end < len(orders) else None)
