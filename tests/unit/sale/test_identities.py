"""What holds of every sale, whatever it consists of. A long run: MONEY_EXAMPLES=10000."""

import os
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.domain.sale.calculation import (
    MILLI,
    Discount,
    Extra,
    LineKind,
    Sale,
    SaleLine,
    ServiceCharge,
    ServiceTax,
    Tip,
    TipBase,
    Totals,
    calculate,
)
from core.domain.sale.errors import Refused
from core.domain.sale.ledger import Ledger, Pay, PayBack, PaymentStatus, Tenders
from core.domain.sale.refunds import LineQuantity, Refund, RefundRequest, Refunds, ServiceRefund
from core.domain.sale.rounding import CashRounding, Rounding, apportion
from core.domain.sale.splits import by_lines, equal_shares
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "120"))
checked = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))

TAXES = TaxTable(
    (
        TaxEntry("food", (Tax("VAT", 7000),)),
        TaxEntry("drink", (Tax("VAT", 19000),)),
        TaxEntry("none", (Tax("Z", 0),)),
        TaxEntry("two", (Tax("GST", 5000), Tax("PST", 9975))),
        TaxEntry("compound", (Tax("GST", 5000), Tax("QST", 9500, compound=True))),
        TaxEntry("state", (Tax("STATE", 4000), Tax("CITY", 4500), Tax("MCTD", 375)), combined=True),
        TaxEntry("gst", (Tax("GST", 5000),)),
    )
)
CATEGORIES = [entry.category for entry in TAXES.entries]

rates = st.sampled_from([0, 1, 333, 5000, 10000, 12500, 33333, 50000, 99999, 100000]) | st.integers(0, 100_000)
discounts = st.builds(Discount, rate=rates) | st.builds(Discount, amount=st.integers(0, 20_000))


@st.composite
def lines(draw: st.DrawFn, *, position: int = 0, whole: bool = False) -> SaleLine:
    returned = draw(st.integers(0, 12)) == 0 and position > 0
    quantities = st.integers(1, 12).map(lambda count: count * MILLI)
    return SaleLine(
        id=str(position),
        unit_price=-25 if returned else draw(st.integers(0, 5_000)),
        category=draw(st.sampled_from(CATEGORIES)),
        quantity_milli=draw(quantities if whole else quantities | st.integers(1, 20_000)),
        extras=tuple(draw(st.lists(st.builds(Extra, st.integers(0, 300), st.integers(0, 3)), max_size=2)))
        if not returned
        else (),
        discounts=tuple(draw(st.lists(discounts, max_size=2))),
        discountable=not returned and draw(st.integers(0, 5)) > 0,
        serviceable=draw(st.integers(0, 5)) > 0,
        kind=LineKind.DEPOSIT_RETURN if returned else LineKind.GOODS,
    )


charges = st.one_of(
    st.builds(ServiceCharge, st.just("s"), st.sampled_from([ServiceTax.FOLLOW, ServiceTax.NONE]), rate=rates),
    st.builds(ServiceCharge, st.just("c"), st.just(ServiceTax.NONE), amount=st.integers(0, 900)),
    st.builds(
        ServiceCharge,
        st.just("d"),
        st.just(ServiceTax.CATEGORY),
        st.sampled_from(CATEGORIES),
        amount=st.integers(0, 900),
    ),
)
coins = st.builds(CashRounding, st.sampled_from([1, 5, 10, 50, 100]), st.sampled_from(list(Rounding)))


@st.composite
def sales(draw: st.DrawFn, *, service: bool = True, whole: bool = False, exempt: bool = True) -> Sale:
    count = draw(st.integers(0, 7))
    return Sale(
        currency="EUR",
        inclusive=draw(st.booleans()),
        on=date(2026, 5, 4),
        fulfilment="dine_in",
        taxes=TAXES,
        lines=tuple(draw(lines(position=position, whole=whole)) for position in range(count)),
        discounts=tuple(draw(st.lists(discounts, max_size=2))),
        service_charges=tuple(draw(st.lists(charges, max_size=2))) if service else (),
        tip=Tip(rate=draw(rates), base=draw(st.sampled_from(list(TipBase)))),
        exempt=exempt and draw(st.integers(0, 9)) == 0,
        tax_rounding=draw(st.sampled_from(list(Rounding))),
        cash_rounding=draw(coins),
    )


