"""The differences between SQLite and PostgreSQL. Nothing else here or above depends on which of the two it is."""

import os
import socket
import sqlite3
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import ARRAY, URL, ColumnElement, Connection, NullPool, Text, any_, func, literal, select, text
from sqlalchemy.exc import DBAPIError

BUSY_TIMEOUT_MS: Final = 5_000
LOCK_TIMEOUT_MS: Final = 8_000
"""The longest that a write waits for another process's transaction; then its clients are asked to retry, before they
time out."""
FROZEN_AFTER_MS: Final = 10_000
"""A process that stops in the middle of a transaction, such as a paused machine, blocks others for at most this
long."""
READ_CACHE_KIB: Final = 65_536
"""The page cache of a reading connection. SQLite's default of 2 MB is turned over by fifty customers of a shop with a
million orders: 118 µs a history page instead of 70."""
CHANNEL: Final = "orderbell_events"
MIGRATION_LOCK: Final = 0x4F7264657262656C  # "Orderbel"; the next few numbers are used too
PRESENCE_LOCK: Final = MIGRATION_LOCK + 1
"""Held shared by every process that uses the database, and exclusively by one that must be alone."""
DUTY_LOCKS: Final = MIGRATION_LOCK + 2
"""The first lock number of duties: one for each `core.store.engine.database.Duty`."""
ALONE_WITHIN_MS: Final = 1_000
"""The time that the server needs to forget a backend that has just ended."""


def _leave(_connection: Any, _tables: Sequence[str] = ()) -> None:
    """Does nothing."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """The way to open, begin and lock one kind of database."""

    options: Callable[[URL], dict[str, Any]]
    """Options of `sqlalchemy.create_engine`."""
    on_connect: tuple[str, ...]
    adapt: Callable[[Any], None] = _leave
    """Called with each new connection of the driver."""
    writing: tuple[str, ...]
    """Makes a connection the writer's."""
    leaving: tuple[str, ...] = ()
    """Called before the writer's connection is closed; a server notices that only a moment later."""
    reading: tuple[str, ...]
    """Makes a connection read-only, with one snapshot for each transaction."""
    impatient: tuple[str, ...] = ()
    """Makes a reading connection wait for no lock."""
    begin_write: str
    lock_shops: tuple[str, ...] = ()
    """Commands that prevent new shops until the transaction ends."""
    begin_migration: tuple[str, ...]
    """Commands that let one process migrate at a time."""
    after_migration: Callable[[Connection], None] = _leave
    """Run in the migrations' transaction, after them."""
    after_copy: Callable[[Connection, Sequence[str]], None] = _leave
    """Run in the transaction that has filled the named tables."""
    shared: bool
    """Whether other processes write to it: then shops are locked, some operations retried, and commits announced."""
    partitioned: bool
    """Whether large tables are partitioned by month: `core.store.sql.partitions`."""
    is_among: Callable[[ColumnElement[str], Sequence[str]], ColumnElement[bool]]
    """Whether a text is one of any number of values, which are one parameter: to compile thousands of them costs more
    than to look them up."""
    timeline: str = ""
    """The query for the server's timeline; see `timeline`."""
    readers: int
    """The number of reader threads for short queries; 0: they run in the calling thread."""


# -- SQLite: a file of this process


def _sqlite_options(_url: URL) -> dict[str, Any]:
    return {"connect_args": {"check_same_thread": False, "cached_statements": 512}}


