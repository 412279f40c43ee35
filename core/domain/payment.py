"""What may become of an order's payment, and who must say why."""

from datetime import datetime

import msgspec

from core.domain.errors import IllegalMove, InvalidOrder, ReasonRequired
from core.domain.order import Order, PaymentState, Tender
from core.domain.status import CALLED_OFF
from core.domain.texts import check_no_card


class PaymentChange(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the append-only history of an order's payment."""

    version: int
    """The order's, that this change made."""
    source: PaymentState | None
    """None for what an order was taken with, and for what an earlier release had left when histories began."""
    target: PaymentState
    tender: Tender
    """How it was paid or given back; of an unpaid order, how it is to be paid."""
    at: datetime
    client_at: datetime | None = None
    """When it was done by the clock of the device it was done on, if that said so. Advice: it may be anything."""
    reason: str = ""
    by: str = ""
    """Who did it; empty where an earlier release did not keep it."""
    device: str = ""


_MOVES = frozenset(
    {
        (PaymentState.UNPAID, PaymentState.UNPAID),  # it is to be paid in another way
        (PaymentState.UNPAID, PaymentState.PAID),
        (PaymentState.PAID, PaymentState.PAID),  # it was paid in another way than was said
        (PaymentState.PAID, PaymentState.UNPAID),  # marked as paid by mistake
        (PaymentState.PAID, PaymentState.REFUNDED),
    }
)


def check_first_payment(payment: PaymentState) -> None:
    """Raises `InvalidOrder` for a new order that is refunded: nothing was paid for it yet."""
    if payment is PaymentState.REFUNDED:
        raise InvalidOrder("A new order is paid or unpaid. Nothing was paid that could be refunded.", "payment")


def check_payment(order: Order, target: PaymentState, tender: Tender, reason: str | None) -> None:
    """Whether the payment of `order` may become `target`, by `tender`.

    A refund is final, and goes to the tender that was paid with. It says why, and so does whatever undoes the
    payment of an order that was called off. `reason` is None where a client of 0.1.0 asks, which cannot say one:
    its refunds are taken, since the money is given back already.

    Raises `IllegalMove`, `ReasonRequired`, and `CardNumber` for a reason with one.
    """
    source = order.payment
    if source is PaymentState.REFUNDED:
        raise IllegalMove("This order was refunded. A refund is final.", "payment")
    if (source, target) not in _MOVES:
        raise IllegalMove(f"A payment that is {source} cannot become {target}.", "payment")
    if source is target is PaymentState.PAID and tender is order.tender:
        raise IllegalMove("This order is paid already.", "payment")
    if target is PaymentState.REFUNDED and tender is not order.tender:
        raise IllegalMove(
            f"It was paid by {_words(order.tender)}: a refund cannot be made by {_words(tender)}.", "tender"
        )
    if reason is not None:
        check_no_card(reason=reason)
    if not needs_reason(order, target) or (reason or "").strip():
        return
    if target is not PaymentState.REFUNDED:
        raise ReasonRequired("This order was called off after it was paid. Say why its payment changes.", "reason")
    if reason is not None:
        raise ReasonRequired("Say why it is refunded.", "reason")


def needs_reason(order: Order, target: PaymentState) -> bool:
    """Whether whoever changes the payment of `order` to `target` must say why."""
    return target is PaymentState.REFUNDED or (order.payment is PaymentState.PAID and order.status in CALLED_OFF)


def _words(tender: Tender) -> str:
    return tender.replace("_", " ")
