"""Cash rounding of orders (R9, R16): of each share in coins, never of the order, and gone when all is given back."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import order_rules
from core.domain.booking import booked, change_of, payments_in
from core.domain.coins import NO_COINS, Coins
from core.domain.commands import (
    AmendedLine,
    AmendOrder,
    ChangePayment,
    MoneyChange,
    RefundOrder,
    RefundRounding,
    TakePayment,
    UndoPayment,
)
from core.domain.drawers import cash_held_minor
from core.domain.errors import DomainError, IllegalMove, InvalidOrder
from core.domain.order import Order, Payment, PaymentState, Tender
from core.domain.payment import payments_of, rounding_minor, to_give_back_minor, to_pay_minor
from core.domain.people import Role
from core.domain.refund import money_back, refundable_minor
from core.domain.sale.ledger import EntryKind, Ledger
from core.domain.sale.rounding import CashRounding, Rounding
from core.domain.status import OrderStatus
from core.domain.tenders import TENDERS
from tests.unit.orders.test_part_payments import NOW, pay, undo, unpaid

CASH, CARD = Tender.CASH, Tender.CARD
FIVE = Coins.of(TENDERS, (CashRounding(5),))
DOWN = Coins.of(TENDERS, (CashRounding(10, Rounding.DOWN), CashRounding(5)))


def after(order: Order, *asked: MoneyChange, coins: Coins = FIVE) -> Order:
    for each in asked:
        named = msgspec.structs.replace(each, version=order.version)
        order = order_rules.change(order, named, Role.CASHIER, NOW, coins=coins)
    return order


WHOLE = ChangePayment(payment=PaymentState.REFUNDED, version=1, tender=CASH, reason="cold")


def refund(amount: int, tender: Tender | None = None) -> RefundOrder:
    return RefundOrder(version=1, reason="cold", amount_minor=amount, tender=tender)


def entries(*orders: Order) -> list[tuple[str, int, str]]:
    ledger, before = Ledger.opened(orders[0].total_minor), orders[0]
    for order in orders[1:]:
        ledger, before = booked(ledger, before, order), order
    return [(str(each.kind), each.amount, each.tender) for each in ledger.entries[1:]]


def test_cash_is_rounded_and_the_change_follows_from_it() -> None:
    order = unpaid(1002)
    paid = after(order, pay(given=2000))
    assert payments_of(paid) == (Payment(CASH, 1002, 0, 2000, rounding_minor=-2),)
    assert (payments_of(paid)[0].change_minor, paid.payment) == (1000, PaymentState.PAID)
    assert entries(order, paid) == [
        ("payment", 2000, "cash"),
        ("change", -1000, "cash"),
        ("rounding", -2, "cash"),
    ]
    assert cash_held_minor(paid) == 1000


def test_a_card_pays_exactly_and_each_share_of_cash_is_rounded_by_itself() -> None:
    order = unpaid(1002)
    card = after(order, pay(CARD))
    assert payments_of(card) == (Payment(CARD, 1002),)
    split = after(order, pay(CASH, 501), pay(CASH))
    assert [each.paid_minor for each in split.payments] == [500, 500]
    assert rounding_minor(split) == -2
    mixed = after(order, pay(CARD, 500), pay(CASH, tip=1))
    assert [each.paid_minor for each in mixed.payments] == [500, 505]


def test_two_cents_may_be_nothing_and_a_free_order_stays_paid() -> None:
    assert after(unpaid(2), pay()).payments == (Payment(CASH, 2, rounding_minor=-2),)
    assert after(unpaid(2), pay()).payment is PaymentState.PAID
    assert cash_held_minor(after(unpaid(2), pay())) == 0


def test_the_refund_that_empties_it_gives_what_is_held() -> None:
    """Odoo paid 1.95 for 1.97 and gave back 1.97."""
    order = after(unpaid(1002), pay())
    part = after(order, refund(502))
    assert money_back(order, part) == {CASH: 500}
    rest = after(part, refund(500))
    assert money_back(part, rest) == {CASH: 500}
    assert (rest.payment, rounding_minor(rest), cash_held_minor(rest)) == (PaymentState.REFUNDED, 0, 0)
    whole = after(order, ChangePayment(payment=PaymentState.REFUNDED, version=1, reason="cold"))
    assert money_back(order, whole) == {CASH: 1000}
    assert entries(unpaid(1002), order, whole)[-2:] == [("refund", -1000, "cash"), ("rounding", 2, "cash")]


def test_a_part_of_an_exact_payment_is_rounded_too() -> None:
    """Of an order that was paid before the shop rounded."""
    order = after(unpaid(1000), pay(), coins=NO_COINS)
    assert order.payments == ()
    part = after(order, refund(502))
    assert part.payments == (Payment(CASH, 1000, refunded_minor=502, refunded_rounding_minor=-2),)
    rest = after(part, refund(498))
    assert (cash_held_minor(rest), rounding_minor(rest)) == (0, 0)


def test_never_more_is_given_back_than_was_paid() -> None:
    order = after(unpaid(198), pay(CASH), coins=NO_COINS)
    part = after(order, refund(196), coins=Coins.of(TENDERS, (CashRounding(100),)))
    assert money_back(order, part) == {CASH: 100}, "200 would be more than was paid"


def test_a_payment_says_how_it_was_rounded() -> None:
    order = unpaid(1002)
    told = msgspec.structs.replace(pay(CASH, 1002, given=2000), rounding_minor=-2)
    assert payments_of(after(order, told, coins=DOWN))[0].paid_minor == 1000, "as the shop rounded before"
    exact = msgspec.structs.replace(told, rounding_minor=0)
    assert payments_of(after(order, exact, coins=DOWN))[0].paid_minor == 1002, "of a till that was not told yet"
    for wrong in (-3, 8, -1002):
        with pytest.raises(IllegalMove, match="another way"):
            after(order, msgspec.structs.replace(told, rounding_minor=wrong), coins=DOWN)
    with pytest.raises(IllegalMove, match="another way"):
        after(order, msgspec.structs.replace(told, tender=CARD, given_minor=None), coins=DOWN)
    paid = after(order, told)
    with pytest.raises(IllegalMove, match="another way"):
        after(paid, msgspec.structs.replace(refund(502), rounding=(RefundRounding(CASH, -502),)))


def test_a_till_of_an_earlier_release_is_booked_in_coins() -> None:
    order = unpaid(1003)
    by_flag = after(order, ChangePayment(payment=PaymentState.PAID, version=1, tender=CASH))
    assert by_flag.payments == (Payment(CASH, 1003, rounding_minor=2),)
    assert after(order, pay(given=1003)).payments == by_flag.payments, "it was given exactly what it asked for"
    with pytest.raises(InvalidOrder):
        after(order, pay(given=1002))
    assert after(order, ChangePayment(payment=PaymentState.PAID, version=1, tender=CARD)).payments == ()


@pytest.mark.parametrize(("increment", "tip", "left"), [(50, 51, 50), (7, 51, 49)])
def test_a_refund_of_what_a_card_paid_leaves_a_tip_in_coins_alone(increment: int, tip: int, left: int) -> None:
    coins = Coins.of(TENDERS, (CashRounding(increment),))
    paid = after(unpaid(1000), pay(CARD), pay(CASH, 0, tip=tip), coins=coins)
    for asked in (WHOLE, refund(1000)):
        back = after(paid, asked, coins=coins)
        assert money_back(paid, back) == {CARD: 1000}
        assert (back.payment, cash_held_minor(back), rounding_minor(back)) == (PaymentState.REFUNDED, left, left - tip)
        assert to_give_back_minor(msgspec.structs.replace(paid, status=OrderStatus.CANCELLED)) == 1000


@pytest.mark.parametrize(
    ("total", "tip", "back"),
    [(1000, 51, 1000), (1002, 51, 1000), (1003, 3, 1000), (1003, 51, 1005), (3, 51, 5), (2, 51, 0)],
)
def test_what_a_tip_stays_of_is_given_back_in_coins_and_the_tip_stays(total: int, tip: int, back: int) -> None:
    paid = after(unpaid(total), pay(CASH, tip=tip))
    for asked in (WHOLE, refund(total)):
        given_back = after(paid, asked)
        assert money_back(paid, given_back) == ({CASH: back} if back else {})
        assert given_back.payment is PaymentState.REFUNDED
        left = cash_held_minor(given_back)
        assert (left, left % 5) == (cash_held_minor(paid) - back, 0)
        assert left >= FIVE.now.of(tip)
        assert order_rules.paid(paid, FIVE.rounded(paid, WHOLE), NOW) == after(paid, WHOLE), "as a till predicts it"


def test_a_refund_with_a_tip_says_how_it_was_rounded() -> None:
    paid = after(unpaid(1002), pay(CASH, tip=51))
    exact = msgspec.structs.replace(WHOLE, rounding=())
    assert money_back(paid, after(paid, exact)) == {CASH: 1002}, "of a till that was not told yet"
    wrong = msgspec.structs.replace(WHOLE, rounding=(RefundRounding(CASH, -500),))
    with pytest.raises(IllegalMove, match="another way"):
        after(paid, wrong)


def test_an_amendment_to_nothing_is_such_a_refund() -> None:
    """The tip of an order that becomes free stays, and no rounding becomes cash."""
    order = after(unpaid(1000), pay(CARD), pay(CASH, 0, tip=52))
    asked = AmendOrder(version=1, lines=(AmendedLine(),), fulfilment=order.fulfilment)
    assert FIVE.amended_back(order, asked, {CARD: 1000}, empties=True) == {}
    assert FIVE.amended_back(after(unpaid(1003), pay(CASH)), asked, {CASH: 1003}, empties=True) == {CASH: 2}


def test_an_amendment_says_its_rounding_and_the_shop_may_have_another_by_then() -> None:
    order = after(unpaid(1003), pay(CASH))
    later = Coins(FIVE.tenders, (CashRounding(50), *FIVE.roundings))
    asked = AmendOrder(version=1, lines=(AmendedLine(),), fulfilment=order.fulfilment)
    assert later.amended_back(order, asked, {CASH: 333}, empties=False) == {CASH: 17}

    def said(*rounding: RefundRounding) -> dict[Tender, int]:
        saying = msgspec.structs.replace(asked, rounding=rounding)
        return later.amended_back(order, saying, {CASH: 333}, empties=False)

    assert said(RefundRounding(CASH, 2)) == {CASH: 2}, "335 were handed over"
    assert said() == {}, "so were 333"
    with pytest.raises(IllegalMove, match="another way"):
        said(RefundRounding(CASH, 3))
    with pytest.raises(IllegalMove, match="another way"):  # what is held is given back
        later.amended_back(order, msgspec.structs.replace(asked, rounding=()), {CASH: 1003}, empties=True)


ACTS = st.one_of(
    st.tuples(st.just("pay"), st.sampled_from([CASH, CARD, Tender.VOUCHER]), st.integers(1, 900), st.integers(0, 60)),
    st.tuples(st.just("refund"), st.sampled_from([None, CASH, CARD]), st.integers(1, 900), st.just(0)),
    st.tuples(st.just("whole"), st.just(None), st.just(0), st.just(0)),
    st.tuples(st.just("undo"), st.just(None), st.just(0), st.just(0)),
    st.tuples(st.just("rest"), st.sampled_from([CASH, CARD]), st.just(0), st.integers(0, 60)),
)


@given(
    total=st.integers(1, 2_000),
    increment=st.sampled_from([1, 5, 10, 50, 100]),
    mode=st.sampled_from(list(Rounding)),
    acts=st.lists(ACTS, max_size=8),
)
@settings(max_examples=400)
def test_the_identities_hold_whatever_is_done(
    total: int, increment: int, mode: Rounding, acts: list[tuple[str, Tender | None, int, int]]
) -> None:
    coins = Coins.of(TENDERS, (CashRounding(increment, mode),))
    order = unpaid(total)
    ledger = Ledger.opened(total)
    for what, tender, amount, tip in acts:
        match what:
            case "pay":
                asked: MoneyChange = TakePayment(version=1, tender=tender or CASH, amount_minor=amount, tip_minor=tip)
            case "rest":
                asked = TakePayment(version=1, tender=tender or CASH, tip_minor=tip)
            case "refund":
                asked = refund(min(amount, max(1, refundable_minor(order))), tender)
            case "whole":
                asked = msgspec.structs.replace(WHOLE, tender=order.tender)
            case _:
                asked = undo()
        try:
            now = after(order, asked, coins=coins)
        except DomainError:
            continue
        told = coins.rounded(order, msgspec.structs.replace(asked, version=order.version))
        if isinstance(told, ChangePayment):  # predicted by what the command says, without a setting
            assert order_rules.paid(order, told, NOW) == now
        elif not isinstance(told, UndoPayment):
            assert order_rules.move_money(order, told, NOW) == now
        grown = booked(ledger, order, now)
        assert change_of(ledger, grown.entries[len(ledger.entries) :])[0] == grown
        drawer = sum(e.amount for e in grown.entries if e.tender == CASH and e.kind in ("payment", "change", "refund"))
        assert drawer == cash_held_minor(now), "what a till predicts of its drawer"
        _check_sums(grown, now, increment)
        order, ledger = now, grown
    assert to_pay_minor(order) == (ledger.balance if order.payment is PaymentState.UNPAID else 0)


def _check_sums(ledger: Ledger, order: Order, increment: int) -> None:
    assert ledger.held == ledger.settled + ledger.tips + ledger.rounding
    assert ledger.balance == ledger.charged - ledger.settled
    assert ledger.rounding == rounding_minor(order)
    assert all(held >= 0 for held in ledger.held_by().values())
    if order.payments:
        assert payments_in(ledger) == order.payments
    for each in payments_of(order):
        if each.tender != CASH:
            assert (each.rounding_minor, each.refunded_rounding_minor) == (0, 0), "exact"
        elif not each.refunded_minor:
            assert each.paid_minor % increment == 0, "in coins"
            assert abs(each.rounding_minor) < increment
    assert all(each.amount <= 0 for each in ledger.entries if each.kind is EntryKind.REFUND), "takes no money"
    assert ledger.held_by().get(CASH, 0) % increment == 0, "what is in the drawer is coins"
    if order.payment is PaymentState.REFUNDED:
        assert ledger.settled == 0
        tips = {each.tender for each in order.payments if each.tip_minor}
        assert all(tender in tips for tender, held in ledger.held_by().items() if held), "nothing but tips is left"
        assert ledger.held == ledger.tips + ledger.rounding
