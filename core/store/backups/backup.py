"""Backups: an SQLite file each, of either kind of database, and beside it a manifest that proves the file."""

import hashlib
import hmac
import os
import re
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine

from core.decoding import decode
from core.files import sync_directory, write_whole
from core.instants import now
from core.protocol.health import BackupKind
from core.reasons import reason
from core.store import migrate
from core.store.backups.copy import copy
from core.store.engine.database import file_url, make_engine

SUFFIX: Final = ".backup.db"
MANIFEST: Final = ".json"
PART: Final = ".part"
STEP_PAGES: Final = 256
STEP_PAUSE_S: Final = 0.002
"""The pause after each megabyte, so that others can use the disk."""
_ABANDONED_S: Final = 86_400.0
"""A partial file that was not written to for this long was left by a killed process."""

Advance = Callable[[int, int], None]
"""A progress callback: `done` of `total` pages or rows."""


class BackupError(Exception):
    """No backup was made; the message gives the reason."""


class BadBackup(Exception):
    """The file is not a backup that may be restored; the message gives the reason."""


class Unproven(BadBackup):
    """The file is intact, but no proof shows that this shop's server made it."""


class ShopAt(msgspec.Struct, frozen=True, kw_only=True):
    """A shop at the moment of a backup."""

    id: str
    name: str
    epoch: str
    seq: int


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a manifest."""

    name: str
    made_at: datetime
    kind: BackupKind
    schema: str
    bytes: int
    sha256: str
    rows: dict[str, int]
    """The number of rows of each table."""
    shops: tuple[ShopAt, ...]
    proof: str = ""
    """HMAC-SHA256 (hex) over what identifies the file, by a key that only this shop's servers have. Empty without a
    key, and in backups of earlier releases."""


def proof(backup: Backup, key: bytes) -> str:
    """The value of `Backup.proof` for a given `key`."""
    said = (backup.name, backup.made_at.isoformat(), backup.kind, backup.schema, str(backup.bytes), backup.sha256)
    return hmac.new(key, "\0".join(("orderbell backup", *said)).encode(), "sha256").hexdigest()


def create(
    engine: Engine,
    directory: Path,
    kind: BackupKind,
    advance: Advance = lambda _done, _total: None,
    *,
    key: bytes = b"",
) -> Backup:
    """Back `engine`'s database up into `directory`, as it is at this moment, while others go on reading and writing.

    Only the owner may read the file. It gets its name once it is complete, checked and on the disk; before that, and
    after a kill, nothing looks like a backup. With a `key` the manifest proves who made it. Raises `BackupError`,
    `NewerSchema`.
    """
    made_at = now()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear_abandoned(directory)
        part = directory / f".{made_at:%Y%m%dT%H%M%S%f}{PART}"
        try:
            schema = _fill(engine, part, advance)
            found = contents(part)
            path = directory / _name(found.shops, made_at, schema)
            backup = Backup(
                name=path.name,
                made_at=made_at,
                kind=kind,
                schema=schema,
                bytes=part.stat().st_size,
                sha256=_sha256(part),
                rows=found.rows,
                shops=found.shops,
            )
            if key:
                backup = msgspec.structs.replace(backup, proof=proof(backup, key))
            _sync_file(part)
            part.rename(path)
        finally:
            for left in (part, Path(f"{part}-journal")):
                left.unlink(missing_ok=True)
        sync_directory(directory)
        write_whole(manifest_of(path), msgspec.json.format(msgspec.json.encode(backup)), private=True)
    except (OSError, sqlite3.Error, BadBackup) as error:
        raise BackupError(f"There is no backup in {directory}: {reason(error)}") from error
    return backup


def listed(directory: Path) -> list[Backup]:
    """The backups in a directory, newest first. Files without a manifest are unfinished, or not ours."""
    found = []
    for path in directory.glob(f"*{SUFFIX}{MANIFEST}"):
        try:
            backup = decode(path.read_bytes(), Backup)
        except (OSError, msgspec.DecodeError):
            continue
        if path.name == f"{backup.name}{MANIFEST}":
            found.append(backup)
    return sorted(found, key=lambda backup: (backup.made_at, backup.name), reverse=True)


def prune(directory: Path, keep: int) -> list[Backup]:
    """Delete all scheduled backups but the newest `keep`, and return the deleted ones.

    Backups dated in the future are neither deleted nor counted: a clock was ahead, or ours is behind.
    """
    at = now()
    old = [each for each in listed(directory) if each.kind is BackupKind.SCHEDULED and each.made_at <= at][keep:]
    for backup in old:
        path = directory / backup.name
        manifest_of(path).unlink(missing_ok=True)  # the manifest first: a file without one is not listed
        path.unlink(missing_ok=True)
    return old


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a backup, read from the file itself."""

    schema: str
    rows: dict[str, int]
    shops: tuple[ShopAt, ...]


