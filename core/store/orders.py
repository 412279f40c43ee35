"""Orders: insert, update, and look up one."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, func, literal_column, select, update

from core.domain.ids import CustomerId, OrderId, ShopId
from core.domain.order import (
    MAX_LINES,
    Order,
    PaymentState,
)
from core.domain.people import Principal
from core.domain.pricing import discounts_text
from core.domain.search import WHOLE_NUMBER
from core.instants import to_us
from core.store import day_sums, ledger, order_rows, order_words, status_history
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import customers, order_lines, orders

_c = orders.c
_l = order_lines.c

_INSERT: Final = Prepared.insert(orders)
_INSERT_LINE: Final = Prepared.insert(order_lines)
_UPDATE: Final = Prepared(
    update(orders)
    .where(_c.id == bindparam("order_id"), _c.version == bindparam("seen"))
    .values(
        {
            name: bindparam(name)
            for name in (
                *("status", "is_open", "version", "tender", "payment", "in_parts", "given_minor"),
                *("refunded_minor", "updated_at", "moved_at", "reason", "changed", "change_request"),
            )
        }
    )
)
_UPDATE_LINE: Final = Prepared(
    update(order_lines)
    .where(_l.order_id == bindparam("of_order"), _l.position == bindparam("at"))
    .values({name: bindparam(name) for name in ("refunded_quantity", "refunded_minor", "refunded_tax_minor", "taxes")})
)
_AMEND: Final = Prepared(
    update(orders)
    .where(_c.id == bindparam("order_id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                *("fulfilment", "customer_name", "customer_phone", "address", "note", "discount", "tax_date"),
                *(
                    "subtotal_minor",
                    "discount_minor",
                    "tax_minor",
                    "total_minor",
                    "amendments",
                    "service",
                    "service_minor",
                ),
            )
        }
    )
)
_PLACES: Final = Prepared(select(_l.position).where(_l.order_id == bindparam("of_order")).order_by(_l.position))
_DELETE_LINES: Final = Prepared(delete(order_lines).where(_l.order_id == bindparam("of_order")))
_COUNT_UP: Final = Prepared(
    update(customers)
    .where(customers.c.id == bindparam("customer"))
    .values(order_count=customers.c.order_count + literal_column("1"))
)
_STAMP: Final = Prepared(
    select(_c.shop_id, _c.customer_id, _c.version, _c.updated_at).where(_c.id == bindparam("order_id"))
)
_BY_NUMBER: Final = Prepared(select(_c.id).where(_c.shop_id == bindparam("shop_id"), _c.number == bindparam("number")))
_OWN_BY_NUMBER: Final = Prepared(
    select(_c.id)
    .where(_c.customer_id == bindparam("customer_id"), _c.number == bindparam("number"))
    .order_by(_c.placed_at.desc(), _c.id.desc())
    .limit(1)
)
_LONGEST_NUMBER: Final = 40
_OPEN_OF: Final = Prepared(
    select(_c.id)
    .where(
        _c.shop_id == bindparam("shop_id"),
        order_rows.IS_OPEN,
        func.coalesce(_c.customer_id, "")
        == bindparam("customer_id"),  # not by the customer's index, which has them all
        _c.channel == "online",
    )
    .limit(bindparam("limit"))
)


def insert(
    transaction: Transaction,
    order: Order,
    by: Principal,
    client_at: datetime | None = None,
    reason: str = "",
    drawer: str = "",
) -> None:
    """Insert a new order with its lines, its words, and the first entry of its history (with `reason`), and count it
    for its customer. `drawer`: as in `ledger.record`."""
    values = msgspec.structs.asdict(order)
    del values["lines"], values["payments"]
    values["in_parts"] = int(bool(order.payments))
    values |= {at: to_us(values[at]) for at in ("placed_at", "updated_at")}
    values["moved_at"] = order_rows.optional_us(order.moved_at)
    values["discount"] = order_rows.discount_text(order.discount)
    values["service"] = order_rows.service_text(order.service)
    values["tax_date"] = order_rows.date_text(order.tax_date)
    values["changed"] = values["change_request"] = ""
    transaction.run(_INSERT, **values, is_open=int(order.status.is_open))
    transaction.run_many(_INSERT_LINE, [order_rows.line_values(order.id, *each) for each in enumerate(order.lines)])
    order_words.insert(transaction, order)
    reasons = "; ".join(filter(None, (reason, discounts_text(order))))
    status_history.record(transaction, order, None, by, client_at, reasons)
    if order.payment is not PaymentState.UNPAID or order.payments:
        ledger.record(transaction, order, None, by, client_at=client_at, drawer=drawer)
    if order.customer_id is not None:
        transaction.run(_COUNT_UP, customer=order.customer_id)
    day_sums.forget(transaction, order.shop_id, order.id)


def update_lines(transaction: Transaction, former: Order, order: Order) -> None:
    """Update what was refunded of each line."""
    if former.lines == order.lines:
        return
    for position, then, now in zip(_places(transaction, order.id), former.lines, order.lines, strict=True):
        if now is not then:
            transaction.run(
                _UPDATE_LINE,
                of_order=order.id,
                at=position,
                refunded_quantity=now.refunded_quantity,
                refunded_minor=now.refunded_minor,
                refunded_tax_minor=now.refunded_tax_minor,
                taxes=order_rows.as_json(now.taxes),
            )


def _places(transaction: Transaction, order_id: OrderId) -> list[int]:
    """The positions of the order's lines: what an amendment removed leaves a gap."""
    return [row[0] for row in transaction.all(_PLACES, of_order=order_id)]


