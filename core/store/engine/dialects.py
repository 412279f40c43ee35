"""What SQLite and PostgreSQL want said differently. Nothing else here or above knows which of the two it is."""

import os
import socket
import sqlite3
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import URL, Connection, NullPool, text
from sqlalchemy.exc import DBAPIError

BUSY_TIMEOUT_MS: Final = 5_000
LOCK_TIMEOUT_MS: Final = 8_000
"""The longest that a write waits for another process's transaction; then its clients are asked to come again, before
they give up by themselves."""
FROZEN_AFTER_MS: Final = 10_000
"""A process that stops in the middle of a transaction, as a paused machine does, keeps others waiting no longer."""
READ_CACHE_KIB: Final = 65_536
"""Pages that a reading connection holds. SQLite's 2 MB are turned over by fifty customers of a shop with a million
orders: 118 µs a history page instead of 70."""
CHANNEL: Final = "orderbell_events"
MIGRATION_LOCK: Final = 0x4F7264657262656C  # "Orderbel"; any number that nobody else uses, nor any of the next few
PRESENCE_LOCK: Final = MIGRATION_LOCK + 1
"""Shared by those that work with the database, and wanted by whoever has to be alone with it."""
DUTY_LOCKS: Final = MIGRATION_LOCK + 2
"""The first of them: one for each `core.store.engine.database.Duty`."""
ALONE_WITHIN_MS: Final = 1_000
"""A backend that has just ended is not yet gone for its server."""


def _leave(_connection: Any, _tables: Sequence[str] = ()) -> None:
    """Nothing to do."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of database is opened, begun and told apart."""

    options: Callable[[URL], dict[str, Any]]
    """For `sqlalchemy.create_engine`."""
    on_connect: tuple[str, ...]
    adapt: Callable[[Any], None] = _leave
    """Given each of the driver's new connections."""
    writing: tuple[str, ...]
    """Make a connection the writer's."""
    leaving: tuple[str, ...] = ()
    """The writer's connection is about to be closed; a server notices that only a moment later."""
    reading: tuple[str, ...]
    """Make a connection one that cannot write and whose transactions see one snapshot."""
    impatient: tuple[str, ...] = ()
    """Make a reading connection one that waits for no lock."""
    begin_write: str
    lock_shops: tuple[str, ...] = ()
    """In a write: nobody else makes a shop until it ends."""
    begin_migration: tuple[str, ...]
    """One process migrates at a time."""
    after_migration: Callable[[Connection], None] = _leave
    """Run in the migrations' own transaction, after them."""
    after_copy: Callable[[Connection, Sequence[str]], None] = _leave
    """Run in the transaction that has filled the named tables."""
    shared: bool
    """Other processes write to it, too: shops are locked, some operations are tried again, commits are announced."""
    partitioned: bool
    """What grows with every order lies by month: `core.store.engine.partitions`."""
    timeline: str = ""
    """Asks which server's history a connection is of; see `timeline`."""
    readers: int
    """Connections with a thread of their own for short questions; with 0 they are answered where they stand."""


# -- SQLite: a file of this process


def _sqlite_options(_url: URL) -> dict[str, Any]:
    return {"connect_args": {"check_same_thread": False, "cached_statements": 512}}


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
    partitioned=False,
    readers=0,
)


# -- PostgreSQL: a server that several processes share

_CONNECTED: Final = {
    "connect_timeout": "5",
    # A server that has gone without a word is noticed within half a minute; by itself TCP takes hours.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
    # Of several hosts the primary; and a standby is refused at once, not at the first write.
    "target_session_attrs": "read-write",
}


def _postgresql_options(url: URL) -> dict[str, Any]:
    import psycopg

    # Whoever asks the server who is there is told whom to stop.
    wanted = {"application_name": f"orderbell {socket.gethostname()[:40]} {os.getpid()}", **_CONNECTED}
    return {
        "connect_args": {name: value for name, value in wanted.items() if name not in url.query}
        | {"cursor_factory": psycopg.RawCursor},
        "paramstyle": "numeric_dollar",  # PostgreSQL's own: nothing is translated at run time
        "poolclass": NullPool,  # each connection is held for as long as the database is open
        "use_native_hstore": False,
    }


def _adapt_psycopg(connection: Any) -> None:
    """A whole number is always a bigint: by size, each statement would be prepared once for every size."""
    import psycopg
    from psycopg.types.numeric import Int8Dumper

    connection.server_cursor_factory = psycopg.RawServerCursor
    connection.adapters.register_dumper(int, Int8Dumper)
    connection.prepared_max = 512


