"""A client over a `ModelTransport` without threads: a test accepts, sends and pulls step by step."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from core.client.errors import Diverged, SignedOut, Unreachable
from core.client.operations import Kind, Operation, Owner
from core.client.order_store import OrderStore
from core.client.storage.cache import Cache
from core.client.storage.lease import Lease
from core.client.storage.local_store import LocalStore
from core.client.sync.outbox import Outbox
from core.client.sync.publisher import Publisher
from core.client.sync.synchronizer import Synchronizer
from core.client.sync.transport import Transport
from core.client.sync.updates import Changed
from core.domain import order_rules
from core.domain.change_request import granting
from core.domain.commands import (
    AmendedLine,
    AmendOrder,
    AskChange,
    ChangePayment,
    ChangeStatus,
    Command,
    DeclineChange,
    RefundLine,
    RefundOrder,
    TakeOrder,
    TakePayment,
)
from core.domain.ids import OpId, OrderId, ShopId, new_op_id, new_order_id
from core.domain.menu import ChangesUntil
from core.domain.order import Channel, NewLine, Order, PaymentState, Tender
from core.domain.order_rules import Offer
from core.domain.people import Role
from core.domain.refund import line_ids
from core.domain.status import Fulfilment, OrderStatus
from tests.support.menus import CHIPS, MENU

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
LINES = (NewLine(item_id=CHIPS.id),)


class Desk:
    """`store` has what a window would show. To restart, `close` it and make another on the same path."""

    def __init__(self, path: Path, transport: Transport, subject: str = "kim", shop: str = "shop") -> None:
        self.local = LocalStore(path)
        self.lease = Lease(self.local)
        self.cache = Cache(self.lease)
        self.owner = Owner(subject, shop)
        self.cache.claim(self.owner)
        self.outbox = Outbox(self.lease, self.owner, shop.title())
        self.store = OrderStore()
        self.told: list[Changed] = []
        self.publisher = Publisher(self.lease, self.cache, self.outbox, self._on_changed)
        self.sync = Synchronizer(self.lease, self.cache, self.outbox, transport, self.publisher)
        self._clock_s = 0.0
        self.outbox.series_at("POS1", 0)
        self.outbox.series_at("POS2", 0)

    def _on_changed(self, changed: Changed) -> None:
        self.told.append(changed)
        self.store.apply(changed)

    def close(self) -> None:
        self.local.close()

    def take(self, *, order_id: OrderId | None = None, op_id: OpId | None = None, series: str = "POS1") -> Operation:
        order_id = order_id or new_order_id()
        request = TakeOrder(lines=LINES, id=order_id, payment=PaymentState.UNPAID)
        return self.accept(Kind.TAKE, order_id, request, new_order(order_id), op_id=op_id, series=series)

    def move(self, order_id: OrderId, to: OrderStatus, *, reason: str = "", op_id: OpId | None = None) -> Operation:
        row = self.shown(order_id)
        return self.accept(
            Kind.CHANGE_STATUS, order_id, ChangeStatus(to=to, version=row.version, reason=reason), row, op_id=op_id
        )

    def pay(
        self, order_id: OrderId, payment: PaymentState = PaymentState.PAID, tender: Tender | None = None
    ) -> Operation:
        row = self.shown(order_id)
        asked = ChangePayment(payment=payment, version=row.version, tender=tender)
        return self.accept(Kind.CHANGE_PAYMENT, order_id, asked, row)

    def take_payment(self, order_id: OrderId, amount_minor: int) -> Operation:
        row = self.shown(order_id)
        return self.accept(
            Kind.TAKE_PAYMENT, order_id, TakePayment(version=row.version, amount_minor=amount_minor), row
        )

    def refund(self, order_id: OrderId, lines: Sequence[RefundLine] = (), amount_minor: int | None = None) -> Operation:
        row = self.shown(order_id)
        asked = RefundOrder(version=row.version, reason="cold", lines=tuple(lines), amount_minor=amount_minor)
        return self.accept(Kind.REFUND, order_id, asked, row)

    def amend(self, order_id: OrderId, *new: NewLine, note: str | None = None, kept: int | None = None) -> Operation:
        """Add lines to an order, keep only so many of those that it has, or say something else about it."""
        row = self.shown(order_id)
        lines = [
            AmendedLine(id=each, quantity=line.quantity) for each, line in zip(line_ids(row), row.lines, strict=True)
        ]
        asked = AmendOrder(
            version=row.version,
            lines=(*lines[:kept], *(AmendedLine(item_id=each.item_id, quantity=each.quantity) for each in new)),
            fulfilment=row.fulfilment,
            customer_name=row.customer_name,
            note=row.note if note is None else note,
            reason="mind changed",
        )
        offer = Offer(ShopId(""), MENU.terms, MENU.items())
        made = order_rules.change(row, asked, Role.CASHIER, row.updated_at, offer=offer)
        operation = self.outbox.accept(Kind.AMEND, new_op_id(), order_id, asked, row, AT, made=made)
        self.publisher.publish(order_id)
        return operation

    def ask(self, order_id: OrderId, note: str) -> Operation:
        """Ask for another note, as the customer of an order."""
        row = self.shown(order_id)
        lines = [
            AmendedLine(id=each, quantity=line.quantity) for each, line in zip(line_ids(row), row.lines, strict=True)
        ]
        asked = AskChange(version=row.version, lines=tuple(lines), note=note)
        offer = Offer(ShopId(""), MENU.terms, MENU.items(), changes_until=ChangesUntil.PREPARING)
        made = order_rules.change(row, asked, Role.CUSTOMER, row.updated_at, offer=offer)
        operation = self.outbox.accept(Kind.ASK_CHANGE, new_op_id(), order_id, asked, row, AT, made=made)
        self.publisher.publish(order_id)
        return operation

    def answer(self, order_id: OrderId, reason: str = "") -> Operation:
        """Accept what the customer of an order has asked for or, with a reason, decline it."""
        row = self.shown(order_id)
        request = row.open_request
        assert request is not None
        if reason:
            declined = DeclineChange(version=row.version, answers=request.version, reason=reason)
            return self.accept(Kind.DECLINE_CHANGE, order_id, declined, row)
        asked = granting(row, request)
        made = order_rules.change(
            row, asked, Role.CASHIER, row.updated_at, offer=Offer(ShopId(""), MENU.terms, MENU.items())
        )
        operation = self.outbox.accept(Kind.AMEND, new_op_id(), order_id, asked, row, AT, made=made)
        self.publisher.publish(order_id)
        return operation

    def accept(
        self,
        kind: Kind,
        order_id: OrderId,
        request: Command,
        seen: Order,
        *,
        op_id: OpId | None = None,
        series: str = "",
    ) -> Operation:
        operation = self.outbox.accept(kind, op_id or new_op_id(), order_id, request, seen, AT, series=series)
        self.publisher.publish(order_id)
        return operation

    @property
    def order(self) -> Order:
        """The newest order that it knows."""
        return next(iter(self.cache.newest()))

    def shown(self, order_id: OrderId) -> Order:
        order = self.publisher.update_of(order_id).shown
        assert order is not None
        return order

    def send_all(self) -> int:
        """Send all operations that can be sent, postponed ones too; returns their number."""
        sent = 0
        while (operation := self.outbox.take(self._clock_s)) is not None:
            self._clock_s += 1e9
            self.send(operation)
            sent += 1
        return sent

    def send(self, operation: Operation) -> None:
        try:
            self.sync.send(operation)
        except (Unreachable, SignedOut, Diverged):
            self.outbox.postpone(operation, self._clock_s)
            raise

    def try_all(self) -> None:
        """Pull, send all and pull again, unless the server is unreachable."""
        try:
            self.sync.pull()
            self.send_all()
            self.sync.pull()
        except (Unreachable, SignedOut):
            return


def new_order(order_id: OrderId) -> Order:
    return Order(
        id=order_id,
        shop_id=ShopId("shop"),
        number="",
        channel=Channel.COUNTER,
        status=OrderStatus.CONFIRMED,
        version=1,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CASH,
        payment=PaymentState.UNPAID,
        currency=MENU.currency,
        subtotal_minor=445,
        tax_minor=0,
        total_minor=445,
        placed_at=AT,
        updated_at=AT,
    )
