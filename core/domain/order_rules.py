"""The rules of orders, as pure functions.

The server applies them to its orders, a window predicts the server's result with them, and the tests' fakes use them.
Each function takes an order and returns it as changed; the same object means that nothing changed. Instants are aware
UTC.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.domain.amendment import amended
from core.domain.change_request import asked as asked_for
from core.domain.change_request import declined
from core.domain.coins import NO_COINS, Coins
from core.domain.commands import (
    AmendOrder,
    AskChange,
    CancelOrder,
    Change,
    ChangePayment,
    ChangeStatus,
    DeclineChange,
    NewOrder,
    NewPayment,
    PlaceOrder,
    RecallOrder,
    RefundOrder,
    RefundRounding,
    TakeOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.discount import check_discount
from core.domain.errors import DomainError, IllegalMove, InvalidOrder
from core.domain.ids import OrderId
from core.domain.menu import as_if_available
from core.domain.offer import Offer as Offer  # noqa: PLC0414 - its users take it from here
from core.domain.order import Channel, Order, PaymentState, Tender, check_delivery, price_lines
from core.domain.payment import check_first_payment, check_payment, check_take, check_undo, gave_back, taken, undone
from core.domain.people import Customer, Role
from core.domain.phones import check_phone, with_plus
from core.domain.pricing import price
from core.domain.refund import check_refund, refunded
from core.domain.service import checked_service, standard
from core.domain.status import Move, OrderStatus, target_of, transition
from core.domain.texts import check_no_card
from core.instants import act_time

_DONE_BY_ANOTHER: Final = {
    PaymentState.UNPAID: "Somebody else has already marked it as not paid.",
    PaymentState.PAID: "Somebody else has already taken the payment.",
    PaymentState.REFUNDED: "Somebody else has already given the money back.",
}


class Stale(DomainError):
    """The order has changed since the version that the command names."""

    def __init__(self, sentence: str = "Somebody else has changed it meanwhile.") -> None:
        super().__init__(sentence, "version")


class PriceChanged(DomainError):
    """The total differs from the one the customer was shown. `order` is the order as it would be; it was not placed."""

    def __init__(self, order: Order) -> None:
        super().__init__("The menu has changed since you saw it. Please look at the new total.", "expected_total_minor")
        self.order = order


def place(
    asked: NewOrder, offer: Offer, customer: Customer | None, *, order_id: OrderId, number: str = "", at: datetime
) -> Order:
    """A new order: a customer's own (`PlaceOrder`), or one taken at the counter (`TakeOrder`), with or without a known
    customer. At the counter nothing is sold out: staff see what there is (docs/adr/0016).

    Raises `InvalidOrder`, and `PriceChanged` when the total differs from the one the customer was shown.
    """
    at_counter = isinstance(asked, TakeOrder)
    payments = asked.payments if isinstance(asked, TakeOrder) else ()
    payment = asked.payment if isinstance(asked, TakeOrder) and not payments else PaymentState.UNPAID
    in_cash = (payment, asked.tender) == (PaymentState.PAID, Tender.CASH)
    name, phone = (asked.customer_name, asked.customer_phone) if isinstance(asked, TakeOrder) else ("", "")
    name, phone = name or (customer.name if customer else ""), phone or (customer.phone if customer else "")
    channel = Channel.COUNTER if at_counter else Channel.ONLINE
    check_first_payment(payment)
    check_delivery(asked.fulfilment, asked.address)
    check_no_card(note=asked.note, address=asked.address, customer_name=name, customer_phone=with_plus(phone))
    if isinstance(asked, TakeOrder) and asked.customer_phone:
        phone = check_phone(asked.customer_phone, offer.country, "customer_phone")
    discount = asked.discount if isinstance(asked, TakeOrder) else None
    if at_counter:
        check_discount(discount, "discount")
        for place_of, line in enumerate(asked.lines):
            check_discount(line.discount, f"lines[{place_of}].discount")
    elif any(line.discount for line in asked.lines):
        place_of = next(place for place, line in enumerate(asked.lines) if line.discount)
        raise InvalidOrder("A discount is given at the counter.", f"lines[{place_of}].discount")
    lines = price_lines(as_if_available(offer.items) if at_counter else offer.items, asked.lines, order_id)
    tax_date = offer.terms.tax_date(_sold_at(asked, at))
    if at_counter:
        service = checked_service(asked.service, offer.services, asked.fulfilment)
    else:
        service = standard(offer.services, asked.fulfilment) if asked.service is not None else None
    amounts = price(lines, offer.terms, asked.fulfilment, tax_date, discount, service=service)
    order = Order(
        id=order_id,
        shop_id=offer.shop_id,
        number=number,
        channel=channel,
        status=channel.first_status,
        version=1,
        fulfilment=asked.fulfilment,
        tender=asked.tender,
        payment=payment,
        currency=offer.terms.currency,
        subtotal_minor=amounts.subtotal_minor,
        tax_minor=amounts.tax_minor,
        total_minor=amounts.total_minor,
        placed_at=at,
        updated_at=at,
        moved_at=at,
        given_minor=asked.given_minor if isinstance(asked, TakeOrder) and in_cash else None,
        customer_id=customer.id if customer else None,
        customer_name=name.strip(),
        customer_phone=phone,
        address=asked.address.strip(),
        note=asked.note.strip(),
        tax_date=tax_date,
        discount=discount,
        discount_minor=amounts.discount_minor,
        service=service,
        service_minor=amounts.service_minor,
        follows=asked.follows if isinstance(asked, TakeOrder) else "",
        lines=amounts.lines,
    )
    if isinstance(asked, PlaceOrder) and asked.expected_total_minor not in (None, order.total_minor):
        raise PriceChanged(order)
    return _paid_at_once(order, payments, offer.coins) if payments else offer.coins.rounded_whole(order)


def _paid_at_once(order: Order, payments: Sequence[NewPayment], coins: Coins = NO_COINS) -> Order:
    for place_of, asked in enumerate(payments):
        try:
            each = coins.rounded_payment(order, asked)
            check_take(order, each)
        except (IllegalMove, InvalidOrder) as error:
            raise InvalidOrder(error.message, f"payments[{place_of}].{error.field}") from None
        order = taken(order, each)
    return order


def _sold_at(asked: NewOrder, at: datetime) -> datetime:
    """When it was sold: what is sold at the counter without a server is sold before the server has it."""
    return act_time(asked.placed_at_client, at) if isinstance(asked, TakeOrder) else at


def change(
    order: Order,
    asked: Change,
    role: Role,
    at: datetime,
    last_moved: Callable[[], int] | None = None,
    offer: Offer | None = None,
    coins: Coins = NO_COINS,
) -> Order:
    """The order after `asked`, requested by somebody of that `role`.

    A move is `Stale` when the order has changed since the version it names, unless the order has the wanted status
    already: then it is returned as it is. `last_moved` returns the version that the last change of status made, where
    that is known; without it any change counts as one. A change of payment, a refund and an amendment are `Stale` after
    any change of the order: money was taken or returned whatever another has done meanwhile. So are a customer's
    request and its answer. `offer` prices the new lines of an amendment or a request.

    Raises `Stale`, `IllegalMove`, `InvalidOrder`, `ReasonRequired` and `CardNumber`.
    """
    if isinstance(asked, ChangePayment):
        return coins.rounded_whole(_pay(order, asked, at, coins))
    if isinstance(asked, TakePayment | UndoPayment | RefundOrder):
        if order.version != asked.version:
            raise Stale
        return move_money(order, coins.rounded(order, asked), at)
    if isinstance(asked, DeclineChange):
        if order.version != asked.version:
            raise Stale
        return declined(order, asked, at)
    if isinstance(asked, AmendOrder | AskChange):
        if order.version != asked.version:
            raise Stale
        assert offer is not None
        if isinstance(asked, AskChange):
            return asked_for(order, asked, offer, at)
        return amended(order, asked, offer, at)
    if not isinstance(asked, CancelOrder) and order.version != asked.version:
        there = isinstance(asked, ChangeStatus) and order.status is asked.to and order.version > asked.version
        if there and (last_moved is None or last_moved() > asked.version):
            return order
        raise Stale
    target = target_by(order, asked, role)
    if target is None:
        raise IllegalMove("There is no step back from here.")
    transition(order.status, target, order.fulfilment, role, asked.reason)
    return moved(order, target, asked.reason, at)


def target_by(order: Order, asked: Change, role: Role) -> OrderStatus | None:
    """The status that `asked` moves the order to; None when it changes no status."""
    match asked:
        case ChangeStatus():
            return asked.to
        case CancelOrder():
            return OrderStatus.CANCELLED
        case RecallOrder():
            return target_of(order.status, Move.RECALL, order.fulfilment, role)
        case ChangePayment() | TakePayment() | UndoPayment() | RefundOrder() | AmendOrder():
            return None
        case AskChange() | DeclineChange():
            return None


def _pay(order: Order, asked: ChangePayment, at: datetime, coins: Coins) -> Order:
    tender = asked.tender or order.tender
    if order.version != asked.version:
        raise Stale(_DONE_BY_ANOTHER[asked.payment]) if order.payment is asked.payment else Stale
    if (order.payment, asked.payment, tender) == (PaymentState.UNPAID, PaymentState.UNPAID, order.tender):
        return order
    check_payment(order, asked.payment, tender, asked.reason)
    return paid(order, coins.rounded(order, asked), at)


def moved(order: Order, target: OrderStatus, reason: str, at: datetime) -> Order:
    """The order with the new status. Checks nothing."""
    return msgspec.structs.replace(
        order, status=target, version=order.version + 1, updated_at=at, moved_at=at, reason=reason.strip(), changed=()
    )


def paid(order: Order, asked: ChangePayment, at: datetime) -> Order:
    """The order with the new payment. Checks nothing."""
    return msgspec.structs.replace(
        with_payment(order, asked.payment, asked.tender or order.tender, asked.rounding),
        version=order.version + 1,
        updated_at=at,
    )


def move_money(order: Order, asked: TakePayment | UndoPayment | RefundOrder, at: datetime) -> Order:
    """The order with a payment more or one less, or with a part of it refunded, whatever version was seen.

    Raises `IllegalMove`, `InvalidOrder`, `ReasonRequired` and `CardNumber`.
    """
    match asked:
        case TakePayment():
            check_take(order, asked)
            after = taken(order, asked)
        case UndoPayment():
            check_undo(order, asked)
            after = refunded(order) if gave_back(order) else undone(order, asked)
        case RefundOrder():
            check_refund(order, asked)
            after = refunded(order, asked)
    return msgspec.structs.replace(after, version=order.version + 1, updated_at=at)


def with_payment(
    order: Order, payment: PaymentState, tender: Tender, rounding: Sequence[RefundRounding] | None = None
) -> Order:
    """The order with that payment. A refund takes back all that was left; of any other payment it is not known which
    cash was handed over."""
    if payment is PaymentState.REFUNDED:
        return msgspec.structs.replace(refunded(order, rounding=rounding), payment=payment, tender=tender)
    kept = order.payments if payment is order.payment else ()
    return msgspec.structs.replace(order, payment=payment, tender=tender, given_minor=None, payments=kept)