def _compare_as_bytes(connection: Connection) -> None:
    """Have text ordered and compared as SQLite does, and not as people of the database's language would.

    Keys, cursors and pages depend on it. Done after the migrations so that none of them has to think of it.
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
    """Until the planner knows what there is, whole months are read for one order."""
    connection.exec_driver_sql(f"ANALYZE {', '.join(tables)}")


_NOT_FROZEN: Final = f"SET idle_in_transaction_session_timeout = {FROZEN_AFTER_MS}"
POSTGRESQL: Final = Dialect(
    options=_postgresql_options,
    on_connect=(
        # Whoever set the server to lose acknowledged commits did not mean these.
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
    partitioned=True,
    timeline=(
        # The control file has the timeline of the last checkpoint: after a promotion the old one for a while.
        "SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()"
    ),
    readers=4,
)

_BY_NAME: Final = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def of(name: str) -> Dialect:
    """The dialect SQLAlchemy knows by `name`. Raises `LookupError` for one that we do not."""
    return _BY_NAME[name]


def timeline(connection: Connection) -> str:
    """Which server's history a connection reads and writes; empty for a file, and where a server keeps it to itself.

    PostgreSQL's `7713296067552050721/00000002`: the cluster that was made once, and the timeline, which is a new one
    after each promotion of a standby and each recovery to a point in time. It stays the same for a connection's life.
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
    """Keep everybody else from working with the database for as long as the connection lasts. Gives the names of those
    who do so already; empty when nobody does, and now nobody can. PostgreSQL's."""
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
"""Another process has just written what was looked for in vain."""
_LOCKED: Final = "55P03"
"""Somebody else had the lock for longer than one may wait."""
_WITHHELD: Final = frozenset({"42501", "0A000", "42883"})
"""insufficient_privilege, feature_not_supported, undefined_function."""
_CONFLICTS: Final = frozenset({_UNIQUE_VIOLATION, "40001", "40P01"})  # ..., serialization_failure, deadlock_detected
_STALE: Final = frozenset({"0A000", "26000", "42P05"})
"""feature_not_supported (a cached plan after an ALTER), invalid_sql_statement_name and duplicate_prepared_statement (a
pooler in between): what the connection remembers of its server is no longer so, and a new one remembers nothing."""
_OUT_OF_REACH: Final = _STALE | {_LOCKED, "57P01", "57P02", "57P03", "57P05", "25P03", "53300"}
# ..., admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, idle_in_transaction_session_timeout,
# too_many_connections


class Trouble(StrEnum):
    """Why a database cannot be used now, whatever is asked of it."""

    OUT_OF_REACH = "out of reach"
    BUSY = "busy"
    """More is asked of it than it does in time."""
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
"""By the first two characters of an SQLSTATE: nothing that a request asks for is answered with these."""
_STATES: Final = dict.fromkeys(_OUT_OF_REACH, Trouble.OUT_OF_REACH) | {
    _LOCKED: Trouble.LOCKED,
    "57014": Trouble.LOCKED,  # query_canceled: by a timeout, or by an admin
    "53100": Trouble.FULL,  # disk_full
    "25006": Trouble.READ_ONLY,  # read_only_sql_transaction
    "42501": Trouble.READ_ONLY,  # insufficient_privilege: its user lacks a right, as after a restore by another
    "42P01": Trouble.DAMAGED,  # undefined_table
    "42703": Trouble.DAMAGED,  # undefined_column
}
"""Those that say something else than their class, or are of one that a request can be the reason of."""
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
    """What is wrong with the database by a driver's error, or by one that SQLAlchemy wraps; None when it is what was
    asked of it, or no driver's."""
    found = getattr(error, "orig", None) or error
    if isinstance(found, sqlite3.DatabaseError):
        return _SQLITE_CODES.get(getattr(found, "sqlite_errorcode", 0) & 0xFF)  # the rest of it says more exactly how
    state = _state(found)
    if state is None:
        # PostgreSQL's client library, which could not connect, says why in words only.
        return Trouble.READ_ONLY if "session is read-only" in str(found) else None
    return _STATES.get(state) or _CLASSES.get(state[:2])


def words(error: BaseException | None) -> str:
    """What a driver says, in its own words and on one line; empty for None."""
    return "" if error is None else str(getattr(error, "orig", None) or error).strip().partition("\n")[0]


def is_conflict(error: BaseException) -> bool:
    """Whether it may go well when it is done again, after what another process has done meanwhile."""
    return _state(error) in _CONFLICTS


def is_stale(error: BaseException) -> bool:
    """Whether it may go well on a new connection: what the old one has prepared is no longer so."""
    return _state(error) in _STALE


def is_duplicate(error: BaseException) -> bool:
    """Whether what was to be written is there already."""
    return _state(error) == _UNIQUE_VIOLATION


def is_locked(error: BaseException) -> bool:
    """Whether somebody else had what was wanted to oneself."""
    return _state(error) == _LOCKED


def is_standby(error: BaseException) -> bool:
    """Whether there was a server, and it does not write. PostgreSQL's client library says so, without a code."""
    return _state(error) is None and "session is read-only" in str(error)


def is_out_of_reach(error: BaseException) -> bool:
    """Whether it is the database server that cannot be used now, and not what was asked of it."""
    return _state(error) in _OUT_OF_REACH


def is_servers(error: BaseException | None) -> bool:
    """Whether it comes from a database server at all."""
    return hasattr(getattr(error, "orig", None) or error, "sqlstate")


def _state(error: BaseException) -> str | None:
    """The SQLSTATE of a driver's error, or of one that SQLAlchemy wraps. SQLite's have none."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None)
