"""Payments of an order in parts, with tips: what is due, what is booked, what is taken back, and what is refused."""

import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import order_rules
from core.domain.booking import booked, change_of, payments_in
from core.domain.commands import (
    ChangePayment,
    MoneyChange,
    NewPayment,
    RefundOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.errors import CardNumber, DomainError, IllegalMove, InvalidOrder, ReasonRequired
from core.domain.money import Tax
from core.domain.order import MAX_PAYMENTS, Order, Payment, PaymentState, Tender
from core.domain.payment import payments_of, tip_minor, to_give_back_minor, to_pay_minor
from core.domain.people import Role
from core.domain.refund import by_tender, refundable_minor
from core.domain.sale.ledger import EntryKind, Ledger
from core.domain.status import OrderStatus
from tests.unit.orders.test_refund import an_order

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
CASH, CARD = Tender.CASH, Tender.CARD
UNPAID, PAID, REFUNDED = PaymentState.UNPAID, PaymentState.PAID, PaymentState.REFUNDED


def unpaid(total: int = 1597) -> Order:
    return an_order([(1, total)], Tax(), UNPAID)


def after(order: Order, *asked: MoneyChange) -> Order:
    """The order after these, each based on what the one before made of it."""
    for each in asked:
        order = order_rules.change(order, msgspec.structs.replace(each, version=order.version), Role.CASHIER, NOW)
    return order


def pay(tender: Tender = CASH, amount: int | None = None, tip: int = 0, given: int | None = None) -> TakePayment:
    return TakePayment(version=1, tender=tender, amount_minor=amount, tip_minor=tip, given_minor=given)


def undo(tender: Tender | None = None, amount: int = 0, tip: int = 0, reason: str = "mistake") -> UndoPayment:
    return UndoPayment(version=1, reason=reason, tender=tender, amount_minor=amount, tip_minor=tip)


def test_it_stays_unpaid_until_its_parts_come_to_its_total() -> None:
    part = after(unpaid(), pay(CASH, 877, given=1000))
    assert (part.payment, to_pay_minor(part), part.given_minor) == (UNPAID, 720, None)
    assert part.payments == (Payment(CASH, 877, 0, 1000),)
    assert part.payments[0].change_minor == 123
    whole = after(part, pay(CARD))
    assert (whole.payment, to_pay_minor(whole), whole.tender) == (PAID, 0, CARD)
    assert whole.payments == (Payment(CASH, 877, 0, 1000), Payment(CARD, 720))


def test_one_payment_of_all_of_it_is_told_as_earlier_releases_tell_it() -> None:
    paid = after(unpaid(), pay(CASH, given=2000))
    assert (paid.payment, paid.tender, paid.given_minor, paid.payments) == (PAID, CASH, 2000, ())
    assert payments_of(paid) == (Payment(CASH, 1597, 0, 2000),)


def test_a_tip_is_beside_the_total() -> None:
    paid = after(unpaid(), pay(CARD, tip=203))
    assert (paid.payment, paid.total_minor, tip_minor(paid)) == (PAID, 1597, 203)
    assert paid.payments == (Payment(CARD, 1597, 203),)
    more = after(paid, pay(CARD, 0, tip=100))
    assert (more.payment, tip_minor(more)) == (PAID, 303)


def test_a_voucher_is_found_by_its_number_and_gives_no_change() -> None:
    asked = msgspec.structs.replace(pay(Tender.VOUCHER), reference=" V-17 ")
    paid = after(unpaid(), asked)
    assert (paid.payment, paid.payments) == (PAID, (Payment(Tender.VOUCHER, 1597, reference="V-17"),))
    ledger = booked(Ledger.opened(1597), unpaid(), paid)
    assert payments_in(ledger) == paid.payments
    none = after(paid, undo(Tender.VOUCHER, 1597))
    taken_back = change_of(ledger, booked(ledger, paid, none).entries[len(ledger.entries) :])[2].undone
    assert [each.reference for each in taken_back] == ["V-17"], "what was taken back is found as well"
    with pytest.raises(InvalidOrder):
        after(unpaid(), pay(Tender.VOUCHER, given=2000))


def test_the_newest_payment_of_a_kind_is_taken_back_and_the_others_stand() -> None:
    order = after(unpaid(1000), pay(CASH, 400), pay(CARD, 200), pay(CASH, 400))
    assert order.payment is PAID
    order = after(order, undo(CASH, 400))
    assert (order.payment, order.tender, to_pay_minor(order)) == (UNPAID, CARD, 400)
    assert [(each.tender, each.amount_minor) for each in order.payments] == [(CASH, 400), (CARD, 200)]
    none = after(order, undo())
    assert (none.payment, none.payments, to_pay_minor(none)) == (UNPAID, (), 1000)


def test_what_was_paid_of_an_order_that_was_called_off_is_to_be_given_back_with_its_tips() -> None:
    part = after(unpaid(), pay(CARD, 500, tip=50))
    cancelled = msgspec.structs.replace(part, status=OrderStatus.CANCELLED)
    assert (to_pay_minor(cancelled), to_give_back_minor(cancelled)) == (0, 550)
    assert to_give_back_minor(after(cancelled, undo())) == 0


def test_it_goes_back_to_the_tenders_that_paid_at_most_what_each_holds_and_cash_last() -> None:
    order = after(unpaid(1000), pay(CASH, 300), pay(CARD, 700, tip=100))
    assert by_tender(order, 800) == {CARD: 700, CASH: 100}
    assert by_tender(order, 400, CASH) == {CASH: 300, CARD: 100}
    part = after(order, RefundOrder(version=1, reason="cold", amount_minor=400, tender=CASH))
    assert [each.refunded_minor for each in part.payments] == [300, 100]
    rest = after(part, ChangePayment(payment=REFUNDED, version=1, tender=part.tender, reason="all of it"))
    assert (rest.payment, rest.refunded_minor) == (REFUNDED, 1000)
    assert [each.refunded_minor for each in rest.payments] == [300, 700]
    assert tip_minor(rest) == 100, "tips stay"


LONG = after(unpaid(10_000), *(pay(CASH, 1) for _ in range(MAX_PAYMENTS)))
SPLIT = after(unpaid(1000), pay(CASH, 400), pay(CARD, 600))
PART = after(unpaid(1000), pay(CASH, 400))
REFUSED: list[tuple[Order, MoneyChange, type[DomainError], str]] = [
    (PART, pay(CARD, 601), IllegalMove, "amount_minor"),
    (SPLIT, pay(CARD, 1), IllegalMove, "payment"),
    (SPLIT, pay(CARD), IllegalMove, "payment"),
    (PART, pay(CARD, 0), InvalidOrder, "amount_minor"),
    (PART, msgspec.structs.replace(pay(CARD), reference="4111 1111 1111 1111"), CardNumber, "reference"),
    (PART, pay(CASH, 300, tip=50, given=349), InvalidOrder, "given_minor"),
    (PART, pay(CARD, 300, given=301), InvalidOrder, "given_minor"),
    (LONG, pay(CASH, 1), IllegalMove, "payment"),
    (unpaid(), undo(), IllegalMove, "payment"),
    (PART, undo(CASH, 401), IllegalMove, "amount_minor"),
    (PART, undo(CASH, 400, 1), IllegalMove, "amount_minor"),
    (PART, undo(CARD, 400), IllegalMove, "amount_minor"),
    (PART, undo(reason="  "), ReasonRequired, "reason"),
    (PART, undo(reason="4111 1111 1111 1111"), CardNumber, "reason"),
    (after(SPLIT, RefundOrder(version=1, reason="x", amount_minor=1)), undo(), IllegalMove, "payment"),
    (after(SPLIT, RefundOrder(version=1, reason="x", amount_minor=1)), pay(CARD, 0, tip=1), IllegalMove, "payment"),
    (SPLIT, RefundOrder(version=1, reason="x", amount_minor=1, tender=Tender.CASH_ON_DELIVERY), IllegalMove, "tender"),
    # What a till of an earlier release may ask: it does not see the parts.
    (PART, ChangePayment(payment=PAID, version=1), IllegalMove, "payment"),
    (SPLIT, ChangePayment(payment=PAID, version=1, tender=CASH), IllegalMove, "payment"),
    (PART, ChangePayment(payment=REFUNDED, version=1, reason="x"), IllegalMove, "payment"),
]


@pytest.mark.parametrize(("order", "asked", "error", "field"), REFUSED)
def test_what_is_refused(order: Order, asked: MoneyChange, error: type[DomainError], field: str) -> None:
    with pytest.raises(error) as refused:
        after(order, asked)
    assert refused.value.field == field


def test_a_payment_of_what_has_changed_is_refused_as_stale() -> None:
    with pytest.raises(order_rules.Stale):
        order_rules.change(PART, msgspec.structs.replace(pay(CARD), version=PART.version - 1), Role.CASHIER, NOW)


@settings(max_examples=300)
@given(st.integers(0, 3000), st.integers(0, 2**32), st.integers(1, 12))
def test_whatever_is_done_the_ledger_comes_to_what_the_order_says(total: int, seed: int, acts: int) -> None:
    """Held = settled + tips + rounding; balance = charged - settled; given - change = amount + tip."""
    chance = random.Random(seed)
    order, ledger, sales = unpaid(total), Ledger.opened(total), 0
    for _ in range(acts):
        try:
            now = after(order, _any_act(chance, order))
        except DomainError:
            continue
        grown = booked(ledger, order, now)
        added = grown.entries[len(ledger.entries) :]
        assert grown.entries[: len(ledger.entries)] == ledger.entries
        followed, state, moved = change_of(ledger, added)
        assert (followed, state) == (grown, now.payment)
        assert grown.held == grown.settled + grown.tips + grown.rounding
        assert grown.balance == grown.charged - grown.settled == (to_pay_minor(now) if now.payment is UNPAID else 0)
        assert [_told(each) for each in payments_in(grown)] == [_told(each) for each in payments_of(now)]
        assert (grown.tips, total + grown.of(EntryKind.CREDIT)) == (tip_minor(now), total - now.refunded_minor)
        assert min(grown.held_by().values(), default=0) >= 0
        for each in moved.taken:
            if each.given_minor is not None:
                assert each.given_minor - each.change_minor == each.amount_minor + each.tip_minor
        kinds = [(each.kind, bool(each.corrects)) for each in added if not each.in_part]
        sales += kinds.count((EntryKind.PAYMENT, False)) - kinds.count((EntryKind.PAYMENT, True))
        assert sales == (now.payment is not UNPAID), "it counts as one sale, and only while it is paid"
        order, ledger = now, grown


def _told(payment: Payment) -> tuple[Tender, int, int, int]:
    return payment.tender, payment.amount_minor, payment.tip_minor, payment.refunded_minor


def _any_act(chance: random.Random, order: Order) -> MoneyChange:
    tender, due = chance.choice((CASH, CARD)), to_pay_minor(order)
    what = chance.random()
    if what < 0.6:
        amount = chance.choice((None, chance.randint(0, due + 1)))
        tip = chance.choice((0, 0, chance.randint(0, 300)))
        needed = (due if amount is None else amount) + tip
        return pay(tender, amount, tip, chance.choice((None, needed + chance.randint(0, 900))))
    if what < 0.75 and payments_of(order):
        one = chance.choice(payments_of(order))
        return undo(one.tender, one.amount_minor, one.tip_minor)
    if what < 0.8:
        return undo()
    if what < 0.95:
        return RefundOrder(
            version=1,
            reason="x",
            amount_minor=chance.randint(1, max(1, refundable_minor(order))),
            tender=chance.choice((None, tender)),
        )
    return ChangePayment(payment=chance.choice((UNPAID, PAID, REFUNDED)), version=1, tender=order.tender, reason="x")


def test_what_is_paid_at_once_at_the_counter_is_checked_part_by_part() -> None:
    order = unpaid(1000)
    assert order_rules._paid_at_once(order, (NewPayment(tender=CASH, amount_minor=400), NewPayment(tender=CARD))) == (
        msgspec.structs.replace(order, tender=CARD, payment=PAID, payments=(Payment(CASH, 400), Payment(CARD, 600)))
    )
    with pytest.raises(InvalidOrder) as refused:
        order_rules._paid_at_once(order, (NewPayment(amount_minor=400), NewPayment(tender=CARD, amount_minor=601)))
    assert refused.value.field == "payments[1].amount_minor"
