"""Finds a shop's orders by typed text (docs/adr/0053).

The table of words only narrows where to look: whether an order is found, `Sought` decides, as in a window that is
offline.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from core.domain.ids import OrderId, ShopId
from core.domain.order import order_number
from core.domain.search import Facts, Keys, Sought
from core.store import order_words
from core.store.cursors import Position
from core.store.order_words import Places
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import number_series, orders

COUNTED: Final = 500
"""Matches are counted exactly up to this many orders. Beyond it only pages are found."""
MOST: Final = 50_000
"""The most orders with a word that are sorted. A word of more orders is met soon when orders are read in their
order."""
WALKED: Final = 10_000
"""The number of orders read with few or no matches, after which a frequent word is looked up as one of old orders."""
LOOKED_UP: Final = 4
"""The number of words that are looked up, the longest first, as those are mostly the rarest. The others are
compared."""
_BATCHES: Final = (100, 250, 500)
"""Sizes of the batches in which orders are read: most pages are in the first ones."""

_c = orders.c
_KEY: Final = (_c.id, _c.version, _c.placed_at, _c.updated_at)
_FACTS: Final = (*_KEY, _c.number, _c.customer_name, _c.customer_phone, _c.fulfilment)
_SERIES: Final = Prepared(
    select(number_series.c.series, number_series.c.last).where(number_series.c.shop_id == bindparam("shop"))
)


class Found(NamedTuple):
    keys: Sequence[Any]
    """Id, version and instants of each order; one more than was requested when there are more."""
    total: int
    """The number of matches counted so far."""
    is_all: bool
    """Whether `total` is exact."""


class Search:
    """One search in a shop, newest first or, with `oldest_first`, oldest first; an order with exactly the typed number
    comes before all."""

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
        self._series: dict[str, int] = dict(transaction.all(_SERIES, shop=shop_id))
        words = sorted(sought.keys(self._series), key=_length, reverse=True)[:LOOKED_UP]
        found = (order_words.places(transaction, shop_id, keys) for keys in words)
        self._words = [where for where in found if where is not None]

    def page(self, after: Position | None, limit: int) -> Found:
        """One page of up to `limit` orders, after a position. Text without a word finds nothing."""
        if not self._sought.words:
            return Found((), 0, is_all=True)
        numbered, is_start = self._numbered(), after is None
        ids = [row.id for row in numbered]
        first = numbered if is_start else []
        if after is not None and after.order_id in ids:
            first, after = numbered[ids.index(after.order_id) + 1 :], None
        looked_up = self._looked_up()
        instants = self._placed(looked_up, None, COUNTED + 1) if looked_up else None
        if instants is not None and len(instants) <= COUNTED:
            every = [row for row in self._among(instants) if row.id not in ids]
            beyond = (row for row in every if after is None or self._is_beyond(row, after))
            return Found(_keys(chain(first, beyond), limit), len(ids) + len(every), is_all=True)
        if instants is None:
            rest = self._walked(after)
        else:
            rest = self._sorted(looked_up, after, instants if after is None else None)
        keys = _keys(chain(first, (row for row in rest if row.id not in ids)), limit)
        return Found(keys, len(keys), is_all=is_start and len(keys) <= limit)

    def _looked_up(self) -> list[Places]:
        """The words to look up: the rarest, and, if many orders have it, the others that only some orders have. Empty
        when most orders have each of them."""
        counts = [(order_words.count(self._transaction, self._shop_id, where, MOST), where) for where in self._words]
        counts.sort(key=lambda each: each[0])
        if counts and counts[0][0] <= COUNTED:
            return [counts[0][1]]
        return [where for count, where in counts if count <= MOST]

    def _numbered(self) -> list[Any]:
        """Orders with exactly the typed number: at most one for each series."""
        count = self._sought.count
        if count is None:
            return []
        numbers = [order_number(series, count) for series in self._series]
        # Sorted here: to sort them itself, SQLite reads all orders.
        query = select(*_FACTS).where(*self._filters, _c.number.in_(numbers))
        found = [row for row in self._transaction.search(query) if self._sought.is_exactly(row.number)]
        found.sort(key=lambda row: (row.placed_at, row.id), reverse=not self._oldest_first)
        return list(filter(self._is_found, found))

    # -- matches after a position, in the order of pages

    def _placed(self, words: Sequence[Places], begin_us: int | None, most: int) -> list[int]:
        return order_words.placed(
            self._transaction, self._shop_id, words, begin_us, most, oldest_first=self._oldest_first
        )

    def _among(self, instants: Sequence[int], after: Position | None = None) -> Iterator[Any]:
        """Matches among the orders that were placed at `instants`."""
        rest = iter(dict.fromkeys(instants))
        for size in chain(_BATCHES, repeat(_BATCHES[-1])):
            chunk = list(islice(rest, size))
            if not chunk:
                return
            yield from filter(self._is_found, self._facts(_c.placed_at.in_(chunk), *self._is_after(after)))

    def _sorted(self, words: Sequence[Places], after: Position | None, known: list[int] | None = None) -> Iterator[Any]:
        """The orders with those words, sorted, however many; `known` are the first of them."""
        begin_us = after.placed_us if after is not None else None
        for most in chain((COUNTED + 1,), repeat(MOST)):
            instants = self._placed(words, begin_us, most) if known is None else known
            known = None
            yield from self._among(instants, after)
            if len(instants) < most:
                return
            begin_us = instants[-1] + (1 if self._oldest_first else -1)

    def _walked(self, after: Position | None) -> Iterator[Any]:
        """Matches among all orders, read in their order."""
        read = 0
        for size in chain(_BATCHES, repeat(_BATCHES[-1])):
            if read >= WALKED and self._words:
                yield from self._sorted(self._words[:1], after)
                return
            rows = self._facts(*self._is_after(after), limit=size)
            yield from filter(self._is_found, rows)
            if len(rows) < size:
                return
            read += size
            after = Position(rows[-1].placed_at, OrderId(rows[-1].id))

    # -- single orders

    def _facts(self, *wanted: ColumnElement[bool], limit: int | None = None) -> Sequence[Any]:
        query = select(*_FACTS).where(*self._filters, *wanted).order_by(*self._ends).limit(limit)
        return self._transaction.search(query)

    def _is_found(self, row: Any) -> bool:
        return self._sought.finds_facts(Facts(*row[len(_KEY) :]))

    def _is_after(self, place: Position | None) -> list[ColumnElement[bool]]:
        if place is None:
            return []
        here, there = tuple_(_c.placed_at, _c.id), tuple_(place.placed_us, place.order_id)
        return [here > there if self._oldest_first else here < there]

    def _is_beyond(self, row: Any, place: Position) -> bool:
        here, there = (row.placed_at, row.id), (place.placed_us, place.order_id)
        return bool(here > there if self._oldest_first else here < there)


def _length(keys: Keys) -> int:
    return max(map(len, (*keys.wholes, *keys.beginnings)))


def _keys(rows: Iterable[Any], limit: int) -> list[Any]:
    return [row[: len(_KEY)] for row in islice(rows, limit + 1)]
