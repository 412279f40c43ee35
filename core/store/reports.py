"""The sums of a shop's ledger, by the keys that a report asks for. No sum is stored here."""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import and_, bindparam, case, exists, func, literal_column, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from core.decoding import decode
from core.domain.discount import Discount
from core.domain.ids import OrderId, ShopId, line_id
from core.domain.order import LineTax, PaymentState
from core.domain.sale.ledger import OF_SALE, EntryKind
from core.domain.status import CALLED_OFF
from core.protocol.reports import By
from core.store.sql.statements import Prepared, Row, Transaction
from core.store.tables import ledger, order_lines, orders, status_history

QUARTER_US: Final = 15 * 60 * 1_000_000
"""Times are added up by quarters of an hour: no time zone is shifted by less."""

_e, _o, _l, _h = ledger.c, orders.c, order_lines.c, status_history.c
_taken = ledger.alias("taken")
"""The payment that an entry takes back."""
_by = func.coalesce(_taken.c.by_name, _e.by_name)
_period = (_e.at >= bindparam("from_us"), _e.at < bindparam("to_us"), _o.shop_id == bindparam("shop_id"))
_sign = case((_e.in_part != 0, 0), (_e.corrects == 0, 1), else_=-1)
"""Of a payment: 1 where the order was paid by it, -1 where one that was is no longer; 0 for one in part."""
_is_payment, _is_refund, _is_credit, _is_tip = (
    _e.kind == str(kind) for kind in (EntryKind.PAYMENT, EntryKind.REFUND, EntryKind.CREDIT, EntryKind.TIP)
)
_credited_tax = case(
    (_e.line_id != "", _e.tax_minor),
    else_=-_o.tax_minor,  # an earlier release refunded whole orders, without saying the tax of each line
)
_later = ledger.alias("later")


def _then(now: Any, charged: str) -> Any:
    """A figure of the order, which is `now`, at the time when the entry was booked: without later charges."""
    later = select(func.coalesce(func.sum(_later.c[charged]), 0)).where(
        _later.c.order_id == _e.order_id, _later.c.kind == str(EntryKind.CHARGE), _later.c.number > _e.number
    )
    return case((_o.amendments == 0, now), else_=now - later.scalar_subquery())


