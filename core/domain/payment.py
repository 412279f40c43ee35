"""Rules for changing an order's payment, and who must give a reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.domain.errors import IllegalMove, InvalidOrder, ReasonRequired
from core.domain.order import Order, PaymentState, Tender
from core.domain.sale.ledger import Entry, EntryKind, Ledger, Pay, Tenders
from core.domain.status import CALLED_OFF
from core.domain.texts import check_no_card, is_blank


class PaymentChange(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with the payment of an order at one time: one or more entries of its append-only ledger."""

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
    at: datetime
    client_at: datetime | None = None
    """When it was done, by the clock of the client, if sent. Informative: that clock may be wrong."""
    reason: str = ""
    by: str = ""
    """Who did it; empty where an earlier release did not record it."""
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


_TENDERS: Final = Tenders(cash=frozenset({str(Tender.CASH)}))


def booked(ledger: Ledger, before: Order | None, order: Order) -> Ledger:
    """The ledger after the payment of an order, or what was refunded of it, became what `order` says. `before` is the
    order before that; None for a new one."""
    if before is not None and order.refunded_minor != before.refunded_minor:
        taken_back = _credits(before, order) or [Entry(EntryKind.CREDIT, before.refunded_minor - order.refunded_minor)]
        return ledger.credited(taken_back, order.tender, _TENDERS)
    if before is not None and before.payment is PaymentState.PAID and order.payment is not PaymentState.REFUNDED:
        ledger = ledger.correct(ledger.newest_payment)
    match order.payment:
        case PaymentState.PAID:
            given = order.given_minor
            covered = order.tender is Tender.CASH and given is not None and given >= order.total_minor
            return ledger.pay(Pay(tender=order.tender, given=given if covered else None), _TENDERS)
        case PaymentState.REFUNDED:  # nothing was to be paid for it
            return ledger.credited([Entry(EntryKind.CREDIT, 0)], order.tender, _TENDERS)
        case _:
            return ledger.planned(order.tender)


def _credits(before: Order, order: Order) -> list[Entry]:
    """An entry for each line of which something is taken back."""
    return [
        Entry(
            EntryKind.CREDIT,
            then.refunded_minor - now.refunded_minor,
            line=now.id,
            quantity=now.refunded_quantity - then.refunded_quantity,
            tax=then.refunded_tax_minor - now.refunded_tax_minor,
        )
        for then, now in zip(before.lines, order.lines, strict=True)
        if now.refunded_minor != then.refunded_minor or now.refunded_quantity != then.refunded_quantity
    ]


def state_after(entries: Sequence[Entry], left_minor: int) -> PaymentState:
    """The payment's state after the entries of one change. `left_minor`: what is charged then, refunds taken off."""
    if any(each.kind is EntryKind.CREDIT for each in entries):
        return PaymentState.PAID if left_minor else PaymentState.REFUNDED
    if any(each.kind is EntryKind.PAYMENT and not each.corrects for each in entries):
        return PaymentState.PAID
    return PaymentState.UNPAID


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
    if order.refunded_minor and target is not PaymentState.REFUNDED:
        raise IllegalMove("A part of it was given back. Refund the rest instead.", "payment")
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


def needs_reason(order: Order, target: PaymentState) -> bool:
    """Whether changing the payment of `order` to `target` needs a reason."""
    return target is PaymentState.REFUNDED or (order.payment is PaymentState.PAID and order.status in CALLED_OFF)


def money_of(order: Order) -> tuple[PaymentState, Tender, int]:
    """What is known of its money: how it stands, by which tender, and what was given back in minor units. Who decides
    about money decides on these; once one of them is another, they are asked again."""
    return order.payment, order.tender, order.refunded_minor


def to_pay_minor(order: Order) -> int:
    """What is still to be paid, in minor units."""
    return order.total_minor if order.payment is PaymentState.UNPAID and order.status not in CALLED_OFF else 0


def to_give_back_minor(order: Order) -> int:
    """What was paid for an order that was called off, and is to be given back, in minor units."""
    owed = order.payment is PaymentState.PAID and order.status in CALLED_OFF
    return order.total_minor - order.refunded_minor if owed else 0


def _words(tender: Tender) -> str:
    return tender.replace("_", " ")
