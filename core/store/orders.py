"""Orders: insert, update, and queries."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, delete, func, literal_column, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from core.decoding import decode
from core.domain.discount import Discount
from core.domain.errors import DomainError
from core.domain.ids import CustomerId, OrderId, ShopId, line_id
from core.domain.order import (
    MAX_LINES,
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
from core.domain.people import Principal
from core.domain.pricing import discounts_text
from core.domain.search import WHOLE_NUMBER
from core.domain.service import Service
from core.domain.status import Fulfilment, OrderStatus
from core.instants import from_us, to_us
from core.protocol.replies import OrderPage, StaffOrderPage
from core.protocol.requests import HistoryQuery, OrderQuery
from core.store import cursors, day_sums, ledger, order_search, order_words, reports, status_history
from core.store.sql.statements import Prepared, Row, Transaction
from core.store.tables import customers, order_lines, orders

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
_COUNT: Final = Prepared(select(customers.c.order_count).where(customers.c.id == bindparam("customer_id")))
_COUNT_UP: Final = Prepared(
    update(customers)
    .where(customers.c.id == bindparam("customer"))
    .values(order_count=customers.c.order_count + literal_column("1"))
)
_KEY: Final = (_c.id, _c.version, _c.placed_at, _c.updated_at)
_newest = select(*_KEY).where(_c.customer_id == bindparam("customer_id"))
_newest = _newest.order_by(_c.placed_at.desc(), _c.id.desc()).limit(bindparam("limit"))
HISTORY: Final = Prepared(_newest)
"""A customer's newest orders."""
HISTORY_AFTER: Final = Prepared(
    _newest.where(tuple_(_c.placed_at, _c.id) < tuple_(bindparam("placed_us"), bindparam("after_id")))
)
"""A customer's orders after a position. The cost is independent of depth: one seek in `ix_orders_history`."""
_HISTORY_FROM: Final = Prepared(_newest.offset(bindparam("offset")))
"""A customer's orders after an offset, which is skipped in the index."""


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
_IS_OPEN: Final[ColumnElement[bool]] = literal_column("is_open = 1")  # worded like the partial index, or it is not used
_OPEN_OF: Final = Prepared(
    select(_c.id)
    .where(
        _c.shop_id == bindparam("shop_id"),
        _IS_OPEN,
        func.coalesce(_c.customer_id, "")
        == bindparam("customer_id"),  # not by the customer's index, which has them all
        _c.channel == "online",
    )
    .limit(bindparam("limit"))
)
_ALL_OPEN: Final = Prepared(
    select(*_KEY).where(_c.shop_id == bindparam("shop_id"), _IS_OPEN).order_by(_c.placed_at, _c.id)
)
_CLOSED_SINCE: Final = Prepared(
    select(*_KEY)
    .where(_c.shop_id == bindparam("shop_id"), literal_column("is_open = 0"), _c.updated_at >= bindparam("since"))
    .order_by(_c.updated_at)
)
_AT_ONCE: Final = 100
_encode: Final = msgspec.json.Encoder().encode


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


def _service_text(service: Service | None) -> str:
    return _json(service) if service is not None else ""


def _discount_text(discount: Discount | None) -> str:
    return _json(discount) if discount is not None else ""


