"""The one calculation of a sale: lines, discounts, service charges, taxes, tip and cash rounding.

Every screen, receipt and refund uses it or its stored result, so none of them differs from another by a cent. In this
order: lines, discounts of lines, discounts of the order, service charges, taxes, tip, and, as a preview, rounding for
cash. Percentages and amounts apply to prices as the shop shows them (`Sale.inclusive`).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple, Self

import msgspec

from core.domain.money import CURRENCIES
from core.domain.sale.errors import Refused
from core.domain.sale.rounding import (
    MAX_AMOUNT,
    PERCENT,
    CashRounding,
    Rounding,
    apportion,
    is_whole,
    largest_remainder,
    over_one_denominator,
    percentage,
    rounded,
)
from core.domain.sale.taxes import UNTAXED, TaxSet, TaxTable
from core.wire_enum import WireEnum

MILLI: Final = 1_000
"""One piece, in the unit of quantities."""
MAX_PRICE: Final = 10**9
MAX_QUANTITY_MILLI: Final = 99_999_999
MAX_LINES: Final = 500


class Discount(msgspec.Struct, frozen=True):
    """Either a percentage, in 1/1000 %, or an amount."""

    rate: int | None = None
    amount: int | None = None

    def check(self) -> None:
        """Raises `Refused`."""
        if (self.rate is None) == (self.amount is None):
            raise Refused("bad_discount", "A discount is a percentage or an amount.")
        if self.rate is not None and not is_whole(self.rate, 0, PERCENT):
            raise Refused("bad_discount", "A discount is between 0 and 100 %.")
        if self.amount is not None and not is_whole(self.amount):
            raise Refused("bad_discount", "A discount cannot be below zero.")


class Extra(msgspec.Struct, frozen=True):
    """A modifier of a line: its price, and how often it is taken for one piece."""

    price: int
    quantity: int = 1


class LineKind(WireEnum):
    GOODS = "goods"
    DEPOSIT_RETURN = "deposit_return"
    """Empties that are brought back: its price is below zero."""


class SaleLine(msgspec.Struct, frozen=True):
    id: str
    unit_price: int
    category: str
    """Of taxes. What is taxed otherwise is a line of its own."""
    quantity_milli: int = MILLI
    extras: tuple[Extra, ...] = ()
    discounts: tuple[Discount, ...] = ()
    discountable: bool = True
    """Whether discounts of the order apply to it: not to gift cards, deposits and fees set by law."""
    serviceable: bool = True
    """Whether service charges are computed on it."""
    fulfilment: str | None = None
    """None: that of the order."""
    kind: LineKind = LineKind.GOODS


class ServiceTax(WireEnum):
    """The taxation of a service charge."""

    FOLLOW = "follow"
    """As the lines it is charged for."""
    CATEGORY = "category"
    NONE = "none"


class ServiceCharge(msgspec.Struct, frozen=True):
    """A service charge: a percentage (1/1000 %) of the serviceable lines, or an amount."""

    id: str
    tax: ServiceTax = ServiceTax.FOLLOW
    category: str = ""
    rate: int | None = None
    amount: int | None = None

    def check(self) -> None:
        """Raises `Refused`."""
        if (self.rate is None) == (self.amount is None):
            raise Refused("bad_service", "A service charge is a percentage or an amount.")
        if self.rate is not None and not is_whole(self.rate, 0, PERCENT):
            raise Refused("bad_service", "A service charge is between 0 and 100 %.")
        if self.amount is not None and not is_whole(self.amount):
            raise Refused("bad_service", "A service charge cannot be below zero.")
        if not self.tax.is_known:
            raise Refused("bad_service", "A service charge is taxed as its lines, by a category, or not.")


class TipBase(WireEnum):
    NET = "net"
    TOTAL = "total"


class Tip(msgspec.Struct, frozen=True):
    """An amount, or a percentage (1/1000 %) of the price without or with tax."""

    amount: int | None = None
    rate: int | None = None
    base: TipBase = TipBase.NET

    def of(self, net: int, total: int) -> int:
        """The tip on that price. Raises `Refused`."""
        if (self.rate is None) == (self.amount is None) or not self.base.is_known:
            raise Refused("bad_tip", "A tip is a percentage or an amount.")
        if self.amount is not None:
            if not is_whole(self.amount):
                raise Refused("bad_tip", "A tip cannot be below zero.")
            return self.amount
        if self.rate is None or not is_whole(self.rate, 0, PERCENT):
            raise Refused("bad_tip", "A tip is between 0 and 100 %.")
        return percentage(net if self.base is TipBase.NET else total, self.rate)


NO_TIP: Final = Tip(amount=0)
EXACT: Final = CashRounding()


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """All that a total depends on."""

    currency: str
    inclusive: bool
    """Whether prices contain tax."""
    on: date
    """The date of the rates: the local calendar date of the supply."""
    fulfilment: str
    taxes: TaxTable
    lines: tuple[SaleLine, ...] = ()
    discounts: tuple[Discount, ...] = ()
    service_charges: tuple[ServiceCharge, ...] = ()
    tip: Tip = NO_TIP
    exempt: bool = False
    """Whether the customer pays no tax: contained tax is taken out of the price."""
    tax_rounding: Rounding = Rounding.HALF_UP
    cash_rounding: CashRounding = EXACT


class Item(msgspec.Struct, frozen=True):
    """A unit of taxation: a line, a service charge, or a line's share of one that follows the lines."""

    amount: int
    """In the price mode, after discounts."""
    net: int
    gross: int
    taxes: tuple[int, ...]
    """Of each tax of `taxed_by`, in its order."""
    taxed_by: TaxSet

    @property
    def tax(self) -> int:
        return sum(self.taxes)