_total_then, _tax_then, _discount_then, _service_then = (
    _then(_o.total_minor, "amount_minor"),
    _then(_o.tax_minor, "tax_minor"),
    _then(_o.discount_minor, "discount_minor"),
    _then(_o.service_minor, "service_minor"),
)
_quarter = _e.at.op("/")(literal_column(str(QUARTER_US)))  # whole numbers: times are after 1970
_tender = case((_e.tender == "", _o.tender), else_=_e.tender)
_BOOKED: Final = Prepared(
    select(
        _quarter.label("quarter"),
        _tender.label("tender"),
        _o.channel,
        _o.fulfilment,
        _by.label("by_name"),
        func.sum(case((_is_payment, _sign), else_=0)),
        func.sum(case((_is_payment, _sign * _total_then), else_=0)),
        func.sum(case((and_(_is_refund, _e.in_part == 0), 1), else_=0)),
        func.sum(case((_is_credit, -_e.amount_minor), else_=0)),
        func.sum(case((_is_payment, _sign * _tax_then), (_is_credit, _credited_tax), else_=0)),
        func.sum(case((_is_tip, _e.amount_minor), else_=0)),
        func.sum(case((and_(_is_payment, _discount_then > 0), _sign), else_=0)),
        func.sum(case((_is_payment, _sign * _discount_then), else_=0)),
        func.sum(case((_is_payment, _sign * _service_then), (_is_credit, _e.service_minor), else_=0)),
    )
    .select_from(
        ledger.join(orders, _o.id == _e.order_id).outerjoin(
            _taken,
            and_(
                _taken.c.order_id == _e.order_id,
                _taken.c.payment == _e.corrects,
                _taken.c.kind == str(EntryKind.PAYMENT),
                _e.corrects > 0,
            ),
        )
    )
    .where(*_period, or_(_is_payment, _is_refund, _is_credit, _is_tip))
    .group_by(literal_column("1"), literal_column("2"), _o.channel, _o.fulfilment, _by)
)
_AMENDED: Final = Prepared(
    select(
        func.min(_quarter),
        _o.tender,
        _o.channel,
        _o.fulfilment,
        func.min(_e.by_name),
        func.sum(_e.amount_minor),
        func.sum(_e.tax_minor),
        func.sum(_e.discount_minor),
        func.sum(_e.service_minor),
    )
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, _e.kind == str(EntryKind.CHARGE), _e.in_part == 0)
    .group_by(_e.order_id, _e.version, _o.tender, _o.channel, _o.fulfilment)
)
"""What was charged of each order that was sold: the difference that an amendment made."""
_part = ledger.alias("part")
"""What was booked of an order until it was paid, or was no longer."""
_is_money = or_(_part.c.kind == str(EntryKind.PAYMENT), _part.c.kind == str(EntryKind.CHANGE))
_is_beside = or_(_part.c.kind == str(EntryKind.TIP), _part.c.kind == str(EntryKind.ROUNDING))
_until = or_(_part.c.number < _e.number, and_(_e.corrects == 0, _part.c.payment == _e.payment))
_PAID_BY: Final = Prepared(
    select(
        _part.c.tender,
        func.sum(_sign * case((_is_money, _part.c.amount_minor), (_is_beside, -_part.c.amount_minor), else_=0)),
    )
    .select_from(ledger.join(orders, _o.id == _e.order_id).join(_part, and_(_part.c.order_id == _e.order_id, _until)))
    .where(*_period, _is_payment, _e.in_part == 0, or_(_is_money, _is_beside))
    .group_by(_part.c.tender)
)
_is_in = or_(_is_payment, _e.kind == str(EntryKind.CHANGE))
_is_aside = or_(_is_tip, _e.kind == str(EntryKind.ROUNDING))
_PAID_MORE_BY: Final = Prepared(
    select(_e.tender, func.sum(case((_is_in, _e.amount_minor), (_is_aside, -_e.amount_minor), else_=0)))
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, _e.in_part == OF_SALE)
    .group_by(_e.tender)
)
"""What was paid of orders that were sold before."""
_is_back_rounded = and_(_e.kind == str(EntryKind.ROUNDING), _e.payment == 0, _e.corrects == 0)
_BACK_BY: Final = Prepared(
    select(_e.tender, func.sum(case((_is_refund, -_e.amount_minor), else_=_e.amount_minor)))
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, or_(_is_refund, _is_back_rounded))
    .group_by(_e.tender)
)
_off_minor = _l.discount_minor + _l.order_discount_minor
_SOLD: Final = Prepared(
    select(
        *(_l.item_id, _l.name, func.sum(_sign * _l.quantity), func.sum(_sign * (_l.total_minor - _off_minor))),
        *(func.sum(case((_off_minor > 0, _sign * _l.quantity), else_=0)), func.sum(_sign * _off_minor)),
    )
    .select_from(ledger.join(orders, _o.id == _e.order_id).join(order_lines, _l.order_id == _e.order_id))
    .where(*_period, _is_payment, _e.in_part == 0)
    .group_by(_l.item_id, _l.name)
)
_CREDITS: Final = Prepared(
    select(
        _e.order_id,
        _e.line_id,
        _e.quantity,
        -_e.amount_minor,
        _e.tax_minor,
        _o.total_minor - _o.subtotal_minor + _o.discount_minor - _o.service_minor,
        -_e.service_minor,
    )
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, _is_credit)
)
_LINES: Final = Prepared(
    select(_l.position, _l.item_id, _l.name, _l.quantity, _l.total_minor - _off_minor)
    .where(_l.order_id == bindparam("order_id"))
    .order_by(_l.position)
)


