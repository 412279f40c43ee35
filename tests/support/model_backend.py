"""A backend in a hundred lines: what the real one does with operations and events, as plainly as it can be said.

It is a `Transport` for one signed-in person. Nothing here is shared with the real server's code but the domain's rules.
"""

import contextlib
import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from core import sealing
from core.client.connection import Connection
from core.client.errors import Conflict, Diverged, Gone, NotFound, Refused, Unreachable
from core.client.sync.operations import Operation
from core.client.sync.transport import Answered, HistoryProof, PushSubscription
from core.domain import order_rules
from core.domain.commands import CancelOrder, NewOrder
from core.domain.errors import DomainError
from core.domain.ids import CustomerId, DeviceId, ItemId, OrderId, uuid7
from core.domain.menu import Category, Menu, with_availability
from core.domain.order import Order
from core.domain.people import Role
from core.protocol.events import Event, MenuChanged, event_of
from core.protocol.feed import Cursor, EventPage, EventQuery, Frame, Snapshot
from core.protocol.headers import Outcome
from core.protocol.sealed import OpenedOperation, OpenedOperations, OpenOperations, SealedOperation, context
from tests.support.menus import MENU

EVERYBODY = CustomerId("")
_START = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Shop:
    """Orders, events, and the operations that were done, with the bytes they were asked by."""

    def __init__(self, menu: Menu = MENU) -> None:
        self.epoch = "e1"
        self.menu = menu
        self.orders: dict[OrderId, Order] = {}
        self.events: list[tuple[str, CustomerId | None, Event]] = []
        self.done: dict[tuple[str, str], tuple[bytes, Order]] = {}
        self.kept_from = 0
        self.run = 1
        self.applied: list[str] = []
        """The op id of every effect there ever was, backups or not: nothing may be in the shop twice."""

    def backup(self) -> "Shop":
        return copy.deepcopy(self)

    def restore(self, backup: "Shop") -> None:
        """The raw file, put back: its numbers will be used again."""
        self.run += 1
        kept = copy.deepcopy(backup)
        self.orders, self.events, self.done, self.applied = kept.orders, kept.events, kept.done, kept.applied
        self.menu = kept.menu

    def sell(self, item_id: ItemId, available: bool) -> None:
        """An item is sold out, or sold again."""
        categories = with_availability(self.menu.categories, {item_id: available})
        self._change_menu(categories, item_id, available=available)

    def replace_menu(self, *categories: Category) -> None:
        self._change_menu(categories, None, available=True)

    def _change_menu(self, categories: tuple[Category, ...], item_id: ItemId | None, *, available: bool) -> None:
        self.menu = msgspec.structs.replace(self.menu, categories=categories, version=self.menu.version + 1)
        event = MenuChanged(version=self.menu.version, item_id=item_id, available=available)
        self.events.append((uuid7(), EVERYBODY, event))

    def cursor(self, seq: int | None = None) -> Cursor:
        at = len(self.events) if seq is None else seq
        return Cursor(self.epoch, at, self.events[at - 1][0] if at else "")

    def check(self, cursor: Cursor) -> None:
        if cursor.epoch != self.epoch or cursor.seq > len(self.events) or self.cursor(cursor.seq) != cursor:
            raise Diverged("another history")
        if cursor.seq < self.kept_from:
            raise Gone("too long ago")

    def perform(self, operation: Operation) -> Answered:
        """Once, in one piece."""
        key = (operation.owner.subject, operation.op_id)
        if key in self.done:
            body, reply = self.done[key]
            if body != operation.request:
                raise Refused("this key was used for something else")
            return Answered(reply, Outcome.DUPLICATE, HistoryProof(self.cursor(), str(self.run)))
        before = self.orders.get(operation.order_id)
        try:
            order = self._effect(operation, before)
        except DomainError as error:
            raise Conflict(error.message, order=before) from None
        self.done[key] = (operation.request, order)
        if order is before:
            return Answered(order, Outcome.SUPERSEDED, HistoryProof(self.cursor(), str(self.run)))
        self.applied.append(operation.op_id)
        return Answered(order, Outcome.APPLIED, HistoryProof(self.cursor(), str(self.run)))

    def _effect(self, operation: Operation, order: Order | None) -> Order:
        asked, at = operation.asked, _START + timedelta(seconds=len(self.events))
        if isinstance(asked, NewOrder):
            if order is not None:
                raise Conflict("exists", order=None, field="id")
            return self._commit(None, msgspec.structs.replace(operation.seen, placed_at=at, updated_at=at))
        if order is None:
            raise NotFound("no such order")
        role = Role.CUSTOMER if isinstance(asked, CancelOrder) else Role.CASHIER
        changed = order_rules.change(order, asked, role, at)
        return order if changed is order else self._commit(order, changed)

    def _commit(self, before: Order | None, order: Order) -> Order:
        self.orders[order.id] = order
        self.events.append((uuid7(), order.customer_id, event_of(before, order)))
        return order