def amend(transaction: Transaction, former: Order, order: Order) -> None:
    """Replace what the amendment of `former` replaces, but for what `update_changed` updates."""
    transaction.run(
        _AMEND,
        order_id=order.id,
        fulfilment=order.fulfilment,
        customer_name=order.customer_name,
        customer_phone=order.customer_phone,
        address=order.address,
        note=order.note,
        discount=order_rows.discount_text(order.discount),
        tax_date=order_rows.date_text(order.tax_date),
        subtotal_minor=order.subtotal_minor,
        discount_minor=order.discount_minor,
        tax_minor=order.tax_minor,
        total_minor=order.total_minor,
        amendments=order.amendments,
        service=order_rows.service_text(order.service),
        service_minor=order.service_minor,
    )
    places = dict(zip((line.id for line in former.lines), _places(transaction, order.id), strict=True))
    new = [line.id for line in order.lines if line.id not in places]
    places |= {each: place for place, each in enumerate(new, order.amendments * MAX_LINES)}
    transaction.run(_DELETE_LINES, of_order=order.id)
    transaction.run_many(
        _INSERT_LINE, [order_rows.line_values(order.id, places[line.id], line) for line in order.lines]
    )
    order_words.replace(transaction, former, order)


def update_changed(transaction: Transaction, order: Order, seen: int) -> bool:
    """Update `order` if it is still at version `seen`; returns whether it was. Lines: `update_lines`. It comes
    last, after all that is recorded of the change."""
    changed = transaction.run(
        _UPDATE,
        order_id=order.id,
        seen=seen,
        status=order.status,
        is_open=int(order.status.is_open),
        version=order.version,
        tender=order.tender,
        payment=order.payment,
        in_parts=int(bool(order.payments)),
        given_minor=order.given_minor,
        refunded_minor=order.refunded_minor,
        updated_at=to_us(order.updated_at),
        moved_at=order_rows.optional_us(order.moved_at),
        reason=order.reason,
        changed=order_rows.as_json(order.changed) if order.changed else "",
        change_request=order_rows.as_json(order.change_request) if order.change_request is not None else "",
    )
    day_sums.forget(transaction, order.shop_id, order.id)
    return changed == 1


def get(transaction: Transaction, order_id: OrderId) -> Order | None:
    """One order with its lines, of any customer: the caller decides who may see it."""
    found = order_rows.load(transaction, [order_id])
    return found[0] if found else None


class Stamp(msgspec.Struct, frozen=True):
    """The owner of an order and its version: enough to authorise and to answer 304."""

    shop_id: ShopId
    customer_id: CustomerId | None
    version: int
    updated_us: int


def stamp(transaction: Transaction, order_id: OrderId) -> Stamp | None:
    row = transaction.first(_STAMP, order_id=order_id)
    return Stamp(*row) if row else None


def open_of(transaction: Transaction, shop_id: ShopId, customer_id: CustomerId, most: int) -> int:
    """The number of a customer's open orders in a shop, at most `most`."""
    return len(transaction.all(_OPEN_OF, shop_id=shop_id, customer_id=customer_id, limit=most))


def newest_of_number(transaction: Transaction, customer_id: CustomerId, number: str) -> OrderId | None:
    """The newest of a customer's orders with this number: two shops of the chain may have issued the same."""
    row = transaction.first(_OWN_BY_NUMBER, customer_id=customer_id, number=number)
    return OrderId(row[0]) if row else None


def is_number(text: str) -> bool:
    """Whether `text` looks like an order number, and not like an id."""
    return len(text) <= _LONGEST_NUMBER and WHOLE_NUMBER.fullmatch(text) is not None


def has_number(transaction: Transaction, shop_id: ShopId, number: str) -> bool:
    return transaction.first(_BY_NUMBER, shop_id=shop_id, number=number) is not None
