"""Who may be at a database: one process at a file, for SQLite before 3.51.3 may corrupt a WAL that several of them
reset; and nobody else, file or server, while it is restored or copied."""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import URL, Connection

from core.store import dialects
from core.store.database import make_engine, parse_url

SUFFIX: Final = ".lock"


class AlreadyServed(Exception):
    """Another process has the database open; the message says which."""


class Ownership:
    """Held for the length of a `with`, and let go of by the system if the process dies.

    A file's lock is SQLite's own on an empty file beside the database: the same on every system, and another one than
    those that the database needs. A file with a second name, a hard link, has such a lock under each; there it matters
    too whether anybody has the file itself open. A database on a server needs no owner; only whoever has to be `alone`
    with it keeps every `core.store.database.Database` of it from being open. Raises `AlreadyServed` on entering, and
    `sqlalchemy.exc.SQLAlchemyError` when a server does not answer.
    """

    def __init__(self, url: str, *, alone: bool = False) -> None:
        self._url = url
        self._path = file_of(parse_url(url))
        self._alone = alone
        self._lock: sqlite3.Connection | Connection | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            self._lock = self._of_file()
        elif self._alone:
            self._lock = self._of_server()
        return self

    def _of_server(self) -> Connection:
        engine = make_engine(self._url)
        lock = engine.connect()
        if present := dialects.be_alone(lock):
            lock.close()
            raise AlreadyServed(f"{engine.url.render_as_string(hide_password=True)} is in use by {', '.join(present)}.")
        return lock

    def _of_file(self) -> sqlite3.Connection:
        assert self._path is not None
        real = self._path.resolve()  # a symbolic link is the same file, and has the same lock
        lock = sqlite3.connect(f"{real}{SUFFIX}", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            lock.close()
            raise AlreadyServed(f"{self._path} is in use by another process.") from None
        if real.exists() and real.stat().st_nlink > 1 and _is_open(real):
            lock.close()
            raise AlreadyServed(f"{self._path} is in use by another process, by this name or by another (a hard link).")
        return lock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _is_open(path: Path) -> bool:
    """Whether anybody has the database open, by whatever name: SQLite's locks are on the file and not on its name, on
    every system."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as alone:
        try:
            alone.execute("PRAGMA locking_mode = EXCLUSIVE")  # whoever has it open in WAL mode shares it for as long
            alone.execute("BEGIN EXCLUSIVE")
            alone.execute("ROLLBACK")
        except sqlite3.Error as error:  # what else is wrong with it is said by whoever opens it
            return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return False


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None for one in memory or on a server."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)