def _date_text(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _json(value: object) -> str:
    return _encode(value).decode()


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
    values["moved_at"] = _us(order.moved_at)
    values["discount"] = _discount_text(order.discount)
    values["service"] = _service_text(order.service)
    values["tax_date"] = _date_text(order.tax_date)
    values["changed"] = values["change_request"] = ""
    transaction.run(_INSERT, **values, is_open=int(order.status.is_open))
    transaction.run_many(_INSERT_LINE, [_line_values(order.id, *each) for each in enumerate(order.lines)])
    order_words.insert(transaction, order)
    reasons = "; ".join(filter(None, (reason, discounts_text(order))))
    status_history.record(transaction, order, None, by, client_at, reasons)
    if order.payment is not PaymentState.UNPAID or order.payments:
        ledger.record(transaction, order, None, by, client_at=client_at, drawer=drawer)
    if order.customer_id is not None:
        transaction.run(_COUNT_UP, customer=order.customer_id)
    day_sums.forget(transaction, order.shop_id, order.id)


def _line_values(order_id: OrderId, position: int, line: OrderLine) -> dict[str, Any]:
    values = msgspec.structs.asdict(line)
    del values["id"]  # made of the order's id and the position
    return values | {
        "order_id": order_id,
        "position": position,
        "modifiers": _json(line.modifiers),
        "taxes": _json(line.taxes),
        "discount": _discount_text(line.discount),
    }


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
                taxes=_json(now.taxes),
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
        discount=_discount_text(order.discount),
        tax_date=_date_text(order.tax_date),
        subtotal_minor=order.subtotal_minor,
        discount_minor=order.discount_minor,
        tax_minor=order.tax_minor,
        total_minor=order.total_minor,
        amendments=order.amendments,
        service=_service_text(order.service),
        service_minor=order.service_minor,
    )
    places = dict(zip((line.id for line in former.lines), _places(transaction, order.id), strict=True))
    new = [line.id for line in order.lines if line.id not in places]
    places |= {each: place for place, each in enumerate(new, order.amendments * MAX_LINES)}
    transaction.run(_DELETE_LINES, of_order=order.id)
    transaction.run_many(_INSERT_LINE, [_line_values(order.id, places[line.id], line) for line in order.lines])
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
        moved_at=_us(order.moved_at),
        reason=order.reason,
        changed=_json(order.changed) if order.changed else "",
        change_request=_json(order.change_request) if order.change_request is not None else "",
    )
    day_sums.forget(transaction, order.shop_id, order.id)
    return changed == 1


def _us(at: datetime | None) -> int | None:
    return to_us(at) if at is not None else None


def get(transaction: Transaction, order_id: OrderId) -> Order | None:
    """One order with its lines, of any customer: the caller decides who may see it."""
    found = _load(transaction, [order_id])
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


class Found(msgspec.Struct, frozen=True):
    """The ids and versions of the orders of a page. The orders themselves are not read yet."""

    keys: Sequence[Any]
    limit: int
    total: int

    @property
    def count(self) -> int:
        return min(len(self.keys), self.limit)

    def fingerprint(self) -> str:
        """A hash of ids, versions and epoch: after a restore a version alone does not identify an order's content."""
        seen = [(key[0], key[1], key[3]) for key in self.keys]
        return blake2b(_encode((self.total, seen)), digest_size=12).hexdigest()

    def page(self, transaction: Transaction) -> OrderPage:
        return _page(transaction, self.keys, self.limit, self.total)


def history(transaction: Transaction, customer_id: CustomerId, query: HistoryQuery) -> OrderPage:
    """A page of one customer's orders, newest first. Raises `DomainError` on an invalid cursor."""
    return find_history(transaction, customer_id, query).page(transaction)


def find_history(transaction: Transaction, customer_id: CustomerId, query: HistoryQuery) -> Found:
    """The ids and versions of `history`, to tell whether it has changed."""
    if query.cursor and query.offset:
        raise DomainError("Say where the page begins by `cursor` or by `offset`, not by both.", "offset")
    if query.offset:
        rows = transaction.all(_HISTORY_FROM, customer_id=customer_id, offset=query.offset, limit=query.limit + 1)
    elif query.cursor:
        after = cursors.decode(query.cursor)
        rows = transaction.all(
            HISTORY_AFTER,
            customer_id=customer_id,
            placed_us=after.placed_us,
            after_id=after.order_id,
            limit=query.limit + 1,
        )
    else:
        rows = transaction.all(HISTORY, customer_id=customer_id, limit=query.limit + 1)
    counted = transaction.first(_COUNT, customer_id=customer_id)
    return Found(rows, query.limit, counted[0] if counted else 0)


def open_or_closed_since(
    transaction: Transaction, shop_id: ShopId, closed_since: datetime, after: str = "", limit: int = 0
) -> tuple[list[Order], int]:
    """A shop's open orders, oldest first, then those that closed at or after an instant; and the number of all.

    With a `limit` it is a page by id, beginning after the id `after`: an order that moves while the pages are read is
    in one of them all the same.
    """
    keys = transaction.all(_ALL_OPEN, shop_id=shop_id)
    keys += transaction.all(_CLOSED_SINCE, shop_id=shop_id, since=to_us(closed_since))
    wanted = sorted(key for key in keys if key[0] > after)[:limit] if limit else keys
    found: list[Order] = []
    for start in range(0, len(wanted), _AT_ONCE):
        found += _known(transaction, wanted[start : start + _AT_ONCE])
    return found, len(keys)


