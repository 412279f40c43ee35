"""The words that a shop's orders are found by (docs/adr/0053). They are inserted with an order, and replaced when it
gets another name or phone number.

The ends of phone numbers are in the same table, with the instant 0, once for all orders with the number.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    delete,
    func,
    intersect,
    literal_column,
    select,
    text,
    union_all,
)

from core.domain.ids import ShopId
from core.domain.order import Order
from core.domain.search import Facts, Keys, count_key, end_keys, index_keys, part_key, phone_key, phone_of
from core.instants import to_us
from core.store.sql import dialects
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import order_words

PHONES: Final = 5_000
"""Up to so many phone numbers with a part are listed. Where more have it, most orders do."""
_w = order_words.c
_within = (_w.shop_id == bindparam("shop_id"), _w.word >= bindparam("low"), _w.word < bindparam("high"))
_some: Select[Any] = select(literal_column("1")).select_from(order_words).where(*_within).limit(bindparam("limit"))
COUNT: Final = Prepared(select(func.count()).select_from(_some.subquery()))
_ENDS: Final = Prepared(select(_w.word).where(*_within).limit(bindparam("limit")))
_DELETE: Final = Prepared(
    delete(order_words).where(
        _w.shop_id == bindparam("shop_id"), _w.word == bindparam("word"), _w.placed_at == bindparam("at")
    )
)
_AFTER_ALL: Final = "\U0010ffff"
_NEXT: Final = "\x01"


@cache
def _insert_of(count: int) -> Prepared:
    """One statement for an order's rows: a statement for each took as long as the order."""
    values = ", ".join(f"(:shop_id, :word{n}, :at{n})" for n in range(count))
    # A phone number that is known, or another order of the same microsecond.
    into = "INSERT INTO order_words (shop_id, word, placed_at) VALUES"
    return Prepared(text(f"{into} {values} ON CONFLICT DO NOTHING"))


def insert(transaction: Transaction, order: Order) -> None:
    """Insert the words of a new order."""
    found = rows(to_us(order.placed_at), Facts.of(order))
    values = {f"word{n}": word for n, (word, _) in enumerate(found)} | {f"at{n}": at for n, (_, at) in enumerate(found)}
    if found:
        transaction.run(_insert_of(len(found)), shop_id=order.shop_id, **values)


def replace(transaction: Transaction, former: Order, order: Order) -> None:
    """Replace the words of an order that has another name or phone number now."""
    at = to_us(order.placed_at)
    kept = {word for word, _at in rows(at, Facts.of(order))}
    for word, place in rows(at, Facts.of(former)):
        if place and word not in kept:
            transaction.run(_DELETE, shop_id=order.shop_id, word=word, at=place)
    insert(transaction, order)


def rows(placed_us: int, facts: Facts) -> list[tuple[str, int]]:
    """An order's rows, word and instant, in the order of the table."""
    ends = ((key, 0) for key in end_keys(facts.phone))
    return sorted((*((key, placed_us) for key in index_keys(facts)), *ends))


class Places(NamedTuple):
    """The index ranges for one word of a query."""

    ranges: tuple[tuple[str, str], ...]
    counts: tuple[str, ...]
    """Keys, each of one order in a series at most."""
    phones: tuple[str, ...]
    """Keys of phone numbers."""

    @property
    def listed(self) -> tuple[str, ...]:
        return self.counts + self.phones


def places(transaction: Transaction, shop_id: ShopId, keys: Keys) -> Places | None:
    """The index ranges of the keys; None where too many phone numbers have a part to list them."""
    phones = set[str]()
    for part in keys.phones:
        low = part_key(part)
        ends = transaction.all(_ENDS, shop_id=shop_id, low=low, high=low + _AFTER_ALL, limit=PHONES + 1)
        if len(ends) > PHONES:
            return None
        phones.update(phone_key(phone_of(word)) for (word,) in ends)
    ranges = (*((key, key + _NEXT) for key in keys.wholes), *((key, key + _AFTER_ALL) for key in keys.beginnings))
    return Places(ranges, tuple(map(count_key, keys.counts)), tuple(sorted(phones)))


def count(transaction: Transaction, shop_id: ShopId, where: Places, most: int) -> int:
    """The number of orders with words there, or a few more for counts that no order has; more than `most` for more."""
    found = len(where.counts)
    for low, high in where.ranges:
        if found > most:
            break
        row = transaction.first(COUNT, shop_id=shop_id, low=low, high=high, limit=most + 1 - found)
        found += row[0] if row is not None else 0
    if where.phones and found <= most:
        listed: Select[Any] = select(literal_column("1")).where(
            _w.shop_id == shop_id, _is_among(transaction, where.phones)
        )
        found += transaction.search(select(func.count()).select_from(listed.limit(most + 1 - found).subquery()))[0][0]
    return found


def placed(
    transaction: Transaction,
    shop_id: ShopId,
    words: Sequence[Places],
    begin_us: int | None,
    most: int,
    *,
    oldest_first: bool,
) -> list[int]:
    """The instants (µs) of the first `most` orders that have a key of each of `words`, from an instant on, forwards or
    backwards in time. An order with two of the keys is included twice."""
    begin = [] if begin_us is None else [_w.placed_at >= begin_us if oldest_first else _w.placed_at <= begin_us]
    having = [select(_among(transaction, shop_id, where, *begin).subquery().c.placed_at) for where in words]
    # A join or IN may be run as one range for each row of the other, which takes half a minute.
    at = (intersect(*having) if len(having) > 1 else having[0]).subquery().c.placed_at
    found = transaction.search(select(at).order_by(at if oldest_first else at.desc()).limit(most))
    return [row[0] for row in found]


def _among(transaction: Transaction, shop_id: ShopId, where: Places, *more: ColumnElement[bool]) -> CompoundSelect[Any]:
    """One range after the other: of ranges with OR between them, SQLite may read everything."""

    def conditions() -> Iterator[ColumnElement[bool]]:
        for low, high in where.ranges:
            yield and_(_w.word >= low, _w.word < high)
        if where.listed:
            yield _is_among(transaction, where.listed)

    return union_all(*(select(_w.placed_at).where(_w.shop_id == shop_id, each, *more) for each in conditions()))


def _is_among(transaction: Transaction, words: Sequence[str]) -> ColumnElement[bool]:
    return dialects.of(transaction.connection.dialect.name).is_among(_w.word, words)
