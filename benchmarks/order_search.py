"""Is an order found as quickly among a million as a person types?"""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, Final
from unittest import mock

import msgspec
import psycopg
from sqlalchemy import Table

from benchmarks import databases, dataset
from benchmarks.measure import Claim, Result, Spread, in_turns, ratios
from core.domain.ids import OrderId, ShopId, new_order_id
from core.domain.people import Principal, Role
from core.instants import now
from core.protocol.requests import OrderQuery
from core.store import migrate, order_pages, order_words, orders, tables
from core.store.engine.database import Database, file_url, make_engine
from core.store.sql.statements import Transaction
from tests.support import postgres

SIZE: Final = 1_000_000
CLAIMED_MS: Final = 30
CLAIMED_COST: Final = 1.5
_SHOP: Final = ShopId(dataset.SHOP_ID)
_BY_ID: Final = "an order by its id"
_PLACED: Final = "(placing an order)"
_FIRST: Final = "(placing one with a new phone number)"
_WORDLESS: Final = "(placing one without words)"
_PAGE: Final = 50
_BATCH: Final = 20_000


def _asked(size: int) -> dict[str, tuple[str, ...]]:
    """What is typed, by what it is; several of each, so that no page is warmer than a shop's."""
    people = dataset.customers(size)[7::97][:5]
    numbers = [size * share // 7 for share in range(1, 6)]
    return {
        "a whole number": tuple(f"online-{number:06d}" for number in numbers),
        "a number without its series": tuple(str(number) for number in numbers),
        "four digits of a number": tuple(f"{number:06d}"[1:5] for number in numbers),
        "three digits": ("138", "714", "052", "999", "420"),
        "two digits": ("13", "42", "07", "99", "50"),
        "one digit": ("7", "0", "3", "9", "1"),
        "a phone number": tuple(person.phone for person in people),
        "a phone number as it is dialled": tuple(f"(0{person.phone[1:4]}) {person.phone[4:]}" for person in people),
        "the end of a phone number": tuple(person.phone[-5:] for person in people),
        "the middle of a phone number": tuple(person.phone[3:8] for person in people),
        "first and last name": tuple(person.name for person in people),
        "a last name": tuple(person.name.split()[1] for person in people),
        "a first name that many have": ("mary", "omer", "ЖАННА", "ángel", "zoe"),
        "two letters": ("ma", "ko", "öm", "wi", "sh"),
        "one letter": ("m", "a", "ж", "s", "w"),
        "a first name and a series": tuple(f"{person.name.split()[0]} online" for person in people),
        "nothing that there is": ("qqq", "table 7", "9999999999", "maria qqq", "xyz"),
    }  # fmt: skip


def run(quick: bool) -> Result:
    size, rounds = (20_000, 3) if quick else (SIZE, 9)
    with ExitStack() as stack:
        folder = stack.enter_context(databases.folder(size))
        urls = {"SQLite": file_url(folder / "orderbell.db")}
        if postgres.binaries() is not None:
            urls["PostgreSQL"] = stack.enter_context(_on_postgresql(size))
        contenders: dict[tuple[str, str], Callable[[], float]] = {}
        spent: dict[tuple[str, str], float | None] = {}
        sizes = []
        for name, url in urls.items():
            database = Database(url)
            stack.callback(database.close)
            asked = {_BY_ID: _by_id(size), **{what: _searches(typed) for what, typed in _asked(size).items()}}
            contenders |= {(name, what): _timed(database, works) for what, works in asked.items()}
            spent |= {(name, what): _on_processors(database, works) for what, works in asked.items()}
            contenders[name, _PLACED] = _placing(database)
            contenders[name, _FIRST] = _placing(database, is_new=True)
            contenders[name, _WORDLESS] = _placing(database, wordless=True)
            sizes.append(f"{name}: {_size(database)}")
        for contender in contenders.values():
            contender()
        figures = in_turns(contenders, rounds)
    rows, claims = [], []
    for name in urls:
        found = {what: taken for (where, what), taken in figures.items() if where == name}
        rows += [
            (
                name,
                what,
                Spread.of(taken).shown(2),
                ratios(taken, found[_BY_ID]).shown(1),
                _shown(spent.get((name, what))),
            )
            for what, taken in found.items()
        ]
        slowest = max(Spread.of(found[what]).median for what in _asked(size))
        claims.append(Claim(f"{name}: ms of the slowest of these searches", slowest, "most", CLAIMED_MS))
        costs = [cost for (where, _what), cost in spent.items() if where == name and cost is not None]
        if costs:
            told = f"{name}: ms of processors of the dearest of these searches"
            claims.append(Claim(told, max(costs), "most", CLAIMED_MS))
        for what in (_PLACED, _FIRST):
            cost = ratios(found[what], found[_WORDLESS]).median
            claims.append(Claim(f"{name}: {what} with its words over one without", cost, "most", CLAIMED_COST))
    return Result(
        name="search",
        title=f"Search: milliseconds for a page of {_PAGE} among {size:,} orders",
        columns=("database", "what is typed", "ms (least-most)", "x by id", "ms of processors"),
        rows=tuple(rows),
        claims=tuple(claims),
        notes=tuple(sizes),
    )


_Works = Sequence[Callable[[Transaction], object]]


def _by_id(size: int) -> _Works:
    ids = [OrderId(order.id) for order in islice(dataset.orders(size), 100)]
    return [partial(orders.get, order_id=order_id) for order_id in ids]


def _searches(typed: Sequence[str]) -> _Works:
    queries = [OrderQuery(q=each, limit=_PAGE) for each in typed]
    return [partial(order_pages.search, shop_id=_SHOP, query=query) for query in queries]


def _on_processors(database: Database, works: _Works) -> float | None:
    """The milliseconds that one of `works` takes of processors, at both ends: what it takes where nothing else runs,
    however busy this machine is. None where the system does not say (it is Linux that does)."""

    async def do() -> None:
        for work in works:
            await database.read(work)

    asyncio.run(do())
    servers = _servers(database)
    costs = []
    for _round in range(5):
        before = _spent_ns(servers)
        asyncio.run(do())
        after = _spent_ns(servers)
        if before is None or after is None:
            return None
        costs.append((after - before) / len(works) / 1e6)
    return min(costs)


def _servers(database: Database) -> list[Path]:
    """What the system says of the database server's processes for our connections; none with SQLite."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return []
        told = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return [Path(f"/proc/{pid}/schedstat") for (pid,) in connection.exec_driver_sql(told)]


def _spent_ns(servers: Sequence[Path]) -> int | None:
    try:
        return time.process_time_ns() + sum(int(each.read_text().split()[0]) for each in servers)
    except OSError:
        return None


def _shown(cost: float | None) -> str:
    return "" if cost is None else f"{cost:.2f}"


def _timed(database: Database, works: _Works) -> Callable[[], float]:
    """The median milliseconds of `works`, each in a transaction of its own, as a request has it."""

    async def taken() -> float:
        found = []
        for work in works:
            began = time.perf_counter_ns()
            await database.read(work)
            found.append(time.perf_counter_ns() - began)
        return statistics.median(found) / 1e6

    return lambda: asyncio.run(taken())


def _placing(database: Database, *, is_new: bool = False, wordless: bool = False) -> Callable[[], float]:
    """The median milliseconds of placing an order, each in a commit of its own, for a known or a new phone number."""
    like = database.read_blocking(partial(order_pages.search, shop_id=_SHOP, query=OrderQuery(limit=1))).orders[0]
    by = Principal(subject="c", role=Role.CASHIER, name=dataset.CASHIER, session_id="s", shop_id=_SHOP)
    numbers = count(20_000_000 if wordless else 30_000_000 if is_new else 40_000_000)

    def place(transaction: Transaction) -> None:
        number = next(numbers)
        phone = f"49{number * 7919 % 10**9:09d}" if is_new else like.customer_phone
        changes = {"id": new_order_id(), "number": f"{dataset.DEVICE}-{number}", "customer_phone": phone}
        order = msgspec.structs.replace(like, placed_at=now(), **changes)
        orders.insert(transaction, order, by)

    def placed() -> float:
        found = []
        for _ in range(50):
            began = time.perf_counter_ns()
            database.write_blocking(place, _SHOP)
            found.append(time.perf_counter_ns() - began)
        return statistics.median(found) / 1e6

    def without_words() -> float:
        with mock.patch.object(order_words, "insert"):
            return placed()

    return without_words if wordless else placed


# -- the same shop on PostgreSQL

_COPIED: Final = (
    tables.shops,
    tables.number_series,
    tables.customers,
    tables.orders,
    tables.order_lines,
    tables.order_words,
)
"""What a search reads, and what that refers to."""


@contextmanager
def _on_postgresql(size: int) -> Iterator[str]:
    """A server of its own with the kept shop's orders. It is gone afterwards."""
    server = postgres.Postgres()
    try:
        server.create("benchmark")
        engine = make_engine(server.url("benchmark"))
        migrate.upgrade(engine)
        engine.dispose()
        source = make_engine(file_url(databases.orderbell(size)))
        with server.connect("benchmark") as target, source.connect() as reading:
            for table in _COPIED:
                _copy(reading.connection.driver_connection, target, table)
            target.execute("VACUUM ANALYZE")  # as its autovacuum does, which is off in tests
        source.dispose()
        yield server.url("benchmark")
    finally:
        server.close()


def _copy(source: Any, target: "psycopg.Connection[tuple[object, ...]]", table: Table) -> None:
    names = ", ".join(column.name for column in table.columns)
    rows = source.execute(f"SELECT {names} FROM {table.name}")
    with target.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        while batch := rows.fetchmany(_BATCH):
            for row in batch:
                copy.write_row(row)


# -- what it costs


def _size(database: Database) -> str:
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            words = connection.exec_driver_sql("SELECT sum(pgsize) FROM dbstat WHERE name = 'order_words'").scalar_one()
            whole = connection.exec_driver_sql("SELECT sum(pgsize) FROM dbstat").scalar_one()
        else:
            words = connection.exec_driver_sql("SELECT pg_total_relation_size('order_words')").scalar_one()
            whole = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        count = connection.exec_driver_sql("SELECT count(*) FROM order_words").scalar_one()
    return f"{count:,} words in {words / 1e6:,.0f} MB of {whole / 1e6:,.0f} MB"