def calculated(sale: Sale) -> Totals:
    try:
        return calculate(sale)
    except Refused as refused:
        assume(refused.code not in {"negative_total", "service_no_base"})
        raise


@checked
@given(sales())
def test_every_figure_is_the_sum_of_its_parts(sale: Sale) -> None:
    totals = calculated(sale)
    items = [*(line.item for line in totals.lines), *(item for charge in totals.service for item in charge.items)]
    for line in totals.lines:
        assert line.list_price - line.discount_line - line.discount_order == line.item.amount
        if line.list_price >= 0:
            assert 0 <= line.discount_line + line.discount_order <= line.list_price
            assert line.item.net >= 0
            assert min(line.item.taxes) >= 0
    for item in items:
        assert item.net + item.tax == item.gross
        if not sale.exempt:
            assert item.amount == (item.gross if sale.inclusive else item.net)
    assert totals.subtotal - totals.discount == sum(line.item.amount for line in totals.lines)
    assert totals.net == sum(item.net for item in items)
    assert totals.tax == sum(item.tax for item in items)
    assert totals.tax == sum(total.tax for total in totals.taxes.values())
    assert totals.total == totals.net + totals.tax == sum(item.gross for item in items)
    assert totals.net == sum(group.net for group in totals.groups.values())
    assert totals.tax == sum(group.tax for group in totals.groups.values())
    charged = totals.subtotal - totals.discount + totals.service_total
    assert totals.total == charged - totals.relief + (0 if sale.inclusive else totals.tax)
    assert totals.total >= 0


@checked
@given(sales())
def test_cash_rounds_to_a_coin_and_by_less_than_one(sale: Sale) -> None:
    totals = calculated(sale)
    increment, mode = sale.cash_rounding.increment, sale.cash_rounding.mode
    assert totals.due == totals.total + totals.tip
    assert totals.cash_due == totals.due + totals.cash_rounding
    assert totals.cash_due % increment == 0
    by = abs(totals.cash_rounding)
    assert by < increment if mode in {Rounding.UP, Rounding.DOWN} else 2 * by <= increment


@checked
@given(sales(service=False, exempt=False), discounts)
def test_another_discount_never_raises_the_total(sale: Sale, discount: Discount) -> None:
    dearer = calculated(sale)
    by_rate = [each for each in (*sale.discounts, discount) if each.rate is not None]
    by_amount = [each for each in (*sale.discounts, discount) if each.rate is None]
    cheaper = calculated(_with(sale, discounts=(*by_rate, *by_amount)))
    assert cheaper.total <= dearer.total


@checked
@given(sales(service=False, exempt=False), st.randoms())
def test_a_contained_total_does_not_depend_on_the_order_of_lines(sale: Sale, random: Random) -> None:
    sale = _with(sale, inclusive=True)
    shuffled = list(sale.lines)
    random.shuffle(shuffled)
    assert calculated(sale).total == calculated(_with(sale, lines=tuple(shuffled))).total


@checked
@given(st.integers(1, 20), st.integers(0, 5_000), st.sampled_from(CATEGORIES), st.booleans())
def test_one_line_of_several_costs_as_much_as_several_lines_of_one(
    count: int, price: int, category: str, inclusive: bool
) -> None:
    def total(*quantities: int) -> int:
        sold = tuple(
            SaleLine(str(position), price, category, quantity * MILLI) for position, quantity in enumerate(quantities)
        )
        return calculate(
            Sale(
                currency="EUR",
                inclusive=inclusive,
                on=date(2026, 5, 4),
                fulfilment="dine_in",
                taxes=TAXES,
                lines=sold,
            )
        ).total

    assert total(count) == total(*[1] * count)


