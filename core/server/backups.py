"""Backups while the shop is open: one at a time, on a schedule, and before the schema is upgraded."""

import asyncio
import hashlib
import logging
import shutil
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core.instants import now
from core.protocol.health import BackupKind
from core.server.auth.keys import backup_key_at
from core.server.background import repeating
from core.server.http import problems
from core.server.http.limits import Rate
from core.server.settings import ServerSettings
from core.settings import state_dir
from core.store import migrate
from core.store.backups import backup
from core.store.backups.backup import Backup, BackupError
from core.store.engine import mark
from core.store.engine.database import CannotOpen, Database, Duty, make_engine, parse_url
from core.store.engine.owner import file_of
from core.store.tables import orders

log = logging.getLogger(__name__)

AFTER_START_S: Final = 300.0
"""The delay after a start, so that a server that is restarted again and again makes no backups."""
AFTER_FAILURE_S: Final = 600.0
_ASKED_MOST: Final = 20
_HOUR_S: Final = 3_600.0
_AGAIN_S: Final = 30.0
_LEFT_FREE: Final = 200_000_000
"""Bytes of disk space that a backup leaves free."""
_LOOK_S: Final = 60.0
"""The interval at which the clock is read: a machine that slept is late by no more."""


class Backups:
    """The backups of one backend. `last` is the newest; `problem` is why the last scheduled one failed; `elsewhere`:
    another backend of the database makes them, in its own directory or this one."""

    def __init__(self, database: Database, settings: ServerSettings, key: bytes) -> None:
        self._database = database
        self._settings = settings
        self._key = key
        self._one_at_a_time = asyncio.Lock()
        self._making: asyncio.Future[Backup] | None = None
        self._stopping = threading.Event()
        self._not_before = now()
        self._asked = Rate(_ASKED_MOST, _HOUR_S, "There were enough backups in the last hour.")
        self.last = self._newest()
        self.problem = ""
        self.elsewhere = False

    def all(self) -> list[Backup]:
        """Every backup in the directory, newest first."""
        return backup.listed(self._settings.backup_path)

    def _newest(self) -> Backup | None:
        """The newest that is not from the future: such a one does not determine when the next is due."""
        at = now()
        return next((each for each in self.all() if each.made_at <= at), None)

    async def make_manual(self) -> Backup:
        """Make a backup on request. Raises `BackupError`, and `Refusal` 429 when there are as many as may be kept, too
        many were requested lately, or one is being made."""
        if self._one_at_a_time.locked():
            raise problems.too_many("A backup is being made just now.", _AGAIN_S)
        self._asked.take("")
        made = await asyncio.to_thread(self.all)
        kept = [each for each in made if each.kind is BackupKind.MANUAL]
        if len(kept) >= self._settings.backup_manual_max:
            raise problems.too_many(
                f"There are {len(kept)} backups that were asked for in {self._settings.backup_path}. Move the oldest "
                f"elsewhere, or allow more: backup_manual_max.",
                _AGAIN_S,
            )
        free, wanted = shutil.disk_usage(self._settings.backup_path.parent).free, self._expected_bytes(made)
        if free < wanted + _LEFT_FREE:
            raise BackupError(
                f"It may need {wanted / 1e6:.0f} MB, {_LEFT_FREE / 1e6:.0f} MB are to stay free, and now there are "
                f"{free / 1e6:.0f} MB. Make room first."
            )
        return await self.make(BackupKind.MANUAL)

    def _expected_bytes(self, made: Sequence[Backup]) -> int:
        """The expected size of the next one: the database's file, or else the last backup."""
        file = file_of(self._database.engine.url)
        return file.stat().st_size if file is not None and file.exists() else made[0].bytes if made else 0

    async def make(self, kind: BackupKind) -> Backup:
        """A backup of this moment, made in a thread. Raises `BackupError`."""
        create = partial(
            backup.create, self._database.engine, self._settings.backup_path, kind, self._go_on, key=self._key
        )
        async with self._one_at_a_time:
            thread = ThreadPoolExecutor(1, thread_name_prefix="backup")
            try:
                self._making = asyncio.get_running_loop().run_in_executor(thread, create)
                made = await asyncio.shield(self._making)
            finally:
                thread.shutdown(wait=False)  # it ends when the backup does
        self.last = made
        log.info("made a backup", extra={"backup": made.name, "bytes": made.bytes, "kind": str(kind)})
        return made

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make backups on schedule until the end of the block; one in progress is then aborted."""
        self._not_before = now() + timedelta(seconds=AFTER_START_S)
        try:
            async with repeating(*([self._when_due] if self._settings.backup_every_h else [])):
                yield
        finally:
            self._stopping.set()
            if self._making is not None:
                await asyncio.wait([self._making])

    def due_at(self, last: datetime | None) -> datetime:
        """When the next one is due. A last one from the future is ignored: the clock was set back."""
        if last is None or last > now():
            return now()
        return last + timedelta(hours=self._settings.backup_every_h)

    async def _when_due(self) -> None:
        was_elsewhere, self.elsewhere = self.elsewhere, not await self._database.takes_on(Duty.BACKUPS)
        if self.elsewhere:
            await asyncio.sleep(_LOOK_S)
            return
        if was_elsewhere:  # its backups in this directory are ours now
            self.last = await asyncio.to_thread(self._newest)
        due = max(self.due_at(self.last.made_at if self.last else None), self._not_before)
        wait_s = (due - now()).total_seconds()
        if wait_s > 0:
            await asyncio.sleep(min(wait_s, _LOOK_S))
            return
        try:
            await self.make(BackupKind.SCHEDULED)
            self.problem = ""
            for old in await asyncio.to_thread(backup.prune, self._settings.backup_path, self._settings.backup_keep):
                log.info("deleted a backup", extra={"backup": old.name})
        except (BackupError, OSError) as error:
            self.problem = str(error)
            self._not_before = now() + timedelta(seconds=AFTER_FAILURE_S)
            log.exception("no backup was made; trying again in %d minutes", AFTER_FAILURE_S // 60)

    def _go_on(self, _done: int, _total: int) -> None:
        if self._stopping.is_set():
            raise BackupError("The server is stopping.")


def open_database(settings: ServerSettings) -> Database:
    """The database with the newest schema. One with orders in it is backed up before it is upgraded.

    Raises `CannotOpen`.
    """
    marks = marks_of(settings)
    engine = make_engine(settings.database)
    try:
        held = migrate.current(engine)
        if held is not None and held != migrate.head():
            with engine.connect() as connection:
                has_orders = connection.execute(select(orders.c.id).limit(1)).first() is not None
            if has_orders:
                made = backup.create(
                    engine, settings.backup_path, BackupKind.BEFORE_UPGRADE, key=backup_key_at(settings.keys_path)
                )
                log.warning("upgrading the database from %s to %s; it is kept as %s", held, migrate.head(), made.name)
    except BackupError as error:
        raise CannotOpen(f"The database has to be upgraded, and could not be backed up before: {error}") from error
    except (SQLAlchemyError, migrate.NewerSchema):
        log.debug("looking at the schema", exc_info=True)  # opening it says the same, in a sentence
    finally:
        engine.dispose()
    return Database(settings.database, marks)


def marks_of(settings: ServerSettings) -> tuple[Path, Path]:
    """The paths of the database's marks: beside its data, for when the database alone is put back, and apart from it,
    for when its whole directory is. Each is for this database alone. Raises `CannotOpen`."""
    url = parse_url(settings.database)
    file = file_of(url)
    whose = str(file.resolve()) if file is not None else url.set(password=None).render_as_string()
    name = hashlib.blake2b(whose.encode(), digest_size=8).hexdigest() + mark.SUFFIX
    beside = settings.directory / name if file is None else file.with_name(f"{file.name}{mark.SUFFIX}")
    return beside, state_dir() / name