class LineTotals(msgspec.Struct, frozen=True):
    id: str
    quantity_milli: int
    list_price: int
    """Before discounts."""
    discount_line: int
    discount_order: int
    item: Item


class ServiceTotals(msgspec.Struct, frozen=True):
    """A service charge. `items` has a share for each line of `lines` when it follows them, and one item otherwise."""

    id: str
    is_percentage: bool
    items: tuple[Item, ...]
    lines: tuple[int, ...] | None = None
    """The positions of the lines that the shares are for; None: it follows no lines."""

    @property
    def amount(self) -> int:
        return sum(item.amount for item in self.items)

    @property
    def net(self) -> int:
        return sum(item.net for item in self.items)

    @property
    def gross(self) -> int:
        return sum(item.gross for item in self.items)


class TaxTotal(msgspec.Struct, frozen=True):
    base: int
    tax: int


class Group(msgspec.Struct, frozen=True):
    """All items of the same taxes."""

    net: int
    tax: int
    gross: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The result, with all of its parts; each figure is the sum of those it consists of."""

    inclusive: bool
    lines: tuple[LineTotals, ...]
    service: tuple[ServiceTotals, ...]
    taxes: dict[str, TaxTotal]
    groups: dict[str, Group]
    subtotal: int
    """Lines before discounts."""
    discount: int
    service_total: int
    relief: int
    """The tax taken out of contained prices for a customer who is exempt."""
    net: int
    tax: int
    total: int
    """What is owed for goods and service."""
    tip: int
    due: int
    cash_rounding: int
    """What paying all of it in cash would add or take off."""
    cash_due: int


def calculate(sale: Sale) -> Totals:
    """Raises `Refused` when the sale is impossible: a bound, a negative price or total, a category without a rate."""
    _check(sale)
    listed = [_list_price(line) for line in sale.lines]
    off_lines = [_discount(line.discounts, price) for line, price in zip(sale.lines, listed, strict=True)]
    left = [price - off for price, off in zip(listed, off_lines, strict=True)]
    off_orders = _order_discounts(sale, left)
    left = [amount - off for amount, off in zip(left, off_orders, strict=True)]

    rates: dict[tuple[str, str], TaxSet] = {}

    def taxed_by(category: str, fulfilment: str) -> TaxSet:
        key = category, fulfilment
        if key not in rates:
            rates[key] = sale.taxes.taxes(category, fulfilment, sale.on)
        return rates[key]

    sets = [taxed_by(line.category, line.fulfilment or sale.fulfilment) for line in sale.lines]
    amounts = list(left)
    served = [position for position, line in enumerate(sale.lines) if line.serviceable and listed[position] > 0]
    for charge in sale.service_charges:
        charged = _charged(charge, [left[position] for position in served])
        if charge.tax is ServiceTax.FOLLOW:
            amounts += apportion(charged, [left[position] for position in served]) if served else []
            sets += [sets[position] for position in served]
        else:
            amounts.append(charged)
            sets.append(taxed_by(charge.category, sale.fulfilment) if charge.tax is ServiceTax.CATEGORY else UNTAXED)
    items, relief = _taxed(sale, amounts, sets)
    lines = tuple(
        LineTotals(line.id, line.quantity_milli, listed[position], off_lines[position], off_orders[position], item)
        for position, (line, item) in enumerate(zip(sale.lines, items, strict=False))
    )
    return _totals(sale, lines, _service(sale, items[len(lines) :], served), relief)


def _check(sale: Sale) -> None:
    if sale.currency not in CURRENCIES:
        raise Refused("bad_currency", f"There is no currency {sale.currency!r} (ISO 4217).", "currency")
    if len(sale.lines) > MAX_LINES:
        raise Refused("too_many_lines", f"An order has at most {MAX_LINES} lines.", "lines")
    if len({line.id for line in sale.lines}) < len(sale.lines):
        raise Refused("bad_line", "Two lines of an order cannot have the same id.", "lines")
    sale.taxes.check()
    for discount in sale.discounts:
        discount.check()
    for charge in sale.service_charges:
        charge.check()
    rounded(0, 1, sale.tax_rounding)


def _list_price(line: SaleLine) -> int:
    if not is_whole(line.quantity_milli, 1, MAX_QUANTITY_MILLI):
        raise Refused("bad_quantity", "A quantity is above 0 and at most 99,999.999.", line.id)
    if not is_whole(line.unit_price, -MAX_PRICE, MAX_PRICE):
        raise Refused("bad_price", "A price is a whole number of minor units, at most 1,000,000,000.", line.id)
    unit = line.unit_price
    for extra in line.extras:
        if not is_whole(extra.price, -MAX_PRICE, MAX_PRICE):
            raise Refused("bad_price", "A price is a whole number of minor units, at most 1,000,000,000.", line.id)
        if not is_whole(extra.quantity, 0, MAX_QUANTITY_MILLI // MILLI):
            raise Refused("bad_quantity", "A modifier is taken a whole number of times.", line.id)
        unit += extra.price * extra.quantity
    if unit < 0 and line.kind is not LineKind.DEPOSIT_RETURN:
        raise Refused("negative_unit", "A price cannot be below zero.", line.id)
    price = rounded(unit * line.quantity_milli, MILLI)
    if abs(price) > MAX_AMOUNT:
        raise Refused("overflow", "A line is at most 1,000,000,000,000 minor units.", line.id)
    for discount in line.discounts:
        discount.check()
    return price


def _discount(discounts: Iterable[Discount], amount: int) -> int:
    """The discount on an amount: percentages first, each of the remainder, then amounts; never more than the amount."""
    left = amount
    for rate in [each.rate for each in discounts if each.rate is not None]:
        left -= percentage(left, rate)
    for off in [each.amount for each in discounts if each.amount is not None]:
        left -= min(off, max(left, 0))
    return amount - left if amount > 0 else 0


def _order_discounts(sale: Sale, amounts: Sequence[int]) -> list[int]:
    """The share of the order's discounts in each line."""
    left = [
        max(amount, 0) if line.discountable and line.kind is LineKind.GOODS else 0
        for line, amount in zip(sale.lines, amounts, strict=True)
    ]
    before = list(left)
    by_rate = [each for each in sale.discounts if each.rate is not None]
    for discount in (*by_rate, *(each for each in sale.discounts if each.rate is None)):
        whole = sum(left)
        off = _discount((discount,), whole)
        if off:
            left = [amount - part for amount, part in zip(left, apportion(off, left), strict=True)]
    return [amount - rest for amount, rest in zip(before, left, strict=True)]