_is_included = case((_o.total_minor == _o.subtotal_minor - _o.discount_minor + _o.service_minor, 1), else_=0)
_TAXED: Final = Prepared(
    select(
        *(_l.taxes, _is_included.label("included"), func.sum(_sign), func.sum(_sign * _l.quantity)),
        func.sum(_sign * (_l.total_minor - _off_minor + _l.service_minor)),
    )
    .select_from(ledger.join(orders, _o.id == _e.order_id).join(order_lines, _l.order_id == _e.order_id))
    .where(*_period, _is_payment, _e.in_part == 0)
    .group_by(_l.taxes, literal_column("2"))
)
_CHARGED: Final = Prepared(
    select(_e.reference, func.sum(_e.amount_minor), func.sum(_e.tax_minor))
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, _e.kind == str(EntryKind.CHARGE), _e.in_part == 0)
    .group_by(_e.reference)
)
_is_later = and_(_later.c.order_id == _e.order_id, _later.c.kind == str(EntryKind.CHARGE), _later.c.number > _e.number)
_CHARGED_LATER: Final = Prepared(
    select(_later.c.reference, func.sum(-_sign * _later.c.amount_minor), func.sum(-_sign * _later.c.tax_minor))
    .select_from(ledger.join(orders, _o.id == _e.order_id).join(_later, _is_later))
    .where(*_period, _is_payment, _e.in_part == 0)
    .group_by(_later.c.reference)
)
"""What the lines of orders that were sold have more now than they had then."""
_TAXED_BACK: Final = Prepared(
    select(_e.order_id, _e.line_id, _e.quantity, -_e.amount_minor, _credited_tax)
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, _is_credit)
    .order_by(_e.order_id)
)
_TAXES: Final = Prepared(select(_l.position, _l.taxes).where(_l.order_id == bindparam("order_id")))
_LINES_OFF: Final = Prepared(
    select(
        _l.discount,
        _o.discount,
        func.sum(case((_l.discount_minor > 0, _sign), else_=0)),
        func.sum(_sign * _l.discount_minor),
    )
    .select_from(ledger.join(orders, _o.id == _e.order_id).join(order_lines, _l.order_id == _e.order_id))
    .where(*_period, _is_payment, _e.in_part == 0, _o.discount_minor > 0)
    .group_by(_l.discount, _o.discount)
)
_took = exists().where(_l.order_id == _o.id, _l.order_discount_minor > 0).correlate(orders)
"""Whether the order's own discount took something off: where a line's had taken all, it did not."""
_ORDERS_OFF: Final = Prepared(
    select(_o.discount, func.sum(case((_took, _sign), else_=0)), func.sum(_sign * _o.discount_minor))
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, _is_payment, _e.in_part == 0, _o.discount_minor > 0)
    .group_by(_o.discount)
)
_BACK_WHY: Final = Prepared(
    select(
        _e.reason,
        func.sum(case((and_(_is_refund, _e.in_part == 0), 1), else_=0)),
        func.sum(case((_is_credit, -_e.amount_minor), else_=0)),
        func.sum(case((_is_credit, _credited_tax), else_=0)),
    )
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, or_(_is_refund, _is_credit))
    .group_by(_e.reason)
)
_is_called_off = and_(
    literal_column("orders.status IN ('cancelled', 'rejected')"),  # worded like the partial index, or it is not used
    _o.is_open == 0,
    _o.updated_at >= bindparam("from_us"),
    _o.payment == str(PaymentState.UNPAID),
    or_(*(_h.target == str(status) for status in sorted(CALLED_OFF))),
    _h.at >= bindparam("from_us"),
    _h.at < bindparam("to_us"),
)
_VOIDS: Final = Prepared(
    select(_h.reason, func.count(), func.sum(_o.total_minor))
    .select_from(orders.join(status_history, and_(_h.order_id == _o.id, _h.target == _o.status)))
    .where(_o.shop_id == bindparam("shop_id"), _is_called_off)
    .group_by(_h.reason)
)
_waits = (
    select(
        _h.source.label("stage"),
        (_h.at - func.lag(_h.at).over(partition_by=_h.order_id, order_by=_h.version)).label("us"),
    )
    .select_from(orders.join(status_history, _h.order_id == _o.id))
    .where(_o.shop_id == bindparam("shop_id"), _o.placed_at >= bindparam("from_us"), _o.placed_at < bindparam("to_us"))
    .subquery("waits")
)
_STAGES: Final = Prepared(
    select(_waits.c.stage, func.count(), func.sum(_waits.c.us))
    .where(_waits.c.stage.is_not(None))
    .group_by(_waits.c.stage)
)