def search(
    transaction: Transaction,
    shop_id: ShopId,
    query: OrderQuery,
    placed_from: datetime | None = None,
    placed_to: datetime | None = None,
    more: Sequence[ColumnElement[bool]] = (),
) -> StaffOrderPage:
    """A page of one shop's orders: newest first, but the open ones oldest first, the order of work. An order of exactly
    the number that is sought comes before them. `more`: what they have to be besides."""
    filters = (*_filters(query, placed_from, placed_to), *more)
    page = _search(transaction, shop_id, query, filters)
    cashiers = status_history.taken_by(transaction, [order.id for order in page.orders]) if query.cashiers else {}
    return StaffOrderPage(**msgspec.structs.asdict(page), cashiers=cashiers)


def _search(
    transaction: Transaction,
    shop_id: ShopId,
    query: OrderQuery,
    filters: Sequence[ColumnElement[bool]],
) -> OrderPage:
    after = cursors.decode(query.cursor) if query.cursor else None
    sought = query.sought
    if not sought.is_anything and not sought.numbers:
        asked = order_search.Search(transaction, shop_id, sought, filters, oldest_first=query.open)
        found = asked.page(after, query.limit)
        return _page(transaction, found.keys, query.limit, found.total, is_least=not found.is_all)
    wanted = [_c.shop_id == shop_id, *filters]
    if sought.numbers:  # one seek, not a search
        wanted.append(_c.number.in_(sought.numbers))
    # What the ledger is asked of each order is counted up to a limit, as what is found by words is.
    most = order_search.COUNTED + 1 if query.cashier or query.till or query.tender else None
    matches = select(_c.id).where(*wanted).limit(most).subquery()
    total = transaction.search(select(func.count()).select_from(matches))[0][0]
    if after is not None:
        place, position = tuple_(_c.placed_at, _c.id), tuple_(after.placed_us, after.order_id)
        wanted.append(place > position if query.open else place < position)
    ends = (_c.placed_at, _c.id) if query.open else (_c.placed_at.desc(), _c.id.desc())
    page = select(*_KEY).where(*wanted).limit(query.limit + 1)
    if total > 1:  # one alone needs no order, and asking for it would send SQLite past the index that finds it
        page = page.order_by(*ends)
    return _page(transaction, transaction.search(page), query.limit, total, is_least=total == most)


def _filters(
    query: OrderQuery, placed_from: datetime | None, placed_to: datetime | None
) -> Iterable[ColumnElement[bool]]:
    if query.open:
        yield _IS_OPEN
    if query.status:
        yield _c.status.in_(query.status)
    if query.payment:
        yield _c.payment.in_(query.payment)
    yield from reports.touched(query.cashier, query.till, query.tender)
    if placed_from is not None:
        yield _c.placed_at >= to_us(placed_from)
    if placed_to is not None:
        yield _c.placed_at < to_us(placed_to)


def _page(
    transaction: Transaction, keys: Sequence[Any], limit: int, total: int, *, is_least: bool = False
) -> OrderPage:
    """A page from one key more than was asked for: the extra one shows that there is a next page."""
    more = len(keys) > limit
    shown = keys[:limit]
    found = _known(transaction, shown)
    following = cursors.encode(cursors.Position(shown[-1][2], shown[-1][0])) if more else None
    return OrderPage(orders=tuple(found), total=total, total_is_least=is_least, next_cursor=following)


def _known(transaction: Transaction, keys: Sequence[Any]) -> list[Order]:
    """The orders of `(id, version, …)`, in that order.

    An order at a version never changes, so one that was read before is reused. Screens that refresh request the same
    orders over and over; the cache makes each several times cheaper and cannot be stale.
    """
    memory: dict[str, Order] = transaction.memory if transaction.memory is not None else {}
    found: dict[str, Order] = {}
    for key in keys:
        known = memory.get(key[0])
        if known is not None and known.version == key[1]:
            found[key[0]] = known
    missing = [key[0] for key in keys if key[0] not in found]
    if missing:
        for order in _load(transaction, missing):
            found[order.id] = order
            if len(memory) >= REMEMBERED:
                del memory[next(iter(memory))]
            memory[order.id] = order
    return [found[key[0]] for key in keys]


def _load(transaction: Transaction, order_ids: Sequence[str]) -> list[Order]:
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