def _charged(charge: ServiceCharge, served: Sequence[int]) -> int:
    if charge.rate is not None:
        return percentage(sum(served), charge.rate)
    amount = charge.amount or 0
    if amount and charge.tax is ServiceTax.FOLLOW and not served:
        raise Refused("service_no_base", "A service charge that is taxed as its lines needs a line.", charge.id)
    return amount


def _service(sale: Sale, items: Sequence[Item], served: Sequence[int]) -> tuple[ServiceTotals, ...]:
    found, start = [], 0
    for charge in sale.service_charges:
        follows = charge.tax is ServiceTax.FOLLOW
        end = start + (len(served) if follows else 1)
        lines = tuple(served) if follows else None
        found.append(ServiceTotals(charge.id, charge.rate is not None, tuple(items[start:end]), lines))
        start = end
    return tuple(found)


def _taxed(sale: Sale, amounts: Sequence[int], sets: Sequence[TaxSet]) -> tuple[list[Item], int]:
    """The items, and the tax taken out of them for an exempt customer.

    Each tax is summed exactly over the whole sale, rounded once, and divided again among its items, so that lines,
    rates and total agree to the unit.
    """
    parts: list[list[int]] = [[0] * len(each.taxes) for each in sets]
    known: dict[int, _Factors] = {}
    totals: dict[object, list[tuple[int, int, Fraction]]] = {}
    for position, taxed_by in enumerate(sets):
        factors = known.get(id(taxed_by))
        if factors is None:
            factors = known[id(taxed_by)] = _Factors.of(taxed_by, inclusive=sale.inclusive)
        if factors.together:
            totals.setdefault(taxed_by, []).append((position, 0, factors.whole))
        else:
            for index, tax in enumerate(taxed_by.taxes):
                totals.setdefault(tax.key, []).append((position, index, factors.each[index]))
    for shares in totals.values():
        factors_of, denominator = over_one_denominator([factor for _, _, factor in shares])
        numerators = [amounts[share[0]] * factor for share, factor in zip(shares, factors_of, strict=True)]
        whole = rounded(sum(numerators), denominator, sale.tax_rounding)
        for share, tax_part in zip(shares, largest_remainder(whole, numerators, denominator), strict=True):
            position, index, _ = share
            factors = known[id(sets[position])]
            if factors.together:
                parts[position] = apportion(tax_part, factors.weights)
            else:
                parts[position][index] = tax_part
    items, relief = [], 0
    for amount, taxed_by, taxes in zip(amounts, sets, parts, strict=True):
        tax_sum = sum(taxes)
        net = amount - tax_sum if sale.inclusive else amount
        if sale.exempt:
            relief += amount - net
            items.append(Item(amount, net, net, (0,) * len(taxes), taxed_by))
        else:
            items.append(Item(amount, net, net + tax_sum, tuple(taxes), taxed_by))
    return items, relief