class ModelTransport:
    """One person's way to a `Shop`. `customer` None is staff. `fault` is called twice a call, with `before` the shop
    was reached and `after` it has answered, and may raise `Unreachable`."""

    def __init__(self, shop: Shop, customer: CustomerId | None = None) -> None:
        self.shop = shop
        self.customer = customer
        self.fault: Callable[[str], None] = lambda _when: None
        self.series: tuple[DeviceId, int] | None = None
        self.calls: list[str] = []
        self.connection = Connection("http://127.0.0.1:9")
        self.bearer = ("kim", "shop")
        """The person and the shop of the token."""
        self.key = sealing.private_key(b"what the shop's server keeps secret")

    @contextlib.contextmanager
    def _call(self, name: str) -> Iterator[None]:
        self.calls.append(name)
        self.fault("before")
        yield
        self.fault("after")

    def _sees(self, owner: CustomerId | None) -> bool:
        return self.customer is None or owner in (self.customer, EVERYBODY)

    def send(self, operation: Operation) -> Answered:
        with self._call("send"):
            return self.shop.perform(operation)

    def read_series(self) -> tuple[str, int]:
        return self.series or ("", 0)

    def open_sealed(self, request: OpenOperations) -> OpenedOperations:
        with self._call("open_sealed"):
            return OpenedOperations(tuple(map(self._opened, request.operations)))

    def _opened(self, sealed: SealedOperation) -> OpenedOperation:
        try:
            content = sealing.open_sealed(sealed.content, self.key, context(*self.bearer, sealed.op_id))
        except sealing.CannotOpen:
            content = None
        return OpenedOperation(sealed.op_id, content)

    def events(self, query: EventQuery) -> EventPage:
        with self._call("events"):
            for text in filter(None, (query.cursor, query.witness)):
                self.shop.check(Cursor.parse(text))
            start = Cursor.parse(query.cursor).seq
            found, prev, seq = [], self._last_seen(start), start
            for seq, (_id, owner, event) in enumerate(self.shop.events[start:], start + 1):
                if self._sees(owner):
                    found.append(Frame(seq=seq, prev=prev, event=event))
                    prev = seq
                if len(found) == query.limit:
                    break
            return EventPage(frames=tuple(found), cursor=str(self.shop.cursor(seq)), more=seq < len(self.shop.events))

    def _last_seen(self, seq: int) -> int:
        return next((n for n in range(seq, 0, -1) if self._sees(self.shop.events[n - 1][1])), 0)

    def snapshot(self) -> Snapshot:
        with self._call("snapshot"):
            orders = tuple(order for order in self.shop.orders.values() if self._sees(order.customer_id))
            series, last = self.series or (None, 0)
            return Snapshot(
                cursor=str(self.shop.cursor()),
                orders=orders,
                total=len(orders),
                menu_version=self.shop.menu.version,
                series=series,
                series_last=last,
            )

    def order(self, order_id: OrderId) -> Order:
        with self._call("order"):
            order = self.shop.orders.get(order_id)
            if order is None or not self._sees(order.customer_id):
                raise NotFound("no such order")
            return order

    def menu(self) -> Menu:
        with self._call("menu"):
            return self.shop.menu

    def listen(self) -> contextlib.AbstractContextManager[PushSubscription]:
        raise Unreachable("the model does not push")

    def probe(self) -> None:
        """The model tells the connection nothing: the engine does."""

    def token(self) -> str:
        return "token"

    def now(self) -> datetime:
        return _START + timedelta(seconds=len(self.shop.events))
