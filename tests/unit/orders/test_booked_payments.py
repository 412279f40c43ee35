"""What each change of an order's payment adds to its ledger."""

from datetime import UTC, datetime

import msgspec
import pytest

from core.domain.booking import booked, change_of
from core.domain.ids import OrderId, ShopId
from core.domain.order import Channel, Order, PaymentState, Tender
from core.domain.sale.ledger import Ledger, PaymentStatus
from core.domain.status import Fulfilment, OrderStatus

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
UNPAID, PAID, REFUNDED = PaymentState.UNPAID, PaymentState.PAID, PaymentState.REFUNDED
CASH, CARD = Tender.CASH, Tender.CARD


def an_order(total: int, payment: PaymentState, tender: Tender, given: int | None = None) -> Order:
    return Order(
        id=OrderId("0192f0a0-0000-7000-8000-000000000001"),
        shop_id=ShopId("s"),
        number="POS1-000001",
        channel=Channel.COUNTER,
        status=OrderStatus.CONFIRMED,
        version=1,
        fulfilment=Fulfilment.PICKUP,
        tender=tender,
        payment=payment,
        currency="EUR",
        subtotal_minor=total,
        tax_minor=0,
        total_minor=total,
        placed_at=NOW,
        updated_at=NOW,
        given_minor=given,
        refunded_minor=total if payment is REFUNDED else 0,
    )


def added(before: Ledger, after: Ledger) -> list[tuple[str, int, str, int, int]]:
    assert after.entries[: len(before.entries)] == before.entries, "entries are only added"
    return [
        (str(each.kind), each.amount, each.tender, each.payment, each.corrects)
        for each in after.entries[len(before.entries) :]
    ]


STEPS = (
    (PAID, CASH, 2000, [("payment", 2000, "cash", 1, 0), ("change", -1237, "cash", 1, 0)]),
    (
        *(PAID, CARD, None),
        [("payment", -2000, "cash", 0, 1), ("change", 1237, "cash", 0, 1), ("payment", 763, "card", 2, 0)],
    ),
    (UNPAID, CARD, None, [("payment", -763, "card", 0, 2), ("plan", 0, "card", 0, 0)]),
    (UNPAID, CASH, None, [("plan", 0, "cash", 0, 0)]),
    (PAID, CASH, None, [("payment", 763, "cash", 3, 0)]),
    (REFUNDED, CASH, None, [("credit", -763, "", 0, 0), ("refund", -763, "cash", 0, 0)]),
)


def test_each_act_adds_its_entries_and_the_ledger_comes_to_the_state() -> None:
    ledger, before = Ledger.opened(763), an_order(763, UNPAID, CASH)
    statuses = {UNPAID: PaymentStatus.UNPAID, PAID: PaymentStatus.PAID, REFUNDED: PaymentStatus.REFUNDED}
    for payment, tender, given, wanted in STEPS:
        order = an_order(763, payment, tender, given)
        after = booked(ledger, before, order)
        assert added(ledger, after) == wanted
        assert change_of(ledger, after.entries[len(ledger.entries) :])[1] is payment
        assert after.status is statuses[payment]
        assert after.held == (763 if payment is PAID else 0)
        ledger, before = after, order


@pytest.mark.parametrize(
    ("tender", "given", "handed_over"),
    [(CASH, 763, 763), (CASH, 764, 764), (CASH, 762, 763), (CASH, None, 763), (CARD, 2000, 763)],
)
def test_cash_that_does_not_cover_the_total_was_miscounted_and_only_cash_is_given(
    tender: Tender, given: int | None, handed_over: int
) -> None:
    after = booked(Ledger.opened(763), None, an_order(763, PAID, tender, given))
    assert after.entries[1].amount == handed_over
    assert after.held == 763


def test_an_order_that_costs_nothing_is_paid_and_refunded_like_any_other() -> None:
    free = an_order(0, PAID, CARD)
    paid = booked(Ledger.opened(0), None, free)
    assert change_of(Ledger.opened(0), paid.entries[1:])[1] is PAID
    refunded = booked(paid, free, msgspec.structs.replace(free, payment=REFUNDED))
    assert change_of(paid, refunded.entries[len(paid.entries) :])[1] is REFUNDED
    assert refunded.held == 0
