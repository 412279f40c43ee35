"""What may become of a payment: every pair of states and tenders, in every status, with a reason and without."""

import itertools
from datetime import UTC, datetime

import pytest

from core.domain.errors import CardNumber, DomainError, IllegalMove, InvalidOrder, ReasonRequired
from core.domain.ids import OrderId, ShopId
from core.domain.order import Channel, Order, PaymentState, Tender
from core.domain.payment import (
    check_first_payment,
    check_payment,
    needs_reason,
    to_give_back_minor,
    to_pay_minor,
)
from core.domain.status import Fulfilment, OrderStatus

UNPAID, PAID, REFUNDED = PaymentState
CALLED_OFF = {OrderStatus.CANCELLED, OrderStatus.REJECTED}
AT = datetime(2026, 11, 28, tzinfo=UTC)


def order(payment: PaymentState, tender: Tender = Tender.CARD, status: OrderStatus = OrderStatus.READY) -> Order:
    return Order(
        id=OrderId("a"),
        shop_id=ShopId("shop"),
        number="POS1-000001",
        channel=Channel.COUNTER,
        status=status,
        version=3,
        fulfilment=Fulfilment.PICKUP,
        tender=tender,
        payment=payment,
        currency="EUR",
        subtotal_minor=100,
        tax_minor=0,
        total_minor=100,
        placed_at=AT,
        updated_at=AT,
    )


def refusal(*asked: object) -> type[DomainError] | None:
    try:
        check_payment(*asked)  # type: ignore[arg-type]
    except DomainError as error:
        return type(error)
    return None


@pytest.mark.parametrize(("source", "target"), list(itertools.product(PaymentState, PaymentState)))
def test_every_change_of_every_payment(source: PaymentState, target: PaymentState) -> None:
    for status, held, tender in itertools.product(OrderStatus, Tender, Tender):
        before = order(source, held, status)
        impossible = (
            source is REFUNDED
            or (source is UNPAID and target is REFUNDED)
            or (target is REFUNDED and tender is not held)
            or (source is target is PAID and tender is held)
        )
        undone = source is PAID and target is not REFUNDED and status in CALLED_OFF
        assert refusal(before, target, tender, "spoilt") is (IllegalMove if impossible else None)
        for nothing in ("", "  \t"):
            unsaid = IllegalMove if impossible else ReasonRequired if target is REFUNDED or undone else None
            assert refusal(before, target, tender, nothing) is unsaid
        assert refusal(before, target, tender, None) is (
            IllegalMove if impossible else ReasonRequired if undone else None
        ), "a till of 0.1.0 drops the reason of a refund, and the money is given back"
        if not impossible:
            assert needs_reason(before, target) is (target is REFUNDED or undone)


@pytest.mark.parametrize(("tender", "other"), list(itertools.permutations(Tender, 2)))
def test_what_was_refunded_stays_as_it_is_with_its_tender(tender: Tender, other: Tender) -> None:
    with pytest.raises(IllegalMove, match="final"):
        check_payment(order(REFUNDED, tender), REFUNDED, other, "again")
    with pytest.raises(IllegalMove, match="refund") as refused:
        check_payment(order(PAID, tender), REFUNDED, other, "spoilt")
    assert refused.value.field == "tender"


def test_what_is_owed_and_to_whom() -> None:
    """Nothing is owed for what was called off, but what was paid for it."""
    for status, payment in itertools.product(OrderStatus, PaymentState):
        owed = to_pay_minor(order(payment, status=status)), to_give_back_minor(order(payment, status=status))
        assert owed == (
            100 if payment is UNPAID and status not in CALLED_OFF else 0,
            100 if payment is PAID and status in CALLED_OFF else 0,
        )


def test_no_order_is_born_refunded() -> None:
    for payment in (UNPAID, PAID):
        check_first_payment(payment)
    with pytest.raises(InvalidOrder) as refused:
        check_first_payment(REFUNDED)
    assert refused.value.field == "payment"


def test_a_reason_has_no_card_number() -> None:
    with pytest.raises(CardNumber):
        check_payment(order(PAID), REFUNDED, Tender.CARD, "back to 4242 4242 4242 4242")


def test_a_refusal_names_the_tenders_in_words() -> None:
    with pytest.raises(IllegalMove) as refused:
        check_payment(
            order(payment=PaymentState.PAID, tender=Tender.CASH_ON_DELIVERY), PaymentState.REFUNDED, Tender.CARD, "x"
        )
    assert refused.value.message == "It was paid by cash on delivery: a refund cannot be made by card."


def test_a_new_order_that_is_refunded_is_told_why_not() -> None:
    with pytest.raises(InvalidOrder) as refused:
        check_first_payment(PaymentState.REFUNDED)
    assert refused.value.message == "A new order is paid or unpaid. Nothing was paid that could be refunded."


@pytest.mark.parametrize(
    ("paid", "target", "reason", "sentence", "field"),
    [
        (order(REFUNDED), PAID, "x", "This order was refunded. A refund is final.", "payment"),
        (order(UNPAID), REFUNDED, "x", "A payment that is unpaid cannot become refunded.", "payment"),
        (order(PAID), PAID, "x", "This order is paid already.", "payment"),
        (order(PAID), REFUNDED, " ", "Say why it is refunded.", "reason"),
        (
            order(PAID, status=OrderStatus.CANCELLED),
            UNPAID,
            "",
            "This order was called off after it was paid. Say why its payment changes.",
            "reason",
        ),
    ],
)
def test_a_refused_change_says_why_and_names_its_field(
    paid: Order, target: PaymentState, reason: str, sentence: str, field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        check_payment(paid, target, paid.tender, reason)
    assert (refused.value.message, refused.value.field) == (sentence, field)


def test_a_refund_to_another_tender_blames_the_tender_and_a_card_number_the_reason() -> None:
    with pytest.raises(IllegalMove) as other:
        check_payment(order(PAID), REFUNDED, Tender.CASH, "x")
    assert other.value.field == "tender"
    with pytest.raises(CardNumber) as card:
        check_payment(order(PAID), REFUNDED, Tender.CARD, "4111 1111 1111 1111")
    assert card.value.field == "reason"
