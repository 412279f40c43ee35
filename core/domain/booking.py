"""Payments as entries of an order's ledger, and the payments that its entries are. What may become of a payment:
`core.domain.payment`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from core.domain.order import Order, Payment, PaymentState, Tender
from core.domain.payment import money_key, payments_of
from core.domain.sale.ledger import IN_PART, Entry, EntryKind, Ledger, Pay, Tenders


def booked(ledger: Ledger, before: Order | None, order: Order) -> Ledger:
    """The ledger after the payments of an order, or what was refunded of it, became what `order` says. `before` is the
    order before that; None for a new one."""
    if before is not None and order.amendments != before.amendments:
        # What is not in the ledger yet is charged by the order itself.
        charges = charges_of(before, order) if len(ledger.entries) > 1 else []
        return ledger.amended(charges, _given_back(before, order))
    is_refund = order.payment is PaymentState.REFUNDED  # also of what came to nothing
    if before is not None and (is_refund or order.refunded_minor != before.refunded_minor):
        taken_back = _credits(before, order) or [Entry(EntryKind.CREDIT, before.refunded_minor - order.refunded_minor)]
        money_back = _given_back(before, order) or [Entry(EntryKind.REFUND, 0, order.tender)]
        return ledger.followed_by([*taken_back, *money_back])
    then, now = payments_of(before) if before is not None else (), payments_of(order)
    for gone in _more(then, now):
        ledger = ledger.correct(_newest_like(ledger, gone))
    added = _more(now, then)
    for each in added:
        pay = Pay(
            tender=each.tender,
            amount=each.amount_minor,
            tip=each.tip_minor,
            given=each.given_minor,
            reference=each.reference,
            rounding=each.rounding_minor,
        )
        ledger = ledger.pay(pay, Tenders(cash=frozenset({str(each.tender)})))  # what gives no change was checked
    return ledger if added else ledger.planned(order.tender)


def _more(these: Iterable[Payment], those: Iterable[Payment]) -> list[Payment]:
    """The multiset difference of two lists of payments; of equal ones, the newest."""
    left = Counter(map(money_key, those))
    found = []
    for each in these:
        if left[money_key(each)]:
            left[money_key(each)] -= 1
        else:
            found.append(each)
    return found


def _newest_like(ledger: Ledger, payment: Payment) -> int:
    return max(number for number, each in _numbered(ledger) if money_key(each) == money_key(payment))


def _given_back(before: Order, order: Order) -> list[Entry]:
    """The money that goes back by each tender, and what rounding to coins took of it."""
    back, added = Counter[Tender](), Counter[Tender]()
    then = payments_of(before)
    for was, now in zip(then, order.payments or payments_of(order), strict=True):
        back[now.tender] += now.returned_minor - was.returned_minor
        added[now.tender] += now.refunded_rounding_minor - was.refunded_rounding_minor
    tenders = [each for each in back if back[each] or added[each]]
    money = [
        Entry(EntryKind.REFUND, -back[each], each, in_part=IN_PART if place else 0)
        for place, each in enumerate(tenders)
    ]
    return [*money, *(Entry(EntryKind.ROUNDING, -added[each], each) for each in tenders if added[each])]


def charges_of(before: Order, order: Order) -> list[Entry]:
    """The charges of an amendment: an entry for each line and set of taxes whose amount differs. What
    no line of an earlier release says is of none."""
    then, now = _figures(before), _figures(order)
    entries = []
    for key in dict.fromkeys((*then, *now)):
        new, old = now.get(key, _NOTHING), then.get(key, _NOTHING)
        gross, tax, off, service, quantity = (one - other for one, other in zip(new, old, strict=True))
        if gross or tax or off or service or quantity:
            line, taxes = key
            more = Entry(EntryKind.CHARGE, gross, line=line, quantity=quantity, tax=tax, reference=taxes)
            entries.append(msgspec.structs.replace(more, discount=off, service=service))
    rest = Entry(
        EntryKind.CHARGE,
        order.total_minor - before.total_minor - sum(each.amount for each in entries),
        tax=order.tax_minor - before.tax_minor - sum(each.tax for each in entries),
        discount=order.discount_minor - before.discount_minor - sum(each.discount for each in entries),
    )
    if rest.amount or rest.tax or rest.discount:
        entries.append(rest)
    return entries


_NOTHING: Final = (0, 0, 0, 0, 0)


def _figures(order: Order) -> dict[tuple[str, str], tuple[int, int, int, int, int]]:
    """Gross, tax, discounts, service charge and quantity of each line, by its id and its taxes."""
    included = order.tax_included
    return {
        (line.id, "+".join(f"{tax.code}:{tax.rate}" for tax in line.taxes)): (
            line.charged_minor + (0 if included else line.tax_minor),
            line.tax_minor,
            line.discount_minor + line.order_discount_minor,
            line.service_minor,
            line.quantity,
        )
        for line in order.lines
    }


def payments_in(ledger: Ledger) -> tuple[Payment, ...]:
    """The payments that stand, oldest first. What was refunded by a tender is taken off them in their order."""
    back, added = Counter[str](), Counter[str]()
    for each in ledger.entries:
        if each.kind is EntryKind.REFUND:
            back[each.tender] -= each.amount
        elif each.kind is EntryKind.ROUNDING and not (each.payment or each.corrects):
            back[each.tender] += each.amount
            added[each.tender] -= each.amount
    found = []
    for _number, payment in _numbered(ledger):
        refunded_minor = min(back[payment.tender], payment.amount_minor)
        back[payment.tender] -= refunded_minor
        found.append(
            msgspec.structs.replace(
                payment, refunded_minor=refunded_minor, refunded_rounding_minor=added.pop(payment.tender, 0)
            )
        )
    return tuple(found)


def _numbered(ledger: Ledger) -> Iterator[tuple[int, Payment]]:
    for number in ledger.kept_payments:
        yield number, _payment([each for each in ledger.entries if each.payment == number])


def _payment(entries: list[Entry]) -> Payment:
    """The payment that these entries, all of one, are."""
    by_kind = {each.kind: each.amount for each in entries}
    given, change = by_kind[EntryKind.PAYMENT], by_kind.get(EntryKind.CHANGE, 0)
    tip, added = by_kind.get(EntryKind.TIP, 0), by_kind.get(EntryKind.ROUNDING, 0)
    return Payment(
        tender=Tender(entries[0].tender),
        amount_minor=given + change - tip - added,
        tip_minor=tip,
        rounding_minor=added,
        given_minor=given if change else None,
        reference=next(each.reference for each in entries if each.kind is EntryKind.PAYMENT),
    )


def change_of(ledger: Ledger, entries: Iterable[Entry]) -> tuple[Ledger, PaymentState, "Moved"]:
    """The ledger after the entries of one change, the payment's state then, and what the change moved."""
    after = ledger.followed_by(entries)
    added = after.entries[len(ledger.entries) :]
    taken = [each.payment for each in added if each.kind is EntryKind.PAYMENT and not each.corrects]
    undone = [each.corrects for each in added if each.kind is EntryKind.PAYMENT and each.corrects]

    def of(number: int) -> Payment:
        return _payment([each for each in after.entries if each.payment == number])

    returned = (Payment(Tender(each.tender), -each.amount) for each in added if each.kind is EntryKind.REFUND)
    gained, lost = tuple(map(of, taken)), tuple(map(of, undone))
    return after, _state(after), Moved(tuple(_more(gained, lost)), tuple(_more(lost, gained)), tuple(returned))


class Moved(msgspec.Struct, frozen=True):
    """The payments that one change moved: see `PaymentChange`."""

    taken: tuple[Payment, ...]
    undone: tuple[Payment, ...]
    returned: tuple[Payment, ...]


def _state(ledger: Ledger) -> PaymentState:
    if not ledger.charged and any(each.kind is EntryKind.CREDIT for each in ledger.entries):
        return PaymentState.REFUNDED
    return PaymentState.PAID if ledger.is_paid else PaymentState.UNPAID


def _credits(before: Order, order: Order) -> list[Entry]:
    """An entry for each line of which something is taken back."""
    included = order.tax_included
    return [
        Entry(
            EntryKind.CREDIT,
            then.refunded_minor - now.refunded_minor,
            line=now.id,
            quantity=now.refunded_quantity - then.refunded_quantity,
            tax=then.refunded_tax_minor - now.refunded_tax_minor,
            service=then.service_back_minor(included=included) - now.service_back_minor(included=included),
        )
        for then, now in zip(before.lines, order.lines, strict=True)
        if now.refunded_minor != then.refunded_minor or now.refunded_quantity != then.refunded_quantity
    ]
