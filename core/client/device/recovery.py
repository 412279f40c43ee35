"""Recovery of a damaged window file: sets it aside, saves its readable operations, and begins a new one."""

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
from core.client.operations import Kind
from core.client.storage import operation_table, pages, window_id
from core.client.storage.cache import Cache
from core.client.storage.local_store import PAGE_BYTES, Damaged, LocalStore, LocalStoreError, damaged, files_of
from core.decoding import decode

log = logging.getLogger(__name__)

_SESSION: Final = "session"
_LAST_MOST: Final = 2_000_000
"""The highest plausible position of an operation: a greater one is itself damaged."""
_OLDEST_COLUMNS: Final = 14
"""The columns of the first release; later ones are appended."""
_KIND: Final = 4
"""The index of an operation's kind among its columns."""
_UNREADABLE: Final = (sqlite3.DatabaseError, msgspec.DecodeError, ValueError, TypeError)
"""Errors that reading a damaged row may raise."""


class Recovered(msgspec.Struct, frozen=True):
    """The result for a file that was damaged, or was not the newest."""

    set_aside: Path | None
    """The damaged file; None where it is sound and stays in use, but was copied or put back, or has lost its newest
    part."""
    operations: int
    """The number of waiting operations that were saved."""
    is_known: bool
    """Whether this machine's pairing, or lack of one, was saved."""


def make_sound(path: Path) -> Recovered | None:
    """Make the window's file at `path` usable. None when it was, or does not exist yet.

    Session and number series of a damaged file are discarded: a new window continues numbers beyond any that may have
    been issued (docs/adr/0044). Raises `LocalStoreError` for other errors than damage.
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
    """Continue a file that is not the newest of its window as another window's."""
    held = window_id.held_by(store)
    if held is None or window_id.of(store) == held:
        return None
    with store.reading() as db:
        count = len(db.execute(operation_table.OPEN).fetchall())
    log.warning("the file is not the newest of its window; it goes on as another's", extra={"operations": count})
    return Recovered(None, count, is_known=True)


def _read_all(store: LocalStore) -> None:
    """Read what a window reads when it starts. Damaged cache tables are deleted: they can be fetched again. Raises
    `Damaged`."""
    cache = Cache(store)
    try:
        cache.newest()
        _ = cache.owner, cache.place, cache.menu, cache.synced_at
    except _UNREADABLE:
        log.warning("the cache cannot be read; it is fetched again")
        store.renew_cache()
    try:
        identity.read(store)
        with store.reading() as db:
            for row in db.execute(operation_table.OPEN):
                operation_table.operation(row)
    except _UNREADABLE as error:
        raise damaged(store.path, str(error)) from error


def _recover(path: Path, error: Damaged) -> Recovered:
    was = error.was or {each: each.read_bytes() for each in files_of(path) if each.exists()}
    aside = _set_aside(path)
    try:
        count, is_known = _saved(path, aside, *(was.get(each, b"") for each in files_of(path)))
    except (LocalStoreError, NotKept, OSError) as refused:  # undo: it is retried at the next start
        for each, kept in zip(files_of(path), files_of(aside), strict=True):
            each.unlink(missing_ok=True)
            if kept.exists():
                kept.rename(each)
            with contextlib.suppress(OSError):
                _write(each, was.get(each, b""))
        raise LocalStoreError(
            "{path} is damaged, and what can be read cannot be saved: {why}", path, str(refused)
        ) from refused
    with contextlib.suppress(OSError):  # on a full disk, what SQLite has left of it
        for kept, each in zip(files_of(aside), files_of(path), strict=True):
            _write(kept, was.get(each, b""))
    log.warning("a new file was begun", extra={"set_aside": str(aside), "operations": count, "is_known": is_known})
    return Recovered(aside, count, is_known)


def _write(file: Path, content: bytes) -> None:
    """Overwrite in place, so that a full disk destroys nothing."""
    if content:
        with file.open("r+b" if file.exists() else "wb") as opened:
            opened.write(content)
            opened.truncate()


def _saved(path: Path, aside: Path, file: bytes, log_of: bytes) -> tuple[int, bool]:
    """Begin a new file with the readable contents of the old one; returns the number of operations, and whether the
    pairing was saved."""
    with closing(sqlite3.connect(f"file:{aside.as_posix()}?mode=rw", uri=True, isolation_level=None)) as damaged:
        with closing(LocalStore(path)) as store, store.transaction() as db:
            for row in _rows(damaged, "sealed"):
                if row.get("name") != _SESSION:
                    _insert(db, "sealed", row)
            for table in ("identity", "sealing_keys", "sign_outs"):
                for row in _rows(damaged, table):
                    _insert(db, table, row)
            names = [row[1] for row in db.execute("PRAGMA table_info(operations)")]
            operations = _operations(damaged, pages.rows(file, log_of, PAGE_BYTES), names)
            count = sum(_insert(db, "operations", row) for row in operations)
        with closing(LocalStore(path)) as store:
            return count, identity.read(store) is not None or _is_empty(damaged, "identity")


def _set_aside(path: Path) -> Path:
    """Rename the file and SQLite's files beside it, so that they still belong together."""
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
    """The unanswered operations, in order. A damaged leaf page loses its own rows only; below a damaged inner page, and
    beyond the damage of a log, rows are read directly from pages."""
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
    """The possible positions of operations."""
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
    """The readable rows of a table."""
    try:
        cursor = damaged.execute(f"SELECT * FROM {table} {where}", values)  # noqa: S608 (our own words)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))
    except _UNREADABLE:
        return


def _is_empty(damaged: sqlite3.Connection, table: str) -> bool:
    """Whether the table can be read, and is empty."""
    try:
        return damaged.execute(f"SELECT 1 FROM {table}").fetchone() is None  # noqa: S608 (our own words)
    except _UNREADABLE:
        return False


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> bool:
    """Insert a row that was read; False when it is invalid."""
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
