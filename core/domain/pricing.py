"""The price of an order: its lines, by the one calculation of `core.domain.sale`.

The server prices with it, a window predicts with it, and baskets show it before there is an order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from core.domain.discount import Discount
from core.domain.errors import InvalidOrder
from core.domain.ids import LineId
from core.domain.order import LineTax, Order, OrderLine
from core.domain.sale.calculation import MILLI, Extra, Item, LineTotals, Sale, SaleLine, ServiceCharge, calculate
from core.domain.sale.calculation import Discount as SaleDiscount
from core.domain.sale.errors import Refused
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable
from core.domain.service import Service
from core.domain.tax_table import STANDARD, Terms


class TaxSum(NamedTuple):
    """A tax of an order, over all lines that have it."""

    code: str
    rate: int | None
    """In 1/1000 %; None: an earlier release priced the order, and kept no rates."""
    net_minor: int
    tax_minor: int


class Amounts(msgspec.Struct, frozen=True):
    """The totals of lines, in minor units."""

    lines: tuple[OrderLine, ...] = ()
    """As they were given, with their discounts and taxes."""
    subtotal_minor: int = 0
    """Before discounts, and before tax that is added."""
    discount_minor: int = 0
    """What all discounts take off."""
    discount: Discount | None = None
    """The order's."""
    tax_minor: int = 0
    total_minor: int = 0
    service: Service | None = None
    service_minor: int = 0
    """What the service charge comes to, in the price mode."""

    @property
    def tax_included(self) -> bool:
        return self.total_minor == self.subtotal_minor - self.discount_minor + self.service_minor

    @property
    def taxes(self) -> tuple[TaxSum, ...]:
        return _sums(self.lines, inclusive=self.tax_included)


def price(
    lines: Sequence[OrderLine],
    terms: Terms,
    fulfilment: str,
    on: date,
    discount: Discount | None = None,
    kept: Mapping[LineId, tuple[LineTax, ...]] = {},
    service: Service | None = None,
) -> Amounts:
    """The totals of these lines, less their discounts and the order's `discount`, with its service charge.
    `on` is the date of the rates; lines that were sold before are taxed by the rates that are `kept` of them. Raises
    `InvalidOrder`."""
    try:
        own = dict(_own_rates(lines, terms, str(fulfilment), on, kept))
        totals = calculate(
            Sale(
                currency=terms.currency,
                inclusive=terms.inclusive,
                on=on,
                fulfilment=str(fulfilment),
                taxes=TaxTable((*terms.taxes.entries, *own.values())) if own else terms.taxes,
                lines=tuple(
                    _sale_line(str(position), line, own[position].category if position in own else line.tax_category)
                    for position, line in enumerate(lines)
                ),
                discounts=_discounts(discount),
                service_charges=(ServiceCharge("service", rate=service.rate),) if service and service.rate else (),
            )
        )
    except Refused as error:
        words = "This order comes to more than can be paid. Take it as several orders."
        raise InvalidOrder(words if error.code == "overflow" else error.message, "lines") from None
    shares = {at: item for each in totals.service for at, item in zip(each.lines or (), each.items, strict=True)}
    return Amounts(
        tuple(
            _priced(line, found, shares.get(at))
            for at, (line, found) in enumerate(zip(lines, totals.lines, strict=True))
        ),
        totals.subtotal,
        totals.discount,
        discount,
        totals.tax,
        totals.total,
        service,
        totals.service_total,
    )


def discounts_text(order: Order) -> str:
    """All discounts with their reasons, and that of another service charge, for histories and files:
    `Burrito −50 %: Staff meal; −5.00: Regular`."""
    given = [(f"{line.name} ", line.discount) for line in order.lines if line.discount is not None]
    given += [("", order.discount)] if order.discount is not None else []
    parts = [f"{name}{each.figure(order.currency)}: {each.reason}" for name, each in given]
    parts += [order.service.described()] if order.service is not None and order.service.reason else []
    return "; ".join(parts)


def order_taxes(order: Order) -> tuple[TaxSum, ...]:
    """The order's taxes by rate, the first line's first."""
    if all(line.taxes for line in order.lines):
        return _sums(order.lines, inclusive=order.tax_included)
    return (TaxSum("", None, order.total_minor - order.tax_minor, order.tax_minor),)


def _sums(lines: Iterable[OrderLine], *, inclusive: bool) -> tuple[TaxSum, ...]:
    sums: dict[tuple[str, int], TaxSum] = {}
    for line in lines:
        net_minor = line.charged_minor - (line.tax_minor if inclusive else 0)
        for tax in line.taxes:
            known = sums.get((tax.code, tax.rate), TaxSum(tax.code, tax.rate, 0, 0))
            sums[tax.code, tax.rate] = known._replace(
                net_minor=known.net_minor + net_minor, tax_minor=known.tax_minor + tax.amount_minor
            )
    return tuple(sums.values())


def _own_rates(
    lines: Sequence[OrderLine], terms: Terms, fulfilment: str, on: date, kept: Mapping[LineId, tuple[LineTax, ...]]
) -> Iterator[tuple[int, TaxEntry]]:
    """An entry of the tax table for each line that was sold by rates which the table no longer says."""
    for position, line in enumerate(lines):
        rates = [(tax.code, tax.rate) for tax in kept.get(line.id, ())]
        if not rates:
            continue
        try:
            found = terms.taxes.taxes(line.tax_category or STANDARD, fulfilment, on).taxes
        except Refused:
            found = ()
        if rates != [(tax.code, tax.rate) for tax in found]:
            yield position, TaxEntry(f"line {position}", tuple(Tax(code, rate) for code, rate in rates))


def _sale_line(identity: str, line: OrderLine, category: str) -> SaleLine:
    extras = tuple(Extra(each.price_minor) for each in line.modifiers)
    return SaleLine(
        identity,
        line.unit_price_minor - sum(each.price for each in extras),
        category or STANDARD,
        line.quantity * MILLI,
        extras,
        _discounts(line.discount),
    )


def _discounts(discount: Discount | None) -> tuple[SaleDiscount, ...]:
    return (SaleDiscount(discount.rate, discount.amount_minor),) if discount is not None else ()


def _priced(line: OrderLine, found: LineTotals, share: Item | None) -> OrderLine:
    """The line with its taxes, those of its share of the service charge among them."""
    of_share = share.taxes if share is not None else (0,) * len(found.item.taxes)
    taxes = zip(found.item.taxed_by.taxes, found.item.taxes, of_share, strict=True)
    return msgspec.structs.replace(
        line,
        taxes=tuple(LineTax(tax.code, tax.rate, amount + more) for tax, amount, more in taxes),
        service_minor=share.amount if share is not None else 0,
        discount_minor=found.discount_line,
        order_discount_minor=found.discount_order,
    )
