"""A whole database copied into an empty one, of its own kind or another, and proven to have arrived."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, Engine, MetaData, Select, Table, func, select
from sqlalchemy.exc import DBAPIError

from core.instants import now
from core.store import migrate
from core.store.engine import dialects, partitions
from core.store.tables import HISTORIES, metadata, security_log

BATCH: Final = 1_000
_SUM: Final = 1 << 256
_encode: Final = msgspec.msgpack.Encoder().encode

_SERVERS_OWN: Final = frozenset({"shops.timeline"})
"""What is the database server's and not the shop's: another one has its own."""

Advance = Callable[[int, int], None]
"""Told how far it has come: `done` of `total` rows."""


class CopyError(Exception):
    """Nothing was copied; the message says why."""


class Digest(msgspec.Struct, frozen=True):
    """What a table holds: how many rows, and the sum (mod 2²⁵⁶) of the hash of each.

    A sum is the same in whatever order the rows come, so databases that sort differently can be compared in one pass.
    """

    rows: int
    hash: str


class _Digesting:
    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: Sequence[object]) -> None:
        self.rows += 1
        self._sum += int.from_bytes(blake2b(_encode(row), digest_size=32).digest(), "big")

    def result(self) -> Digest:
        return Digest(self.rows, f"{self._sum % _SUM:064x}")


def copy(
    source: Engine,
    destination: Engine,
    advance: Advance = lambda _done, _total: None,
    *,
    replacing: bool = False,
) -> dict[str, Digest]:
    """Copy everything in one snapshot of `source` to `destination` in one transaction; gives what every table holds.

    Shops keep their epoch and `seq`, so clients go on from their cursors. Whatever is read back before the commit must
    be what was read. The destination is brought to the source's schema and must be empty, or is emptied in the same
    transaction when `replacing` (PostgreSQL alone); whether this fails or dies on the way, it has what it had. Raises
    `CopyError`.
    """
    revision = migrate.current(source)
    if revision is None:
        raise CopyError("There is nothing to copy: the source has no schema.")
    if migrate.current(destination) is None:
        migrate.upgrade(destination, revision)
    if migrate.current(destination) != revision:
        raise CopyError(
            f"The destination has another schema ({migrate.current(destination)}) than the source ({revision})."
        )
    with source.connect() as reading, destination.connect() as writing:
        reading.exec_driver_sql(_snapshot(reading))
        writing.exec_driver_sql(dialects.of(writing.dialect.name).begin_write)
        try:
            tables = tables_of(reading, revision)
            if replacing:
                _empty(writing, tables)
            _must_be_empty(writing, tables)
            _make_months(reading, writing)
            copied = _copied(reading, writing, tables, advance)
            dialects.of(writing.dialect.name).after_copy(writing, [table.name for table in tables])
        except DBAPIError as error:
            writing.exec_driver_sql("ROLLBACK")
            raise CopyError(f"The destination refuses a row: {error.orig}") from error
        except BaseException:
            writing.exec_driver_sql("ROLLBACK")
            raise
        finally:
            reading.exec_driver_sql("COMMIT")
        writing.exec_driver_sql("COMMIT")
    return copied


def tables_of(connection: Connection, revision: str) -> list[Table]:
    """Our tables, those that others refer to first; as they were when the schema was at `revision`."""
    if revision == migrate.head():
        return list(metadata.sorted_tables)
    found = MetaData()
    found.reflect(connection)
    others = {migrate.VERSION_TABLE}.union(*(partitions.of(connection, name) for name in partitions.TABLES))
    return [table for table in found.sorted_tables if table.name not in others]


def digest(connection: Connection, table: Table) -> Digest:
    """What a table holds now."""
    found = _Digesting()
    with connection.execute(_all(table)) as rows:
        for row in rows:
            found.add(tuple(row))
    return found.result()


def _empty(connection: Connection, tables: Sequence[Table]) -> None:
    """Of all rows at once. History is written once, by whoever works with it; here another history takes its place."""
    guarded = [
        (history.name, table)
        for history in (*HISTORIES, security_log)
        if history.name in {table.name for table in tables}  # an older schema has not all of them
        for table in (history.name, *partitions.of(connection, history.name))
    ]
    guard = "ALTER TABLE {} {} TRIGGER {}_no_truncate"
    for history, each in guarded:
        connection.exec_driver_sql(guard.format(each, "DISABLE", history))
    connection.exec_driver_sql(f"TRUNCATE TABLE {', '.join(table.name for table in tables)}")
    for history, each in guarded:
        connection.exec_driver_sql(guard.format(each, "ENABLE", history))


def _make_months(reading: Connection, writing: Connection) -> None:
    """For the source's orders, where the destination has months."""
    latest = partitions.ahead(now())[-1]
    for table, month in partitions.missing(writing, partitions.with_orders(reading, latest)):
        partitions.make(writing, table, month)


def _must_be_empty(connection: Connection, tables: Sequence[Table]) -> None:
    held = [table.name for table in tables if _count(connection, table)]
    if held:
        raise CopyError(f"The destination is not empty: it has rows in {', '.join(held)}.")


def _copied(reading: Connection, writing: Connection, tables: Sequence[Table], advance: Advance) -> dict[str, Digest]:
    total, done = sum(_count(reading, table) for table in tables), 0
    copied: dict[str, Digest] = {}
    for table in tables:
        found, insert = _Digesting(), table.insert()
        names = [column.name for column in _columns(table)]
        with reading.execute(_all(table)) as result:
            for batch in result.partitions():
                rows = [tuple(row) for row in batch]
                for row in rows:
                    found.add(row)
                writing.execute(insert, [dict(zip(names, row, strict=True)) for row in rows])
                done += len(rows)
                advance(done, total)
        copied[str(table.name)] = found.result()
    for table in tables:
        if digest(writing, table) != copied[table.name]:
            raise CopyError(f"What the destination has in {table.name} is not what the source has.")
    return copied


def _columns(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if f"{table.name}.{column.name}" not in _SERVERS_OWN]


def _all(table: Table) -> Select[Any]:
    return select(*_columns(table)).execution_options(yield_per=BATCH)


def _snapshot(connection: Connection) -> str:
    """How a transaction begins that sees one moment, however long it reads."""
    return "BEGIN" if connection.dialect.name == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def _count(connection: Connection, table: Table) -> int:
    counted: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return counted
