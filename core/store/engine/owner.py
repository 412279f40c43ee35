"""Exclusive use of a database: one process for each SQLite file, since SQLite before 3.51.3 may corrupt a WAL that
several processes reset; and nobody else while it is restored or copied."""

import contextlib
import glob
import os
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import URL, Connection

from core.reasons import reason
from core.store.engine.database import CannotOpen, make_engine, parse_url, shown
from core.store.sql import dialects

SUFFIX: Final = ".lock"
KEPT: Final = ".replaced-"
"""The suffix of a replaced database file, before the instant."""


class AlreadyServed(Exception):
    """Another process has the database open; the message names it."""


class SeveralNames(Exception):
    """The file has hard links, so its log may be under another name; the message says what to do."""


class Ownership:
    """Exclusive use for the duration of a `with`; the system releases it if the process dies.

    A file's lock is SQLite's own on an empty file beside the database: the same on every system, and distinct from the
    locks that the database needs. A file with a hard link would have a lock, and a log (`-wal`), under each name, and
    commits in one log are missing under the other. So it is refused, except where the other name was made by a restore
    for the file that it replaces (`KEPT`), having emptied its log. A database on a server needs no owner; `alone` keeps
    every other `database.Database` from opening it. Raises `AlreadyServed`, `SeveralNames` and
    `CannotOpen` on entering, and `sqlalchemy.exc.SQLAlchemyError` when a server does not answer.
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
            raise AlreadyServed(f"{shown(engine.url)} is in use by {', '.join(present)}.")
        return lock

    def _of_file(self) -> sqlite3.Connection:
        assert self._path is not None
        real = self._path.resolve()  # a symbolic link is the same file, and has the same lock
        if real.is_dir():
            raise CannotOpen(f"{self._path} is a folder. Name the file of a database.")
        try:
            lock = sqlite3.connect(f"{real}{SUFFIX}", timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise CannotOpen(f"{self._path} cannot be used: {reason(error)}") from error
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            lock.close()
            raise AlreadyServed(f"{self._path} is in use by another process.") from None
        if names := _other_names(real):
            lock.close()
            raise SeveralNames(
                f"{self._path} has other names too (hard links: {names}). What was acknowledged last may lie beside "
                "one of them, in a file that ends in -wal. Keep the name that it was last served by, with its -wal if "
                "there is one; remove the others, or replace them by copies."
            )
        return lock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _other_names(path: Path) -> int:
    """The number of hard links of the file besides `path` and those that a restore made."""
    if not path.exists():
        return 0
    of = path.stat()
    kept = [each for each in path.parent.glob(f"{glob.escape(path.name)}{KEPT}*") if os.path.samestat(of, each.stat())]
    return max(0, of.st_nlink - 1 - len(kept))


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None for one in memory or on a server."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def openers(file: Path) -> list[str]:
    """The other programs of this user that have the file open, as `sqlite3 (4711)`. Only Linux tells (`/proc`)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if any(_is_same(handle, file) for handle in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text().strip()} ({process.name})")
    return sorted(found)


def _is_same(handle: Path, file: Path) -> bool:
    with contextlib.suppress(OSError):
        return handle.samefile(file)
    return False
