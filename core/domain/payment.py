"""Rules for changing an order's payment, and who must give a reason."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.domain.commands import Change, ChangePayment, NewOrder, NewPayment, PlaceOrder, TakeOrder, UndoPayment
from core.domain.errors import IllegalMove, InvalidOrder, ReasonRequired
from core.domain.order import MAX_PAYMENTS, Order, Payment, PaymentState, Tender
from core.domain.sale.ledger import IN_PART, Entry, EntryKind, Ledger, Pay, Tenders
from core.domain.sale.rounding import rounded
from core.domain.status import CALLED_OFF
from core.domain.tenders import ShopTender, check_tender
from core.domain.texts import check_no_card, is_blank


class PaymentChange(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with the payment of an order at one time: one or more entries of its append-only ledger."""

    version: int
    """The version of the order that this change made."""
    source: PaymentState | None
    """None for the payment an order was taken with, and for what an earlier release had left before histories were
    kept."""
    target: PaymentState
    tender: Tender
    """How it was paid or refunded; for an unpaid order, how it is to be paid."""
    refunded_minor: int = 0
    """What was given back, in minor units. Of a part of the order, the payment stays paid."""
    charged_minor: int = 0
    """What the order came to more, by an amendment; below zero, less."""
    taken: tuple[Payment, ...] = ()
    undone: tuple[Payment, ...] = ()
    """Payments that were taken back."""
    returned: tuple[Payment, ...] = ()
    """What was given back, by its tenders."""
    at: datetime
    client_at: datetime | None = None
    """When it was done, by the clock of the client, if sent. Informative: that clock may be wrong."""
    reason: str = ""
    by: str = ""
    """Who did it; empty where an earlier release did not record it."""
    approver: str = ""
    """Who allowed it, where the person's own role does not."""
    device: str = ""


_MOVES = frozenset(
    {
        (PaymentState.UNPAID, PaymentState.UNPAID),  # it is to be paid in another way
        (PaymentState.UNPAID, PaymentState.PAID),
        (PaymentState.PAID, PaymentState.PAID),  # it was paid by another tender than recorded
        (PaymentState.PAID, PaymentState.UNPAID),  # marked as paid by mistake
        (PaymentState.PAID, PaymentState.REFUNDED),
    }
)


_NO_CHANGE: Final = "Only cash gives change."


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
    """Those of `these` that `those` have not, or have fewer of; the newest of equal ones."""
    left = Counter(map(_value, those))
    found = []
    for each in these:
        if left[_value(each)]:
            left[_value(each)] -= 1
        else:
            found.append(each)
    return found


def _value(payment: Payment) -> tuple[Tender, int, int]:
    return payment.tender, payment.amount_minor, payment.tip_minor


