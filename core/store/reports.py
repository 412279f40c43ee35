"""What a shop's ledger comes to, added up by what a report asks for. Nothing that is a sum is kept."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, case, func, literal_column, or_, select

from core.domain.ids import ItemId, OrderId, ShopId, line_id
from core.domain.sale.ledger import OF_SALE, EntryKind
from core.store.sql.statements import Prepared, Row, Transaction
from core.store.tables import ledger, order_lines, orders

QUARTER_US: Final = 15 * 60 * 1_000_000
"""Times are added up by quarters of an hour: no time zone is shifted by less."""

_e, _o, _l = ledger.c, orders.c, order_lines.c
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
    """What a figure of the order, which is `now`, was when the entry was booked: without what was charged later."""
    later = select(func.coalesce(func.sum(_later.c[charged]), 0)).where(
        _later.c.order_id == _e.order_id, _later.c.kind == str(EntryKind.CHARGE), _later.c.number > _e.number
    )
    return case((_o.amendments == 0, now), else_=now - later.scalar_subquery())


_total_then, _tax_then, _discount_then = (
    _then(_o.total_minor, "amount_minor"),
    _then(_o.tax_minor, "tax_minor"),
    _then(_o.discount_minor, "discount_minor"),
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
_BACK_BY: Final = Prepared(
    select(_e.tender, func.sum(-_e.amount_minor))
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, _is_refund)
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
        _o.total_minor - _o.subtotal_minor + _o.discount_minor,
    )
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(*_period, _is_credit)
)
_LINES: Final = Prepared(
    select(_l.position, _l.item_id, _l.name, _l.quantity, _l.total_minor)
    .where(_l.order_id == bindparam("order_id"))
    .order_by(_l.position)
)


class Booked(NamedTuple):
    """What was booked in a quarter of an hour, of one tender, channel, fulfilment and person. Amounts with tax."""

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


class Sold(NamedTuple):
    """Items that were sold, or taken back; amounts as on the menu, less discounts."""

    item_id: ItemId
    name: str
    quantity: int = 0
    minor: int = 0
    back: int = 0
    back_minor: int = 0
    off: int = 0
    """Those that a discount of their own, or of their order, took something off."""
    off_minor: int = 0


def booked(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Booked]:
    for row in transaction.all(_BOOKED, shop_id=shop_id, from_us=from_us, to_us=to_us):
        yield Booked(int(row[0]), *row[1:5], *map(int, row[5:]))
    for row in transaction.all(_AMENDED, shop_id=shop_id, from_us=from_us, to_us=to_us):
        minor, tax_minor, discounts_minor = map(int, row[5:])
        yield Booked(
            *(int(row[0]), row[1], row[2], row[3], row[4], 0, max(minor, 0), 0, max(-minor, 0), tax_minor, 0),
            discounts_minor=discounts_minor,
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


def sold(transaction: Transaction, shop_id: ShopId, from_us: int, to_us: int) -> Iterator[Sold]:
    for item_id, name, *figures in transaction.all(_SOLD, shop_id=shop_id, from_us=from_us, to_us=to_us):
        quantity, minor, off, off_minor = map(int, figures)
        yield Sold(item_id, name, quantity, minor, off=off, off_minor=off_minor)
    credits_of: dict[str, list[Row]] = {}
    for order_id, *credit in transaction.all(_CREDITS, shop_id=shop_id, from_us=from_us, to_us=to_us):
        credits_of.setdefault(order_id, []).append(tuple(credit))
    for order_id, taken_back in credits_of.items():
        lines = {
            line_id(OrderId(order_id), position): (item_id, name, whole, total)
            for position, item_id, name, whole, total in transaction.all(_LINES, order_id=order_id)
        }
        for line, quantity, minor, tax, added in taken_back:
            if line in lines:
                yield Sold(*lines[line][:2], back=quantity, back_minor=minor + (tax if added else 0))
            elif not line:  # an earlier release refunded it whole
                for item_id, name, whole, total in lines.values():
                    yield Sold(item_id, name, back=whole, back_minor=total)
