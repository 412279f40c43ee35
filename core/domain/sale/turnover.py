"""What a part of orders' ledgers comes to: the figures of a drawer session, of which reports are made.

A sale is turnover once its receipt exists: when it is paid whole. Until then what was paid for it is a deposit. Orders
may be paid in one session and given back in another, so each figure is what changed while entries of the session were
booked: the sums over all sessions are those of the orders.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec

from core.domain.sale.ledger import MONEY, EntryKind

_MONEY: Final = frozenset(map(str, MONEY))
_CHARGE, _CREDIT, _TIP, _ROUNDING, _PAYMENT = (
    str(kind) for kind in (EntryKind.CHARGE, EntryKind.CREDIT, EntryKind.TIP, EntryKind.ROUNDING, EntryKind.PAYMENT)
)


class Booked(NamedTuple):
    """An entry of an order's ledger. See `core.domain.sale.ledger.Entry`."""

    version: int
    """Of the order; entries of one act have it in common."""
    kind: str
    amount: int
    tender: str
    corrects: int
    tax: int
    """Of a credit, below zero."""
    here: bool
    """Whether it is of the session."""


class Sold(NamedTuple):
    """What an order came to."""

    total: int
    """With all its charges."""
    tax: int
    rate: str = ""
    """What its tax is reported by."""
    discount: int = 0
    service: int = 0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts in minor units. Those of tenders and taxes by their names."""

    sales: int = 0
    sales_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0
    tax_minor: int = 0
    discount_minor: int = 0
    service_minor: int = 0
    tips_minor: int = 0
    rounding_minor: int = 0
    receivable_minor: int = 0
    """What is owed for sales, less what was paid ahead for orders that are not paid whole."""
    corrections: int = 0
    """Payments that were taken back as wrong."""
    taxes: dict[str, int] = {}
    payments: dict[str, int] = {}
    """By tender, less change and refunds."""

    @property
    def turnover_minor(self) -> int:
        return self.sales_minor - self.refunds_minor

    @property
    def net_minor(self) -> int:
        return self.turnover_minor - self.tax_minor

    def less(self, before: "Figures") -> "Figures":
        """What has been added since `before`. Sales and refunds never fall: what takes a sale back is a refund."""
        found = {name: getattr(self, name) - getattr(before, name) for name in _NUMBERS}
        for each, other in (("sales", "refunds"), ("refunds", "sales")):
            if found[each] < 0 or found[f"{each}_minor"] < 0:
                for name in (each, f"{each}_minor"):
                    found[name.replace(each, other)] -= found[name]
                    found[name] = 0
        return Figures(**found, taxes=_less(self.taxes, before.taxes), payments=_less(self.payments, before.payments))

    def more(self, other: "Figures") -> "Figures":
        """Both together."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _NUMBERS}
        return Figures(**sums, taxes=_more(self.taxes, other.taxes), payments=_more(self.payments, other.payments))


def figures(orders: Iterable[tuple[Sold, Iterable[Booked]]]) -> Figures:
    """The figures of the entries that are `here`. Each order comes with all its entries, in their order."""
    sums: dict[str, int] = dict.fromkeys(_NUMBERS, 0)
    taxes: dict[str, int] = {}
    payments: dict[str, int] = {}
    for sold, entries in orders:
        own_tax = _order(sold, entries, sums, payments)
        if own_tax:
            taxes[sold.rate] = taxes.get(sold.rate, 0) + own_tax
    return Figures(**sums, taxes=taxes, payments=payments)


class _Account:
    """What an order comes to after some of its entries."""

    __slots__ = ("charged", "credited", "held", "payments", "rounding", "tips")

    def __init__(self, total: int) -> None:
        self.charged = total
        self.credited = self.held = self.tips = self.rounding = self.payments = 0

    def add(self, entry: Booked) -> None:
        kind, amount = entry.kind, entry.amount
        if kind in _MONEY:
            self.held += amount
            if kind == _PAYMENT:
                self.payments += -1 if entry.corrects else 1
        elif kind == _CREDIT:
            self.credited -= amount
            self.payments = self.payments or 1  # what is credited without a payment was not to be paid
        elif kind == _CHARGE:
            self.charged += amount
        elif kind == _TIP:
            self.tips += amount
        elif kind == _ROUNDING:
            self.rounding += amount

    @property
    def balance(self) -> int:
        return self.charged - self.credited - (self.held - self.tips - self.rounding)

    @property
    def is_receipt(self) -> bool:
        return self.payments > 0 and self.balance <= 0

    @property
    def recognised(self) -> tuple[int, int]:
        """What is turnover of it: sold, and taken back."""
        return (self.charged, self.credited) if self.is_receipt else (0, 0)

    @property
    def receivable(self) -> int:
        return self.balance if self.is_receipt else -(self.held - self.tips - self.rounding)


def _order(sold: Sold, entries: Iterable[Booked], sums: dict[str, int], payments: dict[str, int]) -> int:
    """Add one order's part to `sums` and `payments`; returns its tax."""
    entries = list(entries)
    account = _Account(sold.total - sum(entry.amount for entry in entries if entry.kind == _CHARGE))
    sale = tax = receipts = 0
    for _version, group in groupby(entries, attrgetter("version")):
        together = list(group)
        (charged, credited), tips, rounding = account.recognised, account.tips, account.rounding
        receivable, was_receipt = account.receivable, account.is_receipt
        for entry in together:
            account.add(entry)
        if not together[0].here:
            continue
        is_receipt = account.is_receipt
        now_charged, now_credited = account.recognised
        sale += now_charged - charged
        receipts += is_receipt - was_receipt
        sums["tips_minor"] += account.tips - tips
        sums["rounding_minor"] += account.rounding - rounding
        sums["receivable_minor"] += account.receivable - receivable
        sums["refunds_minor"] += now_credited - credited
        for entry in together:
            if entry.kind in _MONEY:
                payments[entry.tender] = payments.get(entry.tender, 0) + entry.amount
            elif entry.kind == _CREDIT:
                tax += entry.tax
        sums["corrections"] += any(entry.corrects and entry.kind == _PAYMENT for entry in together)
        sums["refunds"] += any(entry.kind == _CREDIT for entry in together)
    if sale >= 0 and receipts >= 0:
        sums["sales"] += receipts
        sums["sales_minor"] += sale
    else:  # what was sold in an earlier session was not paid after all
        sums["refunds"] -= receipts
        sums["refunds_minor"] -= sale
    tax += receipts * sold.tax
    sums["tax_minor"] += tax
    sums["discount_minor"] += receipts * sold.discount
    sums["service_minor"] += receipts * sold.service
    return tax


_NUMBERS: Final = tuple(
    field.name for field in msgspec.structs.fields(Figures) if field.name not in ("taxes", "payments")
)


def _less(now: dict[str, int], then: dict[str, int]) -> dict[str, int]:
    parts = {name: now.get(name, 0) - then.get(name, 0) for name in (*now, *then)}
    return {name: part for name, part in parts.items() if part}


def _more(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *other)}
