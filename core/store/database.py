"""The database as the server holds it: one writer, one reader in the event loop, a few readers beside it."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeVar

import sqlalchemy
from alembic.util import CommandError
from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError

from core.store import migrate
from core.store.statements import Transaction
from core.store.threads import started_pool
from core.store.writer import Work, Writer

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 5_000
READ_CACHE_KIB: Final = 65_536
"""Pages that a reading connection holds. SQLite's 2 MB are turned over by fifty customers of a shop with a million
orders: 118 µs a history page instead of 70."""
SEARCHERS: Final = 2
# A deferred BEGIN that reads before it writes fails under contention; IMMEDIATE waits its turn.
_BEGIN_WRITE: Final = "BEGIN IMMEDIATE"
_DURABLE: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL loses acknowledged commits when the power goes
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
)


def file_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path.as_posix()}"


def make_engine(url: str) -> Engine:
    """An engine whose transactions are ours to begin and end, with SQLite set to lose nothing."""
    engine = sqlalchemy.create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        connect_args={"check_same_thread": False, "cached_statements": 512},
        skip_autocommit_rollback=True,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in _DURABLE:
            connection.execute(pragma)

    return engine


class CannotOpen(Exception):
    """The database cannot be used; the message says which and why, without its password."""


class Database:
    """Opened on a URL, migrated to the newest schema, closed once. Raises `CannotOpen`.

    Units of work are plain functions of a `Transaction`. `write` groups them; `read` answers a short keyed question
    where it stands, which with SQLite is far cheaper than a thread's hand-over; `search` takes what may be long to
    a thread of its own. Each sees one snapshot.
    """

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self._writer = Writer(Transaction(self.engine.connect()), _BEGIN_WRITE)
        self._reader = self._read_only()
        self._idle: SimpleQueue[Transaction] = SimpleQueue()
        for _ in range(SEARCHERS):
            self._idle.put(self._read_only())
        self._searchers = started_pool(SEARCHERS, "store-search")
        self._closed = False

    def write(self, work: Work[T]) -> "asyncio.Future[T]":
        """Do `work` in a transaction, together with what else waits. Resolves when it is durable."""
        return self._writer.submit(work)

    def write_blocking(self, work: Work[T]) -> T:
        """The same for a caller without an event loop."""
        return self._writer.submit_blocking(work).result()

    async def read(self, work: Work[T]) -> T:
        """A short question by key, from the event loop's thread."""
        return _in_snapshot(self._reader, work)

    def search(self, work: Work[T]) -> "Coroutine[Any, Any, T]":
        """A question that may take long; the event loop goes on meanwhile."""
        return _in_thread(self._searchers, lambda: self.read_blocking(work))

    def read_blocking(self, work: Work[T]) -> T:
        """A question of any kind, from any thread."""
        transaction = self._idle.get()
        try:
            return _in_snapshot(transaction, work)
        finally:
            self._idle.put(transaction)

    def listen(self, on_events: Callable[[], None] | None) -> None:
        """Have `on_events` called, in the writer's thread, after every commit that appended events to a shop's."""
        self._writer.on_events = on_events

    def close(self) -> None:
        """Finish every accepted write, then let go of the file. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        self._searchers.shutdown()
        self._reader.close()
        for _ in range(SEARCHERS):
            self._idle.get().close()
        self.engine.dispose()

    def _read_only(self) -> Transaction:
        transaction = Transaction(self.engine.connect(), remembers=True)
        transaction.command("PRAGMA query_only = ON")
        transaction.command(f"PRAGMA cache_size = -{READ_CACHE_KIB}")
        return transaction


def _open(url: str) -> Engine:
    """The engine of a database that has the newest schema. Raises `CannotOpen`."""
    try:
        engine = make_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise CannotOpen(f"{url!r} is no database we know: {error}") from error
    try:
        migrate.upgrade(engine)
    except (SQLAlchemyError, CommandError, migrate.NewerSchema) as error:
        engine.dispose()
        reason = getattr(error, "orig", None) or error
        raise CannotOpen(f"{engine.url.render_as_string(hide_password=True)}: {reason}") from error
    return engine


async def _in_thread(executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(executor, work)


def _in_snapshot(transaction: Transaction, work: Work[T]) -> T:
    transaction.command("BEGIN")
    try:
        return work(transaction)
    finally:
        transaction.command("COMMIT")
