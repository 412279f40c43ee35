"""Finds a shop's orders by what staff type."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from core.domain.ids import ShopId
from core.domain.order import order_number
from core.domain.search import Facts, Sought
from core.store.cursors import Position
from core.store.engine.statements import Prepared, Transaction
from core.store.tables import number_series, orders

_BATCHES: Final = (250, 1_000)
"""The first page is mostly in the first few; then fewer questions are quicker."""

_c = orders.c
_KEY: Final = (_c.id, _c.version, _c.placed_at, _c.updated_at)
_FACTS: Final = (*_KEY, _c.number, _c.customer_name, _c.customer_phone, _c.fulfilment)
_SERIES: Final = Prepared(select(number_series.c.series).where(number_series.c.shop_id == bindparam("shop")))


class Found(NamedTuple):
    keys: Sequence[Any]
    """Id, version and instants of each: one more than was asked for when there are more."""
    total: int
    """The number of all matches that are known."""
    is_all: bool
    """Whether `total` is exact."""


class Search:
    """One search in a shop: an order of exactly the number that is sought comes first, and then the newest, or, with
    `oldest_first`, the oldest."""

    def __init__(
        self,
        transaction: Transaction,
        shop_id: ShopId,
        sought: Sought,
        filters: Sequence[ColumnElement[bool]],
        *,
        oldest_first: bool,
    ) -> None:
        self._transaction = transaction
        self._shop_id = shop_id
        self._sought = sought
        self._filters = (_c.shop_id == shop_id, *filters)
        self._oldest_first = oldest_first
        self._ends = (_c.placed_at, _c.id) if oldest_first else (_c.placed_at.desc(), _c.id.desc())
        self._series = [str(row[0]) for row in transaction.all(_SERIES, shop=shop_id)]

    def page(self, after: Position | None, limit: int) -> Found:
        """One page of up to `limit` orders, after a position."""
        first, is_start = self._numbered(), after is None
        ids = [row[0] for row in first]
        if after is not None and after.order_id in ids:
            first, after = first[ids.index(after.order_id) + 1 :], None
        elif after is not None:
            first = []
        rest = (row for row in self._walked(after) if row[0] not in ids)
        keys = [row[: len(_KEY)] for row in islice(chain(first, rest), limit + 1)]
        return Found(keys, len(keys), is_all=is_start and len(keys) <= limit)

    def _numbered(self) -> list[Any]:
        """Orders of exactly the number that is sought."""
        count = self._sought.count
        if count is None:
            return []
        numbers = [order_number(series, count) for series in self._series]
        found = self._facts(_c.number.in_(numbers), limit=len(numbers))
        return [row for row in found if self._sought.is_exactly(row.number) and self._is_found(row)]

    def _walked(self, after: Position | None) -> Iterator[Any]:
        """Matches among all orders after a position, in the order of pages."""
        place = (after.placed_us, after.order_id) if after is not None else None
        for size in chain(_BATCHES, repeat(_BATCHES[-1])):
            rows = self._facts(*([self._is_after(place)] if place is not None else ()), limit=size)
            yield from filter(self._is_found, rows)
            if len(rows) < size:
                return
            place = (rows[-1].placed_at, rows[-1].id)

    def _is_after(self, place: tuple[int, str]) -> ColumnElement[bool]:
        here, there = tuple_(_c.placed_at, _c.id), tuple_(*place)
        return here > there if self._oldest_first else here < there

    def _facts(self, *wanted: ColumnElement[bool], limit: int) -> Sequence[Any]:
        query = select(*_FACTS).where(*self._filters, *wanted).order_by(*self._ends).limit(limit)
        return self._transaction.search(query)

    def _is_found(self, row: Any) -> bool:
        return self._sought.finds_facts(Facts(*row[len(_KEY) :]))
