"""The ledger of one order: charges and payments, as entries that are only ever added.

Nothing that is a sum of entries is kept. `held` is the money there is for the order; `settled` the part of it that pays
for goods; `balance` what is still to be paid, or, below zero, to be given back.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from core.domain.sale.calculation import EXACT
from core.domain.sale.errors import Refused
from core.domain.sale.rounding import CashRounding, is_whole
from core.wire_enum import WireEnum


class EntryKind(WireEnum):
    CHARGE = "charge"
    """What is owed. An amendment adds the difference."""
    CREDIT = "credit"
    """Value taken back by a refund, below zero."""
    PAYMENT = "payment"
    """What was handed over, of which `CHANGE` went back at once."""
    CHANGE = "change"
    REFUND = "refund"
    TIP = "tip"
    """The part of the money held that is a tip."""
    ROUNDING = "rounding"
    """The part of it that rounding to coins added, or, below zero, left off."""
    PLAN = "plan"
    """How it is to be paid. Moves no money: its amount is 0."""


MONEY: Final = frozenset({EntryKind.PAYMENT, EntryKind.CHANGE, EntryKind.REFUND})
"""The entries that move money. The others say what it is for."""


class Entry(msgspec.Struct, frozen=True):
    kind: EntryKind
    amount: int
    tender: str = ""
    """Empty for a charge and a credit."""
    payment: int = 0
    """The running number of the payment that the entry belongs to, from 1; 0 for none."""
    corrects: int = 0
    """The number of the payment that the entry takes back; 0 for none."""
    line: str = ""
    """Of a credit: the id of the line that it is for; empty for all of the order."""
    quantity: int = 0
    """Of a credit: how many of the line's items are taken back."""
    tax: int = 0
    """The tax in it: of a credit, below zero; of a charge."""
    in_part: int = 0
    """`IN_PART`, `OF_SALE`, or 0: the entry is counted as a sale or a refund."""
    reference: str = ""
    """Of a payment: what it is found by elsewhere. Of a charge: the taxes of its line, `STD:8250+CITY:1000`."""
    discount: int = 0
    """Of a charge: how much more discounts take off."""
    service: int = 0
    """What of it is service charge: of a credit, below zero; of a charge."""


IN_PART: Final = 1
"""Of a payment: the order is not paid by it; of one that is taken back: it was not paid before. Of a charge: of an
order that was not paid. Of a refund: another tender's of the same refund, or of what was paid ahead."""
OF_SALE: Final = 2
"""Of a payment: the order was paid already, and the payment is of what was added to it, or a tip."""


class PaymentStatus(WireEnum):
    """The payment status of a ledger."""

    UNPAID = "unpaid"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERPAID = "overpaid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    VOID = "void"


class Tenders(msgspec.Struct, frozen=True):
    """Which tenders are coins and notes: they give change and round; no other does."""

    cash: frozenset[str] = frozenset({"cash"})
    rounding: CashRounding = EXACT


class Pay(msgspec.Struct, frozen=True, kw_only=True):
    """A payment. `amount` is the part of the balance that it pays: all of it unless given."""

    tender: str
    amount: int | None = None
    tip: int = 0
    given: int | None = None
    """What was handed over; as much as was needed unless given."""
    keep_change: bool = False
    """What is handed over too much is a tip."""
    deposit: bool = False
    """More than the balance may be paid: the bill is to come."""
    reference: str = ""
    rounding: int | None = None
    """Of cash: what rounding adds, where that is known; as the setting says unless given."""


