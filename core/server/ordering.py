"""What can be done with orders. Each function is one unit of work: it runs inside the writer's transaction.

All of them raise `Refusal`, and `DomainError` on input the domain will not have.
"""

import logging
from datetime import datetime
from typing import Final

import msgspec

from core.domain.errors import IllegalMove
from core.domain.ids import ItemId, OrderId, ShopId, new_order_id
from core.domain.menu import MenuItem, as_if_available
from core.domain.money import totals
from core.domain.numbers import NumberTooFar, given_count
from core.domain.order import (
    ONLINE_SERIES,
    Channel,
    Order,
    PaymentState,
    check_delivery,
    price_lines,
)
from core.domain.payment import check_first_payment, check_payment
from core.domain.people import Customer, Principal
from core.domain.status import Move, OrderStatus, target_of, transition
from core.domain.texts import check_no_card
from core.protocol.events import Event, OrderPaymentChanged, OrderPlaced, OrderStatusChanged
from core.protocol.requests import CancelOrder, ChangePayment, ChangeStatus, PlaceOrder, RecallOrder, TakeOrder
from core.server import problems
from core.server.conditional import etag
from core.store import changes, events, menus, orders, payments, people, shops
from core.store.instants import now, to_us
from core.store.menus import Offers
from core.store.shops import Shop
from core.store.statements import Transaction

log = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode
_OPEN_AGAIN_S: Final = 60.0


def own(transaction: Transaction, principal: Principal, order_id: OrderId) -> Order:
    """The customer's own order. Another's is not there, exactly as one that never was."""
    order = orders.get(transaction, order_id)
    if order is None or order.customer_id != principal.customer_id:
        raise problems.not_found("order")
    return order


def tag(transaction: Transaction, principal: Principal, order_id: OrderId) -> bytes:
    """The validator of everything that is told about an order the bearer may see. Raises `Refusal` 404 for others."""
    stamp = orders.stamp(transaction, order_id)
    staff = principal.role.is_staff
    if stamp is None or not (
        stamp.shop_id == principal.shop_id if staff else stamp.customer_id == principal.customer_id
    ):
        raise problems.not_found("order")
    # The version alone would say the same after a restore that other changes followed.
    return etag(stamp.version, stamp.updated_us)


def in_shop(transaction: Transaction, principal: Principal, order_id: OrderId) -> Order:
    """An order of the shop that this member of staff works in."""
    order = orders.get(transaction, order_id)
    if order is None or order.shop_id != principal.shop_id:
        raise problems.not_found("order")
    return order


def place(transaction: Transaction, offers: Offers, principal: Principal, request: PlaceOrder, told: str = "") -> Order:
    """A customer's order, from their own window. `told` is the number that it had before it was lost."""
    customer = people.customer(transaction, principal.customer_id)
    if customer is None:
        raise problems.unauthenticated("This account is no longer there.")
    return _new(
        transaction,
        offers,
        principal,
        request,
        channel=Channel.ONLINE,
        series=ONLINE_SERIES,
        payment=PaymentState.UNPAID,
        customer=customer,
        customer_name=customer.name,
        number="",
        told=told,
    )


def check_open(transaction: Transaction, principal: Principal, most: int) -> None:
    """Raises `Refusal` 429 when the customer has as many orders open in the shop as one may."""
    if orders.open_of(transaction, principal.shop_id, principal.customer_id, most) >= most:
        raise problems.too_many(f"You have {most} open orders. Order again when one of them is done.", _OPEN_AGAIN_S)


def check_size(order: Order, most_kib: int) -> None:
    """Raises `Refusal` 413 for an order that is larger as every screen is told it."""
    if len(_encode(order)) > most_kib * 1024:
        raise problems.order_too_large(most_kib)


