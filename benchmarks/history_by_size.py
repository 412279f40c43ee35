"""Does a page of history cost the same when the shop has taken a hundred times as many orders?"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from benchmarks import databases, dataset
from benchmarks.measure import Claim, Result, Spread, in_turns, ratios
from core.domain.ids import CustomerId
from core.protocol.requests import HistoryQuery
from core.store import orders
from core.store.database import Database, file_url

SIZES: Final = (10_000, 100_000, 1_000_000)
PAGE: Final = 20
CUSTOMERS: Final = 50
_QUERY: Final = HistoryQuery(limit=PAGE)


def run(quick: bool) -> Result:
    sizes = SIZES[:2] if quick else SIZES
    opened = {size: Database(file_url(databases.orderbell(size))) for size in sizes}
    try:
        contenders: dict[str, Callable[[], float]] = {}
        for size, database in opened.items():
            ordinary, regular = _customers(size)
            contenders[f"{size} ordinary"] = _pages(database, ordinary)
            contenders[f"{size} regular"] = _pages(database, [regular])
        for contender in contenders.values():
            contender()
        figures = in_turns(contenders, 5 if quick else 15)
        plan = _plan(opened[sizes[-1]])
    finally:
        for database in opened.values():
            database.close()
    rows, claims = [], []
    for kind in ("ordinary", "regular"):
        smallest = figures[f"{sizes[0]} {kind}"]
        for size in sizes:
            measured = figures[f"{size} {kind}"]
            growth = ratios(measured, smallest)
            rows.append((f"{size:,} orders, {kind} customer", Spread.of(measured).shown(), growth.shown(2)))
        text = f"a page at {sizes[-1]:,} orders over one at {sizes[0]:,}, {kind} customer"
        claims.append(Claim(text, growth.median, "most", 1.3))
    claims.append(Claim("steps of the query plan that use ix_orders_history", _uses(plan), "least", 1))
    return Result(
        name="history",
        title=f"History by size: microseconds for a page of {PAGE} orders with their lines and the total",
        columns=("shop", "us (least-most)", f"x {sizes[0]:,}"),
        rows=tuple(rows),
        claims=tuple(claims),
        notes=("plan: " + "; ".join(plan),),
    )


def _customers(size: int) -> tuple[list[CustomerId], CustomerId]:
    """Ordinary customers with at least a page of orders, and the regular who owns a twentieth of all."""
    counted = Counter(order.customer.id for order in dataset.orders(size))
    regular = dataset.customers(size)[0].id
    full = sorted(customer for customer, count in counted.items() if count > PAGE and customer != regular)
    return [CustomerId(customer) for customer in full[:: max(1, len(full) // CUSTOMERS)][:CUSTOMERS]], CustomerId(
        regular
    )


def _pages(database: Database, customers: list[CustomerId], times: int = 200) -> Callable[[], float]:
    """The median microseconds of a page, as the server reads it."""

    async def read() -> float:
        taken = []
        for position in range(times):
            customer = customers[position % len(customers)]
            began = time.perf_counter_ns()
            page = await database.read(lambda tx, customer=customer: orders.history(tx, customer, _QUERY))  # type: ignore[misc]
            taken.append(time.perf_counter_ns() - began)
            assert len(page.orders) == PAGE
        return statistics.median(taken) / 1000

    return lambda: asyncio.run(read())


def _plan(database: Database) -> list[str]:
    sql, names, fixed = orders.HISTORY_AFTER.text(database.engine.dialect)
    values = {"customer_id": "c", "placed_us": 1, "after_id": "x", "limit": PAGE + 1, **fixed}
    assert names is not None
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(values[name] for name in names))
        return [str(row[3]) for row in rows]


def _uses(plan: list[str]) -> int:
    return sum("ix_orders_history" in step and "SCAN" not in step for step in plan)
