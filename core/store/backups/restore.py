"""Replaces a database with a backup: completely or not at all; the replaced database is kept."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy
from sqlalchemy import Connection, Engine, NullPool, Table, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from core.domain.ids import uuid7
from core.files import sync_directory
from core.instants import now, to_us
from core.protocol.health import BackupKind
from core.protocol.security import SecurityEvent
from core.reasons import reason
from core.store import migrate, shops
from core.store.backups import backup as backups
from core.store.backups.backup import Advance, Backup, Taken, Unproven
from core.store.backups.copy import CopyError, copy
from core.store.engine import history
from core.store.engine.database import file_url, make_engine, parse_url
from core.store.engine.owner import KEPT, file_of
from core.store.sql.statements import Transaction
from core.store.tables import customers, devices, number_series, orders, security_log, sessions, staff

log = logging.getLogger(__name__)

_BESIDE: Final = ("-wal", "-journal")
"""Suffixes of the files beside a database file that was not closed."""
_RIGHTS: Final = (
    (sessions, ("revoked_at",)),
    (devices, ("secret_hash", "paired_at", "revoked_at", "removed_at")),
    (staff, ("role", "pin_hash", "disabled_at", "removed_at")),
    (customers, ("password_hash", "disabled_at")),
)
"""Columns that decide who may sign in, and as what."""
_BATCH: Final = 1_000


class RestoreError(Exception):
    """Nothing was restored; the message gives the reason."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a database that a backup lacks."""

    placed: int
    """The number of orders placed since."""
    changed: int
    """The number of older orders that were changed since."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    backup: Backup
    schema: str
    """Its schema now: an older backup was upgraded."""
    kept: str
    """The path of what was replaced; empty when there was nothing."""
    rights: Mapping[str, int] | None
    """The numbers of sessions, devices, staff and customers whose rights were taken from the replaced database instead
    of the backup. None when it could not be read."""


def loss(url: str, since: Backup) -> Loss | None:
    """The data that a restore would remove from the database at `url`; None when that does not exist or cannot be
    read."""
    engine = _reading(url)
    at_us = to_us(since.made_at)
    placed = select(func.count()).select_from(orders).where(orders.c.placed_at > at_us)
    changed = select(func.count()).select_from(orders).where(orders.c.updated_at > at_us, orders.c.placed_at <= at_us)
    try:
        with engine.connect() as connection:
            return Loss(
                placed=connection.execute(placed).scalar_one(), changed=connection.execute(changed).scalar_one()
            )
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()


@contextmanager
def taken(path: Path, url: str, private: Path, key: bytes) -> Iterator[Taken]:
    """A checked copy of the backup at `path`, see `backup.taken`: beside a database that is a file, since it is renamed
    to it, or in the directory `private` for one on a server."""
    file = file_of(parse_url(url))
    with backups.taken(path, file.parent if file is not None else private, key) as found:
        yield found


def restore(
    path: Path,
    url: str,
    directory: Path,
    advance: Advance = lambda _done, _total: None,
    *,
    key: bytes,
    unproven: bool = False,
) -> Restored:
    """Call `put_back` with the backup at `path`. Nobody else may be able to write to `directory`. Raises `BadBackup`,
    too."""
    with taken(path, url, directory, key) as found:
        return put_back(found, url, directory, advance, key=key, unproven=unproven)


def put_back(
    found: Taken,
    url: str,
    directory: Path,
    advance: Advance = lambda _done, _total: None,
    *,
    key: bytes,
    unproven: bool = False,
) -> Restored:
    """Make the backup copy `found` the database at `url`, which no server may be using.

    Every shop begins a new epoch, so that clients notice and send again what the backup lacks. Rights that were
    withdrawn since stay withdrawn, where the replaced database can be read. A replaced file stays beside the new one;
    the contents of a database server are backed up into `directory` first. Whenever this dies, the database is the old
    one or the new one. A backup that `key` does not prove is restored only if `unproven`; foreign triggers and views
    are dropped. Raises `Unproven`, `RestoreError`, `BackupError`.
    """
    backup, doubts = found.backup, found.doubts
    if doubts and not unproven:
        raise Unproven(f"{backup.name} is not proven: {'; '.join(doubts)}")
    target, replaced = make_engine(url), _reading(url)
    try:
        file = file_of(target.url)
        about = f"{backup.name}, not proven: {'; '.join(doubts)}" if doubts else backup.name
        schema, rights = _make_ready(found.path, replaced, about)
        kept = (
            _replace_file(found.path, file)
            if file is not None
            else _replace_rows(found.path, target, directory, advance, key)
        )
    except (OSError, sqlite3.Error, SQLAlchemyError, CopyError, migrate.NewerSchema) as error:
        raise RestoreError(f"{backup.name} was not restored: {reason(error)}") from error
    finally:
        target.dispose()
    return Restored(backup=backup, schema=schema, kept=kept, rights=rights)


def _reading(url: str) -> Engine:
    """An engine to read the database that is to be replaced. It never writes: opening a damaged file otherwise may lose
    its log."""
    file = file_of(parse_url(url))
    if file is None:
        return make_engine(url)
    uri = f"{file.absolute().as_uri()}?mode=ro"
    return sqlalchemy.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, isolation_level=None), poolclass=NullPool
    )


def _make_ready(ready: Path, replaced: Engine, about: str) -> tuple[str, Mapping[str, int] | None]:
    """Give the copy of the backup the newest schema, new epochs and the current rights, on the disk. Returns its
    schema, and how many rights changed. The restore is recorded in the security log, with `about`."""
    _without_foreign(ready)
    engine = make_engine(file_url(ready))
    try:
        migrate.upgrade(engine)
        rights = _carried(replaced, engine)
        _carry_log(replaced, engine, about)
        _begin_epochs(engine)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    finally:
        engine.dispose()
    schema = backups.contents(ready).schema
    with ready.open("rb+") as written:
        os.fsync(written.fileno())
    return schema, rights


def _without_foreign(ready: Path) -> None:
    """Drop triggers and views that are not Orderbell's, before any statement can fire one."""
    found = backups.foreign(ready, backups.contents(ready).schema)
    with closing(sqlite3.connect(ready, isolation_level=None)) as db:
        for kind, name in found:
            quoted = name.replace('"', '""')
            db.execute(f'DROP {kind} "{quoted}"')  # of sqlite_schema itself: trigger or view
            log.warning("dropped a trigger or view that is not Orderbell's", extra={"kind": kind, "called": name})