def take(transaction: Transaction, offers: Offers, principal: Principal, request: TakeOrder, told: str = "") -> Order:
    """An order taken at the counter, numbered by the terminal it is taken at; or `told`, as in `place`."""
    if principal.device_id is None:
        raise problems.forbidden()
    customer = None
    if request.customer_id is not None:
        customer = people.customer(transaction, request.customer_id)
        if customer is None:
            raise problems.invalid("There is no such customer.", "customer_id")
    return _new(
        transaction,
        offers,
        principal,
        request,
        channel=Channel.COUNTER,
        series=principal.device_id,
        payment=request.payment,
        customer=customer,
        customer_name=request.customer_name or (customer.name if customer else ""),
        number=request.number,
        told=told,
    )


def change_status(transaction: Transaction, principal: Principal, order_id: OrderId, request: ChangeStatus) -> Order:
    """Move an order on, as long as nobody has moved it since it was seen.

    When somebody has moved it since to just where it is wanted, that is what was asked for: nothing is written
    and the order is given as it is.
    """
    order = in_shop(transaction, principal, order_id)
    if order.version != request.version:
        if order.status is request.to and changes.last_version(transaction, order.id) > request.version:
            return order
        raise problems.conflict(order, "Somebody else has changed it meanwhile.")
    return _move(transaction, principal, order, request.to, request)


def recall(transaction: Transaction, principal: Principal, order_id: OrderId, request: RecallOrder) -> Order:
    """Take an order one step back."""
    order = in_shop(transaction, principal, order_id)
    if order.version != request.version:
        raise problems.conflict(order, "Somebody else has changed it meanwhile.")
    target = target_of(order.status, Move.RECALL, order.fulfilment, principal.role)
    if target is None:
        raise problems.illegal_move(order, IllegalMove("There is no step back from here."))
    return _move(transaction, principal, order, target, request)


def cancel(transaction: Transaction, principal: Principal, order_id: OrderId, request: CancelOrder) -> Order:
    """A customer takes their own order back, while the shop has not confirmed it."""
    order = own(transaction, principal, order_id)
    return _move(transaction, principal, order, OrderStatus.CANCELLED, request)


def change_payment(transaction: Transaction, principal: Principal, order_id: OrderId, request: ChangePayment) -> Order:
    """Mark an order as paid, unpaid or refunded, and keep who did it. One that already is so is given as it is."""
    order = in_shop(transaction, principal, order_id)
    tender = request.tender or order.tender
    if (order.payment, order.tender) == (request.payment, tender):
        return order
    if order.version != request.version:
        raise problems.conflict(order, "Somebody else has changed it meanwhile.")
    try:
        check_payment(order, request.payment, tender, request.reason)
    except IllegalMove as error:
        raise problems.illegal_move(order, error) from None
    changed = msgspec.structs.replace(
        order, payment=request.payment, tender=tender, version=order.version + 1, updated_at=now()
    )
    reason = (request.reason or "").strip()
    payments.record(transaction, changed, order.payment, principal, reason, request.moved_at_client)
    _keep(
        transaction,
        changed,
        seen=order.version,
        event=OrderPaymentChanged(
            order_id=order.id,
            customer_id=order.customer_id,
            number=order.number,
            payment=changed.payment,
            tender=tender,
            version=changed.version,
            at=changed.updated_at,
        ),
    )
    return changed