class Ledger(msgspec.Struct, frozen=True):
    """The entries of an order in their order. Each act returns another ledger, or raises `Refused`."""

    entries: tuple[Entry, ...] = ()
    is_void: bool = False

    @classmethod
    def opened(cls, total: int) -> "Ledger":
        """A new ledger, of an order with that total."""
        return cls((Entry(EntryKind.CHARGE, _total(total)),))

    def followed_by(self, entries: Iterable[Entry]) -> "Ledger":
        """The ledger with these entries added, which the methods below have made."""
        return self._with(entries)

    def of(self, *kinds: EntryKind) -> int:
        """The sum of the entries of these kinds."""
        return sum(each.amount for each in self.entries if each.kind in kinds)

    @property
    def charged(self) -> int:
        return self.of(EntryKind.CHARGE, EntryKind.CREDIT)

    @property
    def held(self) -> int:
        return self.of(*MONEY)

    @property
    def tips(self) -> int:
        return self.of(EntryKind.TIP)

    @property
    def rounding(self) -> int:
        return self.of(EntryKind.ROUNDING)

    @property
    def settled(self) -> int:
        return self.held - self.tips - self.rounding

    @property
    def balance(self) -> int:
        """The amount still to be paid; below zero, to be given back."""
        return self.charged - self.settled

    @property
    def is_paid(self) -> bool:
        """Whether the whole charge is paid, also where it is zero."""
        return not self.balance and bool(self.kept_payments)

    @property
    def is_sold(self) -> bool:
        """Whether it was paid whole once, and still is but for what was charged since: its receipt exists."""
        sales = (each for each in self.entries if each.kind is EntryKind.PAYMENT and not each.in_part)
        return sum(-1 if each.corrects else 1 for each in sales) > 0

    @property
    def kept_payments(self) -> list[int]:
        """The numbers of the payments that were not taken back."""
        undone = {each.corrects for each in self.entries}
        return [each.payment for each in self.entries if each.kind is EntryKind.PAYMENT and each.payment not in undone]

    def held_by(self) -> dict[str, int]:
        """The money held, by tender."""
        found: dict[str, int] = {}
        for each in self.entries:
            if each.kind in MONEY:
                found[each.tender] = found.get(each.tender, 0) + each.amount
        return found

    @property
    def status(self) -> PaymentStatus:
        if self.is_void:
            return PaymentStatus.VOID
        credited = any(each.kind is EntryKind.CREDIT for each in self.entries)
        if credited and not self.charged:
            return PaymentStatus.REFUNDED
        balance = self.balance
        if balance < 0:
            return PaymentStatus.OVERPAID
        if balance > 0:
            return PaymentStatus.PARTLY_PAID if self.settled else PaymentStatus.UNPAID
        return PaymentStatus.PARTLY_REFUNDED if credited else PaymentStatus.PAID

    def planned(self, tender: str) -> "Ledger":
        """Plan payment by another tender."""
        self._check_not_void()
        return self._with([Entry(EntryKind.PLAN, 0, tender)])

    def pay(self, payment: Pay, tenders: Tenders) -> "Ledger":
        self._check_not_void()
        amount = max(self.balance, 0) if payment.amount is None else payment.amount
        if not is_whole(amount) or not is_whole(payment.tip):
            raise Refused("bad_payment", "A payment and a tip cannot be below zero.")
        if amount > self.balance and not payment.deposit and amount:
            raise Refused("exceeds_balance", "That is more than is to be paid.")
        number = self.newest_payment + 1
        booked = _in_cash if payment.tender in tenders.cash else _by_other
        after = self._with(
            Entry(
                *(kind, value, payment.tender, number),
                reference=payment.reference if kind is EntryKind.PAYMENT else "",
            )
            for kind, value in booked(payment, amount, tenders.rounding)
        )
        part = OF_SALE if self.is_sold else 0 if after.is_paid else IN_PART
        return _marked(after, len(self.entries), part)

    def correct(self, payment: int) -> "Ledger":
        """Take payment number `payment` back, as it was booked with a wrong tender or amount."""
        self._check_not_void()
        wrong = [each for each in self.entries if each.payment == payment and payment > 0]
        if not wrong:
            raise Refused("no_such_payment", "There is no such payment.")
        if any(each.corrects == payment for each in self.entries):
            raise Refused("already_corrected", "This payment was taken back already.")
        if any(each.kind is EntryKind.REFUND for each in self.entries):
            raise Refused("refunded_already", "Money was given back since. Refund the rest instead.")
        after = self._with(
            Entry(each.kind, -each.amount, each.tender, 0, payment, reference=each.reference) for each in wrong
        )
        part = IN_PART if not self.is_sold else OF_SALE if after.is_paid else 0
        return _marked(after, len(self.entries), part)

    @property
    def newest_payment(self) -> int:
        """The number of the newest payment; 0 without any."""
        return max((each.payment for each in self.entries), default=0)

    def amend(self, total: int) -> "Ledger":
        """Change the order's total."""
        self._check_not_void()
        return self._with([Entry(EntryKind.CHARGE, _total(total) - self.charged)])

    def amended(self, entries: Iterable[Entry], back: Sequence[Entry]) -> "Ledger":
        """Add these charges of changed lines, and the refunds `back` of what is then paid too much. An order that
        becomes paid by that counts as sold by its newest payment."""
        self._check_not_void()
        sold = self.is_sold
        after = _marked(self._with(entries), len(self.entries), 0 if sold else IN_PART)
        if not sold and after.balance <= 0 and after.kept_payments:
            after = after.paid_anew()
        returned = after.followed_by(back)
        return returned if sold else _marked(returned, len(after.entries), IN_PART)

    def paid_anew(self) -> "Ledger":
        """Take the newest payment back and book it again as the one that pays the order, where earlier ones are
        enough now."""
        number = self.kept_payments[-1]
        paid = [each for each in self.entries if each.payment == number]
        again = self.newest_payment + 1
        return self.correct(number).followed_by(
            msgspec.structs.replace(each, payment=again, in_part=0) for each in paid
        )

    def void(self) -> "Ledger":
        """Void an order that never became a sale."""
        self._check_not_void()
        if self.held:
            raise Refused("has_payments", "Money is held for this order. Give it back first.")
        return msgspec.structs.replace(self._with([Entry(EntryKind.CHARGE, -self.charged)]), is_void=True)

    def give_back(self, tender: str, tenders: Tenders, amount: int | None = None) -> "Ledger":
        """Return what was paid above the total."""
        self._check_not_void()
        over = max(-self.balance, 0)
        value = over if amount is None else amount
        if not is_whole(value) or not value:
            raise Refused("exceeds_overpayment" if not over else "bad_payment", "There is nothing to give back.")
        if value > over:
            raise Refused("exceeds_overpayment", "That is more than was paid too much.")
        empties = value == over and not self.charged
        return self.paid_back(value, 0, (PayBack(tender),), tenders, empties=empties)

    def paid_back(
        self, value: int, tip: int, to: Sequence["PayBack"], tenders: Tenders, *, empties: bool, cross: bool = False
    ) -> "Ledger":
        """Give back goods of that value, and of that tip, by these tenders; the last gets what the others leave.

        `empties`: nothing is charged any more, so that all the money held goes back, with what rounding added to it.
        `cross`: cash may be given for what was paid otherwise. Raises `Refused` when a tender holds less.
        """
        held = self.held_by()
        paid: list[tuple[str, int]] = []
        rest = value + tip
        for position, each in enumerate(to):
            if position + 1 < len(to):
                if each.amount is None or not is_whole(each.amount):
                    raise Refused("bad_refund", "Say how much each tender gets; only the last one gets the rest.")
                back = each.amount
            else:
                raw = rest + (self.rounding if empties else 0)
                cap = self.held - (self.tips - tip) - sum(amount for _, amount in paid)
                back = min(raw, cap)
                if each.tender in tenders.cash:
                    back = tenders.rounding.of(raw)
                    back = back if back <= cap else tenders.rounding.at_most(cap)
                if each.amount is not None and each.amount != back:
                    raise Refused("bad_refund", "The parts do not add up to what is given back.")
            already = sum(amount for tender, amount in paid if tender == each.tender)
            if back < 0:
                raise Refused("bad_refund", "That is more than is given back.")
            if back + already > held.get(each.tender, 0) and not (cross and each.tender in tenders.cash):
                raise Refused("method_cap", "Not so much was paid by that tender.")
            paid.append((each.tender, back))
            rest -= back
        last = to[-1].tender
        entries = [
            Entry(EntryKind.REFUND, -amount, tender, in_part=IN_PART if position else 0)
            for position, (tender, amount) in enumerate(paid)
        ]
        if tip:
            entries.append(Entry(EntryKind.TIP, -tip, last))
        if rest:
            entries.append(Entry(EntryKind.ROUNDING, rest, last))
        return self._with(entries)

    def _with(self, entries: Iterable[Entry]) -> "Ledger":
        return msgspec.structs.replace(self, entries=(*self.entries, *entries))

    def _check_not_void(self) -> None:
        if self.is_void:
            raise Refused("void", "This order was voided.")