def _newest_like(ledger: Ledger, payment: Payment) -> int:
    return max(number for number, each in _numbered(ledger) if _value(each) == _value(payment))


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
    """What an amendment charges more, or less, for each line and the taxes it has: an entry for each difference. What
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
    """What one change moved: see `PaymentChange`."""

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


def check_first_payment(payment: PaymentState) -> None:
    """Raises `InvalidOrder` for a new order that is refunded: nothing was paid for it yet."""
    if payment is PaymentState.REFUNDED:
        raise InvalidOrder("A new order is paid or unpaid. Nothing was paid that could be refunded.", "payment")


def check_payment(order: Order, target: PaymentState, tender: Tender, reason: str | None) -> None:
    """Checks that the payment of `order` may become `target`, by `tender`.

    A refund is final, goes to the tender that was paid with, and needs a reason, as does undoing the payment of a
    cancelled order. `reason` is None for a client of 0.1.0, which cannot send one: its refunds are accepted, because
    the money has been given back already.

    Raises `IllegalMove`, `ReasonRequired`, and `CardNumber` for a reason that contains one.
    """
    source = order.payment
    if source is PaymentState.REFUNDED:
        raise IllegalMove("This order was refunded. A refund is final.", "payment")
    if (source, target) not in _MOVES:
        raise IllegalMove(f"A payment that is {source} cannot become {target}.", "payment")
    if gave_back(order) and target is not PaymentState.REFUNDED:
        raise IllegalMove("A part of it was given back. Refund the rest instead.", "payment")
    if order.payments and target is PaymentState.PAID:
        _refuse_in_parts(source)
    if source is target is PaymentState.PAID and tender is order.tender:
        raise IllegalMove("This order is paid already.", "payment")
    if target is PaymentState.REFUNDED and tender is not order.tender:
        raise IllegalMove(
            f"It was paid by {_words(order.tender)}: a refund cannot be made by {_words(tender)}.", "tender"
        )
    if reason is not None:
        check_no_card(reason=reason)
    if not needs_reason(order, target) or not is_blank(reason or ""):
        return
    if target is not PaymentState.REFUNDED:
        raise ReasonRequired("This order was called off after it was paid. Say why its payment changes.", "reason")
    if reason is not None:
        raise ReasonRequired("Say why it is refunded.", "reason")


def _refuse_in_parts(source: PaymentState) -> None:
    """A client of an earlier release does not see which parts there are, and may not say what becomes of them."""
    if source is PaymentState.UNPAID:
        raise IllegalMove("A part of it is paid. Take what is left of it as a payment.", "payment")
    raise IllegalMove("It was paid in parts or with a tip. Take the wrong payment back instead.", "payment")


def needs_reason(order: Order, target: PaymentState) -> bool:
    """Whether changing the payment of `order` to `target` needs a reason."""
    return target is PaymentState.REFUNDED or (order.payment is PaymentState.PAID and order.status in CALLED_OFF)


def payments_of(order: Order) -> tuple[Payment, ...]:
    """The payments of an order that stand, oldest first."""
    if order.payments or order.payment not in (PaymentState.PAID, PaymentState.REFUNDED):
        return order.payments
    given_minor = order.given_minor if order.tender is Tender.CASH else None
    if given_minor is not None and given_minor < order.total_minor:  # miscounted, by an earlier release
        given_minor = None
    return (Payment(order.tender, order.total_minor, 0, given_minor, order.refunded_minor),)


def with_payments(order: Order, payments: tuple[Payment, ...]) -> Order:
    """The order with these payments, paid once they come to its total. Checks nothing."""
    is_paid = bool(payments) and _paid_by(payments, order.refunded_minor) == order.total_minor
    says_all = is_paid and len(payments) == 1 and _is_plain(payments[0])
    says_all = says_all and payments[0].refunded_minor == order.refunded_minor
    return msgspec.structs.replace(
        order,
        tender=payments[-1].tender if payments else order.tender,
        payment=PaymentState.PAID if is_paid else PaymentState.UNPAID,
        given_minor=payments[0].given_minor if says_all else None,
        payments=() if says_all else payments,
    )


def _is_plain(payment: Payment) -> bool:
    """Whether `tender` and `given_minor` of an order that is paid by it say all of it."""
    is_given = payment.given_minor is not None and payment.tender is not Tender.CASH
    added = payment.rounding_minor or payment.refunded_rounding_minor
    return not (payment.tip_minor or payment.reference or added or is_given)


def check_tenders_of(asked: NewOrder | Change, tenders: Sequence[ShopTender]) -> None:
    """Checks what is paid, or is to be paid, by the tenders of the shop. Raises `InvalidOrder`.

    A client of an earlier release, which cannot name a reference, sends none: what it has taken is taken.
    """
    if isinstance(asked, ChangePayment | PlaceOrder | TakeOrder) and asked.tender is not None:
        check_tender(tenders, asked.tender, "tender", is_new=isinstance(asked, PlaceOrder))
    if isinstance(asked, NewPayment):
        _check_tender_of_payment(asked, tenders, "")
    for place, each in enumerate(asked.payments if isinstance(asked, TakeOrder) else ()):
        _check_tender_of_payment(each, tenders, f"payments[{place}].")


def _check_tender_of_payment(asked: NewPayment, tenders: Sequence[ShopTender], field: str) -> None:
    tender = check_tender(tenders, asked.tender, f"{field}tender")
    if tender.needs_reference and is_blank(asked.reference):
        raise InvalidOrder(f"{tender.id.readable} needs its number, or that of its slip.", f"{field}reference")
    needed = (asked.amount_minor or 0) + asked.tip_minor
    if not tender.rounds and asked.given_minor is not None and asked.amount_minor and asked.given_minor > needed:
        raise InvalidOrder(_NO_CHANGE, f"{field}given_minor")


def check_take(order: Order, asked: NewPayment) -> None:
    """Checks that this payment of the order may be taken: of what is due, or a tip beside what is paid.

    Raises `IllegalMove`, `InvalidOrder`, and `CardNumber` for a reference that is one.
    """
    check_no_card(reference=asked.reference)
    due = due_minor(order)
    amount_minor = due if asked.amount_minor is None else asked.amount_minor
    if order.payment is PaymentState.REFUNDED:
        raise IllegalMove("This order was refunded. A refund is final.", "payment")
    if order.payment is PaymentState.PAID and (amount_minor or not asked.tip_minor):
        raise IllegalMove("This order is paid already.", "payment")
    if order.refunded_minor:
        raise IllegalMove("A part of it was given back.", "payment")
    if amount_minor > due:
        raise IllegalMove("That is more than is left to pay.", "amount_minor")
    if due and not amount_minor and not asked.tip_minor:
        raise InvalidOrder("Say how much is paid.", "amount_minor")
    if len(payments_of(order)) >= MAX_PAYMENTS:
        raise IllegalMove(f"An order is paid in {MAX_PAYMENTS} parts at most.", "payment")
    if asked.given_minor is None:
        return
    needed = needed_minor(order, asked) + (asked.rounding_minor or 0)
    if asked.given_minor < needed:
        raise InvalidOrder("That is less than is to be paid.", "given_minor")
    if asked.given_minor > needed and asked.tender in (Tender.CARD, Tender.VOUCHER):
        raise InvalidOrder(_NO_CHANGE, "given_minor")


def taken(order: Order, asked: NewPayment) -> Order:
    """The order with this payment. Checks nothing."""
    exact_minor, added_minor = needed_minor(order, asked), asked.rounding_minor or 0
    payment = Payment(
        asked.tender,
        exact_minor - asked.tip_minor,
        asked.tip_minor,
        asked.given_minor if (asked.given_minor or 0) > exact_minor + added_minor else None,
        reference=asked.reference.strip(),
        rounding_minor=added_minor,
    )
    return with_payments(order, (*payments_of(order), payment))


def check_undo(order: Order, asked: UndoPayment) -> None:
    """Checks that a payment may be taken back. Raises `IllegalMove`, `ReasonRequired`, and `CardNumber` for a reason
    that contains one."""
    of_called_off = order.payment is PaymentState.UNPAID and asked.tender is None and not order.refunded_minor
    if (gave_back(order) and not of_called_off) or order.payment is PaymentState.REFUNDED:
        raise IllegalMove("A part of it was given back. Refund the rest instead.", "payment")
    if not payments_of(order):
        raise IllegalMove("It is not paid.", "payment")
    if asked.tender is not None and _named(asked) not in [_value(each) for each in payments_of(order)]:
        raise IllegalMove("It has no such payment.", "amount_minor")
    check_no_card(reason=asked.reason)
    if is_blank(asked.reason):
        raise ReasonRequired("Say why it is taken back.", "reason")


def undone(order: Order, asked: UndoPayment) -> Order:
    """The order without this payment: the newest like it, or all. Checks nothing."""
    left = list(payments_of(order)) if asked.tender is not None else []
    for place in reversed(range(len(left))):
        if _value(left[place]) == _named(asked):
            del left[place]
            break
    return with_payments(order, tuple(left))


def _named(asked: UndoPayment) -> tuple[Tender | None, int, int]:
    return asked.tender, asked.amount_minor, asked.tip_minor


def money_of(order: Order) -> tuple[PaymentState, Tender, int, int, tuple[tuple[Tender, int, int, int], ...]]:
    """What is known of its money: how it stands, by which tender, its total, what was given back, and the payments
    of one that was paid in parts. Who decides about money decides on these; once one of them is another, they are asked
    again."""
    paid = tuple((*_value(each), each.refunded_minor) for each in order.payments)
    return order.payment, order.tender, order.total_minor, order.refunded_minor, paid


def paid_minor(order: Order) -> int:
    """What was paid of its total, tips not counted, in minor units. Refunds are not taken off; what was given back as
    the order came to less is."""
    return _paid_by(payments_of(order), order.refunded_minor)


def _paid_by(payments: Iterable[Payment], refunded_minor: int) -> int:
    return refunded_minor + sum(each.amount_minor - each.refunded_minor for each in payments)


def gave_back(order: Order) -> bool:
    """Whether money was given back: a part was refunded, or it came to less than was paid."""
    return bool(order.refunded_minor) or any(each.refunded_minor for each in order.payments)


def given_back_minor(order: Order) -> int:
    """What was given back as the order came to less than was paid, in minor units. Refunds are not in it."""
    return max(0, sum(each.refunded_minor for each in order.payments) - order.refunded_minor)


def due_minor(order: Order) -> int:
    """What its payments leave of its total, in minor units, whatever became of it."""
    return order.total_minor - paid_minor(order)


def needed_minor(order: Order, asked: NewPayment) -> int:
    """What this payment comes to before it is rounded to coins, its tip included."""
    return (due_minor(order) if asked.amount_minor is None else asked.amount_minor) + asked.tip_minor


def rounding_minor(order: Order) -> int:
    """What rounding to coins has added to the money that is held for it; below zero, left off."""
    return sum(each.rounding_minor - each.refunded_rounding_minor for each in order.payments)


def rounding_back(order: Order) -> dict[Tender, int]:
    """By each tender, what rounding adds where all that was paid by it goes back. Without a tip that is what it added
    to the money held, so that nothing is left of it. A tip stays, in coins: how these are rounded, commands say."""
    tips, held, kept = Counter[Tender](), Counter[Tender](), Counter[Tender]()
    for each in order.payments:
        tips[each.tender] += each.tip_minor
        held[each.tender] += each.paid_minor - each.returned_minor
        kept[each.tender] += each.amount_minor - each.refunded_minor
    return {each: min(0, held[each] - kept[each]) if tips[each] else held[each] - kept[each] for each in held}


def tip_minor(order: Order) -> int:
    """What was paid beside its total, in minor units."""
    return sum(each.tip_minor for each in order.payments)


def tip_of(order: Order, amount_minor: int, percent: int) -> int:
    """A tip of so many percent for a part of the order, in minor units: of what it comes to without tax."""
    if not order.total_minor:
        return 0
    return rounded(amount_minor * (order.total_minor - order.tax_minor) * percent, order.total_minor * 100)


def to_pay_minor(order: Order) -> int:
    """What is still to be paid, in minor units."""
    is_due = order.payment is PaymentState.UNPAID and order.status not in CALLED_OFF
    return order.total_minor - paid_minor(order) if is_due else 0


def to_give_back_minor(order: Order) -> int:
    """What was paid for an order that was called off, and is to be given back, in minor units."""
    if order.status not in CALLED_OFF or order.payment is PaymentState.REFUNDED:
        return 0
    tips_minor = tip_minor(order) if order.payment is PaymentState.UNPAID else 0  # refunds leave them; undoing does not
    added_minor = sum(rounding_back(order).values()) if order.payment is PaymentState.PAID else rounding_minor(order)
    return paid_minor(order) + tips_minor + added_minor - order.refunded_minor


def _words(tender: Tender) -> str:
    return tender.replace("_", " ")
