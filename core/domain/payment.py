"""The payments of an order: their sums, the rules for changing them, and when a reason is needed. Their ledger entries:
`core.domain.booking`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.domain.commands import Change, ChangePayment, NewOrder, NewPayment, PlaceOrder, TakeOrder, UndoPayment
from core.domain.errors import IllegalMove, InvalidOrder, ReasonRequired
from core.domain.order import MAX_PAYMENTS, Order, Payment, PaymentState, Tender
from core.domain.sale.rounding import rounded
from core.domain.status import CALLED_OFF
from core.domain.tenders import ShopTender, check_tender
from core.domain.texts import check_no_card, is_blank


class PaymentChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an order's payment at one time: one or more entries of its append-only ledger."""

    version: int
    """The version of the order that this change made."""
    source: PaymentState | None
    """None for the payment an order was taken with, and for what an earlier release had left before histories were
    kept."""
    target: PaymentState
    tender: Tender
    """How it was paid or refunded; for an unpaid order, how it is to be paid."""
    refunded_minor: int = 0
    """What was given back, in minor units. Of a part of the order, the payment stays paid."""
    charged_minor: int = 0
    """What the order came to more, by an amendment; below zero, less."""
    taken: tuple[Payment, ...] = ()
    undone: tuple[Payment, ...] = ()
    """Payments that were taken back."""
    returned: tuple[Payment, ...] = ()
    """What was given back, by its tenders."""
    at: datetime
    client_at: datetime | None = None
    """When it was done, by the clock of the client, if sent. Informative: that clock may be wrong."""
    reason: str = ""
    by: str = ""
    """Who did it; empty where an earlier release did not record it."""
    approver: str = ""
    """Who allowed it, where the person's own role does not."""
    device: str = ""


_MOVES = frozenset(
    {
        (PaymentState.UNPAID, PaymentState.UNPAID),  # it is to be paid in another way
        (PaymentState.UNPAID, PaymentState.PAID),
        (PaymentState.PAID, PaymentState.PAID),  # it was paid by another tender than recorded
        (PaymentState.PAID, PaymentState.UNPAID),  # marked as paid by mistake
        (PaymentState.PAID, PaymentState.REFUNDED),
    }
)


_NO_CHANGE: Final = "Only cash gives change."


def check_first_payment(payment: PaymentState) -> None:
    """Raises `InvalidOrder` for a new order that is refunded: nothing was paid for it yet."""
    if payment is PaymentState.REFUNDED:
        raise InvalidOrder("A new order is paid or unpaid. Nothing was paid that could be refunded.", "payment")


def check_payment(order: Order, target: PaymentState, tender: Tender, reason: str | None) -> None:
    """Checks that the payment of `order` may become `target`, by `tender`.

    A refund is final, goes to the tender that was paid with, and needs a reason, as does undoing the payment of a
    cancelled order. `reason` is None for a client of 0.1.0, which cannot send one: its refunds are accepted, because
    the money has been given back already.

    Raises `IllegalMove`, `ReasonRequired`, and `CardNumber` for a reason that contains one.
    """
    source = order.payment
    if source is PaymentState.REFUNDED:
        raise IllegalMove("This order was refunded. A refund is final.", "payment")
    if (source, target) not in _MOVES:
        raise IllegalMove(f"A payment that is {source} cannot become {target}.", "payment")
    if gave_back(order) and target is not PaymentState.REFUNDED:
        raise IllegalMove("A part of it was given back. Refund the rest instead.", "payment")
    if order.payments and target is PaymentState.PAID:
        _refuse_in_parts(source)
    if source is target is PaymentState.PAID and tender is order.tender:
        raise IllegalMove("This order is paid already.", "payment")
    if target is PaymentState.REFUNDED and tender is not order.tender:
        raise IllegalMove(
            f"It was paid by {_words(order.tender)}: a refund cannot be made by {_words(tender)}.", "tender"
        )
    if reason is not None:
        check_no_card(reason=reason)
    if not needs_reason(order, target) or not is_blank(reason or ""):
        return
    if target is not PaymentState.REFUNDED:
        raise ReasonRequired("This order was called off after it was paid. Say why its payment changes.", "reason")
    if reason is not None:
        raise ReasonRequired("Say why it is refunded.", "reason")


def _refuse_in_parts(source: PaymentState) -> None:
    """A client of an earlier release does not see which parts there are, and may not say what becomes of them."""
    if source is PaymentState.UNPAID:
        raise IllegalMove("A part of it is paid. Take what is left of it as a payment.", "payment")
    raise IllegalMove("It was paid in parts or with a tip. Take the wrong payment back instead.", "payment")


def needs_reason(order: Order, target: PaymentState) -> bool:
    """Whether changing the payment of `order` to `target` needs a reason."""
    return target is PaymentState.REFUNDED or (order.payment is PaymentState.PAID and order.status in CALLED_OFF)


