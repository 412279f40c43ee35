"""A window's file that a disk has damaged: set aside, what can be read of it saved, and a new one begun."""

import contextlib
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from core.client.device import identity
from core.client.errors import NotKept
from core.client.storage import pages, window_id
from core.client.storage.local_store import PAGE_BYTES, Damaged, LocalStore, LocalStoreError, files_of
from core.client.sync import operation_table
from core.client.sync.cache import Cache
from core.client.sync.operations import Kind
from core.decoding import decode

log = logging.getLogger(__name__)

_SESSION: Final = "session"
_LAST_MOST: Final = 2_000_000
"""No file has had more operations: a greater position is itself damage."""
_OLDEST_COLUMNS: Final = 14
"""What a row of the first release has; later ones have been added behind."""
_KIND: Final = 4
"""The place of an operation's kind among its columns."""
_UNREADABLE: Final = (sqlite3.DatabaseError, msgspec.DecodeError, ValueError, TypeError)
"""What a row that was damaged may make of reading it."""


class Recovered(msgspec.Struct, frozen=True):
    """What became of a file that was damaged, or was not the newest."""

    set_aside: Path | None
    """The damaged file; None where it is sound and goes on, but was copied or put back, or has lost its newest part."""
    operations: int
    """How many operations that wait could be read, and wait in the file."""
    is_known: bool
    """Whether this machine is still who it was: what it was paired as, or nobody in particular."""


def make_sound(path: Path) -> Recovered | None:
    """See to it that the window's file at `path` can be used. None when it could be, or is not there yet.

    The session and the number series of a damaged file are left: whoever signs in at a window that is new to the server
    numbers on from where nothing can have been told (docs/adr/0044). Raises `LocalStoreError` for what is not damage.
    """
    if not path.exists():
        return None
    try:
        with closing(LocalStore(path)) as store:
            _read_all(store)
            return _as_another(store)
    except Damaged as error:
        log.error("the file is damaged: %s", error)  # noqa: TRY400 (the message says it all)
        return _recover(path, error)


def _as_another(store: LocalStore) -> Recovered | None:
    """A file that is not the newest of its window goes on as another window's."""
    held = window_id.held_by(store)
    if held is None or window_id.of(store) == held:
        return None
    with store.reading() as db:
        count = len(db.execute(operation_table.OPEN).fetchall())
    log.warning("the file is not the newest of its window; it goes on as another's", extra={"operations": count})
    return Recovered(None, count, is_known=True)


def _read_all(store: LocalStore) -> None:
    """Read what a window reads when it starts. What only repeats the server is forgotten where it is damaged: it can be
    had again. Raises `Damaged`."""
    cache = Cache(store)
    try:
        cache.newest()
        _ = cache.owner, cache.place, cache.menu, cache.synced_at
    except _UNREADABLE:
        log.warning("what is kept of the server's orders cannot be read; it is asked for again")
        store.renew_cache()
    try:
        identity.read(store)
        with store.reading() as db:
            for row in db.execute(operation_table.OPEN):
                operation_table.operation(row)
    except _UNREADABLE as error:
        raise Damaged(f"{store.path} is damaged: {error}.") from error


def _recover(path: Path, error: Damaged) -> Recovered:
    was = error.was or {each: each.read_bytes() for each in files_of(path) if each.exists()}
    aside = _set_aside(path)
    try:
        count, is_known = _saved(path, aside, *(was.get(each, b"") for each in files_of(path)))
    except (LocalStoreError, NotKept, OSError) as refused:  # as if it had not been tried: it is at the next start
        for each, kept in zip(files_of(path), files_of(aside), strict=True):
            each.unlink(missing_ok=True)
            if kept.exists():
                kept.rename(each)
            with contextlib.suppress(OSError):
                _write(each, was.get(each, b""))
        raise LocalStoreError(f"{path} is damaged, and what can be read cannot be saved: {refused}") from refused
    with contextlib.suppress(OSError):  # on a full disk it is what SQLite has left of it
        for kept, each in zip(files_of(aside), files_of(path), strict=True):
            _write(kept, was.get(each, b""))
    log.warning("a new file was begun", extra={"set_aside": str(aside), "operations": count, "is_known": is_known})
    return Recovered(aside, count, is_known)


def _write(file: Path, content: bytes) -> None:
    """In place, so that a full disk takes nothing from what is there."""
    if content:
        with file.open("r+b" if file.exists() else "wb") as opened:
            opened.write(content)
            opened.truncate()


