"""One process owns a database file: SQLite before 3.51.3 may corrupt a WAL that several of them reset."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import URL, make_url

SUFFIX: Final = ".lock"


class AlreadyServed(Exception):
    """Another process has the database open."""


class Ownership:
    """Held for the length of a `with`, and let go of by the system if the process dies.

    The lock is SQLite's own on an empty file beside the database: the same on every system, and another one than
    those that the database needs. A database on a server needs no owner; then nothing is locked.
    Raises `AlreadyServed` on entering.
    """

    def __init__(self, url: str) -> None:
        self._path = file_of(make_url(url))
        self._lock: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        lock = sqlite3.connect(f"{self._path}{SUFFIX}", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            raise AlreadyServed(f"{self._path} is in use by another process: {error}.") from None
        self._lock = lock
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None for one in memory or on a server."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)