def contents(path: Path, name: str = "") -> Contents:
    """Read the contents of a file, checking every page and reference. Messages call it `name`. Raises `BadBackup`."""
    name = name or path.name
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            wrong = [row[0] for row in db.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
            if wrong:
                raise BadBackup(f"{name} is damaged: {'; '.join(wrong)}")
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if not {migrate.VERSION_TABLE, "shops", "orders"} <= tables:
                raise BadBackup(f"{name} is no backup of an Orderbell database")
            [(schema,)] = db.execute(f"SELECT version_num FROM {migrate.VERSION_TABLE}")  # noqa: S608
            if schema not in migrate.revisions():
                raise BadBackup(f"{name} cannot be used here: {migrate.NewerSchema(schema)}")
            if db.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise BadBackup(f"{name} is damaged: a reference in it leads nowhere")
            rows = {
                table: db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608
                for table in sorted(tables - {migrate.VERSION_TABLE})
                if not table.startswith("sqlite_")
            }
            shops = [
                ShopAt(id=row[0], name=row[1], epoch=row[2], seq=row[3])
                for row in db.execute("SELECT id, name, epoch, seq FROM shops ORDER BY created_at, id")
            ]
    except (sqlite3.Error, ValueError, OSError) as error:
        raise BadBackup(f"{name} cannot be read: {reason(error)}") from None
    return Contents(schema=schema, rows=rows, shops=tuple(shops))


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A private, checked copy of a backup."""

    path: Path
    """The copy."""
    backup: Backup
    doubts: tuple[str, ...]
    """See `doubts`."""


@contextmanager
def taken(path: Path, place: Path, key: bytes) -> Iterator[Taken]:
    """A copy of the backup at `path`, in the directory `place`, for the duration of the block; it stays if the block
    renames it.

    The copy is made first, and hash, proof and contents are those of the copy, so later changes of `path` have no
    effect. Only the server's user may be able to write to `place`. Raises `BadBackup`.
    """
    manifest = _manifest(path)
    copied = place / f".taken-{now():%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}.db"
    try:
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            _copy_private(path, copied)
        except OSError as error:
            raise BadBackup(f"{path.name} cannot be copied to be looked at: {reason(error)}") from None
        _check(copied, manifest, path.name)
        yield Taken(path=copied, backup=manifest, doubts=doubts(copied, manifest, key, path.name))
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{copied}{suffix}").unlink(missing_ok=True)


def verify(path: Path) -> Backup:
    """The backup at `path`, checked by its manifest's hash and its contents. Raises `BadBackup`.

    Only for a file that nobody else may write; use `taken` for any other.
    """
    manifest = _manifest(path)
    _check(path, manifest, path.name)
    return manifest


def _manifest(path: Path) -> Backup:
    try:
        return decode(manifest_of(path).read_bytes(), Backup)
    except FileNotFoundError:
        raise BadBackup(f"{path.name} has no manifest ({path.name}{MANIFEST}): it was not finished") from None
    except (OSError, msgspec.DecodeError) as error:
        raise BadBackup(f"the manifest of {path.name} cannot be read: {reason(error)}") from None


def _check(path: Path, manifest: Backup, name: str) -> None:
    """Compare the file's bytes and contents with `manifest`. Raises `BadBackup`."""
    try:
        size, sha256 = path.stat().st_size, _sha256(path)
    except OSError as error:
        raise BadBackup(f"{name} cannot be read: {reason(error)}") from None
    if (size, sha256) != (manifest.bytes, manifest.sha256):
        raise BadBackup(f"{name} is not the file that was made: its bytes have changed")
    found = contents(path, name)
    if (found.schema, found.rows, found.shops) != (manifest.schema, manifest.rows, manifest.shops):
        raise BadBackup(f"{name} does not have what its manifest says")


def doubts(path: Path, backup: Backup, key: bytes, name: str = "") -> tuple[str, ...]:
    """Reasons why the intact backup at `path` may not have been made by this shop's server; empty when `key` proves it.

    Its triggers and views are compared with those of its schema as well. Raises `BadBackup`.
    """
    found = []
    if not backup.proof:
        found.append("its manifest has no proof: it was made by an earlier release, or by somebody else")
    elif not key:
        found.append("the server's keys are not here, so its proof says nothing")
    elif not hmac.compare_digest(backup.proof, proof(backup, key)):
        found.append("it was made with other keys than this server's, or was changed after it was made")
    found += [
        f"it has a {kind} that is none of Orderbell's, {called}" for kind, called in foreign(path, backup.schema, name)
    ]
    return tuple(found)


def foreign(path: Path, schema: str, name: str = "") -> tuple[tuple[str, str], ...]:
    """Triggers and views of the file that are not, or not so, in a database of its `schema`. Raises `BadBackup`."""
    known = _active(schema)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            return tuple((kind, called) for kind, called, sql in _read_active(db) if known.get((kind, called)) != sql)
    except (sqlite3.Error, ValueError, OSError) as error:
        raise BadBackup(f"{name or path.name} cannot be read: {reason(error)}") from None


@cache
def _active(schema: str) -> dict[tuple[str, str], str]:
    """The triggers and views of a schema, read from its migrations."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "schema.db"
        engine = make_engine(file_url(file))
        try:
            migrate.upgrade(engine, schema)
        finally:
            engine.dispose()
        with closing(sqlite3.connect(file)) as db:
            return {(kind, name): sql for kind, name, sql in _read_active(db)}


def _read_active(db: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')"):
        yield kind, name, " ".join(sql.split())


def copy_to(path: Path, directory: Path, key: bytes = b"") -> Path:
    """Copy the backup at `path` to another directory, readable by its owner alone. It gets its name there once the copy
    is checked, and with a `key` proven. Raises `BadBackup`, `OSError`."""
    manifest = _manifest(path)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    part, there = directory / f".{path.name}{PART}", directory / path.name
    try:
        part.unlink(missing_ok=True)
        _copy_private(path, part)
        _check(part, manifest, path.name)
        if key and (found := doubts(part, manifest, key, path.name)):
            raise Unproven(f"{path.name} is not proven: {'; '.join(found)}")
        _sync_file(part)
        part.replace(there)
    finally:
        part.unlink(missing_ok=True)
    write_whole(manifest_of(there), msgspec.json.format(msgspec.json.encode(manifest)), private=True)
    return there


def _copy_private(path: Path, copied: Path) -> None:
    """Copy to a new file that only its owner may read. Raises `OSError`."""
    with path.open("rb") as source:
        descriptor = os.open(copied, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)


def manifest_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{MANIFEST}")


def _fill(engine: Engine, part: Path, advance: Advance) -> str:
    """Make `part` a copy of the engine's database at one moment, and return its schema."""
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    schema = migrate.current(engine)
    if schema is None:
        raise BadBackup("the database is empty")
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            _copy_pages(connection, part, advance)
    else:
        file = make_engine(file_url(part))
        try:
            copy(engine, file, advance)
            with file.connect() as connection:
                _one_file(connection.exec_driver_sql)
        finally:
            file.dispose()
    return schema


def _copy_pages(connection: Connection, part: Path, advance: Advance) -> None:
    """SQLite's online backup, inside a read transaction: it sees one snapshot, and neither blocks writers nor waits for
    them. (Without one it starts again at every commit of another connection, and never ends in a busy shop.)"""
    source: Any = connection.connection.driver_connection
    source.execute("BEGIN")
    try:
        source.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()  # only a read takes the snapshot
        with closing(sqlite3.connect(part, isolation_level=None)) as target:
            source.backup(
                target,
                pages=STEP_PAGES,
                progress=lambda _status, left, total: advance(total - left, total),
                sleep=STEP_PAUSE_S,
            )
            _one_file(target.execute)
    finally:
        source.execute("COMMIT")


def _one_file(execute: Callable[[str], Any]) -> None:
    """Switch the WAL off: a backup is one file, and is read without writing."""
    execute("PRAGMA journal_mode = DELETE")


def _name(shops: Iterable[ShopAt], made_at: datetime, schema: str) -> str:
    first = next(iter(shops), None)
    words = re.findall("[a-z0-9]+", first.name.casefold()) if first else []
    slug = "-".join(words)[:40] or (first.id[:8] if first else "empty")
    return f"{slug}-{made_at:%Y%m%dT%H%M%S%f}Z-{schema}{SUFFIX}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _clear_abandoned(directory: Path) -> None:
    for part in directory.glob(f".*{PART}*"):
        if time.time() - part.stat().st_mtime > _ABANDONED_S:
            part.unlink(missing_ok=True)