def _saved(path: Path, aside: Path, file: bytes, log_of: bytes) -> tuple[int, bool]:
    """Begin a new file with what can be read of the one that was set aside; gives how many operations, and whether
    this machine is still who it was."""
    with closing(sqlite3.connect(f"file:{aside.as_posix()}?mode=rw", uri=True, isolation_level=None)) as damaged:
        with closing(LocalStore(path)) as store, store.transaction() as db:
            for row in _rows(damaged, "sealed"):
                if row.get("name") != _SESSION:
                    _insert(db, "sealed", row)
            for table in ("identity", "sealing_keys"):
                for row in _rows(damaged, table):
                    _insert(db, table, row)
            names = [row[1] for row in db.execute("PRAGMA table_info(operations)")]
            operations = _operations(damaged, pages.rows(file, log_of, PAGE_BYTES), names)
            count = sum(_insert(db, "operations", row) for row in operations)
        with closing(LocalStore(path)) as store:
            return count, identity.read(store) is not None or _is_empty(damaged, "identity")


def _set_aside(path: Path) -> Path:
    """Rename the file, and what SQLite has beside it, so that both still belong together."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    number = 0
    while (aside := path.with_name(f"{path.stem}.damaged-{at}{f'-{number}' if number else ''}{path.suffix}")).exists():
        number += 1
    log_of = path.with_name(path.name + "-wal")
    if log_of.exists():
        log_of.rename(aside.with_name(aside.name + "-wal"))
    path.rename(aside)
    return aside


def _operations(damaged: sqlite3.Connection, rows: Iterable[pages.Row], names: list[str]) -> list[dict[str, Any]]:
    """Those that are not answered yet, in their order. A page that cannot be read takes its own rows only; where it is
    one that leads to others, those are read as they lie, and so is what SQLite does not follow a log to."""
    lying: dict[object, dict[str, Any]] = {}
    logged: dict[object, dict[str, Any]] = {}
    for position, values, in_log in rows:
        if _OLDEST_COLUMNS <= len(values) <= len(names) and values[_KIND] in set(Kind):
            row = dict(zip(names, values, strict=False)) | {"position": position}
            (logged if in_log else lying)[row["op_id"]] = row
    found: dict[object, dict[str, Any]] = {}
    for position in _positions(damaged):
        for row in _rows(damaged, "operations", "WHERE position = ?", position):
            found[row["op_id"]] = row
    newest = lying | found | logged
    return sorted((row for row in newest.values() if row["done_at"] is None), key=lambda row: int(row["position"]))


def _positions(damaged: sqlite3.Connection) -> range:
    """Where operations may be: from the first to beyond the last."""
    ends = []
    for question in (
        "SELECT seq FROM sqlite_sequence WHERE name = 'operations'",
        "SELECT max(position) FROM operations",
        "SELECT max(position) FROM operations INDEXED BY operations_open WHERE done_at IS NULL",
    ):
        with contextlib.suppress(*_UNREADABLE):
            row = damaged.execute(question).fetchone()
            ends.append(int(row[0]))
    return range(1, min(max(ends, default=0), _LAST_MOST) + 1)


def _rows(damaged: sqlite3.Connection, table: str, where: str = "", *values: object) -> Iterator[dict[str, Any]]:
    """The rows of a table, as far as they can be read."""
    try:
        cursor = damaged.execute(f"SELECT * FROM {table} {where}", values)  # noqa: S608 (our own words)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))
    except _UNREADABLE:
        return


def _is_empty(damaged: sqlite3.Connection, table: str) -> bool:
    """Whether the table can be read, and there is nothing in it."""
    try:
        return damaged.execute(f"SELECT 1 FROM {table}").fetchone() is None  # noqa: S608 (our own words)
    except _UNREADABLE:
        return False


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> bool:
    """Keep a row that was read; False when it is none."""
    names = ", ".join(row)
    blanks = ", ".join("?" for _ in row)
    db.execute("SAVEPOINT row")
    try:
        db.execute(f"INSERT INTO {table} ({names}) VALUES ({blanks})", tuple(row.values()))  # noqa: S608
        if table == "operations":
            found = operation_table.operation(
                db.execute(f"{operation_table.OPEN} AND op_id = ?", (row["op_id"],)).fetchone()
            )
            _ = found.sealed or found.asked
        elif table == "identity":
            decode(row["told"], identity.Identity)
    except _UNREADABLE:
        db.execute("ROLLBACK TO row")
        return False
    finally:
        db.execute("RELEASE row")
    return True
