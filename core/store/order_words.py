"""The words that a shop's orders are found by (docs/adr/0053). They are inserted with an order and never change:
neither do its number, name and phone number."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    func,
    intersect,
    literal_column,
    select,
    text,
    union_all,
)

from core.domain.ids import ShopId
from core.domain.order import Order
from core.domain.search import Facts, Keys, index_keys
from core.instants import to_us
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import order_words

INSERT: Final = Prepared(
    text(
        "INSERT INTO order_words (shop_id, word, placed_at) VALUES (:shop_id, :word, :placed_at) "
        "ON CONFLICT DO NOTHING"  # another order of the same microsecond
    )
)
_w = order_words.c
_within = (_w.shop_id == bindparam("shop_id"), _w.word >= bindparam("low"), _w.word < bindparam("high"))
_some: Select[Any] = select(literal_column("1")).select_from(order_words).where(*_within).limit(bindparam("limit"))
COUNT: Final = Prepared(select(func.count()).select_from(_some.subquery()))
_AFTER_ALL: Final = "\U0010ffff"
_NEXT: Final = "\x01"


def insert(transaction: Transaction, order: Order) -> None:
    """Insert the words of a new order."""
    transaction.run_many(INSERT, rows(order.shop_id, to_us(order.placed_at), Facts.of(order)))


def rows(shop_id: str, placed_us: int, facts: Facts) -> list[dict[str, Any]]:
    """An order's rows, in the table's order."""
    return [{"shop_id": shop_id, "word": word, "placed_at": placed_us} for word in sorted(index_keys(facts))]


def count(transaction: Transaction, shop_id: ShopId, keys: Keys, most: int) -> int:
    """The number of rows with one of `keys`, counted up to one more than `most`."""
    found = 0
    for low, high in _ranges(keys):
        row = transaction.first(COUNT, shop_id=shop_id, low=low, high=high, limit=most + 1 - found)
        found += row[0] if row is not None else 0
        if found > most:
            break
    return found


def placed(
    transaction: Transaction,
    shop_id: ShopId,
    words: Sequence[Keys],
    begin_us: int | None,
    most: int,
    *,
    oldest_first: bool,
) -> list[int]:
    """The instants (µs) of the first `most` orders that have a key of each of `words`, from an instant on, forwards or
    backwards in time. An order with two of the keys is included twice."""
    begin = [] if begin_us is None else [_w.placed_at >= begin_us if oldest_first else _w.placed_at <= begin_us]
    having = [select(_among(shop_id, keys, *begin).subquery().c.placed_at) for keys in words]
    # As a join or IN, the planner may scan a range for each row of the other side: half a minute.
    at = (intersect(*having) if len(having) > 1 else having[0]).subquery().c.placed_at
    rows = transaction.search(select(at).order_by(at if oldest_first else at.desc()).limit(most))
    return [row[0] for row in rows]


def _among(shop_id: ShopId, keys: Keys, *more: ColumnElement[bool]) -> CompoundSelect[Any]:
    """A UNION ALL of one range for each key: joined by OR, SQLite may scan the whole table."""
    ranges = (and_(_w.shop_id == shop_id, _w.word >= low, _w.word < high, *more) for low, high in _ranges(keys))
    return union_all(*(select(_w.placed_at).where(each) for each in ranges))


def _ranges(keys: Keys) -> Iterable[tuple[str, str]]:
    yield from ((key, key + _NEXT) for key in keys.wholes)
    yield from ((key, key + _AFTER_ALL) for key in keys.beginnings)