def payments_of(order: Order) -> tuple[Payment, ...]:
    """The payments of an order that stand, oldest first."""
    if order.payments or order.payment not in (PaymentState.PAID, PaymentState.REFUNDED):
        return order.payments
    given_minor = order.given_minor if order.tender is Tender.CASH else None
    if given_minor is not None and given_minor < order.total_minor:  # miscounted, by an earlier release
        given_minor = None
    return (Payment(order.tender, order.total_minor, 0, given_minor, order.refunded_minor),)


def money_key(payment: Payment) -> tuple[Tender, int, int]:
    """The values that identify a payment of an order: tender, amount and tip."""
    return payment.tender, payment.amount_minor, payment.tip_minor


def with_payments(order: Order, payments: tuple[Payment, ...]) -> Order:
    """The order with these payments, paid once they come to its total. Checks nothing."""
    is_paid = bool(payments) and _paid_by(payments, order.refunded_minor) == order.total_minor
    says_all = is_paid and len(payments) == 1 and _is_plain(payments[0])
    says_all = says_all and payments[0].refunded_minor == order.refunded_minor
    return msgspec.structs.replace(
        order,
        tender=payments[-1].tender if payments else order.tender,
        payment=PaymentState.PAID if is_paid else PaymentState.UNPAID,
        given_minor=payments[0].given_minor if says_all else None,
        payments=() if says_all else payments,
    )


def _is_plain(payment: Payment) -> bool:
    """Whether `tender` and `given_minor` of an order that is paid by it say all of it."""
    is_given = payment.given_minor is not None and payment.tender is not Tender.CASH
    added = payment.rounding_minor or payment.refunded_rounding_minor
    return not (payment.tip_minor or payment.reference or added or is_given)


def check_tenders_of(asked: NewOrder | Change, tenders: Sequence[ShopTender]) -> None:
    """Checks what is paid, or is to be paid, by the tenders of the shop. Raises `InvalidOrder`.

    A client of an earlier release, which cannot name a reference, sends none: what it has taken is taken.
    """
    if isinstance(asked, ChangePayment | PlaceOrder | TakeOrder) and asked.tender is not None:
        check_tender(tenders, asked.tender, "tender", is_new=isinstance(asked, PlaceOrder))
    if isinstance(asked, NewPayment):
        _check_tender_of_payment(asked, tenders, "")
    for place, each in enumerate(asked.payments if isinstance(asked, TakeOrder) else ()):
        _check_tender_of_payment(each, tenders, f"payments[{place}].")


def _check_tender_of_payment(asked: NewPayment, tenders: Sequence[ShopTender], field: str) -> None:
    tender = check_tender(tenders, asked.tender, f"{field}tender")
    if tender.needs_reference and is_blank(asked.reference):
        raise InvalidOrder(f"{tender.id.readable} needs its number, or that of its slip.", f"{field}reference")
    needed = (asked.amount_minor or 0) + asked.tip_minor
    if not tender.rounds and asked.given_minor is not None and asked.amount_minor and asked.given_minor > needed:
        raise InvalidOrder(_NO_CHANGE, f"{field}given_minor")


def check_take(order: Order, asked: NewPayment) -> None:
    """Checks that this payment of the order may be taken: of what is due, or a tip beside what is paid.

    Raises `IllegalMove`, `InvalidOrder`, and `CardNumber` for a reference that is one.
    """
    check_no_card(reference=asked.reference)
    due = due_minor(order)
    amount_minor = due if asked.amount_minor is None else asked.amount_minor
    if order.payment is PaymentState.REFUNDED:
        raise IllegalMove("This order was refunded. A refund is final.", "payment")
    if order.payment is PaymentState.PAID and (amount_minor or not asked.tip_minor):
        raise IllegalMove("This order is paid already.", "payment")
    if order.refunded_minor and order.payment is PaymentState.PAID:
        raise IllegalMove("A part of it was given back.", "payment")
    if amount_minor > due:
        raise IllegalMove("That is more than is left to pay.", "amount_minor")
    if due and not amount_minor and not asked.tip_minor:
        raise InvalidOrder("Say how much is paid.", "amount_minor")
    if len(payments_of(order)) >= MAX_PAYMENTS:
        raise IllegalMove(f"An order is paid in {MAX_PAYMENTS} parts at most.", "payment")
    if asked.given_minor is None:
        return
    needed = needed_minor(order, asked) + (asked.rounding_minor or 0)
    if asked.given_minor < needed:
        raise InvalidOrder("That is less than is to be paid.", "given_minor")
    if asked.given_minor > needed and asked.tender in (Tender.CARD, Tender.VOUCHER):
        raise InvalidOrder(_NO_CHANGE, "given_minor")


def taken(order: Order, asked: NewPayment) -> Order:
    """The order with this payment. Checks nothing."""
    exact_minor, added_minor = needed_minor(order, asked), asked.rounding_minor or 0
    payment = Payment(
        asked.tender,
        exact_minor - asked.tip_minor,
        asked.tip_minor,
        asked.given_minor if (asked.given_minor or 0) > exact_minor + added_minor else None,
        reference=asked.reference.strip(),
        rounding_minor=added_minor,
    )
    return with_payments(order, (*payments_of(order), payment))