def _new(
    transaction: Transaction,
    offers: Offers,
    principal: Principal,
    request: PlaceOrder | TakeOrder,
    *,
    channel: Channel,
    series: str,
    payment: PaymentState,
    customer: Customer | None,
    customer_name: str,
    number: str,
    told: str,
) -> Order:
    check_first_payment(payment)
    check_delivery(request.fulfilment, request.address)
    check_no_card(note=request.note, address=request.address, customer_name=customer_name)
    order_id = request.id or new_order_id()
    if request.id is not None and orders.get(transaction, order_id) is not None:
        raise problems.exists("an order with this id", "id")
    shop = shops.get(transaction, principal.shop_id)
    if shop is None:
        raise LookupError(f"there is no shop {principal.shop_id}")
    lines = price_lines(_sold(transaction, offers, shop, request), request.lines)
    amounts = totals([line.total_minor for line in lines], shop.tax)
    placed_at: datetime = now()
    order = Order(
        id=order_id,
        shop_id=shop.id,
        number="",
        channel=channel,
        status=channel.first_status,
        version=1,
        fulfilment=request.fulfilment,
        tender=request.tender,
        payment=payment,
        currency=shop.currency,
        subtotal_minor=amounts.subtotal_minor,
        tax_minor=amounts.tax_minor,
        total_minor=amounts.total_minor,
        placed_at=placed_at,
        updated_at=placed_at,
        customer_id=customer.id if customer else None,
        customer_name=customer_name.strip(),
        customer_phone=customer.phone if customer else "",
        address=request.address.strip(),
        note=request.note.strip(),
        lines=lines,
    )
    if isinstance(request, PlaceOrder) and request.expected_total_minor not in (None, order.total_minor):
        raise problems.price_changed(order)
    # A number that the server itself has told before is proven, however far a restored series lies behind it.
    given = _again(transaction, shop.id, series, told) if number in ("", told) else ""
    given = given or _claim(transaction, shop.id, series, number) or shops.next_number(transaction, shop.id, series)
    order = msgspec.structs.replace(order, number=given)
    renumbered = f"{told} → {given}" if told not in ("", given) else ""
    if renumbered:
        log.warning("an order that was lost has another number", extra={"former": told, "number": given})
    orders.insert(transaction, order, principal, request.placed_at_client, renumbered)
    events.append(transaction, shop.id, order.customer_id, to_us(placed_at), OrderPlaced(order=order))
    return order


def _sold(
    transaction: Transaction, offers: Offers, shop: Shop, request: PlaceOrder | TakeOrder
) -> dict[ItemId, MenuItem]:
    """What can be ordered, and for how much. See docs/adr/0016.

    At the counter it is what the till's menu said, however long that till was away: the price was told and paid, and
    whoever took the order saw what there was. The server has kept that menu; no price comes from a client.
    """
    items = offers.of(transaction, shop).items
    if isinstance(request, PlaceOrder):
        return items
    if request.menu_version is not None and request.menu_version < shop.menu_version:
        items = menus.past_items(transaction, shop.id, request.menu_version) or items
    return as_if_available(items)


def _claim(transaction: Transaction, shop_id: ShopId, series: str, number: str) -> str:
    """The number that a till gave by itself, if it did: one of its own series, not too far ahead, that no order has."""
    if not number:
        return ""
    try:
        count = given_count(number, series, shops.last_number(transaction, shop_id, series))
    except NumberTooFar as error:
        raise problems.number_too_far(error) from None
    if orders.has_number(transaction, shop_id, number):
        raise problems.exists("an order with this number", "number")
    shops.claim_number(transaction, shop_id, series, count)
    return number


def _again(transaction: Transaction, shop_id: ShopId, series: str, told: str) -> str:
    """The number that the order had before it was lost, unless another has it by now."""
    own_series, _, digits = told.rpartition("-")
    if own_series != series:
        return ""
    if orders.has_number(transaction, shop_id, told):
        return ""
    shops.claim_number(transaction, shop_id, series, int(digits))
    return told


def _move(
    transaction: Transaction,
    principal: Principal,
    order: Order,
    target: OrderStatus,
    request: ChangeStatus | RecallOrder | CancelOrder,
) -> Order:
    try:
        transition(order.status, target, order.fulfilment, principal.role, request.reason)
    except IllegalMove as error:
        raise problems.illegal_move(order, error) from None
    moved = msgspec.structs.replace(
        order, status=target, version=order.version + 1, updated_at=now(), reason=request.reason.strip()
    )
    changes.record(transaction, moved, order.status, principal, request.moved_at_client)
    _keep(
        transaction,
        moved,
        seen=order.version,
        event=OrderStatusChanged(
            order_id=moved.id,
            customer_id=moved.customer_id,
            number=moved.number,
            source=order.status,
            target=target,
            version=moved.version,
            reason=moved.reason,
            at=moved.updated_at,
        ),
    )
    return moved


def _keep(transaction: Transaction, changed: Order, *, seen: int, event: Event) -> None:
    if not orders.update_changed(transaction, changed, seen):
        raise RuntimeError(f"order {changed.id} changed under the only writer")
    events.append(transaction, changed.shop_id, changed.customer_id, to_us(changed.updated_at), event)
