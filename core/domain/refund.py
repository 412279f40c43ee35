"""Refunds of an order: items of its lines, an amount, or all that is left of it.

A refund takes its part of what remains of a line, net and tax, and never prices anything anew: parts add up to what was
paid to the last unit (`core.domain.sale.parts`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from core.domain.commands import RefundLine, RefundOrder, RefundRounding
from core.domain.errors import IllegalMove, InvalidOrder, ReasonRequired
from core.domain.ids import LineId, line_id
from core.domain.order import LineTax, Order, OrderLine, Payment, PaymentState, Tender
from core.domain.payment import payments_of, rounding_back
from core.domain.sale.calculation import Item
from core.domain.sale.parts import Part, Remaining
from core.domain.sale.rounding import apportion
from core.domain.sale.taxes import Tax, TaxSet
from core.domain.texts import check_no_card, is_blank

_COINS: Final = (Tender.CASH, Tender.CASH_ON_DELIVERY)
_TAXED: Final = LineTax("TAX", 0)
"""Of an order of an earlier release, which kept the sum of its tax only. Neither name nor rate plays a part here."""


def refundable_minor(order: Order) -> int:
    """The refundable amount, in minor units."""
    return order.total_minor - order.refunded_minor if order.payment is PaymentState.PAID else 0


def left_of(line: OrderLine) -> int:
    """The number of items of a line that were not taken back."""
    return line.quantity - line.refunded_quantity


def line_ids(order: Order) -> list[LineId]:
    """The ids of the order's lines, those of an earlier release's order as well."""
    return [line.id or line_id(order.id, position) for position, line in enumerate(order.lines)]


def left_minor(order: Order) -> list[int]:
    """The refundable amount of each line, in minor units."""
    return [each.left.gross for each in _remaining(order)]


def value_of(order: Order, lines: Sequence[RefundLine]) -> int:
    """The value of these items, in minor units. Raises `InvalidOrder` and `IllegalMove`."""
    return sum(part.gross for part in _of_lines(order, _remaining(order), lines).values())


def check_refund(order: Order, asked: RefundOrder) -> None:
    """Checks that this part of the order may be given back.

    Raises `IllegalMove` when it is not paid, or less is left of it; `InvalidOrder`, `ReasonRequired`, and `CardNumber`
    for a reason that contains one.
    """
    if order.payment is not PaymentState.PAID:
        gone = order.payment is PaymentState.REFUNDED
        raise IllegalMove("All of it was given back already." if gone else "It is not paid.", "payment")
    if asked.tender is not None and asked.tender not in {each.tender for each in payments_of(order)}:
        raise IllegalMove("Nothing was paid by this tender.", "tender")
    check_no_card(reason=asked.reason)
    if is_blank(asked.reason):
        raise ReasonRequired("Say why it is refunded.", "reason")
    if asked.lines:
        value_minor = value_of(order, asked.lines)
        if asked.amount_minor not in (None, value_minor):
            raise IllegalMove("These items come to another amount.", "amount_minor")
        if not value_minor:
            raise IllegalMove("Nothing was paid for these items.", "lines")
    elif asked.amount_minor is None:
        raise InvalidOrder("Say which items, or which amount, is given back.", "lines")
    elif asked.amount_minor > refundable_minor(order):
        raise IllegalMove("That is more than is left of what was paid.", "amount_minor")


def by_tender(order: Order, back_minor: int, first: Tender | None = None) -> dict[Tender, int]:
    """By which tenders an amount goes back, and how much by each: `first`, then what is no cash, at most what was paid
    by each."""
    held: dict[Tender, int] = {}
    for each in payments_of(order):
        held[each.tender] = held.get(each.tender, 0) + each.amount_minor - each.refunded_minor
    found = {}
    for tender in sorted(held, key=lambda tender: (tender != first, tender in _COINS)):
        found[tender] = min(held[tender], back_minor)
        back_minor -= found[tender]
    return {tender: amount for tender, amount in found.items() if amount}


def held_minor(order: Order, tender: Tender) -> tuple[int, int]:
    """The money that is held by this tender, and what tips are of it, in minor units."""
    paid = [each for each in payments_of(order) if each.tender == tender]
    return sum(each.paid_minor - each.returned_minor for each in paid), sum(each.tip_minor for each in paid)


def back_by(order: Order, asked: RefundOrder) -> dict[Tender, int]:
    """The amount that each tender gives back, before cash rounding; nothing where `check_refund` refuses it."""
    try:
        value_minor = value_of(order, asked.lines) if asked.lines else asked.amount_minor or 0
    except (InvalidOrder, IllegalMove):
        return {}
    return by_tender(order, value_minor, asked.tender)


def money_back(before: Order, after: Order) -> dict[Tender, int]:
    """The money that was given back by each tender when `before` became `after`."""
    back: dict[Tender, int] = {}
    for was, now in zip(payments_of(before), payments_of(after), strict=True):
        back[now.tender] = back.get(now.tender, 0) + now.returned_minor - was.returned_minor
    tenders = by_tender(before, after.refunded_minor - before.refunded_minor)
    return {tender: back[tender] for tender in sorted(back, key=[*tenders, *back].index) if back[tender]}


def rounding_between(before: Order, after: Order) -> tuple[RefundRounding, ...]:
    """The rounding of the amounts given back between `before` and `after`, as commands have it."""
    added: dict[Tender, int] = {}
    for was, now in zip(payments_of(before), payments_of(after), strict=True):
        more = now.refunded_rounding_minor - was.refunded_rounding_minor
        added[now.tender] = added.get(now.tender, 0) + more
    return tuple(RefundRounding(tender, minor) for tender, minor in added.items() if minor)


def returned(payments: Sequence[Payment], back: Mapping[Tender, int], added: Mapping[Tender, int]) -> Iterator[Payment]:
    """The payments with what goes back of them, the oldest of a tender first, which has what rounding adds to that."""
    left, rest = dict(back), dict(added)
    for each in payments:
        now_minor = min(left.get(each.tender, 0), each.amount_minor - each.refunded_minor)
        left[each.tender] = left.get(each.tender, 0) - now_minor
        yield msgspec.structs.replace(
            each,
            refunded_minor=each.refunded_minor + now_minor,
            refunded_rounding_minor=each.refunded_rounding_minor + rest.pop(each.tender, 0),
        )


def refunded(
    order: Order,
    asked: RefundOrder | None = None,
    first: Tender | None = None,
    rounding: Sequence[RefundRounding] | None = None,
) -> Order:
    """The order with what `asked` takes back; without it, with all that was left, by the tender `first` as far as that
    goes, and with what rounding adds to that where it is not all that is held. Checks nothing."""
    remaining = _remaining(order)
    quantities: dict[int, int] = {}
    if asked is None:
        parts = {position: each.take_all() for position, each in enumerate(remaining)}
        quantities = {position: left_of(line) for position, line in enumerate(order.lines)}
    elif asked.lines:
        parts = _of_lines(order, remaining, asked.lines)
        places = {each: position for position, each in enumerate(line_ids(order))}
        quantities = {places[each.id]: each.quantity for each in asked.lines}
    else:
        parts = _of_amount(remaining, asked.amount_minor or 0)
    back_minor = (
        order.total_minor - order.refunded_minor if asked is None else sum(part.gross for part in parts.values())
    )
    refunded_minor = order.refunded_minor + back_minor
    first = asked.tender if asked is not None else first
    if asked is not None and refunded_minor == order.total_minor:
        # Nothing is left, so all items are taken back, however it came to that.
        return refunded(order, first=first, rounding=asked.rounding)
    told = asked.rounding if asked is not None else rounding
    added = (rounding_back(order) if asked is None else {}) | {each.tender: each.minor for each in told or ()}
    payments = payments_of(order) if any(added.values()) else order.payments
    return msgspec.structs.replace(
        order,
        lines=tuple(
            _line_after(line, parts[position], quantities.get(position, 0)) if position in parts else line
            for position, line in enumerate(order.lines)
        ),
        refunded_minor=refunded_minor,
        payments=tuple(returned(payments, by_tender(order, back_minor, first), added)),
        payment=PaymentState.REFUNDED if refunded_minor == order.total_minor else order.payment,
    )


def _remaining(order: Order) -> list[Remaining]:
    """The remainder of each line."""
    inclusive = order.tax_included
    found = []
    for line, taxes in zip(order.lines, _taxes(order), strict=True):
        added = 0 if inclusive else sum(tax.amount_minor for tax in taxes)
        gross = line.charged_minor + added - line.refunded_minor
        left = tuple(tax.amount_minor - tax.refunded_minor for tax in taxes)
        taxed_by = TaxSet(tuple(Tax(tax.code, tax.rate) for tax in taxes))
        item = Item(line.charged_minor, gross - sum(left), gross, left, taxed_by)
        found.append(Remaining(item, 0, inclusive=inclusive))
    return found


def _taxes(order: Order) -> list[tuple[LineTax, ...]]:
    """The taxes of each line. An earlier release kept them of the whole order: they are divided among its lines."""
    if all(line.taxes for line in order.lines):
        return [line.taxes for line in order.lines]
    parts = apportion(order.tax_minor, [line.total_minor for line in order.lines])
    return [
        (msgspec.structs.replace(_TAXED, amount_minor=part, refunded_minor=line.refunded_tax_minor),)
        for part, line in zip(parts, order.lines, strict=True)
    ]


def _of_lines(order: Order, remaining: Sequence[Remaining], lines: Sequence[RefundLine]) -> dict[int, Part]:
    """The parts by the positions of their lines."""
    places: Mapping[LineId, int] = {each: position for position, each in enumerate(line_ids(order))}
    parts: dict[int, Part] = {}
    for number, each in enumerate(lines):
        field = f"lines[{number}]"
        position = places.get(each.id)
        if position is None:
            raise InvalidOrder("The order has no such line.", f"{field}.id")
        if position in parts:
            raise InvalidOrder("A line is named twice.", f"{field}.id")
        left = left_of(order.lines[position])
        if each.quantity > left:
            raise IllegalMove(f"Of {order.lines[position].name} {left} can be taken back.", f"{field}.quantity")
        parts[position] = remaining[position].take(each.quantity, left)
    return parts


def _of_amount(remaining: Sequence[Remaining], amount_minor: int) -> dict[int, Part]:
    shares = apportion(amount_minor, [each.left.gross for each in remaining])
    return {
        position: each.take_gross(share)
        for position, (each, share) in enumerate(zip(remaining, shares, strict=True))
        if share
    }


def _line_after(line: OrderLine, part: Part, quantity: int) -> OrderLine:
    return msgspec.structs.replace(
        line,
        refunded_quantity=line.refunded_quantity + quantity,
        refunded_minor=line.refunded_minor + part.gross,
        refunded_tax_minor=line.refunded_tax_minor + part.tax,
        taxes=tuple(
            msgspec.structs.replace(tax, refunded_minor=tax.refunded_minor + back)
            for tax, back in zip(line.taxes, part.taxes, strict=False)  # none of an earlier release
        ),
    )