def _is_in_json(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    listed = func.json_each(msgspec.json.encode(values).decode()).table_valued("value")
    return column.in_(select(listed.c.value))


SQLITE: Final = Dialect(
    options=_sqlite_options,
    on_connect=(
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",  # NORMAL loses acknowledged commits when the power goes
        "PRAGMA foreign_keys = ON",
        f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    ),
    writing=(),
    reading=("PRAGMA query_only = ON", f"PRAGMA cache_size = -{READ_CACHE_KIB}"),
    impatient=("PRAGMA busy_timeout = 0",),
    # A deferred BEGIN that reads before it writes fails under contention; IMMEDIATE waits its turn.
    begin_write="BEGIN IMMEDIATE",
    begin_migration=("BEGIN IMMEDIATE",),
    shared=False,
    is_among=_is_in_json,
    partitioned=False,
    readers=0,
)


# -- PostgreSQL: a server that several processes share

_CONNECTED: Final = {
    "connect_timeout": "5",
    # An unresponsive server is noticed within half a minute; TCP's default takes hours.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
    # Of several hosts the primary; a standby is refused at once, not at the first write.
    "target_session_attrs": "read-write",
}


def _postgresql_options(url: URL) -> dict[str, Any]:
    import psycopg

    # Shown to whoever lists the server's connections.
    wanted = {"application_name": f"orderbell {socket.gethostname()[:40]} {os.getpid()}", **_CONNECTED}
    return {
        "connect_args": {name: value for name, value in wanted.items() if name not in url.query}
        | {"cursor_factory": psycopg.RawCursor},
        "paramstyle": "numeric_dollar",  # PostgreSQL's own: nothing is translated at run time
        "poolclass": NullPool,  # each connection is held for as long as the database is open
        "use_native_hstore": False,
    }


def _adapt_psycopg(connection: Any) -> None:
    """Bind every integer as bigint: by size, each statement would be prepared once for every size."""
    import psycopg
    from psycopg.types.numeric import Int8Dumper

    connection.server_cursor_factory = psycopg.RawServerCursor
    connection.adapters.register_dumper(int, Int8Dumper)
    connection.prepared_max = 512


def _compare_as_bytes(connection: Connection) -> None:
    """Have text sorted and compared by bytes, as SQLite does, and not by the database's locale.

    Keys, cursors and pages depend on it. Done after the migrations so that they need not.
    """
    from core.store.tables import metadata

    rows = connection.execute(
        text(
            "SELECT t.relname, a.attname FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid "
            "JOIN pg_collation c ON c.oid = a.attcollation "
            "WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') "
            "AND NOT t.relispartition AND NOT a.attisdropped AND a.atttypid = 'text'::regtype AND c.collname <> 'C'"
        )
    )
    alterations: dict[str, list[str]] = {}
    for table, column in rows:
        if table in metadata.tables:
            alterations.setdefault(table, []).append(f'ALTER COLUMN "{column}" TYPE text COLLATE "C"')
    for table, each in alterations.items():
        connection.exec_driver_sql(f'ALTER TABLE "{table}" {", ".join(each)}')


def _analyze(connection: Connection, tables: Sequence[str]) -> None:
    """Without statistics the planner reads whole partitions for one order."""
    connection.exec_driver_sql(f"ANALYZE {', '.join(tables)}")


_NOT_FROZEN: Final = f"SET idle_in_transaction_session_timeout = {FROZEN_AFTER_MS}"


def _is_in_array(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    return column == any_(literal(list(values), ARRAY(Text)))


POSTGRESQL: Final = Dialect(
    options=_postgresql_options,
    on_connect=(
        # Durable, even where the server's default is not.
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        "SET default_transaction_isolation = 'read committed'",  # after waiting for a lock one sees what it protected
    ),
    adapt=_adapt_psycopg,
    writing=(
        f"SET lock_timeout = {LOCK_TIMEOUT_MS}",
        _NOT_FROZEN,
        f"SELECT pg_advisory_lock_shared({PRESENCE_LOCK})",  # let go of by the server when the connection ends
    ),
    leaving=("SELECT pg_advisory_unlock_all()",),  # a closed backend has no duties, and does not look as if it ran
    reading=(
        "SET default_transaction_isolation = 'repeatable read'",
        "SET default_transaction_read_only = on",
        _NOT_FROZEN,
    ),
    begin_write="BEGIN",
    lock_shops=("LOCK TABLE shops IN SHARE ROW EXCLUSIVE MODE",),
    begin_migration=("BEGIN", "SET LOCAL lock_timeout = 0", f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"),
    after_migration=_compare_as_bytes,
    after_copy=_analyze,
    shared=True,
    is_among=_is_in_array,
    partitioned=True,
    timeline=(
        # The control file has the timeline of the last checkpoint: after a promotion the old one for a while.
        "SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()"
    ),
    readers=4,
)

_BY_NAME: Final = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def of(name: str) -> Dialect:
    """The dialect of SQLAlchemy's `name`. Raises `LookupError` for others."""
    return _BY_NAME[name]


def timeline(connection: Connection) -> str:
    """The server history of a connection; empty for a file, and where the server does not reveal it.

    PostgreSQL's `7713296067552050721/00000002`: the cluster's system identifier, and its timeline, which changes with
    each promotion of a standby and each recovery to a point in time. It stays the same for a connection's life.
    """
    asked = of(connection.dialect.name).timeline
    if not asked:
        return ""
    try:
        found: str = connection.exec_driver_sql(asked).scalar_one()
    except DBAPIError as error:
        if _state(error) not in _WITHHELD:
            raise
        return ""
    return found


_PRESENT: Final = text(
    "SELECT DISTINCT application_name, host(client_addr) FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid <> pg_backend_pid() "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid::bigint << 32) | objid::bigint = :lock ORDER BY 1"
)


def be_alone(connection: Connection) -> list[str]:
    """Lock everybody else out of the database for the connection's life. Returns the names of those who use it; empty
    when the lock was obtained. PostgreSQL only."""
    connection.exec_driver_sql(f"SET lock_timeout = {ALONE_WITHIN_MS}")
    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({PRESENCE_LOCK})").close()
    except DBAPIError as error:
        if not is_locked(error):
            raise
        return [f"{name} at {address}" for name, address in connection.execute(_PRESENT, {"lock": PRESENCE_LOCK})] or [
            "another process"
        ]
    return []


# -- what a driver's errors mean

_UNIQUE_VIOLATION: Final = "23505"
"""Another process has just inserted the same row."""
_LOCKED: Final = "55P03"
"""A lock was not obtained in time."""
_WITHHELD: Final = frozenset({"42501", "0A000", "42883"})
"""insufficient_privilege, feature_not_supported, undefined_function."""
_CONFLICTS: Final = frozenset({_UNIQUE_VIOLATION, "40001", "40P01"})  # ..., serialization_failure, deadlock_detected
_STALE: Final = frozenset({"0A000", "26000", "42P05"})
"""feature_not_supported (a cached plan after an ALTER), invalid_sql_statement_name and duplicate_prepared_statement (a
pooler in between): the connection's prepared statements are invalid, and a new connection has none."""
_OUT_OF_REACH: Final = _STALE | {_LOCKED, "57P01", "57P02", "57P03", "57P05", "25P03", "53300"}
# ..., admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, idle_in_transaction_session_timeout,
# too_many_connections


class Trouble(StrEnum):
    """Why a database cannot be used now, for any request."""

    OUT_OF_REACH = "out of reach"
    BUSY = "busy"
    """It is overloaded."""
    LOCKED = "locked by another program"
    FULL = "on a full disk"
    READ_ONLY = "read-only"
    BROKEN = "on a disk that fails"
    DAMAGED = "damaged"


_CLASSES: Final = {
    "08": Trouble.OUT_OF_REACH,  # connection_exception
    "28": Trouble.OUT_OF_REACH,  # invalid_authorization_specification
    "3D": Trouble.OUT_OF_REACH,  # invalid_catalog_name: the database was dropped, or is being restored
    "3F": Trouble.DAMAGED,  # invalid_schema_name
    "53": Trouble.OUT_OF_REACH,  # insufficient_resources
    "55": Trouble.LOCKED,  # object_not_in_prerequisite_state
    "57": Trouble.OUT_OF_REACH,  # operator_intervention
    "58": Trouble.BROKEN,  # system_error
    "F0": Trouble.OUT_OF_REACH,  # config_file_error
    "XX": Trouble.DAMAGED,  # internal_error
}
"""By the first two characters of an SQLSTATE; none of these is caused by a request."""
_STATES: Final = dict.fromkeys(_OUT_OF_REACH, Trouble.OUT_OF_REACH) | {
    _LOCKED: Trouble.LOCKED,
    "57014": Trouble.LOCKED,  # query_canceled: by a timeout, or by an admin
    "53100": Trouble.FULL,  # disk_full
    "25006": Trouble.READ_ONLY,  # read_only_sql_transaction
    "42501": Trouble.READ_ONLY,  # insufficient_privilege: its user lacks a right, as after a restore by another
    "42P01": Trouble.DAMAGED,  # undefined_table
    "42703": Trouble.DAMAGED,  # undefined_column
}
"""SQLSTATEs that differ from their class, or whose class a request may cause."""
_SQLITE_CODES: Final = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Trouble.LOCKED,  # of the locks in `-shm`, after ten seconds of asking for one
    sqlite3.SQLITE_INTERRUPT: Trouble.LOCKED,
    sqlite3.SQLITE_SCHEMA: Trouble.LOCKED,  # changed under us, again and again
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_AUTH: Trouble.READ_ONLY,
    sqlite3.SQLITE_NOLFS: Trouble.FULL,  # as large as a file may be here
    sqlite3.SQLITE_CANTOPEN: Trouble.BROKEN,
    sqlite3.SQLITE_IOERR: Trouble.BROKEN,
    sqlite3.SQLITE_NOMEM: Trouble.OUT_OF_REACH,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
}


def trouble(error: BaseException) -> Trouble | None:
    """The trouble that a driver's error, or one that SQLAlchemy wraps, reports; None when the statement is to blame, or
    it is not a driver's."""
    found = getattr(error, "orig", None) or error
    if isinstance(found, sqlite3.DatabaseError):
        return _SQLITE_CODES.get(getattr(found, "sqlite_errorcode", 0) & 0xFF)  # the last of them is the most specific
    state = _state(found)
    if state is None:
        # PostgreSQL's client library reports connection failures as text only.
        return Trouble.READ_ONLY if "session is read-only" in str(found) else None
    return _STATES.get(state) or _CLASSES.get(state[:2])


def driver_message(error: BaseException | None) -> str:
    """The driver's message on one line; empty for None."""
    return "" if error is None else str(getattr(error, "orig", None) or error).strip().partition("\n")[0]


def is_conflict(error: BaseException) -> bool:
    """Whether a retry may succeed, since another process's change was in the way."""
    return _state(error) in _CONFLICTS


def is_stale(error: BaseException) -> bool:
    """Whether a new connection may succeed, since this one's prepared statements are invalid."""
    return _state(error) in _STALE


def is_duplicate(error: BaseException) -> bool:
    """Whether the row to insert exists already."""
    return _state(error) == _UNIQUE_VIOLATION


def is_locked(error: BaseException) -> bool:
    """Whether a lock was not obtained."""
    return _state(error) == _LOCKED


def is_standby(error: BaseException) -> bool:
    """Whether a server answered that does not accept writes. PostgreSQL's client library reports it without a code."""
    return _state(error) is None and "session is read-only" in str(error)


def is_out_of_reach(error: BaseException) -> bool:
    """Whether the database server cannot be used now, whatever the statement."""
    return _state(error) in _OUT_OF_REACH


def is_servers(error: BaseException | None) -> bool:
    """Whether it is an error of a database server at all."""
    return hasattr(getattr(error, "orig", None) or error, "sqlstate")


def _state(error: BaseException) -> str | None:
    """The SQLSTATE of a driver's error, or of one that SQLAlchemy wraps. SQLite's have none."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None)
