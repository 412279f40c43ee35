"""The backend of one shop in memory, the only fake of the backend. It uses the domain's rules, and the contract suite
compares it with the real one.

Windows reach it over HTTP (`tests.support.fake_client`), tests of the sync engine as a `Transport`
(`tests.support.model_transport`).
"""

import contextlib
import copy
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import msgspec

from core import sealing
from core.client.errors import ClientError, Conflict, Diverged, Gone, NotFound, PriceChanged, Refused, Unreachable
from core.client.operations import Asked, Operation
from core.client.sync.transport import Answered, HistoryProof
from core.domain import held_baskets, order_rules
from core.domain.amendment import Amendment
from core.domain.change_request import RequestStep
from core.domain.coins import Coins
from core.domain.commands import AmendedLine, AskChange, CancelOrder, Change, ChangeStatus, NewOrder, TakeOrder
from core.domain.drawers import (
    CloseDrawer,
    CountDrawer,
    DrawerSession,
    MoveCash,
    OpenDrawer,
    applied,
    cash_of,
    opened,
)
from core.domain.errors import DomainError, IllegalMove
from core.domain.held_baskets import Hand, HeldBasket, HoldBasket, TakeBasket
from core.domain.ids import BasketId, CustomerId, DeviceId, ItemId, OpId, OrderId, ShopId, new_order_id, uuid7
from core.domain.menu import Category, ChangesUntil, Menu, with_availability
from core.domain.order import ONLINE_SERIES, NewLine, Order, PaymentState, StatusChange, order_number
from core.domain.payment import PaymentChange, check_tenders_of, payments_of
from core.domain.people import Customer, Person, Role
from core.domain.refund import line_ids
from core.domain.rights import START, Right, with_rights
from core.domain.sale.rounding import CashRounding
from core.domain.status import OrderStatus
from core.domain.tenders import TENDERS
from core.protocol.devices import DeviceReport
from core.protocol.drawers import SignedReport, ZReport
from core.protocol.events import BasketChanged, DrawerChanged, Event, MenuChanged, RolesChanged, event_of
from core.protocol.feed import Cursor, EventPage, EventQuery, Frame, Snapshot
from core.protocol.headers import IDEMPOTENCY_KEY, Outcome
from core.protocol.reports import SalesQuery, SalesReport, SalesRow
from core.protocol.rights import AskApproval
from core.protocol.security import ExportNote
from tests.support.menus import MENU

T = TypeVar("T", Order, DrawerSession, HeldBasket)

SHOP = ShopId("00000000-0000-7000-8000-000000000001")
EVERYBODY = CustomerId("")
OFFLINE = Unreachable("The server cannot be reached. Check the network; this window keeps trying.")
"""The owner of events that all customers may see."""
SEALING_KEY = sealing.private_key(b"what the shop's server keeps secret")
PUBLIC_KEY = sealing.public_key(SEALING_KEY)
_EPOCH = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_KEPT = timedelta(hours=24)


class Session(msgspec.Struct, frozen=True):
    """The person of a session, and their device."""

    person: Person
    device: str = ""


class Pushed(Protocol):
    """A window's push connection."""

    @property
    def quiet(self) -> bool:
        """Whether it has delivered all events."""


