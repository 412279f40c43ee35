"""Events: one for each change, in order of commit, `seq` without gaps in a shop.

A release may add kinds. One that changes an order names it in `order_id`, so that older clients fetch the order.
"""

from datetime import datetime

import msgspec

from core.domain.amendment import difference_minor
from core.domain.drawers import DrawerSession
from core.domain.held_baskets import HeldBasket
from core.domain.ids import CustomerId, ItemId, OrderId
from core.domain.order import Order, PaymentState, Tender
from core.domain.rights import Roles
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


class OrderRefunded(msgspec.Struct, frozen=True, kw_only=True, tag="order_refunded", tag_field="kind"):
    """A part of what was paid was given back. When all of it is, the payment has changed."""

    order_id: OrderId
    order: Order

    @property
    def customer_id(self) -> CustomerId | None:
        return self.order.customer_id


class OrderPaymentsChanged(msgspec.Struct, frozen=True, kw_only=True, tag="order_payments_changed", tag_field="kind"):
    """A payment was taken, or taken back, of an order that is paid in parts, with a tip, or with counted cash."""

    order_id: OrderId
    order: Order

    @property
    def customer_id(self) -> CustomerId | None:
        return self.order.customer_id


class OrderAmended(msgspec.Struct, frozen=True, kw_only=True, tag="order_amended", tag_field="kind"):
    """An order was changed after it was placed. `Order.changed` says what of its lines."""

    order_id: OrderId
    order: Order
    due_minor: int
    """What that leaves to pay; below zero, what was given back."""

    @property
    def customer_id(self) -> CustomerId | None:
        return self.order.customer_id


class OrderRequestChanged(msgspec.Struct, frozen=True, kw_only=True, tag="order_request_changed", tag_field="kind"):
    """A customer has asked for a change of their order, or the shop has declined it; `Order.change_request` says
    which. What is accepted is an `OrderAmended`."""

    order_id: OrderId
    order: Order

    @property
    def customer_id(self) -> CustomerId | None:
        return self.order.customer_id


class MenuChanged(msgspec.Struct, frozen=True, kw_only=True, tag="menu_changed", tag_field="kind"):
    """The menu has changed. Sent to all subscribers of the shop but status displays."""

    version: int
    """The menu's new version."""
    item_id: ItemId | None = None
    """The item whose availability has changed, when that is all; None for any other change."""
    available: bool = True


class DrawerChanged(msgspec.Struct, frozen=True, kw_only=True, tag="drawer_changed", tag_field="kind"):
    """Something was done at the drawer of a POS. Sent to the shop's staff."""

    session: DrawerSession


class BasketChanged(msgspec.Struct, frozen=True, kw_only=True, tag="basket_changed", tag_field="kind"):
    """A basket was held, taken, or is gone. Sent to the shop's staff."""

    basket: HeldBasket


class RolesChanged(msgspec.Struct, frozen=True, kw_only=True, tag="roles_changed", tag_field="kind"):
    """The rights of roles have changed. Sent to the shop's staff."""

    roles: Roles


OrderEvent = (
    OrderPlaced
    | OrderStatusChanged
    | OrderPaymentChanged
    | OrderPaymentsChanged
    | OrderRefunded
    | OrderAmended
    | OrderRequestChanged
)
ShopEvent = MenuChanged | DrawerChanged | BasketChanged | RolesChanged
"""Those that are of no order."""
Event = OrderEvent | ShopEvent


def event_of(before: Order | None, order: Order) -> OrderEvent:
    """The event for an order that was made (`before` is None), moved, paid, refunded, amended, or asked about."""
    if before is None:
        return OrderPlaced(order=order)
    if order.amendments != before.amendments:
        return OrderAmended(order_id=order.id, order=order, due_minor=difference_minor(before, order))
    if order.change_request != before.change_request:
        return OrderRequestChanged(order_id=order.id, order=order)
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
    if order.payment is before.payment and order.refunded_minor != before.refunded_minor:
        return OrderRefunded(order_id=order.id, order=order)
    if before.payments or order.payments or (before.payment is not order.payment and order.given_minor is not None):
        return OrderPaymentsChanged(order_id=order.id, order=order)
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
    """An event of a newer release, as read by `core.protocol.reading`. Never sent."""

    order_id: OrderId | None = None
    """The order that has changed, if it is about one."""
