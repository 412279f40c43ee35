"""The figures of a period of orders' ledgers, such as a drawer session. Reports are made of them.

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
    """Of a credit, below zero; of a charge."""
    here: bool
    """Whether it is of the session."""
    group: str = ""
    """Of a credit or a charge: the taxes of the line that it is for. See `Part`."""
    discount: int = 0
    """Of a charge."""
    service: int = 0
    """Of a credit, below zero; of a charge."""


class Part(NamedTuple):
    """The part of an order's total that has these taxes: `STD:8250`, or several joined by `+`; empty where an earlier
    release did not say, `-` for none."""

    group: str
    gross: int
    tax: int


class Sold(NamedTuple):
    """The totals of a sold order."""

    total: int
    """With all its charges."""
    tax: int
    parts: tuple[Part, ...] = ()
    """Of its lines. What they do not come to is of no line."""
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
    """The tax of each group of `Part`, less what was taken back."""
    gross: dict[str, int] = {}
    """The turnover of each, with its tax."""
    payments: dict[str, int] = {}
    """By tender, less change and refunds."""

    @property
    def turnover_minor(self) -> int:
        return self.sales_minor - self.refunds_minor

    @property
    def net_minor(self) -> int:
        return self.turnover_minor - self.tax_minor

    def less(self, before: "Figures") -> "Figures":
        """The difference to `before`. Sales and refunds never fall: a refund takes a sale back."""
        found = {name: getattr(self, name) - getattr(before, name) for name in _NUMBERS}
        for each, other in (("sales", "refunds"), ("refunds", "sales")):
            if found[each] < 0 or found[f"{each}_minor"] < 0:
                for name in (each, f"{each}_minor"):
                    found[name.replace(each, other)] -= found[name]
                    found[name] = 0
        return Figures(
            **found,
            taxes=_less(self.taxes, before.taxes),
            gross=_less(self.gross, before.gross),
            payments=_less(self.payments, before.payments),
        )

    def more(self, other: "Figures") -> "Figures":
        """Both together."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _NUMBERS}
        return Figures(
            **sums,
            taxes=_more(self.taxes, other.taxes),
            gross=_more(self.gross, other.gross),
            payments=_more(self.payments, other.payments),
        )


def figures(orders: Iterable[tuple[Sold, Iterable[Booked]]]) -> Figures:
    """The figures of the entries that are `here`. Each order comes with all its entries, in their order."""
    sums: dict[str, int] = dict.fromkeys(_NUMBERS, 0)
    payments: dict[str, int] = {}
    groups: dict[str, list[int]] = {}
    for sold, entries in orders:
        _order(sold, entries, sums, payments, groups)
    taxes = {group: tax for group, (_gross, tax) in groups.items() if tax}
    gross = {group: whole for group, (whole, _tax) in groups.items() if whole}
    return Figures(**sums, taxes=taxes, gross=gross, payments=payments)


class _Account:
    """The sums of an order after some of its entries."""

    __slots__ = (
        *("charged", "credited", "discount", "held", "is_receipt", "payments", "rounding", "service", "tax", "tips"),
    )

    def __init__(self, total: int, tax: int, discount: int, service: int) -> None:
        self.charged, self.tax, self.discount, self.service = total, tax, discount, service
        self.credited = self.held = self.tips = self.rounding = self.payments = 0
        self.is_receipt = False
        """Whether it was paid whole, and still is but for what was charged since."""

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
            self.tax += entry.tax
            self.discount += entry.discount
            self.service += entry.service
        elif kind == _TIP:
            self.tips += amount
        elif kind == _ROUNDING:
            self.rounding += amount

    @property
    def balance(self) -> int:
        return self.charged - self.credited - (self.held - self.tips - self.rounding)

    def settle(self, together: Iterable[Booked]) -> None:
        """These entries, all of one act, were added."""
        if self.payments > 0 and self.balance <= 0:
            self.is_receipt = True
        elif self.payments <= 0 or any(entry.corrects for entry in together):
            self.is_receipt = False

    @property
    def recognised(self) -> tuple[int, int, int, int, int]:
        """The turnover of it: amounts sold, with tax, discounts and service charge, and amounts taken back."""
        sold = (self.charged, self.tax, self.discount, self.service, self.credited)
        return sold if self.is_receipt else (0, 0, 0, 0, 0)

    @property
    def receivable(self) -> int:
        return self.balance if self.is_receipt else -(self.held - self.tips - self.rounding)


