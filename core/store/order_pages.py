"""Pages of orders: a customer's history, a snapshot, and what the staff searches."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, func, literal_column, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from core.domain.errors import DomainError
from core.domain.ids import CustomerId, ShopId
from core.domain.order import Order
from core.instants import to_us
from core.protocol.replies import OrderPage, StaffOrderPage
from core.protocol.requests import HistoryQuery, OrderQuery
from core.store import cursors, order_search, reports, status_history
from core.store.order_rows import IS_OPEN, KEY, encode, known
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import customers, orders

_c = orders.c

_COUNT: Final = Prepared(select(customers.c.order_count).where(customers.c.id == bindparam("customer_id")))
_newest = select(*KEY).where(_c.customer_id == bindparam("customer_id"))
_newest = _newest.order_by(_c.placed_at.desc(), _c.id.desc()).limit(bindparam("limit"))
HISTORY: Final = Prepared(_newest)
"""A customer's newest orders."""
HISTORY_AFTER: Final = Prepared(
    _newest.where(tuple_(_c.placed_at, _c.id) < tuple_(bindparam("placed_us"), bindparam("after_id")))
)
"""A customer's orders after a position. The cost is independent of depth: one seek in `ix_orders_history`."""
_HISTORY_FROM: Final = Prepared(_newest.offset(bindparam("offset")))
"""A customer's orders after an offset, which is skipped in the index."""
_ALL_OPEN: Final = Prepared(
    select(*KEY).where(_c.shop_id == bindparam("shop_id"), IS_OPEN).order_by(_c.placed_at, _c.id)
)
_CLOSED_SINCE: Final = Prepared(
    select(*KEY)
    .where(_c.shop_id == bindparam("shop_id"), literal_column("is_open = 0"), _c.updated_at >= bindparam("since"))
    .order_by(_c.updated_at)
)
_AT_ONCE: Final = 100


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
        return blake2b(encode((self.total, seen)), digest_size=12).hexdigest()

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
        found += known(transaction, wanted[start : start + _AT_ONCE])
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
    page = select(*KEY).where(*wanted).limit(query.limit + 1)
    if total > 1:  # one alone needs no order, and asking for it would send SQLite past the index that finds it
        page = page.order_by(*ends)
    return _page(transaction, transaction.search(page), query.limit, total, is_least=total == most)


def _filters(
    query: OrderQuery, placed_from: datetime | None, placed_to: datetime | None
) -> Iterable[ColumnElement[bool]]:
    if query.open:
        yield IS_OPEN
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
    found = known(transaction, shown)
    following = cursors.encode(cursors.Position(shown[-1][2], shown[-1][0])) if more else None
    return OrderPage(orders=tuple(found), total=total, total_is_least=is_least, next_cursor=following)