def _begin_epochs(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        transaction = Transaction(connection)
        history.begin_epochs(transaction, shops.ids(transaction))
        connection.exec_driver_sql("COMMIT")


def _carried(replaced: Engine, engine: Engine) -> Mapping[str, int] | None:
    """Give the accounts of `engine`'s database the rights that they have in the replaced one.

    Returns how many changed in each table; None, with nothing done, when that database cannot be read or is too old.
    """
    with engine.connect() as writing:
        writing.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            with replaced.connect() as reading:
                reading.exec_driver_sql("BEGIN")
                changed = {table.name: _carry(reading, writing, table, rights) for table, rights in _RIGHTS}
                _carry_numbers(reading, writing)
        except SQLAlchemyError:
            log.debug("the replaced database's rights cannot be read", exc_info=True)
            writing.exec_driver_sql("ROLLBACK")
            return None
        writing.exec_driver_sql("COMMIT")
    return changed


def _carry_log(replaced: Engine, engine: Engine, about: str) -> None:
    """Add the entries of the replaced security log that the backup lacks, as far as they can be read, and record the
    restore."""
    keep = insert(security_log).prefix_with("OR IGNORE")
    with engine.connect() as writing:
        writing.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            with replaced.connect() as reading:
                reading.exec_driver_sql("BEGIN")
                rows = reading.execute(select(security_log).execution_options(yield_per=_BATCH))
                for batch in rows.mappings().partitions():
                    writing.execute(keep, [dict(row) for row in batch])
        except SQLAlchemyError:
            log.debug("the security log that is replaced cannot be read", exc_info=True)
        writing.execute(
            insert(security_log).values(
                {column.name: "" for column in security_log.columns}
                | {"id": uuid7(), "at": to_us(now()), "event": SecurityEvent.RESTORED}
                | {"by_role": "operator", "about": about}
            )
        )
        writing.exec_driver_sql("COMMIT")


def _carry_numbers(reading: Connection, writing: Connection) -> None:
    """Continue each series after the highest number issued in either database."""
    last = number_series.c.last
    change = (
        update(number_series)
        .where(number_series.c.shop_id == bindparam("shop"), number_series.c.series == bindparam("name"))
        .where(last < bindparam("reached"))
        .values(last=bindparam("reached"))
    )
    for shop_id, series, reached in reading.execute(select(number_series)).fetchall():
        writing.execute(change, {"shop": shop_id, "name": series, "reached": reached})


def _carry(reading: Connection, writing: Connection, table: Table, rights: Sequence[str]) -> int:
    keys = [column.name for column in table.primary_key.columns]
    present = {column["name"] for column in sqlalchemy.inspect(reading).get_columns(table.name)}
    rights = [name for name in rights if name in present]  # an older schema has fewer
    names = [*keys, *rights]
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    change = (
        update(table)
        .where(*(table.c[name] == new[name] for name in keys))
        .where(or_(*(table.c[name].is_distinct_from(new[name]) for name in rights)))
        .values({name: new[name] for name in rights})
    )
    rows = reading.execute(select(*(table.c[name] for name in names)).execution_options(yield_per=_BATCH))
    called = [f"new_{name}" for name in names]
    return sum(
        writing.execute(change, [dict(zip(called, row, strict=True)) for row in batch]).rowcount
        for batch in rows.partitions()
    )


def _replace_file(ready: Path, file: Path) -> str:
    """Swap the files. The old one is closed first, so that its WAL is never read into the new one."""
    kept = file.with_name(f"{file.name}{KEPT}{now():%Y%m%dT%H%M%S%f}") if file.exists() else None
    if kept is not None:
        beside = [suffix for suffix in _BESIDE if Path(f"{file}{suffix}").exists()]
        for suffix in beside:  # before anything else: opening a damaged file may cost it its log
            shutil.copyfile(f"{file}{suffix}", f"{kept}{suffix}")
        if _closed(file):
            for suffix in beside:
                Path(f"{kept}{suffix}").unlink()
        _second_name(file, kept)
        sync_directory(file.parent)
    for suffix in (*_BESIDE, "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    ready.replace(file)
    sync_directory(file.parent)
    return str(kept or "")


def _closed(file: Path) -> bool:
    """Whether the file contains all that was written, with no WAL left; False when it is damaged."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = DELETE").fetchall()
    except sqlite3.Error:
        return False
    return True


def _second_name(file: Path, kept: Path) -> None:
    try:
        kept.hardlink_to(file)
    except OSError:  # a file system without links
        shutil.copy2(file, kept)


def _replace_rows(ready: Path, target: Engine, directory: Path, advance: Advance, key: bytes) -> str:
    """Replace the contents of a database server in one transaction, after a backup."""
    held = migrate.current(target) is not None
    kept = str(directory / backups.create(target, directory, BackupKind.BEFORE_RESTORE, key=key).name) if held else ""
    migrate.upgrade(target)
    source = make_engine(file_url(ready))
    try:
        copy(source, target, advance, replacing=True)
    finally:
        source.dispose()
    return kept