class _Factors(NamedTuple):
    """A tax set in one price mode: each tax as a fraction of the amount."""

    each: list[Fraction]
    whole: Fraction
    weights: list[int]
    together: bool
    """Whether the set is one total: because the shop says so, or as several taxes are contained in a price, whose net
    part could otherwise fall below zero."""

    @classmethod
    def of(cls, taxed_by: TaxSet, *, inclusive: bool) -> Self:
        each = taxed_by.factors(inclusive=inclusive)
        together = taxed_by.combined or (inclusive and len(each) > 1)
        return cls(each, sum(each, Fraction(0)), over_one_denominator(each)[0], together)


def _totals(sale: Sale, lines: tuple[LineTotals, ...], service: tuple[ServiceTotals, ...], relief: int) -> Totals:
    items = [*(line.item for line in lines), *(item for charge in service for item in charge.items)]
    net, gross = sum(item.net for item in items), sum(item.gross for item in items)
    if gross < 0:
        raise Refused("negative_total", "An order cannot come to less than nothing: pay returned empties out instead.")
    if gross > MAX_AMOUNT:
        raise Refused("overflow", "An order is at most 1,000,000,000,000 minor units.")
    tip = sale.tip.of(net, gross)
    cash = sale.cash_rounding.of(gross + tip)
    return Totals(
        inclusive=sale.inclusive,
        lines=lines,
        service=service,
        taxes=_by_tax(items),
        groups=_by_set(items),
        subtotal=sum(line.list_price for line in lines),
        discount=sum(line.discount_line + line.discount_order for line in lines),
        service_total=sum(charge.amount for charge in service),
        relief=relief,
        net=net,
        tax=gross - net,
        total=gross,
        tip=tip,
        due=gross + tip,
        cash_rounding=cash - gross - tip,
        cash_due=cash,
    )


def _by_tax(items: Iterable[Item]) -> dict[str, TaxTotal]:
    bases: dict[str, int] = {}
    taxes: dict[str, int] = {}
    for item in items:
        for tax, amount in zip(item.taxed_by.taxes, item.taxes, strict=True):
            bases[tax.key] = bases.get(tax.key, 0) + item.net
            taxes[tax.key] = taxes.get(tax.key, 0) + amount
    return {key: TaxTotal(bases[key], taxes[key]) for key in bases}


def _by_set(items: Iterable[Item]) -> dict[str, Group]:
    nets: dict[str, int] = {}
    sums: dict[str, int] = {}
    for item in items:
        key = item.taxed_by.key
        if item.taxed_by.taxes or item.amount:
            nets[key] = nets.get(key, 0) + item.net
            sums[key] = sums.get(key, 0) + item.gross
    return {key: Group(nets[key], sums[key] - nets[key], sums[key]) for key in nets}