class Booked(NamedTuple):
    """The bookings of a quarter of an hour, of one tender, channel, fulfilment and person. Amounts with tax."""

    quarter: int
    """Of the Unix epoch."""
    tender: str
    channel: str
    fulfilment: str
    by: str
    sales: int
    sales_minor: int
    refunds: int
    refunds_minor: int
    tax_minor: int
    tips_minor: int
    discounts: int = 0
    discounts_minor: int = 0
    service_minor: int = 0


class Named(NamedTuple):
    """Figures of a name, or of an item of a name: see `core.protocol.reports.SalesRow`."""

    name: str
    item_id: str = ""
    sales: int = 0
    sales_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0
    tax_minor: int = 0
    tips_minor: int = 0
    discounts: int = 0
    discounts_minor: int = 0
    voids: int = 0
    voids_minor: int = 0
    waits: int = 0
    waited_us: int = 0
    service_minor: int = 0


def booked(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Booked]:
    for row in transaction.all(_BOOKED, shop_id=shop_id, from_us=from_us, to_us=to_us):
        yield Booked(int(row[0]), *row[1:5], *map(int, row[5:]))
    for row in transaction.all(_AMENDED, shop_id=shop_id, from_us=from_us, to_us=to_us):
        minor, tax_minor, discounts_minor, service_minor = map(int, row[5:])
        yield Booked(
            *(int(row[0]), row[1], row[2], row[3], row[4], 0, max(minor, 0), 0, max(-minor, 0), tax_minor, 0),
            discounts_minor=discounts_minor,
            service_minor=service_minor,
        )


def by_tender(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Booked]:
    """The same sums, each amount with the tender by which it was paid or given back. A sale that was paid by several
    counts as one of the last one's."""
    period = {"shop_id": shop_id, "from_us": from_us, "to_us": to_us}
    for each in booked(transaction, shop_id, from_us, to_us):
        yield each._replace(sales_minor=0, refunds_minor=0)
    none = Booked(0, "", "", "", "", 0, 0, 0, 0, 0, 0)
    for tender, minor in transaction.all(_PAID_BY, **period):
        yield none._replace(tender=tender, sales_minor=int(minor))
    for tender, minor in transaction.all(_PAID_MORE_BY, **period):
        yield none._replace(tender=tender, sales_minor=int(minor))
    for tender, minor in transaction.all(_BACK_BY, **period):
        yield none._replace(tender=tender, refunds_minor=int(minor))


def by_item(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Named]:
    """Items that were sold or taken back; amounts as on the menu, less discounts."""
    for item_id, name, *figures in transaction.all(_SOLD, shop_id=shop_id, from_us=from_us, to_us=to_us):
        sales, minor, off, off_minor = map(int, figures)
        yield Named(name, item_id, sales, minor, discounts=off, discounts_minor=off_minor)
    credits_of: dict[str, list[Row]] = {}
    for order_id, *credit in transaction.all(_CREDITS, shop_id=shop_id, from_us=from_us, to_us=to_us):
        credits_of.setdefault(order_id, []).append(tuple(credit))
    for order_id, taken_back in credits_of.items():
        lines = {
            line_id(OrderId(order_id), position): (item_id, name, whole, left)
            for position, item_id, name, whole, left in transaction.all(_LINES, order_id=order_id)
        }
        for line, quantity, minor, tax, added, service in taken_back:
            if line in lines:
                item_id, name, *_whole = lines[line]
                yield Named(name, item_id, refunds=quantity, refunds_minor=minor - service + (tax if added else 0))
            elif not line:  # an earlier release refunded it whole
                for item_id, name, whole, left in lines.values():
                    yield Named(name, item_id, refunds=whole, refunds_minor=left)


