"""Refunds: goods and service taken back from the remainder of the sale, never computed from prices again.

A part is in proportion to what is left, so it contains its share of discounts, charges and taxes, at the rates of the
sale; the last one takes exactly the rest.
"""

from copy import deepcopy

import msgspec

from core.domain.sale.calculation import MILLI, Totals
from core.domain.sale.errors import Refused
from core.domain.sale.ledger import Entry, EntryKind, Ledger, PayBack, Tenders
from core.domain.sale.parts import Part, Remaining, RemainingLine, RemainingSale
from core.domain.sale.rounding import apportion, is_whole
from core.wire_enum import WireEnum


class ServiceRefund(WireEnum):
    AUTO = "auto"
    """Percentages go back with what they were charged on; fixed amounts stay."""
    NONE = "none"
    ALL = "all"


class LineQuantity(msgspec.Struct, frozen=True):
    id: str
    quantity_milli: int = MILLI


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The extent of a refund: lines, an amount, or everything that is left; and the tenders that pay it."""

    pay_back: tuple[PayBack, ...]
    lines: tuple[LineQuantity, ...] = ()
    amount: int | None = None
    everything: bool = False
    service: ServiceRefund = ServiceRefund.AUTO
    tip: int = 0
    all_tips: bool = False
    cross_tender: bool = False
    """Cash may be given for what was paid otherwise."""


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """The amounts of one refund."""

    value: int
    net: int
    taxes: dict[str, int]
    discount: int
    """How much less than their list price is given back for the lines."""
    service: int
    remaining: int
    """What could still be taken back."""
    tip: int
    rounding: int
    paid_back: int

    @property
    def tax(self) -> int:
        return self.value - self.net


class Refunds:
    """The refunds of one paid order, one after the other. A refused one changes nothing."""

    def __init__(self, totals: Totals, ledger: Ledger, tenders: Tenders) -> None:
        self._tenders = tenders
        self._left = RemainingSale(totals)
        self.ledger = ledger

    def refund(self, request: RefundRequest) -> Refund:
        """Raises `Refused`."""
        ledger = self.ledger
        if ledger.is_void:
            raise Refused("void", "This order was voided.")
        if ledger.balance:
            raise Refused("balance_not_zero", "Only what is paid exactly can be refunded: amend or void the order.")
        if not request.pay_back:
            raise Refused("bad_refund", "Say by which tender the money goes back.")
        tip = ledger.tips if request.all_tips else request.tip
        if not is_whole(tip):
            raise Refused("bad_tip", "A tip cannot be below zero.")
        if tip > ledger.tips:
            raise Refused("exceeds_tip", "That is more than was tipped.")
        left = deepcopy(self._left)
        taken = _taken(left, request)
        remaining = left.gross
        if remaining < 0:
            raise Refused(
                "exceeds_refundable", "That is more than was paid beside the returned empties: refund it all."
            )
        value = sum(part.gross for _, part in taken.parts)
        credited = Ledger((*ledger.entries, Entry(EntryKind.CREDIT, -value)))
        after = credited.paid_back(
            value,
            tip,
            request.pay_back,
            self._tenders,
            empties=not remaining,
            cross=request.cross_tender,
        )
        paid = credited.held - after.held
        taxes: dict[str, int] = {}
        for item, part in taken.parts:
            for key, tax in item.taxes(part):
                taxes[key] = taxes.get(key, 0) + tax
        self._left, self.ledger = left, after
        return Refund(
            value=value,
            net=sum(part.net for _, part in taken.parts),
            taxes={key: tax for key, tax in taxes.items() if tax},
            discount=taken.discount,
            service=taken.service,
            remaining=remaining,
            tip=tip,
            rounding=value + tip - paid,
            paid_back=paid,
        )


class _Taken:
    """The parts of one refund."""

    def __init__(self, left: RemainingSale) -> None:
        self.parts: list[tuple[Remaining, Part]] = []
        self._inclusive = left.inclusive
        self._of_service = {id(item) for item in left.service}

    def add(self, item: Remaining, part: Part) -> None:
        self.parts.append((item, part))

    @property
    def service(self) -> int:
        return sum(part.gross for item, part in self.parts if id(item) in self._of_service)

    @property
    def discount(self) -> int:
        priced = [part for _, part in self.parts if part.list_price]
        return sum(part.list_price - (part.gross if self._inclusive else part.net) for part in priced)


def _taken(left: RemainingSale, request: RefundRequest) -> _Taken:
    ways = (bool(request.lines), request.amount is not None, request.everything)
    if sum(ways) > 1 or (not any(ways) and request.service is not ServiceRefund.ALL):
        raise Refused("bad_refund", "Refund lines, an amount, the service or everything.")
    if not request.service.is_known:
        raise Refused("bad_refund", "Service goes back with its lines, all of it, or not.")
    taken = _Taken(left)
    if request.everything:
        _everything(left, taken)
    elif request.amount is not None:
        _amount(left, taken, request.amount)
    else:
        _lines(left, taken, request)
    return taken


def _everything(left: RemainingSale, taken: _Taken) -> None:
    if not left.gross and not any(line.quantity_milli for line in left.lines.values()):
        raise Refused("exceeds_refundable", "All of it was refunded already.")
    for line in left.lines.values():
        line.quantity_milli = 0
        taken.add(line, line.take_all())
    for item in left.service:
        taken.add(item, item.take_all())


def _amount(left: RemainingSale, taken: _Taken, amount: int) -> None:
    if not is_whole(amount, 1):
        raise Refused("bad_refund", "An amount to refund is above zero.")
    if amount > left.gross:
        raise Refused("exceeds_refundable", "That is more than is left of what was paid.")
    if amount == left.gross:  # with returned empties, whose parts are below zero
        parts = [item.left.gross for item in left.items]
    else:
        parts = apportion(amount, [max(item.left.gross, 0) for item in left.items])
    for item, gross in zip(left.items, parts, strict=True):
        taken.add(item, item.take_gross(gross))  # list prices stay: what is left later has a larger discount


def _lines(left: RemainingSale, taken: _Taken, request: RefundRequest) -> None:
    if len({each.id for each in request.lines}) != len(request.lines):
        raise Refused("bad_refund", "A line is named twice.")
    auto = request.service is ServiceRefund.AUTO
    before = sum(max(line.left.gross, 0) for line in left.lines.values())  # returned empties carry no service
    value = 0
    for each in request.lines:
        line = left.line(each.id)
        part = _line(line, each.quantity_milli, taken, with_shares=auto)
        value += part.gross
    if request.service is ServiceRefund.ALL:
        if not request.lines and not any(item.left.gross for item in left.service):
            raise Refused("exceeds_refundable", "All service was refunded already.")
        for item in left.service:
            taken.add(item, item.take_all())
    elif auto and value:
        for charge, item in left.charges:
            if charge.is_percentage:
                taken.add(item, item.take(value, before))


def _line(line: RemainingLine, quantity_milli: int, taken: _Taken, *, with_shares: bool) -> Part:
    if line.left.list_price < 0:
        raise Refused("not_refundable", "Returned empties go back with the whole order only.")
    if not is_whole(quantity_milli, 1):
        raise Refused("bad_quantity", "A quantity to refund is above zero.")
    whole = line.quantity_milli
    if quantity_milli > whole:
        raise Refused("exceeds_quantity", "That is more than is left of this line.")
    part = line.take(quantity_milli, whole)
    taken.add(line, part)
    line.quantity_milli -= quantity_milli
    if with_shares:
        for charge, share in line.shares:
            if charge.is_percentage:
                taken.add(share, share.take(quantity_milli, whole))
    return part
