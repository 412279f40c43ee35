"""Does a page of history cost the same when the shop has taken a hundred times as many orders?"""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final

from benchmarks import databases, dataset, load, servers, traffic
from benchmarks.measure import Claim, Result, Spread, in_turns, ratios
from benchmarks.traffic import PAGE, Shop
from core.domain.ids import CustomerId
from core.protocol.requests import HistoryQuery
from core.store import order_pages
from core.store.engine.database import Database, file_url

SIZES: Final = (10_000, 100_000, 1_000_000)
CLAIMED: Final = 1.3
_HTTP, _REGULAR, _AGAIN, _TURNS, _FIRST = (
    f"over HTTP, {traffic.CUSTOMERS} customers in turn",
    "in the store, the regular again and again",
    "in the store, one customer again and again",
    f"in the store, {traffic.CUSTOMERS} customers in turn",
    "in the store, customers who had not asked before",
)
_CLAIMS: Final = (_HTTP, _REGULAR, _AGAIN)
_QUERY: Final = HistoryQuery(limit=PAGE)


def run(quick: bool) -> Result:
    sizes = SIZES[:2] if quick else SIZES
    rounds = 3 if quick else 15
    contenders: dict[tuple[str, int], Callable[[], float]] = {}
    with ExitStack() as stack:
        for size in sizes:
            shop = Shop.of(size)
            contenders[_HTTP, size] = _served(stack, size, shop)
            database = Database(file_url(databases.orderbell(size)))
            stack.callback(database.close)
            contenders[_REGULAR, size] = _read(database, [shop.regular])
            contenders[_AGAIN, size] = _read(database, shop.customers[:1])
            contenders[_TURNS, size] = _read(database, shop.customers)
            contenders[_FIRST, size] = _read_first(size, shop.customers)
        plan = _plan(database)
        for contender in contenders.values():
            contender()
        figures = in_turns(contenders, rounds)
    rows, claims = [], []
    for kind in dict.fromkeys(kind for kind, _ in contenders):
        for size in sizes:
            growth = ratios(figures[kind, size], figures[kind, sizes[0]])
            rows.append((kind, f"{size:,}", Spread.of(figures[kind, size]).shown(), growth.shown(2)))
        if kind in _CLAIMS:
            claims.append(Claim(f"{sizes[-1]:,} orders over {sizes[0]:,}, {kind}", growth.median, "most", CLAIMED))
    claims.append(Claim("steps of the query plan that seek in ix_orders_history", _seeks(plan), "least", 1))
    return Result(
        name="history",
        title=f"History by size: microseconds for a page of {PAGE} orders with their lines and the total",
        columns=("page", "orders", "us (least-most)", f"x {sizes[0]:,}"),
        rows=tuple(rows),
        claims=tuple(claims),
        notes=("plan: " + "; ".join(plan),),
    )


def _served(stack: ExitStack, size: int, shop: Shop) -> Callable[[], float]:
    """The median of a page as a window gets it: one request after the other, from `orderbell serve`."""
    folder = stack.enter_context(databases.folder(size))
    port = stack.enter_context(servers.orderbell(folder))
    scripts = traffic.pages(traffic.customer_tokens(port, shop), 1)

    def ask() -> float:
        with servers.on_core(-1):
            return load.run(port, scripts, 0.4).p50_ms * 1000

    return ask


def _read(database: Database, customers: Sequence[dataset.Customer], times: int = 200) -> Callable[[], float]:
    """The median of a page as the server's store reads it, `customers` asking in turn."""

    async def read() -> float:
        taken = []
        for position in range(times):
            asks = CustomerId(customers[position % len(customers)].id)
            began = time.perf_counter_ns()
            page = await database.read(lambda tx, asks=asks: order_pages.history(tx, asks, _QUERY))  # type: ignore[misc]
            taken.append(time.perf_counter_ns() - began)
            assert len(page.orders) == PAGE
        return statistics.median(taken) / 1000

    return lambda: asyncio.run(read())


def _read_first(size: int, customers: Sequence[dataset.Customer]) -> Callable[[], float]:
    """The same in a store that has only just been opened, each customer asking once."""

    def read() -> float:
        database = Database(file_url(databases.orderbell(size)))
        try:
            return _read(database, customers, len(customers))()
        finally:
            database.close()

    return read


def _plan(database: Database) -> list[str]:
    sql, names, fixed = order_pages.HISTORY_AFTER.text(database.engine.dialect)
    values = {"customer_id": "c", "placed_us": 1, "after_id": "x", "limit": PAGE + 1, **fixed}
    assert names is not None
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(values[name] for name in names))
        return [str(row[3]) for row in rows]


def _seeks(plan: Sequence[str]) -> int:
    return sum(step.startswith("SEARCH") and "ix_orders_history" in step for step in plan)
