"""Orders whose service charge is not its rate of what discounts leave, or whose ledger says other parts of its amounts
than they do: tax, discounts, service charge and items of what an amendment charged, and the service charge of what was
given back."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple, Self

import msgspec
from sqlalchemy import Connection, func, or_, select

from core.decoding import decoder
from core.domain.ids import ItemId
from core.domain.order import Order, OrderLine
from core.domain.sale.ledger import EntryKind
from core.domain.sale.rounding import PERCENT, rounded
from core.domain.service import Service
from core.store.sql.statements import Transaction
from core.store.tables import amendments, ledger, order_lines, orders

_a, _b, _l, _o = amendments.c, ledger.c, order_lines.c, orders.c
_is_charge: Final = _b.kind == str(EntryKind.CHARGE)


class _Parts(msgspec.Struct, frozen=True):
    """The parts of an order's total."""

    tax_minor: int
    discount_minor: int = 0
    service_minor: int = 0
    quantity: int = 0
    """Of all its lines."""

    @classmethod
    def of(cls, order: Order) -> Self:
        return cls(order.tax_minor, order.discount_minor, order.service_minor, order.quantity)


_service: Final = decoder(Service)
_order: Final = decoder(Order)


def differing(transaction: Transaction) -> Iterator[str]:
    """The numbers of these orders, each once."""
    connection = transaction.connection
    yield from dict.fromkeys([*_priced(connection), *_given_back(connection), *_charged(connection)])


def _priced(connection: Connection) -> Iterator[str]:
    """The charge is its rate of what discounts leave; where an amendment left lines as they were of which something was
    given back, of the rest, and theirs."""
    has = or_(_o.service != "", _o.service_minor != 0)
    found = select(_o.id, _o.number, _o.service, _o.subtotal_minor - _o.discount_minor, _o.service_minor).where(has)
    for order_id, number, service, base, minor in connection.execute(found):
        now = _Charge(_service.decode(service).rate if service else 0, base, minor)
        if not now.is_of_all:
            former = select(_a.before).where(_a.order_id == order_id).order_by(_a.version)
            if not _is_of_rest(now, [_order.decode(row[0]) for row in connection.execute(former)]):
                yield number


class _Charge(NamedTuple):
    rate: int
    base_minor: int
    """What discounts leave."""
    minor: int

    @property
    def is_of_all(self) -> bool:
        return self.minor == rounded(self.base_minor * self.rate, PERCENT)


def _is_of_rest(now: _Charge, former: Sequence[Order]) -> bool:
    """`former`: the versions before that, oldest first."""
    if not former:
        return False
    before = former[-1]
    fixed = [line for line in before.lines if line.is_given_back]
    rest_minor = now.base_minor - sum(line.amount_minor for line in fixed)
    minor = sum(line.service_minor for line in fixed) + rounded(rest_minor * now.rate, PERCENT)
    if fixed and now.minor == minor:
        return True
    rate = before.service.rate if before.service is not None else 0
    was = _Charge(rate, before.subtotal_minor - before.discount_minor, before.service_minor)
    return now == was and (was.is_of_all or _is_of_rest(was, former[:-1]))  # nothing was sold otherwise


def _given_back(connection: Connection) -> Iterator[str]:
    """Entries of no credit have no part of it; of credits they are what the lines have given back."""
    says, numbers = Counter[str](), dict[str, str]()
    booked = (
        select(_o.id, _o.number, func.sum(_b.service_minor))
        .select_from(orders.join(ledger, _b.order_id == _o.id))
        .where(~_is_charge, _b.service_minor != 0)
        .group_by(_o.id, _o.number)
    )
    for order_id, number, minor in connection.execute(booked):
        says[order_id], numbers[order_id] = int(minor), number
    lines = (
        select(
            *(_o.id, _o.number, _o.total_minor == _o.subtotal_minor - _o.discount_minor + _o.service_minor),
            *(_l.total_minor, _l.discount_minor, _l.order_discount_minor),
            *(_l.service_minor, _l.refunded_minor, _l.refunded_tax_minor),
        )
        .select_from(orders.join(order_lines, _l.order_id == _o.id))
        .where(_l.service_minor != 0, _l.refunded_minor != 0)
    )
    for order_id, number, included, total, off, order_off, service, back, tax_back in connection.execute(lines):
        line = OrderLine(
            item_id=ItemId(""),
            name="",
            quantity=0,
            unit_price_minor=0,
            total_minor=total,
            discount_minor=off,
            order_discount_minor=order_off,
            service_minor=service,
            refunded_minor=back,
            refunded_tax_minor=tax_back,
        )
        says[order_id] += line.service_back_minor(included=bool(included))
        numbers[order_id] = number
    yield from (numbers[order_id] for order_id, minor in says.items() if minor)


def _charged(connection: Connection) -> Iterator[str]:
    sums = [func.sum(each) for each in (_b.tax_minor, _b.discount_minor, _b.service_minor, _b.quantity)]
    by_version = select(_b.order_id, _b.version, *sums).where(_is_charge).group_by(_b.order_id, _b.version)
    charged = {
        (order_id, version): _Parts(*map(int, parts)) for order_id, version, *parts in connection.execute(by_version)
    }
    quantity = select(func.sum(_l.quantity)).where(_l.order_id == _o.id).scalar_subquery()
    versions = (
        select(_o.id, _o.number, _o.tax_minor, _o.discount_minor, _o.service_minor, quantity, _a.version, _a.before)
        .select_from(orders.join(amendments, _a.order_id == _o.id))
        .where(select(_b.order_id).where(_b.order_id == _o.id, _is_charge).exists())
        .order_by(_o.id, _a.version)
    )
    for _order_id, rows in groupby(connection.execute(versions), itemgetter(0)):
        steps = list(rows)
        former = [_order.decode(step[-1]) for step in steps]
        known = [*map(_Parts.of, former), _Parts(*map(int, steps[0][2:6]))]
        # Lines of an earlier release have no ids: the ledger does not say how many items each was.
        counts = all(line.id for each in former for line in each.lines)
        for (order_id, number, *_now, version, _before), was, became in zip(steps, known, known[1:], strict=False):
            says = charged.get((order_id, version))
            more = _less(became, was)
            more = more if counts or says is None else msgspec.structs.replace(more, quantity=says.quantity)
            if says is not None and says != more:
                yield number


def _less(these: _Parts, those: _Parts) -> _Parts:
    return _Parts(*(one - other for one, other in zip(*map(msgspec.structs.astuple, (these, those)), strict=True)))
