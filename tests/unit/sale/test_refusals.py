"""What is refused, with its code for programs, its sentence for people and the field to blame; and what is possible."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest

from core.domain.sale.business_day import check_cut
from core.domain.sale.calculation import (
    MAX_LINES,
    MAX_PRICE,
    MAX_QUANTITY_MILLI,
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
from core.domain.sale.drawer import Closing, DrawerEvent, DrawerKind, Opening, cash_report, count
from core.domain.sale.errors import Refused
from core.domain.sale.ledger import Ledger, Pay, PayBack, Tenders
from core.domain.sale.refunds import LineQuantity, RefundRequest, Refunds, ServiceRefund
from core.domain.sale.report import Session
from core.domain.sale.rounding import MAX_AMOUNT, PERCENT, CashRounding, Rounding, apportion, rounded
from core.domain.sale.splits import by_lines, equal_shares
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable

TENDERS = Tenders()
FIVES = Tenders(rounding=CashRounding(5))
TABLE = TaxTable((TaxEntry("food", (Tax("VAT", 7000),), since=date(2026, 1, 1)),))
EMPTIES = SaleLine("e", -25, "food", discountable=False, kind=LineKind.DEPOSIT_RETURN)
BOTTLE = SaleLine("b", 1000, "food")
SERVICE = ServiceCharge("s", ServiceTax.FOLLOW, rate=10_000)
Act = Callable[[], object]


def line(**what: Any) -> SaleLine:
    return SaleLine(**{"id": "b", "unit_price": 1000, "category": "food", **what})


def sum_of(*lines: SaleLine, **what: Any) -> Totals:
    whole: dict[str, Any] = {
        "currency": "EUR",
        "inclusive": True,
        "on": date(2026, 5, 4),
        "fulfilment": "pickup",
        "taxes": TABLE,
        "lines": lines,
    }
    return calculate(Sale(**{**whole, **what}))


def paid(total: int = 1000, tender: str = "card", tip: int = 0) -> Ledger:
    return Ledger.opened(total).pay(Pay(tender=tender, tip=tip), TENDERS)


def refunds(totals: Totals, ledger: Ledger | None = None) -> Refunds:
    return Refunds(totals, ledger if ledger is not None else paid(totals.total), TENDERS)


def refund(**what: Any) -> object:
    """A refund of a bottle with service, paid by card and tipped 100."""
    whole = {"pay_back": (PayBack("card"),), **what}
    totals = sum_of(BOTTLE, service_charges=(SERVICE,))
    return refunds(totals, paid(totals.total, tip=100)).refund(RefundRequest(**whole))


def after(first: dict[str, Any], then: dict[str, Any], *lines: SaleLine, **sale: Any) -> object:
    """A refund after another one."""
    done = refunds(sum_of(*(lines or (BOTTLE,)), **sale))
    done.refund(RefundRequest(pay_back=(PayBack("card"),), **first))
    return done.refund(RefundRequest(pay_back=(PayBack("card"),), **then))


def back(value: int, *to: PayBack, ledger: Ledger | None = None, cross: bool = False) -> Ledger:
    return (ledger or paid()).paid_back(value, 0, to, TENDERS, empties=False, cross=cross)


def in_session(act: Callable[[Session], object], **sold: Any) -> object:
    session = Session(Opening(), TENDERS)
    totals = sum_of(BOTTLE)
    session.sale(totals, paid(totals.total), **sold)
    return act(session)


PRICE = "A price is a whole number of minor units, at most 1,000,000,000."
QUANTITY = "A quantity is above 0 and at most 99,999.999."
DISCOUNT, CHARGE = "A discount is a percentage or an amount.", "A service charge is a percentage or an amount."
NO_REST = "That is more than is left of what was paid."
WAY, NO_TENDER = "Refund lines, an amount, the service or everything.", "Say by which tender the money goes back."
CUT = "A business day cannot end between 01:00 and 03:00: that hour comes twice in autumn."
AMOUNT, COUNT = "An amount is a whole number of minor units, not below zero.", "A count cannot be below zero."
COINS = "A count is a number of coins or notes of a value."
COIN = "The smallest coin is a whole number of minor units, at least 1."
TOTAL = "A total is a whole number of minor units, not below zero."
SHORT, VOID = "That is less than is to be paid.", "This order was voided."
ONE_PAYER, NO_ORDER = "A bill is divided among one payer or more.", "The session has no such order."
WHOLE_BEFORE_REST = "Say how much each tender gets; only the last one gets the rest."

REFUSED: list[tuple[Act, str, str, str]] = [
    (lambda: check_cut(time(1)), "bad_cut", CUT, ""),
    (lambda: check_cut(time(2, 59, 59)), "bad_cut", CUT, ""),
    (lambda: sum_of(currency="XAU"), "bad_currency", "There is no currency 'XAU' (ISO 4217).", "currency"),
    (
        lambda: sum_of(*(line(id=str(each)) for each in range(MAX_LINES + 1))),
        "too_many_lines",
        "An order has at most 500 lines.",
        "lines",
    ),
    (lambda: sum_of(BOTTLE, BOTTLE), "bad_line", "Two lines of an order cannot have the same id.", "lines"),
    (
        lambda: sum_of(tax_rounding=Rounding.newer("odd")),
        "bad_rounding_mode",
        "Amounts cannot be rounded by 'odd'.",
        "",
    ),
    (lambda: sum_of(discounts=(Discount(),)), "bad_discount", DISCOUNT, ""),
    (lambda: sum_of(discounts=(Discount(1, 1),)), "bad_discount", DISCOUNT, ""),
    (lambda: sum_of(line(discounts=(Discount(),))), "bad_discount", DISCOUNT, ""),
    (lambda: sum_of(discounts=(Discount(PERCENT + 1),)), "bad_discount", "A discount is between 0 and 100 %.", ""),
    (lambda: sum_of(discounts=(Discount(-1),)), "bad_discount", "A discount is between 0 and 100 %.", ""),
    (lambda: sum_of(discounts=(Discount(amount=-1),)), "bad_discount", "A discount cannot be below zero.", ""),
    (lambda: sum_of(service_charges=(ServiceCharge("s"),)), "bad_service", CHARGE, ""),
    (lambda: sum_of(service_charges=(ServiceCharge("s", rate=1, amount=1),)), "bad_service", CHARGE, ""),
    (
        lambda: sum_of(service_charges=(ServiceCharge("s", rate=PERCENT + 1),)),
        "bad_service",
        "A service charge is between 0 and 100 %.",
        "",
    ),
    (
        lambda: sum_of(service_charges=(ServiceCharge("s", rate=-1),)),
        "bad_service",
        "A service charge is between 0 and 100 %.",
        "",
    ),
    (
        lambda: sum_of(service_charges=(ServiceCharge("s", amount=-1),)),
        "bad_service",
        "A service charge cannot be below zero.",
        "",
    ),
    (
        lambda: sum_of(service_charges=(ServiceCharge("s", ServiceTax.newer("odd"), amount=1),)),
        "bad_service",
        "A service charge is taxed as its lines, by a category, or not.",
        "",
    ),
    (
        lambda: sum_of(service_charges=(ServiceCharge("s", amount=1),)),
        "service_no_base",
        "A service charge that is taxed as its lines needs a line.",
        "s",
    ),
    (lambda: sum_of(tip=Tip()), "bad_tip", "A tip is a percentage or an amount.", ""),
    (lambda: sum_of(tip=Tip(1, 1)), "bad_tip", "A tip is a percentage or an amount.", ""),
    (lambda: sum_of(tip=Tip(1, base=TipBase.newer("odd"))), "bad_tip", "A tip is a percentage or an amount.", ""),
    (lambda: sum_of(tip=Tip(-1)), "bad_tip", "A tip cannot be below zero.", ""),
    (lambda: sum_of(tip=Tip(rate=PERCENT + 1)), "bad_tip", "A tip is between 0 and 100 %.", ""),
    (lambda: sum_of(tip=Tip(rate=-1)), "bad_tip", "A tip is between 0 and 100 %.", ""),
    (lambda: sum_of(line(quantity_milli=0)), "bad_quantity", QUANTITY, "b"),
    (lambda: sum_of(line(quantity_milli=MAX_QUANTITY_MILLI + 1)), "bad_quantity", QUANTITY, "b"),
    (lambda: sum_of(line(unit_price=MAX_PRICE + 1)), "bad_price", PRICE, "b"),
    (lambda: sum_of(line(unit_price=-MAX_PRICE - 1)), "bad_price", PRICE, "b"),
    (lambda: sum_of(line(extras=(Extra(MAX_PRICE + 1),))), "bad_price", PRICE, "b"),
    (lambda: sum_of(line(extras=(Extra(-MAX_PRICE - 1),))), "bad_price", PRICE, "b"),
    (
        lambda: sum_of(line(extras=(Extra(1, -1),))),
        "bad_quantity",
        "A modifier is taken a whole number of times.",
        "b",
    ),
    (
        lambda: sum_of(line(extras=(Extra(0, MAX_QUANTITY_MILLI // MILLI + 1),))),
        "bad_quantity",
        "A modifier is taken a whole number of times.",
        "b",
    ),
    (lambda: sum_of(line(unit_price=-1)), "negative_unit", "A price cannot be below zero.", "b"),
    (
        lambda: sum_of(line(unit_price=MAX_PRICE, quantity_milli=1_000_001)),
        "overflow",
        "A line is at most 1,000,000,000,000 minor units.",
        "b",
    ),
    (
        lambda: sum_of(EMPTIES),
        "negative_total",
        "An order cannot come to less than nothing: pay returned empties out instead.",
        "",
    ),
    (
        lambda: sum_of(*(line(id=name, unit_price=MAX_PRICE, quantity_milli=1_000_000) for name in "ab")),
        "overflow",
        "An order is at most 1,000,000,000,000 minor units.",
        "",
    ),
    (
        lambda: sum_of(taxes=TaxTable((TaxEntry("food", (Tax("VAT", PERCENT + 1),)),))),
        "bad_rate",
        "VAT: a rate is between 0 and 100 %.",
        "",
    ),
    (
        lambda: sum_of(BOTTLE, on=date(2025, 12, 31)),
        "no_tax",
        "There is no tax rate for 'food' on 2025-12-31. Add one to the tax table.",
        "",
    ),
    (lambda: DrawerEvent(DrawerKind.newer("odd")), "bad_event", "A drawer knows no 'odd'.", ""),
    (lambda: DrawerEvent(DrawerKind.PAID_IN, -1), "bad_amount", AMOUNT, ""),
    (lambda: DrawerEvent(DrawerKind.PAID_IN, 1, -1), "bad_amount", AMOUNT, ""),
    (
        lambda: DrawerEvent(DrawerKind.CASH_PAYMENT, 1, 2),
        "bad_amount",
        "There cannot be more change than was handed over.",
        "",
    ),
    (lambda: Closing(-1), "bad_amount", COUNT, ""),
    (lambda: Closing(10, 11), "bad_deposit", "Not more can be taken out than was counted.", ""),
    (lambda: Closing(10, -1), "bad_deposit", "Not more can be taken out than was counted.", ""),
    (lambda: count([(0, 1)]), "bad_amount", COINS, ""),
    (lambda: count([(1, -1)]), "bad_amount", COINS, ""),
    (lambda: cash_report(Opening(-1), ()), "bad_amount", COUNT, ""),
    (lambda: Ledger.opened(-1), "bad_total", TOTAL, ""),
    (lambda: paid().amend(MAX_AMOUNT + 1), "bad_total", TOTAL, ""),
    (
        lambda: Ledger.opened(9).pay(Pay(tender="cash", amount=-1), TENDERS),
        "bad_payment",
        "A payment and a tip cannot be below zero.",
        "",
    ),
    (
        lambda: Ledger.opened(9).pay(Pay(tender="cash", tip=-1), TENDERS),
        "bad_payment",
        "A payment and a tip cannot be below zero.",
        "",
    ),
    (
        lambda: Ledger.opened(9).pay(Pay(tender="cash", amount=10), TENDERS),
        "exceeds_balance",
        "That is more than is to be paid.",
        "",
    ),
    (lambda: Ledger.opened(9).pay(Pay(tender="cash", given=8), TENDERS), "short", SHORT, ""),
    (lambda: Ledger.opened(9).pay(Pay(tender="card", given=8), TENDERS), "short", SHORT, ""),
    (
        lambda: Ledger.opened(9).pay(Pay(tender="card", given=10), TENDERS),
        "no_change_on_non_cash",
        "Only cash gives change.",
        "",
    ),
    (
        lambda: Ledger.opened(9).pay(Pay(tender="card", keep_change=True), TENDERS),
        "no_change_on_non_cash",
        "Only cash gives change.",
        "",
    ),
    (lambda: paid().correct(2), "no_such_payment", "There is no such payment.", ""),
    (lambda: paid().correct(0), "no_such_payment", "There is no such payment.", ""),
    (lambda: paid().correct(1).correct(1), "already_corrected", "This payment was taken back already.", ""),
    (
        lambda: back(1, PayBack("card")).correct(1),
        "refunded_already",
        "Money was given back since. Refund the rest instead.",
        "",
    ),
    (lambda: paid().void(), "has_payments", "Money is held for this order. Give it back first.", ""),
    (lambda: Ledger.opened(9).void().void(), "void", VOID, ""),
    (lambda: Ledger.opened(9).void().pay(Pay(tender="cash"), TENDERS), "void", VOID, ""),
    (lambda: Ledger.opened(9).void().amend(1), "void", VOID, ""),
    (lambda: Ledger.opened(9).void().correct(1), "void", VOID, ""),
    (lambda: Ledger.opened(9).void().give_back("cash", TENDERS), "void", VOID, ""),
    (lambda: paid().give_back("card", TENDERS), "exceeds_overpayment", "There is nothing to give back.", ""),
    (
        lambda: paid().amend(900).give_back("card", TENDERS, 0),
        "bad_payment",
        "There is nothing to give back.",
        "",
    ),
    (
        lambda: paid().amend(900).give_back("card", TENDERS, 101),
        "exceeds_overpayment",
        "That is more than was paid too much.",
        "",
    ),
    (lambda: back(9, PayBack("card"), PayBack("card")), "bad_refund", WHOLE_BEFORE_REST, ""),
    (lambda: back(9, PayBack("card", -1), PayBack("card")), "bad_refund", WHOLE_BEFORE_REST, ""),
    (lambda: back(9, PayBack("card", 8)), "bad_refund", "The parts do not add up to what is given back.", ""),
    (
        lambda: back(9, PayBack("card", 10), PayBack("card")),
        "bad_refund",
        "That is more than is given back.",
        "",
    ),
    (lambda: back(9, PayBack("voucher")), "method_cap", "Not so much was paid by that tender.", ""),
    (lambda: back(1, PayBack("voucher")), "method_cap", "Not so much was paid by that tender.", ""),
    (lambda: back(9, PayBack("voucher"), cross=True), "method_cap", "Not so much was paid by that tender.", ""),
    (lambda: back(9, PayBack("cash")), "method_cap", "Not so much was paid by that tender.", ""),
    (lambda: refund(pay_back=(), everything=True), "bad_refund", NO_TENDER, ""),
    (lambda: refund(everything=True, tip=-1), "bad_tip", "A tip cannot be below zero.", ""),
    (lambda: refund(everything=True, tip=101), "exceeds_tip", "That is more than was tipped.", ""),
    (lambda: refund(), "bad_refund", WAY, ""),
    (lambda: refund(everything=True, amount=1), "bad_refund", WAY, ""),
    (lambda: refund(lines=(LineQuantity("b"),), amount=1), "bad_refund", WAY, ""),
    (
        lambda: refund(everything=True, service=ServiceRefund.newer("odd")),
        "bad_refund",
        "Service goes back with its lines, all of it, or not.",
        "",
    ),
    (lambda: refund(amount=0), "bad_refund", "An amount to refund is above zero.", ""),
    (lambda: refund(amount=MAX_AMOUNT + 1), "bad_refund", "An amount to refund is above zero.", ""),
    (lambda: refund(amount=1101), "exceeds_refundable", NO_REST, ""),
    (lambda: refund(lines=(LineQuantity("b"), LineQuantity("b"))), "bad_refund", "A line is named twice.", ""),
    (lambda: refund(lines=(LineQuantity("x"),)), "no_such_line", "The order has no line 'x'.", ""),
    (lambda: refund(lines=(LineQuantity("b", 0),)), "bad_quantity", "A quantity to refund is above zero.", ""),
    (
        lambda: refund(lines=(LineQuantity("b", 1001),)),
        "exceeds_quantity",
        "That is more than is left of this line.",
        "",
    ),
    (
        lambda: after({"everything": True}, {"everything": True}),
        "exceeds_refundable",
        "All of it was refunded already.",
        "",
    ),
    (
        lambda: after(
            {"service": ServiceRefund.ALL}, {"service": ServiceRefund.ALL}, BOTTLE, service_charges=(SERVICE,)
        ),
        "exceeds_refundable",
        "All service was refunded already.",
        "",
    ),
    (
        lambda: refunds(sum_of(BOTTLE, EMPTIES)).refund(
            RefundRequest(pay_back=(PayBack("card"),), lines=(LineQuantity("e"),))
        ),
        "not_refundable",
        "Returned empties go back with the whole order only.",
        "",
    ),
    (
        lambda: refunds(sum_of(BOTTLE, EMPTIES)).refund(
            RefundRequest(pay_back=(PayBack("card"),), lines=(LineQuantity("b"),))
        ),
        "exceeds_refundable",
        "That is more than was paid beside the returned empties: refund it all.",
        "",
    ),
    (
        lambda: refunds(sum_of(BOTTLE), Ledger.opened(1000).void()).refund(
            RefundRequest(pay_back=(PayBack("card"),), everything=True)
        ),
        "void",
        VOID,
        "",
    ),
    (
        lambda: refunds(sum_of(BOTTLE), Ledger.opened(1000)).refund(
            RefundRequest(pay_back=(PayBack("card"),), everything=True)
        ),
        "balance_not_zero",
        "Only what is paid exactly can be refunded: amend or void the order.",
        "",
    ),
    (
        lambda: in_session(lambda session: session.void(0)),
        "receipt_issued",
        "This order has a receipt. Refund it instead.",
        "",
    ),
    (lambda: in_session(lambda session: session.void(1)), "bad_event", NO_ORDER, ""),
    (lambda: in_session(lambda session: session.void(-1)), "bad_event", NO_ORDER, ""),
    (lambda: CashRounding(0), "bad_increment", COIN, ""),
    (lambda: CashRounding(5.0), "bad_increment", COIN, ""),  # type: ignore[arg-type]
    (lambda: CashRounding(5, Rounding.newer("odd")), "bad_rounding_mode", "Amounts cannot be rounded by 'odd'.", ""),
    (lambda: rounded(1, 2, Rounding.newer("odd")), "bad_rounding_mode", "Amounts cannot be rounded by 'odd'.", ""),
    (lambda: apportion(1, []), "nothing_to_allocate_to", "There is nothing to divide the amount among.", ""),
    (lambda: apportion(1, [2, -1]), "negative_weight", "A share cannot be negative.", ""),
    (lambda: equal_shares(1, 0), "bad_split", ONE_PAYER, ""),
    (lambda: by_lines(sum_of(BOTTLE), 0, {}), "bad_split", ONE_PAYER, ""),
    (lambda: by_lines(sum_of(BOTTLE), 1, {"x": [1]}), "no_such_line", "The order has no line 'x'.", ""),
    (lambda: by_lines(sum_of(BOTTLE), 1, {}), "bad_split", "Say who pays for line 'b'.", ""),
    (lambda: by_lines(sum_of(BOTTLE), 1, {"b": [0]}), "bad_split", "Say who pays for line 'b'.", ""),
    (lambda: by_lines(sum_of(BOTTLE), 1, {"b": [-1]}), "bad_split", "Say who pays for line 'b'.", ""),
    (lambda: by_lines(sum_of(BOTTLE), 2, {"b": [1]}), "bad_split", "Say who pays for line 'b'.", ""),
]


@pytest.mark.parametrize(("act", "code", "message", "field"), REFUSED)
def test_a_refusal_has_its_code_its_sentence_and_its_field(act: Act, code: str, message: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        act()
    assert (refused.value.code, refused.value.message, refused.value.field) == (code, message, field)


@pytest.mark.parametrize(
    "act",
    [
        lambda: check_cut(time(0, 59, 59)),
        lambda: check_cut(time(3)),
        lambda: sum_of(*(line(id=str(each)) for each in range(MAX_LINES))),
        lambda: sum_of(line(quantity_milli=1)),
        lambda: sum_of(line(unit_price=0, quantity_milli=MAX_QUANTITY_MILLI)),
        lambda: sum_of(line(unit_price=MAX_PRICE, quantity_milli=1_000_000)),
        lambda: sum_of(line(unit_price=0)),
        lambda: sum_of(line(extras=(Extra(0, MAX_QUANTITY_MILLI // MILLI),))),
        lambda: sum_of(BOTTLE, on=date(2026, 1, 1)),
        lambda: sum_of(tip=Tip(rate=PERCENT)),
        lambda: sum_of(discounts=(Discount(PERCENT), Discount(amount=0))),
        lambda: sum_of(BOTTLE, service_charges=(ServiceCharge("s", rate=PERCENT),)),
        lambda: sum_of(service_charges=(ServiceCharge("s", amount=0),)),
        lambda: DrawerEvent(DrawerKind.CASH_PAYMENT, 1, 1),
        lambda: Closing(0, 0),
        lambda: Closing(10, 10),
        lambda: count([(1, 0)]),
        lambda: Ledger.opened(MAX_AMOUNT),
        lambda: Ledger.opened(9).pay(Pay(tender="cash", amount=10, deposit=True), TENDERS),
        lambda: back(9, PayBack("cash"), cross=True),
        lambda: back(1000, PayBack("card")),
        lambda: refund(everything=True, tip=100),
        lambda: refund(amount=1),
        lambda: refund(lines=(LineQuantity("b", 1),)),
        lambda: CashRounding(1),
        lambda: equal_shares(1, 1),
    ],
)
def test_what_is_just_possible_is_not_refused(act: Act) -> None:
    act()


def test_an_amount_that_is_all_that_is_left_takes_returned_empties_with_it() -> None:
    done = refunds(sum_of(BOTTLE, EMPTIES)).refund(RefundRequest(pay_back=(PayBack("card"),), amount=975))
    assert (done.value, done.remaining, done.paid_back) == (975, 0, 975)