class PayBack(msgspec.Struct, frozen=True):
    """A tender by which money goes back, and how much: None for the rest."""

    tender: str
    amount: int | None = None


def _marked(ledger: Ledger, first: int, in_part: int) -> Ledger:
    """The ledger with the entries from `first` on marked as a part of a sale, or not: see `Entry.in_part`."""
    added = (msgspec.structs.replace(each, in_part=in_part) for each in ledger.entries[first:])
    return msgspec.structs.replace(ledger, entries=(*ledger.entries[:first], *added))


def _in_cash(payment: Pay, amount: int, rounding: CashRounding) -> Iterator[tuple[EntryKind, int]]:
    tip = payment.tip
    need = amount if payment.keep_change else amount + tip
    need = rounding.of(need) if payment.rounding is None else need + payment.rounding
    given = need if payment.given is None else payment.given
    if not is_whole(given) or given < need:
        raise Refused("short", "That is less than is to be paid.")
    if payment.keep_change:
        added, tip, change = need - amount, given - need, 0
    else:
        added, change = need - amount - tip, given - need
    yield EntryKind.PAYMENT, given
    if change:
        yield EntryKind.CHANGE, -change
    if added:
        yield EntryKind.ROUNDING, added
    if tip:
        yield EntryKind.TIP, tip


def _by_other(payment: Pay, amount: int, _rounding: CashRounding) -> Iterator[tuple[EntryKind, int]]:
    whole = amount + payment.tip
    given = whole if payment.given is None else payment.given
    if not is_whole(given) or given < whole:
        raise Refused("short", "That is less than is to be paid.")
    if given > whole or payment.keep_change:
        raise Refused("no_change_on_non_cash", "Only cash gives change.")
    yield EntryKind.PAYMENT, whole
    if payment.tip:
        yield EntryKind.TIP, payment.tip


def _total(total: int) -> int:
    if not is_whole(total):
        raise Refused("bad_total", "A total is a whole number of minor units, not below zero.")
    return total