def by_tax(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Named]:
    """Items, turnover and tax by the taxes that lines were priced with. What lines do not come to, as an earlier
    release did not say it, is of no name."""
    period = {"shop_id": shop_id, "from_us": from_us, "to_us": to_us}
    whole = [0, 0, 0, 0]
    for each in booked(transaction, shop_id, from_us, to_us):
        whole[0] += each.sales_minor
        whole[1] += each.refunds_minor
        whole[2] += each.tax_minor
    for taxes, included, *sums in transaction.all(_TAXED, **period):
        lines, items, amount = map(int, sums)
        name, tax = _taxes(taxes)
        gross = amount if included else amount + lines * tax
        yield Named(name, sales=items, sales_minor=gross, tax_minor=lines * tax)
        whole[0] -= gross
        whole[2] -= lines * tax
    for charged in (_CHARGED, _CHARGED_LATER):
        for name, *sums in transaction.all(charged, **period):
            gross, tax = map(int, sums)
            yield Named(name, sales_minor=gross, tax_minor=tax)
            whole[0] -= gross
            whole[2] -= tax
    for order_id, back in groupby(transaction.all(_TAXED_BACK, **period), itemgetter(0)):
        rows = transaction.all(_TAXES, order_id=order_id)
        names = {line_id(OrderId(order_id), position): _taxes(taxes)[0] for position, taxes in rows}
        for _order_id, line, quantity, minor, tax in back:
            yield Named(names.get(line, ""), refunds=quantity, refunds_minor=minor, tax_minor=tax)
            whole[1] -= minor
            whole[2] -= tax
    if any(whole):
        yield Named("", sales_minor=whole[0], refunds_minor=whole[1], tax_minor=whole[2])


def by_discount(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Named]:
    """The number and amount of discounts by reason, on paid orders. Each count and amount is a sum over
    orders, so that days add up to what they come to together."""
    period = {"shop_id": shop_id, "from_us": from_us, "to_us": to_us}
    off_lines: dict[str, int] = {}
    for own, orders_own, count, minor in transaction.all(_LINES_OFF, **period):
        off_lines[orders_own] = off_lines.get(orders_own, 0) + int(minor)
        if count or minor:
            yield Named(_reason(own), discounts=int(count), discounts_minor=int(minor))
    for discount, count, minor in transaction.all(_ORDERS_OFF, **period):
        off = int(minor) - off_lines.get(discount, 0)
        if discount and (count or off):
            yield Named(_reason(discount), discounts=int(count), discounts_minor=off)


def by_refund(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Named]:
    """The number and amount of refunds by reason."""
    for reason, count, minor, tax in transaction.all(_BACK_WHY, shop_id=shop_id, from_us=from_us, to_us=to_us):
        yield Named(reason, refunds=int(count), refunds_minor=int(minor), tax_minor=int(tax))


def by_void(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Named]:
    """Orders that were called off unpaid, by the reason."""
    for reason, count, minor in transaction.all(_VOIDS, shop_id=shop_id, from_us=from_us, to_us=to_us):
        yield Named(reason, voids=int(count), voids_minor=int(minor))


def by_stage(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Named]:
    """The number of times that orders placed in the period left a status, and the time they spent in it."""
    for status, count, us in transaction.all(_STAGES, shop_id=shop_id, from_us=from_us, to_us=to_us):
        yield Named(status, waits=int(count), waited_us=int(us))


@lru_cache(8192)
def _taxes(text: str) -> tuple[str, int]:
    """The names and rates of a line's taxes, and what they came to."""
    found = decode(text, tuple[LineTax, ...])
    return "+".join(f"{tax.code}:{tax.rate}" for tax in found), sum(tax.amount_minor for tax in found)