def _order(
    sold: Sold,
    entries: Iterable[Booked],
    sums: dict[str, int],
    payments: dict[str, int],
    groups: dict[str, list[int]],
) -> None:
    """Add one order's part to `sums` and `payments`, and to the gross and tax of its `groups`."""
    entries = list(entries)
    charges = [entry for entry in entries if entry.kind == _CHARGE]
    account = _Account(
        sold.total - sum(entry.amount for entry in charges),
        sold.tax - sum(entry.tax for entry in charges),
        sold.discount - sum(entry.discount for entry in charges),
        sold.service - sum(entry.service for entry in charges),
    )
    charged_by = _groups(sold, charges)
    sale = tax = receipts = 0
    for _version, group in groupby(entries, attrgetter("version")):
        together = list(group)
        (charged, taxed, discounted, served, credited), tips = account.recognised, account.tips
        rounding = account.rounding
        receivable, was_receipt = account.receivable, account.is_receipt
        before = {name: list(sums_of) for name, sums_of in charged_by.items()} if was_receipt else {}
        for entry in together:
            account.add(entry)
            if entry.kind == _CHARGE:
                _add(charged_by, entry.group, entry.amount, entry.tax)
        account.settle(together)
        if not together[0].here:
            continue
        is_receipt = account.is_receipt
        now_charged, now_taxed, now_discounted, now_served, now_credited = account.recognised
        sale += now_charged - charged
        tax += now_taxed - taxed
        receipts += is_receipt - was_receipt
        sums["discount_minor"] += now_discounted - discounted
        sums["service_minor"] += now_served - served
        sums["tips_minor"] += account.tips - tips
        sums["rounding_minor"] += account.rounding - rounding
        sums["receivable_minor"] += account.receivable - receivable
        sums["refunds_minor"] += now_credited - credited
        for entry in together:
            if entry.kind in _MONEY:
                payments[entry.tender] = payments.get(entry.tender, 0) + entry.amount
            elif entry.kind == _CREDIT:
                tax += entry.tax
                sums["service_minor"] += entry.service
                _add(groups, entry.group, entry.amount, entry.tax)
        for sign, recognised in ((1, charged_by if is_receipt else {}), (-1, before)):
            for name, (part_gross, part_tax) in recognised.items():
                _add(groups, name, sign * part_gross, sign * part_tax)
        sums["corrections"] += any(entry.corrects and entry.kind == _PAYMENT for entry in together)
        sums["refunds"] += any(entry.kind == _CREDIT for entry in together)
    # What was sold in an earlier session was not paid after all, or came to less: that is no sale below zero.
    sums["sales_minor"] += max(sale, 0)
    sums["refunds_minor"] += max(-sale, 0)
    sums["sales"] += max(receipts, 0)
    sums["refunds"] += max(-receipts, sale < 0)
    sums["tax_minor"] += tax


def _groups(sold: Sold, charges: Iterable[Booked]) -> dict[str, list[int]]:
    """The gross and tax of an order by groups, before these charges."""
    found: dict[str, list[int]] = {}
    left_gross, left_tax = sold.total, sold.tax
    for part in sold.parts:
        _add(found, part.group, part.gross, part.tax)
        left_gross, left_tax = left_gross - part.gross, left_tax - part.tax
    if left_gross or left_tax:
        _add(found, "", left_gross, left_tax)
    for entry in charges:
        _add(found, entry.group, -entry.amount, -entry.tax)
    return found


def _add(groups: dict[str, list[int]], group: str, gross: int, tax: int) -> None:
    sums = groups.setdefault(group, [0, 0])
    sums[0] += gross
    sums[1] += tax


_SUMS: Final = ("taxes", "gross", "payments")
_NUMBERS: Final = tuple(field.name for field in msgspec.structs.fields(Figures) if field.name not in _SUMS)


def _less(now: dict[str, int], then: dict[str, int]) -> dict[str, int]:
    parts = {name: now.get(name, 0) - then.get(name, 0) for name in (*now, *then)}
    return {name: part for name, part in parts.items() if part}


def _more(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *other)}