def check_undo(order: Order, asked: UndoPayment) -> None:
    """Checks that a payment may be taken back. Raises `IllegalMove`, `ReasonRequired`, and `CardNumber` for a reason
    that contains one."""
    of_called_off = order.status in CALLED_OFF and order.payment is PaymentState.UNPAID and asked.tender is None
    if (gave_back(order) and not of_called_off) or order.payment is PaymentState.REFUNDED:
        raise IllegalMove("A part of it was given back. Refund the rest instead.", "payment")
    if not payments_of(order):
        raise IllegalMove("It is not paid.", "payment")
    if asked.tender is not None and _named(asked) not in [money_key(each) for each in payments_of(order)]:
        raise IllegalMove("It has no such payment.", "amount_minor")
    check_no_card(reason=asked.reason)
    if is_blank(asked.reason):
        raise ReasonRequired("Say why it is taken back.", "reason")


def undone(order: Order, asked: UndoPayment) -> Order:
    """The order without this payment: the newest like it, or all. Checks nothing."""
    left = list(payments_of(order)) if asked.tender is not None else []
    for place in reversed(range(len(left))):
        if money_key(left[place]) == _named(asked):
            del left[place]
            break
    return with_payments(order, tuple(left))


def _named(asked: UndoPayment) -> tuple[Tender | None, int, int]:
    return asked.tender, asked.amount_minor, asked.tip_minor


def money_of(order: Order) -> tuple[PaymentState, Tender, int, int, tuple[tuple[Tender, int, int, int], ...]]:
    """The state of its money: payment state, tender, total, amount given back, and the payments
    of one that was paid in parts. Who decides about money decides on these; once one of them is another, they are asked
    again."""
    paid = tuple((*money_key(each), each.refunded_minor) for each in order.payments)
    return order.payment, order.tender, order.total_minor, order.refunded_minor, paid


def paid_minor(order: Order) -> int:
    """The amount paid of its total, without tips, in minor units. Refunds are not taken off; what was given back as
    the order came to less is."""
    return _paid_by(payments_of(order), order.refunded_minor)


def _paid_by(payments: Iterable[Payment], refunded_minor: int) -> int:
    return refunded_minor + sum(each.amount_minor - each.refunded_minor for each in payments)


def gave_back(order: Order) -> bool:
    """Whether money was given back: a part was refunded, or it came to less than was paid."""
    return bool(order.refunded_minor) or any(each.refunded_minor for each in order.payments)


def given_back_minor(order: Order) -> int:
    """The amount given back because the order came to less than was paid, in minor units, without refunds."""
    return max(0, sum(each.refunded_minor for each in order.payments) - order.refunded_minor)


def due_minor(order: Order) -> int:
    """The total less all payments, in minor units, in any status."""
    return order.total_minor - paid_minor(order)


def needed_minor(order: Order, asked: NewPayment) -> int:
    """The amount of this payment with its tip, before it is rounded to coins."""
    return (due_minor(order) if asked.amount_minor is None else asked.amount_minor) + asked.tip_minor


def rounding_minor(order: Order) -> int:
    """The net cash rounding in the money that is held for it: above zero, it was added."""
    return sum(each.rounding_minor - each.refunded_rounding_minor for each in order.payments)


def rounding_back(order: Order) -> dict[Tender, int]:
    """By each tender, what rounding adds where all that was paid by it goes back. Without a tip that is what it added
    to the money held, so that nothing is left of it. A tip stays, in coins: how these are rounded, commands say."""
    tips, held, kept = Counter[Tender](), Counter[Tender](), Counter[Tender]()
    for each in order.payments:
        tips[each.tender] += each.tip_minor
        held[each.tender] += each.paid_minor - each.returned_minor
        kept[each.tender] += each.amount_minor - each.refunded_minor
    return {each: min(0, held[each] - kept[each]) if tips[each] else held[each] - kept[each] for each in held}


def tip_minor(order: Order) -> int:
    """The sum of its tips, in minor units."""
    return sum(each.tip_minor for each in order.payments)


def tip_of(order: Order, amount_minor: int, percent: int) -> int:
    """A tip of so many percent for a part of the order, in minor units: of what it comes to without tax."""
    if not order.total_minor:
        return 0
    return rounded(amount_minor * (order.total_minor - order.tax_minor) * percent, order.total_minor * 100)


def to_pay_minor(order: Order) -> int:
    """The amount still to be paid, in minor units."""
    is_due = order.payment is PaymentState.UNPAID and order.status not in CALLED_OFF
    return order.total_minor - paid_minor(order) if is_due else 0


def to_give_back_minor(order: Order) -> int:
    """The amount to give back for an order that was called off, in minor units."""
    if order.status not in CALLED_OFF or order.payment is PaymentState.REFUNDED:
        return 0
    tips_minor = tip_minor(order) if order.payment is PaymentState.UNPAID else 0  # refunds leave them; undoing does not
    added_minor = sum(rounding_back(order).values()) if order.payment is PaymentState.PAID else rounding_minor(order)
    return paid_minor(order) + tips_minor + added_minor - order.refunded_minor


def _words(tender: Tender) -> str:
    return tender.replace("_", " ")