def _reason(text: str) -> str:
    return decode(text, Discount).reason if text else ""


def behind(by: By, name: str, periods: Sequence[tuple[int, int]], items: Collection[str] | None) -> ColumnElement[bool]:
    """The orders behind a row of a report of those periods (µs). `items`: those of a category; None: of none."""
    since_us, until_us = periods[0][0], periods[-1][1]
    if by is By.VOID:
        called_off = _h.target.in_(sorted(map(str, CALLED_OFF)))
        at = and_(_h.order_id == _o.id, called_off, _h.reason == name, _h.at >= since_us, _h.at < until_us)
        unpaid = and_(_o.is_open == 0, _o.updated_at >= since_us, _o.payment == str(PaymentState.UNPAID))
        return and_(unpaid, exists().where(at))
    if by is By.STAGE:
        left = exists().where(_h.order_id == _o.id, _h.source == name)
        return and_(_o.placed_at >= since_us, _o.placed_at < until_us, left)
    booked_in = or_(*(and_(_e.at >= since, _e.at < until) for since, until in periods))
    entries = [booked_in, _e.kind.in_([str(kind) for kind in _KINDS.get(by, _ALL_KINDS)])]
    if by in _COLUMNS:
        entries.append(_COLUMNS[by] == name)
    return and_(_o.id.in_(select(_e.order_id).where(*entries)), _sold_so(by, name, items))


_ALL_KINDS: Final = (EntryKind.PAYMENT, EntryKind.TIP, EntryKind.CREDIT, EntryKind.REFUND, EntryKind.CHARGE)
_KINDS: Final = {By.REFUND: (EntryKind.CREDIT, EntryKind.REFUND), By.DISCOUNT: (EntryKind.PAYMENT,)}
"""The entries that a report is about."""
_COLUMNS: Final = {By.TENDER: _e.tender, By.STAFF: _e.by_name, By.REFUND: _e.reason}


def _sold_so(by: By, name: str, items: Collection[str] | None) -> ColumnElement[bool]:
    """Whether an order is of a row, by what was sold."""
    line = _l.order_id == _o.id
    match by:
        case By.CHANNEL:
            return _o.channel == name
        case By.FULFILMENT:
            return _o.fulfilment == name
        case By.ITEM:
            return exists().where(line, _l.name == name)
        case By.CATEGORY:
            is_item = _l.item_id.in_(items or ())
            return exists().where(line, is_item if name else ~is_item)
        case By.TAX:
            rates = [each.rpartition(":") for each in name.split("+")] if name else []
            says = [f'"code":{_quoted(code)},"rate":{rate}' for code, _colon, rate in rates]
            has = [_l.taxes.contains(each, autoescape=True) for each in says] or [_l.taxes == "[]"]
            return exists().where(line, *has)
        case By.DISCOUNT:
            why = f'"reason":{_quoted(name)}'
            own = exists().where(line, _l.discount.contains(why, autoescape=True))
            return or_(_o.discount.contains(why, autoescape=True), own)
    return true()


def touched(cashier: str, till: str, tender: str) -> Iterator[ColumnElement[bool]]:
    """Orders that somebody whose name begins so, or that POS, has taken or moved money of, and those that were paid by
    that tender."""
    entry, placing = _e.order_id == _o.id, and_(_h.order_id == _o.id, _h.version == 1)
    if cashier:
        begins = cashier.casefold()
        moved, took = (func.lower(each).startswith(begins, autoescape=True) for each in (_e.by_name, _h.by_name))
        yield or_(exists().where(entry, moved), exists().where(placing, took))
    if till:
        moved, took = (func.lower(each) == till.casefold() for each in (_e.device, _h.device))
        yield or_(exists().where(entry, moved), exists().where(placing, took))
    if tender:
        yield exists().where(entry, _e.tender == tender, _e.kind == str(EntryKind.PAYMENT))


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