class FakeBackend:
    """The backend of one shop, for several windows.

    While `fail_with` is set, every call fails with it. While `gate` is cleared, calls and pushes block. `calls` counts
    calls by name.
    """

    def __init__(self, menu: Menu = MENU) -> None:
        self.menu = menu
        self.pictures: dict[str, bytes] = {}
        self.orders: dict[OrderId, Order] = {}
        self.history: dict[OrderId, list[StatusChange]] = {}
        self.amendments: dict[OrderId, list[Amendment]] = {}
        self.payments: defaultdict[OrderId, list[PaymentChange]] = defaultdict(list)
        self.customers: dict[str, tuple[Customer, str]] = {}
        self.staff = {"Maya": ("1234", Role.CASHIER), "Ana": ("9999", Role.ADMIN)}
        self.sessions: dict[str, Session] = {}
        """Sessions by access token."""
        self.operations: dict[tuple[str, OpId], tuple[object, Any]] = {}
        """Completed operations by person and key: the request, and the order or drawer session."""
        self.applied: list[OpId] = []
        """The op ids of all effects: none may be in it twice. Part of backups."""
        self.asked: list[tuple[OpId, object]] = []
        """Received commands with their keys."""
        self.answers_to_lose = 0
        """The number of answers to commands that are still to be lost."""
        self.requests_to_lose = 0
        """The number of commands that are still to be lost; they are in `asked`."""
        self.counters: dict[str, int] = {}
        self.drawers: dict[str, DrawerSession] = {}
        """The newest session of each till's drawer."""
        self.z_reports: list[SignedReport] = []
        self.requests: dict[OrderId, list[RequestStep]] = {}
        self.baskets: dict[BasketId, HeldBasket] = {}
        """Held ones, and those that are gone."""
        self.roles = START
        self.needs_approval = False
        """Whether what could need an approval is refused without one, whatever the roles say."""
        self.approvals: list[AskApproval] = []
        """What was allowed, oldest first."""
        self.former_roundings: tuple[CashRounding, ...] = ()
        self.exports: list[ExportNote] = []
        self.sold: dict[str, tuple[SalesRow, ...]] = {}
        """The rows of reports by their first day; none of other days."""
        self.devices: list[DeviceReport] = []
        self.epoch = "e1"
        self.run = 1
        self.events: list[tuple[str, CustomerId | None, Event]] = []
        self.snapshot_most = 100
        """The most orders in a customer's snapshot."""
        self.kept_from = 0
        """The first event that is still served; earlier ones are `Gone`."""
        self.happened = threading.Condition(threading.RLock())
        self.gate = threading.Event()
        self.gate.set()
        self.calls: dict[str, int] = {}
        self.pushes = True
        """Whether events are pushed."""
        self.sockets: list[Pushed] = []
        self._fail_with: ClientError | None = None
        self._ticks = 0

    # -- faults

    @property
    def fail_with(self) -> ClientError | None:
        return self._fail_with

    @fail_with.setter
    def fail_with(self, error: ClientError | None) -> None:
        with self.happened:
            self._fail_with = error
            self.happened.notify_all()

    def enter(self, call: str) -> None:
        with self.happened:
            self.calls[call] = self.calls.get(call, 0) + 1
            self.happened.notify_all()
        self.gate.wait(20)
        if self._fail_with is not None:
            raise self._fail_with

    @property
    def reachable(self) -> bool:
        return self._fail_with is None and self.gate.is_set()

    # -- time

    def now(self) -> datetime:
        """The time, advanced by one second with every call."""
        self._ticks += 1
        return self.clock

    @property
    def clock(self) -> datetime:
        """The time of the last `now`."""
        return _EPOCH + timedelta(seconds=self._ticks)

    def pass_time(self, waited: timedelta) -> None:
        self._ticks += int(waited.total_seconds())

    # -- people

    def add_customer(self, name: str, phone: str, password: str = "correct horse") -> Customer:
        customer = Customer(id=CustomerId(uuid7()), name=name, phone=phone)
        self.customers[phone] = (customer, password)
        return customer

    def number(self, series: str) -> str:
        self.counters[series] = self.counters.get(series, 0) + 1
        return order_number(series, self.counters[series])

    # -- the menu

    def change_menu(self, categories: tuple[Category, ...], item_id: ItemId | None = None) -> Menu:
        """Replace the menu's categories. `item_id`: only the availability of this item has changed."""
        with self.happened:
            if categories != self.menu.categories:
                self.menu = msgspec.structs.replace(self.menu, categories=categories, version=self.menu.version + 1)
                available = item_id is None or self.menu.items()[item_id].available
                event = MenuChanged(version=self.menu.version, item_id=item_id, available=available)
                self._publish(EVERYBODY, event)
            return self.menu

    def sell(self, item_id: ItemId, available: bool) -> Menu:
        """Mark an item sold out or available."""
        return self.change_menu(with_availability(self.menu.categories, {item_id: available}), item_id)

    def report(self, query: SalesQuery) -> SalesReport:
        """What tests have put into `sold`, whatever it is to be added up by."""
        rows = self.sold.get(query.first, ())
        figures = [field.name for field in msgspec.structs.fields(SalesRow) if field.name != "name"]
        total = SalesRow(name="", **{name: sum(getattr(row, name) for row in rows) for name in figures})
        return SalesReport(
            by=query.by, first=query.first, last=query.last, currency=self.menu.currency, rows=rows, total=total
        )

    # -- orders

    @property
    def coins(self) -> Coins:
        return Coins.of(self.menu.tenders, (*self.menu.roundings, *self.former_roundings))

    @property
    def offer(self) -> order_rules.Offer:
        menu = self.menu
        return order_rules.Offer(
            *(SHOP, menu.terms, menu.items(), menu.country, self.coins, menu.version, menu.changes_until),
            services=menu.services,
        )

    def allow_changes(self, until: ChangesUntil = ChangesUntil.PREPARING) -> None:
        """Let customers ask for changes of their orders."""
        with self.happened:
            self.menu = msgspec.structs.replace(self.menu, changes_until=until, version=self.menu.version + 1)
            self._publish(EVERYBODY, MenuChanged(version=self.menu.version))

    def add_order(
        self,
        request: NewOrder,
        customer: Customer | None,
        series: str = ONLINE_SERIES,
    ) -> Order:
        with self.happened:
            if request.id in self.orders:
                raise Conflict("There already is an order with this id.", order=None, field="id")
            check_tenders_of(request, self.menu.tenders or TENDERS)
            offer = self.offer
            order = order_rules.place(request, offer, customer, order_id=request.id or new_order_id(), at=self.now())
            number = request.number if isinstance(request, TakeOrder) else ""
            if number:
                self.counters[series] = max(self.counters.get(series, 0), int(number.rpartition("-")[2]))
            order = msgspec.structs.replace(order, number=number or self.number(series))
            self.keep(None, order, device=series)
            if isinstance(request, TakeOrder) and request.basket:
                self.finish_basket(request.basket, Hand("Kim", DeviceId(series), self.now()))
            return order

    def keep(self, before: Order | None, order: Order, reason: str = "", by: str = "", device: str = "") -> None:
        """Store a new or changed order with its history entry, and publish its event."""
        with self.happened:
            self._remember(before, order, reason, by, device)
            self._publish(order.customer_id, event_of(before, order))

    def _remember(self, before: Order | None, order: Order, reason: str, by: str, device: str) -> None:
        self.orders[order.id] = order
        if before is not None and order.amendments != before.amendments:
            one = Amendment(
                version=order.version, at=order.updated_at, reason=reason, by=by, device=device, before=before
            )
            self.amendments.setdefault(order.id, []).append(one)
        if before is not None and order.change_request not in (None, before.change_request):
            assert order.change_request is not None
            asked = RequestStep(
                version=order.version, request=order.change_request, at=order.updated_at, by=by, device=device
            )
            self.requests.setdefault(order.id, []).append(asked)
            if order.amendments == before.amendments:
                return
        if before is None or order.status is not before.status:
            step = StatusChange(
                source=before.status if before else None, target=order.status, at=order.updated_at, reason=order.reason
            )
            self.history.setdefault(order.id, []).append(step)
        if (before is None and order.payment is not PaymentState.UNPAID) or (
            before is not None and order.status is before.status
        ):
            then, amended = payments_of(before) if before else (), before and order.amendments != before.amendments
            self.payments[order.id].append(
                PaymentChange(
                    taken=() if amended else tuple(each for each in order.payments if each not in then),
                    undone=()
                    if amended
                    else tuple(each for each in then if before and before.payments and each not in order.payments),
                    charged_minor=order.total_minor - before.total_minor if before and amended else 0,
                    version=order.version,
                    source=before.payment if before else None,
                    target=order.payment,
                    tender=order.tender,
                    refunded_minor=order.refunded_minor - (before.refunded_minor if before else 0),
                    at=order.updated_at,
                    reason=reason,
                    by=by,
                    device=device,
                )
            )

    def move(self, order_id: OrderId, target: OrderStatus, role: Role = Role.CASHIER, reason: str = "") -> Order:
        """Move an order as staff at another window would; raises what the domain raises."""
        with self.happened:
            order = self.orders[order_id]
            asked = ChangeStatus(to=target, version=order.version, reason=reason)
            moved = order_rules.change(order, asked, role, self.now())
            self.keep(order, moved)
            return moved

    def ask(self, order_id: OrderId, *new: NewLine, kept: int | None = None, note: str | None = None) -> Order:
        """As a customer's window asks: to keep so many of the order's lines, and add these."""
        self.menu = msgspec.structs.replace(self.menu, changes_until=ChangesUntil.PREPARING)
        order = self.orders[order_id]
        lines = [
            AmendedLine(id=each, quantity=line.quantity, note=line.note)
            for each, line in zip(line_ids(order), order.lines, strict=True)
        ]
        lines = [*lines[:kept], *(AmendedLine(item_id=each.item_id, quantity=each.quantity) for each in new)]
        note = order.note if note is None else note
        request = AskChange(version=order.version, lines=tuple(lines), note=note)
        return self.change(order, request, Role.CUSTOMER, order.customer_name)

    def change(self, order: Order, request: Change, role: Role = Role.CASHIER, by: str = "", device: str = "") -> Order:
        """Change an order. Raises the server's refusals."""
        try:
            check_tenders_of(request, self.menu.tenders or TENDERS)
            offer = self.offer
            changed = order_rules.change(order, request, role, self.now(), offer=offer, coins=self.coins)
        except (order_rules.Stale, IllegalMove) as error:
            raise Conflict(error.message, order=order) from None
        except DomainError as error:
            raise Refused(error.message, field=error.field) from error
        if changed is not order:
            self.keep(order, changed, getattr(request, "reason", "") or "", by, device)
        return changed

    def once(self, person_id: str, op_id: OpId, asked: object, effect: Callable[[], T]) -> tuple[T, Outcome]:
        """The result of `effect`, run once for each person and key."""
        key = (person_id, op_id)
        with self.happened:
            done = self.operations.get(key)
            if done is not None:
                if done[0] != asked:
                    raise Refused("This key was used for another request.", field=IDEMPOTENCY_KEY)
                return done[1], Outcome.DUPLICATE
            seq = len(self.events)
            try:
                order = effect()
            except order_rules.PriceChanged as error:
                raise PriceChanged(error.message, order=error.order) from None
            except DomainError as error:
                raise Refused(error.message, field=error.field) from error
            self.operations[key] = asked, order
            if len(self.events) == seq:
                return order, Outcome.SUPERSEDED
            self.applied.append(op_id)
            return order, Outcome.APPLIED

    def perform(self, operation: Operation) -> Answered:
        """Apply an operation of an outbox, once."""
        asked = operation.request
        if operation.kind.is_of_drawer:
            who = operation.owner.subject
            at_drawer = partial(self.at_drawer, operation.asked, operation.seen.number, who=who)
            session, outcome = self.once(operation.owner.subject, operation.op_id, asked, at_drawer)
            return Answered(None, outcome, HistoryProof(self.cursor(), str(self.run)), other=session)
        if operation.kind.is_of_basket:
            with_basket = partial(self.with_basket, operation.sent.parameter, operation.asked, operation.seen.number)
            basket, outcome = self.once(operation.owner.subject, operation.op_id, asked, with_basket)
            return Answered(None, outcome, HistoryProof(self.cursor(), str(self.run)), other=basket)
        order, outcome = self.once(operation.owner.subject, operation.op_id, asked, partial(self._effect, operation))
        return Answered(order, outcome, HistoryProof(self.cursor(), str(self.run)))

    def _effect(self, operation: Operation) -> Order:
        asked, seen = operation.asked, operation.seen
        if isinstance(asked, NewOrder):
            known = None if seen.customer_id is None else Customer(id=seen.customer_id, name=seen.customer_name)
            return self.add_order(asked, known, seen.number.rpartition("-")[0] or ONLINE_SERIES)
        order = self.orders.get(operation.order_id)
        if order is None:
            raise NotFound("no such order")
        assert isinstance(asked, Change)
        return self.change(order, asked, Role.CUSTOMER if isinstance(asked, CancelOrder) else Role.CASHIER)

    # -- drawers

    def at_drawer(self, asked: Asked, device: str, by: str = "Kim", who: str = "") -> DrawerSession:
        """Do something at a drawer of a till."""
        with self.happened:
            try:
                if isinstance(asked, OpenDrawer):
                    owner = who if asked.own else ""
                    held = self.drawers.get(_drawer_of(device, owner))
                    session = opened(held, asked, DeviceId(device), by, self.now(), owner)
                else:
                    assert isinstance(asked, MoveCash | CountDrawer | CloseDrawer)
                    named = (each for each in self.drawers.values() if each.id == asked.session)
                    held = next((each for each in named if each.device == device), None)
                    session = applied(held, asked, by, self.now())
            except IllegalMove as error:
                raise Conflict(error.message, order=None) from None
            if isinstance(asked, CloseDrawer):
                session = msgspec.structs.replace(session, z_number=len(self.z_reports) + 1)
                self.z_reports.insert(0, self.drawer_report(session, session.z_number))
            self.drawers[_drawer_of(device, session.owner)] = session
            self._publish(None, DrawerChanged(session=session))
            return session

    def drawer_report(self, session: DrawerSession, number: int) -> SignedReport:
        """A report of a session without sales."""
        closed = session.closed
        report = ZReport(
            shop=self.menu.shop_name,
            device=session.device,
            currency=self.menu.currency,
            number=number,
            place=number,
            session=session.id,
            opened_at=session.opened.at,
            opened_by=session.opened.by,
            closed_at=closed.at if closed else None,
            closed_by=closed.by if closed else "",
            made_at=self.now(),
            business_date=str(self.now().date()),
            cash=cash_of(session, 0),
        )
        return SignedReport(report=report, hash=f"{number:064x}" if number else "")

    # -- held baskets

    def with_basket(self, basket_id: str, asked: object, device: str, by: str = "Kim") -> HeldBasket:
        """Hold, take or drop a basket at a till."""
        with self.happened:
            hand = Hand(by, DeviceId(device), self.now())
            if isinstance(asked, HoldBasket):
                if asked.replaces:
                    self.finish_basket(asked.replaces, hand)
                held = sum(each.gone is None for each in self.baskets.values())
                return self._keep_basket(held_baskets.hold(self.baskets.get(asked.id), asked, hand, held))
            known = self.baskets.get(BasketId(basket_id))
            if known is None:
                raise NotFound("There is no such held basket.")
            try:
                done = held_baskets.take if isinstance(asked, TakeBasket) else held_baskets.drop
                return self._keep_basket(done(known, hand))
            except IllegalMove as error:
                raise Conflict(error.message, order=None) from None

    def finish_basket(self, basket_id: BasketId, hand: Hand) -> None:
        """Order a basket, or hold it anew, at another till."""
        with self.happened:
            self._keep_basket(held_baskets.finish(self.baskets.get(basket_id), basket_id, hand))

    def _keep_basket(self, basket: HeldBasket) -> HeldBasket:
        if self.baskets.get(basket.id) is not basket:
            self.baskets[basket.id] = basket
            self._publish(None, BasketChanged(basket=basket))
        return basket

    def allow(self, role: Role, *rights: Right) -> None:
        """Change what a role may do."""
        with self.happened:
            self.roles = with_rights(self.roles, role, rights)
            self._publish(None, RolesChanged(roles=self.roles))

    # -- backups and restores

    _KEPT_IN_BACKUPS: Final = (
        *("menu", "orders", "history", "payments", "operations", "applied", "counters", "events"),
        *("drawers", "baskets", "z_reports"),
    )

    def backup(self) -> dict[str, object]:
        return copy.deepcopy({name: getattr(self, name) for name in self._KEPT_IN_BACKUPS})

    def restore(self, backup: dict[str, object]) -> None:
        """Restore the raw file of a backup: later numbers are used again."""
        self.run += 1
        for name, value in copy.deepcopy(backup).items():
            setattr(self, name, value)

    def fail_over(self, backup: dict[str, object]) -> None:
        """Continue as a standby with the state of `backup`: the same run of the server, in a new epoch."""
        self.restore(backup)
        self.run -= 1
        self.epoch = f"e{int(self.epoch[1:]) + 1}"

    # -- the feed

    def _publish(self, owner: CustomerId | None, event: Event) -> None:
        self.events.append((uuid7(), owner, event))
        self.happened.notify_all()

    def cursor(self, seq: int | None = None) -> Cursor:
        at = len(self.events) if seq is None else seq
        return Cursor(self.epoch, at, self.events[at - 1][0] if at else "")

    def check(self, cursor: Cursor) -> None:
        if cursor.epoch != self.epoch or cursor.seq > len(self.events) or self.cursor(cursor.seq) != cursor:
            raise Diverged("another history")
        if cursor.seq < self.kept_from:
            raise Gone("too long ago")

    def check_history(self, person_id: str, op_id: OpId, cursor: str) -> None:
        """What is based on another history is refused, unless it was done in this one."""
        if cursor and (person_id, op_id) not in self.operations:
            with contextlib.suppress(Gone):
                self.check(Cursor.parse(cursor))

    def sees(self, customer: CustomerId | None, owner: CustomerId | None) -> bool:
        """Whether `customer` (None: staff) may see what belongs to `owner`."""
        return customer is None or owner in (customer, EVERYBODY)

    def page(self, query: EventQuery, customer: CustomerId | None) -> EventPage:
        with self.happened:
            for text in filter(None, (query.cursor, query.witness)):
                self.check(Cursor.parse(text))
            start = Cursor.parse(query.cursor).seq
            found, prev, seq = [], self.head(customer, start), start
            for seq, (_id, owner, event) in enumerate(self.events[start:], start + 1):
                if self.sees(customer, owner):
                    found.append(Frame(seq=seq, prev=prev, event=event))
                    prev = seq
                if len(found) == query.limit:
                    break
            return EventPage(frames=tuple(found), cursor=str(self.cursor(seq)), more=seq < len(self.events))

    def head(self, customer: CustomerId | None, seq: int) -> int:
        """The newest event up to `seq` that they may see."""
        return next((n for n in range(seq, 0, -1) if self.sees(customer, self.events[n - 1][1])), 0)

    def snapshot(
        self, customer: CustomerId | None, device: str = "", last: int | None = None, who: str = ""
    ) -> Snapshot:
        with self.happened:
            mine = [order for order in self.orders.values() if self.sees(customer, order.customer_id)]
            if customer is None:
                shown = [each for each in mine if each.status.is_open or each.updated_at > self.clock - _KEPT]
            else:
                shown = sorted(mine, key=lambda order: (order.placed_at, order.id), reverse=True)[: self.snapshot_most]
            return Snapshot(
                cursor=str(self.cursor()),
                orders=tuple(shown),
                total=len(mine) if customer is not None else len(shown),
                menu_version=self.menu.version,
                series=DeviceId(device) if device else None,
                series_last=self.counters.get(device, 0) if last is None else last,
                drawer=self.drawers.get(device),
                own_drawers=tuple(
                    each
                    for each in self.drawers.values()
                    if each.device == device and each.owner and (each.is_open or each.owner == who)
                ),
                baskets=() if customer else tuple(each for each in self.baskets.values() if each.gone is None),
                roles=() if customer else self.roles,
            )


def _drawer_of(device: str, owner: str) -> str:
    """The key of the POS's drawer, or of somebody's own there."""
    return f"{device}/{owner}" if owner else device
