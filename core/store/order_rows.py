"""The rows of orders and their lines, as `Order` has them and back."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from core.decoding import decode
from core.domain.discount import Discount
from core.domain.ids import OrderId, line_id
from core.domain.order import (
    ChangeRequest,
    Channel,
    LineChange,
    LineModifier,
    LineTax,
    Order,
    OrderLine,
    Payment,
    PaymentState,
    Tender,
)
from core.domain.service import Service
from core.domain.status import Fulfilment, OrderStatus
from core.instants import from_us, to_us
from core.store import ledger
from core.store.sql.statements import Prepared, Row, Transaction
from core.store.tables import order_lines, orders

_c = orders.c
_ORDER: Final = (
    _c.id,
    _c.shop_id,
    _c.number,
    _c.channel,
    _c.status,
    _c.version,
    _c.fulfilment,
    _c.tender,
    _c.payment,
    _c.currency,
    _c.subtotal_minor,
    _c.tax_minor,
    _c.total_minor,
    _c.placed_at,
    _c.updated_at,
    _c.moved_at,
    _c.given_minor,
    _c.refunded_minor,
    _c.customer_id,
    _c.customer_name,
    _c.customer_phone,
    _c.address,
    _c.note,
    _c.reason,
    _c.tax_date,
    _c.discount,
    _c.discount_minor,
    _c.in_parts,
    _c.amendments,
    _c.changed,
    _c.follows,
    _c.change_request,
    _c.service,
    _c.service_minor,
)
_IN_PARTS: Final = _ORDER.index(_c.in_parts)
_l = order_lines.c
_LINE: Final = (
    _l.order_id,
    _l.item_id,
    _l.name,
    _l.quantity,
    _l.unit_price_minor,
    _l.total_minor,
    _l.modifiers,
    _l.note,
    _l.position,
    _l.refunded_quantity,
    _l.refunded_minor,
    _l.refunded_tax_minor,
    _l.tax_category,
    _l.taxes,
    _l.discount,
    _l.discount_minor,
    _l.order_discount_minor,
    _l.service_minor,
)
# A look-up in a dictionary costs a tenth of calling the enum.
_CHANNELS: Final = {str(member): member for member in Channel}
_STATUSES: Final = {str(member): member for member in OrderStatus}
_FULFILMENTS: Final = {str(member): member for member in Fulfilment}
_TENDERS: Final = {str(member): member for member in Tender}
_PAYMENTS: Final = {str(member): member for member in PaymentState}
IS_OPEN: Final[ColumnElement[bool]] = literal_column("is_open = 1")  # worded like the partial index, or it is not used
KEY: Final = (_c.id, _c.version, _c.placed_at, _c.updated_at)
"""What is read of each order to choose those of a page; the orders themselves: `known`."""
encode: Final = msgspec.json.Encoder().encode
REMEMBERED: Final = 4_096
"""The number of orders that each reading connection caches."""


@cache
def _orders_of(count: int) -> Prepared:
    return Prepared(select(*_ORDER).where(_c.id.in_([bindparam(f"id{n}") for n in range(count)])))


@cache
def _lines_of(count: int) -> Prepared:
    wanted = _l.order_id.in_([bindparam(f"id{n}") for n in range(count)])
    return Prepared(select(*_LINE).where(wanted).order_by(_l.order_id, _l.position))


@lru_cache(4096)  # the same choices are on thousands of lines
def _modifiers(text: str) -> tuple[LineModifier, ...]:
    return decode(text, tuple[LineModifier, ...])


@lru_cache(4096)
def _taxes(text: str) -> tuple[LineTax, ...]:
    return decode(text, tuple[LineTax, ...])


@lru_cache(4096)
def _discount(text: str) -> Discount:
    return decode(text, Discount)


@lru_cache(4096)
def _changes(text: str) -> tuple[LineChange, ...]:
    return decode(text, tuple[LineChange, ...])


@lru_cache(256)
def _change_request(text: str) -> ChangeRequest:
    return decode(text, ChangeRequest)


@lru_cache(4096)
def _service(text: str) -> Service:
    return decode(text, Service)


def service_text(service: Service | None) -> str:
    return as_json(service) if service is not None else ""


def discount_text(discount: Discount | None) -> str:
    return as_json(discount) if discount is not None else ""


def date_text(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def as_json(value: object) -> str:
    return encode(value).decode()


def line_values(order_id: OrderId, position: int, line: OrderLine) -> dict[str, Any]:
    values = msgspec.structs.asdict(line)
    del values["id"]  # made of the order's id and the position
    return values | {
        "order_id": order_id,
        "position": position,
        "modifiers": as_json(line.modifiers),
        "taxes": as_json(line.taxes),
        "discount": discount_text(line.discount),
    }


def optional_us(at: datetime | None) -> int | None:
    return to_us(at) if at is not None else None


def known(transaction: Transaction, keys: Sequence[Any]) -> list[Order]:
    """The orders of `(id, version, …)`, in that order.

    An order at a version never changes, so one that was read before is reused. Screens that refresh request the same
    orders over and over; the cache makes each several times cheaper and cannot be stale.
    """
    memory: dict[str, Order] = transaction.memory if transaction.memory is not None else {}
    found: dict[str, Order] = {}
    for key in keys:
        held = memory.get(key[0])
        if held is not None and held.version == key[1]:
            found[key[0]] = held
    missing = [key[0] for key in keys if key[0] not in found]
    if missing:
        for order in load(transaction, missing):
            found[order.id] = order
            if len(memory) >= REMEMBERED:
                del memory[next(iter(memory))]
            memory[order.id] = order
    return [found[key[0]] for key in keys]


def load(transaction: Transaction, order_ids: Sequence[str]) -> list[Order]:
    ids = {f"id{n}": order_id for n, order_id in enumerate(order_ids)}
    lines: dict[str, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for row in transaction.all(_lines_of(len(order_ids)), **ids):
        order_id, item_id, name, quantity, unit_minor, total_minor, modifiers, note, position, *rest = row
        back, back_minor, back_tax_minor, category, taxes, discount, off_minor, order_off_minor, service_minor = rest
        line = OrderLine(
            *(item_id, name, quantity, unit_minor, total_minor, _modifiers(modifiers) if modifiers != "[]" else ()),
            *(note, line_id(order_id, position), back, back_minor, back_tax_minor),
            tax_category=category,
            taxes=_taxes(taxes) if taxes != "[]" else (),
            discount=_discount(discount) if discount else None,
            discount_minor=off_minor,
            order_discount_minor=order_off_minor,
            service_minor=service_minor,
        )
        lines[order_id].append(line)
    rows = transaction.all(_orders_of(len(order_ids)), **ids)
    in_parts = [row[0] for row in rows if row[_IN_PARTS]]
    payments = ledger.payments(transaction, in_parts) if in_parts else {}
    return [_order(row, tuple(lines[row[0]]), payments.get(row[0], ())) for row in rows]


def _order(row: Row, lines: tuple[OrderLine, ...], payments: tuple[Payment, ...]) -> Order:
    return Order(
        id=row[0],
        shop_id=row[1],
        number=row[2],
        channel=_CHANNELS[row[3]],
        status=_STATUSES[row[4]],
        version=row[5],
        fulfilment=_FULFILMENTS[row[6]],
        tender=_TENDERS.get(row[7]) or Tender(row[7]),
        payment=_PAYMENTS[row[8]],
        currency=row[9],
        subtotal_minor=row[10],
        tax_minor=row[11],
        total_minor=row[12],
        placed_at=from_us(row[13]),
        updated_at=from_us(row[14]),
        moved_at=from_us(row[15]) if row[15] is not None else None,
        given_minor=row[16],
        refunded_minor=row[17],
        customer_id=row[18],
        customer_name=row[19],
        customer_phone=row[20],
        address=row[21],
        note=row[22],
        reason=row[23],
        tax_date=date.fromisoformat(row[24]) if row[24] is not None else None,
        discount=_discount(row[25]) if row[25] else None,
        discount_minor=row[26],
        amendments=row[28],
        changed=_changes(row[29]) if row[29] else (),
        follows=row[30],
        change_request=_change_request(row[31]) if row[31] else None,
        service=_service(row[32]) if row[32] else None,
        service_minor=row[33],
        lines=lines,
        payments=payments,
    )
