"""Operations in a window's outbox that were never sent, for tests of how they are shown."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from core.client.operations import Kind, Operation, Owner, State
from core.client.order_store import OrderStore
from core.client.sync.outbox import NOT_OPENED, NUMBER_REFUSED
from core.client.sync.updates import Changed, Update
from core.domain.commands import ChangePayment, ChangeStatus, Command, TakeOrder
from core.domain.ids import DeviceId, OpId
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.payment import PaymentChange
from core.domain.people import DeviceKind
from core.domain.status import OrderStatus
from core.protocol.devices import DeviceReport
from tests.support.fake_backend import FakeBackend
from tests.support.menus import BOWL
from tests.support.pos_window import place


def show(store: OrderStore, backend: FakeBackend, held: Sequence[Operation]) -> None:
    """Publish these operations to the window of `store`, as its engine would."""
    orders = {each.id: each for each in backend.orders.values()} | {each.order_id: each.seen for each in held}
    told = (
        Update(
            order_id=key,
            row=backend.orders.get(key),
            shown=shown,
            operations=tuple(each for each in held if each.order_id == key),
        )
        for key, shown in orders.items()
    )
    store.apply(Changed(updates=tuple(told)))


def devices(backend: FakeBackend) -> list[DeviceReport]:
    """Reports of a till and a status display, a day old."""
    at = backend.clock - timedelta(days=1)
    return [
        DeviceReport(name=DeviceId(name), kind=kind, paired_at=at, last_contact_at=at, app_version="1.0", lag_s=0.0)
        for name, kind in (("POS1", DeviceKind.POS), ("BOARD1", DeviceKind.STATUS_DISPLAY))
    ]


def operation(order: Order, position: int, asked: Command, kind: Kind, **fields: Any) -> Operation:
    """A waiting operation on `order` of this till; `fields` replace its fields."""
    waiting = Operation(
        position=position,
        op_id=OpId(f"op-{position}"),
        owner=Owner("kim", order.shop_id),
        shop_name="La Cantina",
        order_id=order.id,
        kind=kind,
        request=msgspec.json.encode(asked),
        seen=order,
        created_at=order.placed_at + timedelta(minutes=position),
    )
    return msgspec.structs.replace(waiting, **fields)


def one_of_each(backend: FakeBackend) -> list[Operation]:
    """One operation of each kind that the Sync page shows: waiting, in conflict, refused, with a refused number, sealed
    to a missing key, and of another shop."""
    orders = [place(backend, f"Aisha {n}", OrderStatus.CONFIRMED) for n in range(7)]
    own = [msgspec.structs.replace(each, number=f"POS1-{n:06}") for n, each in enumerate(orders, 64)]
    step = ChangeStatus(to=OrderStatus.PREPARING, version=2, reason="The customer is in a hurry")
    sale = TakeOrder(lines=(NewLine(item_id=BOWL.id),), number="POS1-000066")
    moved = msgspec.structs.replace(own[1], status=OrderStatus.CANCELLED, reason="Sold out", version=9)
    refused = "The server keeps no order of that kind, and has said so three times."
    taken = "The number was not taken."
    lacks = "This server lacks the key that it was sealed to. Restore the shop from a backup, or give it up."
    closed = msgspec.structs.replace(own[4], customer_name="", customer_phone="", lines=(), note="")
    refund = ChangePayment(payment=PaymentState.REFUNDED, version=3, reason="The soup was cold")
    refunded = msgspec.structs.replace(own[6], payment=PaymentState.REFUNDED, version=4)
    refunded_by_another = PaymentChange(
        version=4,
        source=PaymentState.PAID,
        target=PaymentState.REFUNDED,
        tender=Tender.CASH,
        at=refunded.updated_at,
        by="Alexandra",
    )
    parked = State.PARKED
    return [
        operation(own[0], 1, step, Kind.CHANGE_STATUS),
        operation(own[1], 2, step, Kind.CHANGE_STATUS, state=State.CONFLICT, theirs=moved),
        operation(own[2], 3, sale, Kind.TAKE, state=parked, outcome=NUMBER_REFUSED, problem=taken),
        operation(own[3], 4, step, Kind.CHANGE_STATUS, state=parked, problem=refused),
        operation(closed, 5, step, Kind.CHANGE_STATUS, state=parked, outcome=NOT_OPENED, problem=lacks, sealed=b"x"),
        operation(own[5], 6, step, Kind.CHANGE_STATUS, state=State.ELSEWHERE, shop_name="La Cantina on the Hill"),
        operation(own[3], 7, ChangePayment(payment=PaymentState.PAID, version=3), Kind.CHANGE_PAYMENT),
        operation(
            own[6], 8, refund, Kind.CHANGE_PAYMENT, state=State.CONFLICT, theirs=refunded, payment=refunded_by_another
        ),
    ]
