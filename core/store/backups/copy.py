"""Copies a whole database into an empty one, of the same kind or another, and verifies the copy."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, Engine, MetaData, Select, Table, func, select
from sqlalchemy.exc import DBAPIError

from core.instants import now
from core.store import migrate
from core.store.sql import dialects, partitions
from core.store.tables import APPEND_ONLY, metadata, security_log

BATCH: Final = 1_000
_SUM: Final = 1 << 256
_encode: Final = msgspec.msgpack.Encoder().encode

_SERVERS_OWN: Final = frozenset({"shops.timeline"})
"""Tables that belong to the database server and not to the shop; they are not copied."""

Advance = Callable[[int, int], None]
"""A progress callback: `done` of `total` rows."""


class CopyError(Exception):
    """Nothing was copied; the message gives the reason."""


class Digest(msgspec.Struct, frozen=True):
    """A table's number of rows, and the sum (mod 2²⁵⁶) of their hashes.

    The sum does not depend on the order of rows, so databases that sort differently are compared in one pass.
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
    """Copy everything in one snapshot of `source` to `destination` in one transaction, and return the digest of each
    table.

    Shops keep their epoch and `seq`, so clients go on from their cursors. All rows are read back and compared before
    the commit. The destination is brought to the source's schema and must be empty, or is emptied in the same
    transaction when `replacing` (PostgreSQL alone); when this fails or is killed, it is unchanged. Raises `CopyError`.
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
            _make_partitions(reading, writing)
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
    """Our tables as of the schema `revision`, referenced tables first."""
    if revision == migrate.head():
        return list(metadata.sorted_tables)
    found = MetaData()
    found.reflect(connection)
    others = {migrate.VERSION_TABLE}.union(*(partitions.of(connection, name) for name in partitions.TABLES))
    return [table for table in found.sorted_tables if table.name not in others]


def digest(connection: Connection, table: Table) -> Digest:
    """The current digest of a table."""
    found = _Digesting()
    with connection.execute(_all(table)) as rows:
        for row in rows:
            found.add(tuple(row))
    return found.result()


def _empty(connection: Connection, tables: Sequence[Table]) -> None:
    """Delete all rows of all tables. The history guards are off meanwhile: another history replaces this one."""
    guarded = [
        (history.name, table)
        for history in (*APPEND_ONLY, security_log)
        if history.name in {table.name for table in tables}  # an older schema has not all of them
        for table in (history.name, *partitions.of(connection, history.name))
    ]
    guard = "ALTER TABLE {} {} TRIGGER {}_no_truncate"
    for history, each in guarded:
        connection.exec_driver_sql(guard.format(each, "DISABLE", history))
    connection.exec_driver_sql(f"TRUNCATE TABLE {', '.join(table.name for table in tables)}")
    for history, each in guarded:
        connection.exec_driver_sql(guard.format(each, "ENABLE", history))


def _make_partitions(reading: Connection, writing: Connection) -> None:
    """Create the partitions for the source's orders, where the destination is partitioned."""
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
    """The statement that begins a transaction with one snapshot."""
    return "BEGIN" if connection.dialect.name == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def _count(connection: Connection, table: Table) -> int:
    counted: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return counted
