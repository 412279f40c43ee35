"""Monthly partitions of an order's lines and history on PostgreSQL, so that old months can be archived and do not slow
down new ones.

An order's id begins with the milliseconds since 1970 (RFC 9562 §5.7), so a month is a range of ids, compared as bytes.
Rows with another kind of id, or of a month without a partition, are in the table's DEFAULT partition and are found as
well. With SQLite nothing here does anything.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, exists, select, text

from core.store.sql import dialects
from core.store.tables import HISTORIES, history_guards, orders

TABLES: Final = ("order_lines", *(table.name for table in HISTORIES))
AHEAD: Final = 2
"""The number of months that are made before they begin, so that a stop or a long read does no harm."""
LOCK_TIMEOUT_MS: Final = 200
"""A new partition needs an exclusive lock on its tables for a moment. Writers wait no longer than this for it, and the
month is tried again later."""


class Month(msgspec.Struct, frozen=True, order=True):
    """A calendar month, UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, at: datetime) -> "Month":
        utc = at.astimezone(UTC)
        return cls(utc.year, utc.month)

    def later(self, months: int) -> "Month":
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1)

    @property
    def first_id(self) -> str:
        """The lowest id of the month."""
        digits = f"{int(datetime(self.year, self.month, 1, tzinfo=UTC).timestamp()) * 1000:012x}"
        return f"{digits[:8]}-{digits[8:]}"

    def partition_of(self, table: str) -> str:
        """The name of a table's partition for the month."""
        return f"{table}_{self.year:04}_{self.month:02}"


_NOT_LATELY_ANALYZED: Final = text(
    "SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = ANY(:tables) "
    "AND (last_analyze IS NULL OR last_analyze < now() - interval '1 day')"
)
EARLIEST: Final = Month(2020, 1)
"""The earliest plausible month: an older id was made by a wrong clock."""


def ahead(at: datetime) -> list[Month]:
    """The months that are to have partitions at an instant."""
    return [Month.of(at).later(months) for months in range(AHEAD + 1)]


def with_orders(connection: Connection, until: Month) -> list[Month]:
    """The months up to and with `until` of which the database has orders: one index look-up each."""
    found, month = [], EARLIEST
    while month <= until:
        following = month.later(1)
        of_month = exists().where(orders.c.id >= month.first_id, orders.c.id < following.first_id)
        if connection.execute(select(of_month)).scalar():
            found.append(month)
        month = following
    return found


def make_ahead(engine: Engine, at: datetime) -> None:
    """Create the missing partitions for an instant, each in a transaction of its own.

    Raises `sqlalchemy.exc.DBAPIError` when the tables stay locked for longer than `LOCK_TIMEOUT_MS`.
    """
    with engine.connect() as connection:
        for table, month in missing(connection, ahead(at)):
            connection.exec_driver_sql("BEGIN")
            try:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({dialects.MIGRATION_LOCK})")
                if (table, month) in missing(connection, [month]):  # another process may have been quicker
                    make(connection, table, month)
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")


def analyze(engine: Engine) -> None:
    """Update the planner's statistics of the whole tables, once a day: autovacuum only analyzes partitions.

    Raises `sqlalchemy.exc.DBAPIError` when the tables stay locked for longer than `LOCK_TIMEOUT_MS`.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
        for table in connection.execute(_NOT_LATELY_ANALYZED, {"tables": list(TABLES)}).scalars().all():
            connection.exec_driver_sql(f"ANALYZE {table}")


def missing(connection: Connection, months: Iterable[Month]) -> list[tuple[str, Month]]:
    """The tables, each with a month, that lack a partition; none where tables are not partitioned."""
    if not dialects.of(connection.dialect.name).partitioned:
        return []
    rows = connection.execute(
        text("SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'")
    )
    names = {row[0] for row in rows}
    parted = [table for table in TABLES if f"{table}_default" in names]  # an older schema has none
    return [(table, month) for month in months for table in parted if month.partition_of(table) not in names]


def make(connection: Connection, table: str, month: Month) -> None:
    """Create a partition in the connection's transaction, and move its rows there from the DEFAULT partition.

    It locks in the order in which an order is written, so that it cannot deadlock with a writer.
    """
    name, default = month.partition_of(table), f"{table}_default"
    first, end = month.first_id, month.later(1).first_id
    of_month = f"order_id >= '{first}' AND order_id < '{end}'"
    for each in (
        "LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE",
        f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        f"ALTER TABLE {default} DISABLE TRIGGER USER",  # history is not changed: it moves
        f"WITH moved AS (DELETE FROM {default} WHERE {of_month} RETURNING *) INSERT INTO {name} SELECT * FROM moved",  # noqa: S608
        f"ALTER TABLE {default} ENABLE TRIGGER USER",
        f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{end}')",
        *(history_guards(table, name) if table != "order_lines" else ()),
    ):
        connection.exec_driver_sql(each)


def of(connection: Connection, table: str) -> list[str]:
    """The names of a table's partitions."""
    if not dialects.of(connection.dialect.name).partitioned:
        return []
    rows = connection.execute(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:name) ORDER BY 1"),
        {"name": table},
    )
    return [row[0] for row in rows]
