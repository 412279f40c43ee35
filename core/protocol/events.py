"""What happened, in the order it was committed. One event a change, `seq` without gaps per shop.

A release may add kinds. One that changes an order names it in `order_id`, so that who does not know the kind asks for
the order.
"""

from datetime import datetime

import msgspec

from core.domain.ids import CustomerId, ItemId, OrderId
from core.domain.order import Order, PaymentState, Tender
from core.domain.status import OrderStatus


class OrderPlaced(msgspec.Struct, frozen=True, kw_only=True, tag="order_placed", tag_field="kind"):
    order: Order


class OrderStatusChanged(msgspec.Struct, frozen=True, kw_only=True, tag="order_status_changed", tag_field="kind"):
    order_id: OrderId
    customer_id: CustomerId | None
    number: str
    source: OrderStatus
    target: OrderStatus
    version: int
    reason: str
    at: datetime


class OrderPaymentChanged(msgspec.Struct, frozen=True, kw_only=True, tag="order_payment_changed", tag_field="kind"):
    order_id: OrderId
    customer_id: CustomerId | None
    number: str
    payment: PaymentState
    tender: Tender
    version: int
    at: datetime


class MenuChanged(msgspec.Struct, frozen=True, kw_only=True, tag="menu_changed", tag_field="kind"):
    """The shop sells something else, or for another price. Everybody who follows the shop hears it, but displays."""

    version: int
    """The menu's, from now on."""
    item_id: ItemId | None = None
    """The item that is sold out, or sold again, when that is all that changed; None when anything may have."""
    available: bool = True


OrderEvent = OrderPlaced | OrderStatusChanged | OrderPaymentChanged
Event = OrderEvent | MenuChanged


def event_of(before: Order | None, order: Order) -> OrderEvent:
    """What everybody is told of an order that was made (`before` is None), moved, or paid."""
    if before is None:
        return OrderPlaced(order=order)
    if order.status is not before.status:
        return OrderStatusChanged(
            order_id=order.id,
            customer_id=order.customer_id,
            number=order.number,
            source=before.status,
            target=order.status,
            version=order.version,
            reason=order.reason,
            at=order.updated_at,
        )
    return OrderPaymentChanged(
        order_id=order.id,
        customer_id=order.customer_id,
        number=order.number,
        payment=order.payment,
        tender=order.tender,
        version=order.version,
        at=order.updated_at,
    )


class UnknownEvent(msgspec.Struct, frozen=True, kw_only=True, tag="unfamiliar", tag_field="kind"):
    """What a reader makes of an event that a newer release told: see `core.protocol.reading`. Nobody sends it."""

    order_id: OrderId | None = None
    """The order that is another now, if it is about one."""
