"""What happened, in the order it was committed. One event a change, `seq` without gaps per shop."""

from datetime import datetime

import msgspec

from core.domain.ids import CustomerId, OrderId
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


Event = OrderPlaced | OrderStatusChanged | OrderPaymentChanged