@checked
@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_shares_add_up_and_no_weight_gets_nothing(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    if any(weights):
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if not weight)
        whole = sum(weights)
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


@st.composite
def refund_plans(draw: st.DrawFn) -> tuple[Sale, str, list[tuple[int, int, ServiceRefund, bool]]]:
    """A paid sale, by one tender or two, and what is taken back of it until nothing is left."""
    sale = draw(sales())
    by = draw(st.sampled_from(["cash", "card", "both"]))
    wanted = draw(
        st.lists(
            st.tuples(st.integers(0, 7), st.integers(1, 12_000), st.sampled_from(list(ServiceRefund)), st.booleans()),
            max_size=6,
        )
    )
    return sale, by, wanted


@checked
@given(refund_plans())
def test_what_is_refunded_part_by_part_is_what_was_paid(
    plan: tuple[Sale, str, list[tuple[int, int, ServiceRefund, bool]]],
) -> None:
    sale, by, wanted = plan
    totals = calculated(sale)
    tenders = Tenders(rounding=sale.cash_rounding)
    ledger = Ledger.opened(totals.total)
    if by == "both":
        ledger = ledger.pay(Pay(tender="card", amount=totals.total // 2), tenders)
    ledger = ledger.pay(Pay(tender="card" if by == "card" else "cash"), tenders)
    assert ledger.balance == 0
    refunds = Refunds(totals, ledger, tenders)
    done: list[Refund] = []

    def refund(**what: Any) -> None:
        back = (PayBack("cash"),) if by != "card" else (PayBack("card"),)
        before = refunds.ledger
        try:
            found = refunds.refund(RefundRequest(pay_back=back, cross_tender=True, **what))
        except Refused:
            assert refunds.ledger is before
            return
        done.append(found)
        assert found.net + found.tax == found.value
        assert sum(found.taxes.values()) == found.tax
        assert min(found.value, found.net, found.paid_back, *found.taxes.values()) >= 0 or _returns(sale)
        assert found.paid_back + found.rounding == found.value
        assert found.remaining == totals.total - sum(each.value for each in done)
        assert found.remaining >= 0
        assert refunds.ledger.balance == 0

    for position, milli, service, amount in wanted:
        if amount:
            refund(amount=milli)
        elif position < len(sale.lines):
            refund(lines=(LineQuantity(str(position), milli),), service=service)
    refund(everything=True)
    if totals.total:
        assert refunds.ledger.status is PaymentStatus.REFUNDED
        assert sum(each.value for each in done) == totals.total
        assert sum(each.net for each in done) == totals.net
        taxes: dict[str, int] = {}
        for each in done:
            for key, tax in each.taxes.items():
                taxes[key] = taxes.get(key, 0) + tax
        assert {key: tax for key, tax in taxes.items() if tax} == {
            key: total.tax for key, total in totals.taxes.items() if total.tax
        }
        if by != "both":
            assert refunds.ledger.held == refunds.ledger.rounding == 0


@checked
@given(sales(exempt=False), st.integers(1, 4), st.data())
def test_the_shares_of_all_payers_are_the_bill(sale: Sale, payers: int, data: st.DataObject) -> None:
    totals = calculated(sale)
    assume(not _returns(sale))
    weights = {
        line.id: data.draw(st.lists(st.integers(0, 3), min_size=payers, max_size=payers).filter(any))
        for line in sale.lines
    }
    shares = by_lines(totals, payers, weights)
    assert sum(share.gross for share in shares) == totals.total
    assert sum(share.net for share in shares) == totals.net
    assert sum(share.tax for share in shares) == totals.tax
    assert min(min(share.net, share.tax) for share in shares) >= 0
    assert sum(equal_shares(totals.total, payers)) == totals.total


pays = st.builds(
    Pay,
    tender=st.sampled_from(["cash", "card", "voucher"]),
    amount=st.none() | st.integers(0, 3_000),
    tip=st.sampled_from([0, 0, 100, 333]),
    given=st.none() | st.integers(0, 20_000),
    keep_change=st.booleans(),
    deposit=st.booleans(),
)


@checked
@given(st.integers(0, 10_000), coins, st.lists(pays | st.integers(0, 10_000) | st.sampled_from(["correct", "back"])))
def test_a_ledger_adds_up_after_every_act(total: int, rounding: CashRounding, acts: list[Pay | int | str]) -> None:
    tenders = Tenders(rounding=rounding)
    ledger = Ledger.opened(total)
    for act in acts:
        before = ledger
        try:
            if isinstance(act, Pay):
                ledger = ledger.pay(act, tenders)
            elif act == "correct":
                ledger = ledger.correct(1)
            elif act == "back":
                ledger = ledger.give_back("cash", tenders)
            elif isinstance(act, int):
                ledger = ledger.amend(act)
        except Refused:
            continue
        assert ledger.entries[: len(before.entries)] == before.entries
        assert ledger.held == ledger.settled + ledger.tips + ledger.rounding == sum(ledger.held_by().values())
        assert ledger.balance == ledger.charged - ledger.settled
        assert min(ledger.held_by().values(), default=0) >= 0
        if act == "back" and not ledger.charged:
            assert ledger.balance == 0


@pytest.mark.parametrize("mode", list(Rounding))
def test_rounding_is_symmetric(mode: Rounding) -> None:
    rounding = CashRounding(5, mode)
    assert all(rounding.of(-amount) == -rounding.of(amount) for amount in range(40))


def test_two_lines_of_one_id_are_refused() -> None:
    """The one would be lost where a line is found by its id."""
    line = SaleLine("1", 100, "food")
    with pytest.raises(Refused) as refused:
        calculate(_sold(line, line))
    assert refused.value.code == "bad_line"


def test_a_service_charge_goes_back_with_what_it_was_charged_on_beside_returned_empties() -> None:
    """Their price below zero is no part of what the charge was computed on: half of it, not 1000 parts of 1975."""
    goods, others = SaleLine("1", 1000, "food"), SaleLine("3", 1000, "food")
    empties = SaleLine("2", -25, "food", discountable=False, kind=LineKind.DEPOSIT_RETURN)
    charge = ServiceCharge("s", ServiceTax.NONE, rate=10_000)
    totals = calculate(_with(_sold(goods, others, empties), service_charges=(charge,)))
    ledger = Ledger.opened(totals.total).pay(Pay(tender="card"), Tenders())
    refunds = Refunds(totals, ledger, Tenders())
    refund = refunds.refund(RefundRequest(pay_back=(PayBack("card"),), lines=(LineQuantity("1"),)))
    assert (refund.value, refund.service, refund.remaining) == (1100, 100, 1075)
    before = refunds.ledger
    with pytest.raises(Refused) as refused:  # 11.00, and 10.75 were paid for it and the empties
        refunds.refund(RefundRequest(pay_back=(PayBack("card"),), lines=(LineQuantity("3"),)))
    assert (refused.value.code, refunds.ledger) == ("exceeds_refundable", before)
    assert refunds.refund(RefundRequest(pay_back=(PayBack("card"),), everything=True)).paid_back == 1075


def _sold(*sold: SaleLine) -> Sale:
    return Sale(currency="EUR", inclusive=True, on=date(2026, 5, 4), fulfilment="dine_in", taxes=TAXES, lines=sold)


def _with(sale: Sale, **changes: Any) -> Sale:
    return Sale(**{**{name: getattr(sale, name) for name in sale.__struct_fields__}, **changes})


def _returns(sale: Sale) -> bool:
    return any(line.kind is LineKind.DEPOSIT_RETURN for line in sale.lines)
