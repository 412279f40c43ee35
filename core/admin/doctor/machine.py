"""The server's own machine: its settings, its keys, the backend, and its newest backup."""

import os
from collections.abc import Iterator
from pathlib import Path

from core.admin import backend, serving
from core.admin.doctor.network import reached
from core.admin.failed import sentence
from core.admin.refusals import refusal
from core.protocol import routes
from core.protocol.health import Check, Diagnosis, Result
from core.server.auth import keys, recovery_kit
from core.server.auth.keys import KeyFileError
from core.server.settings import ServerSettings
from core.store.backups import backup
from core.store.backups.backup import BadBackup
from core.store.engine.database import CannotOpen, parse_url
from core.store.engine.owner import file_of

_EXAMINE_WITHIN_S = 600.0
_WHICH = "Is it the right one? orderbell config show server"


def checks(server: ServerSettings, settings_file: Path) -> Iterator[Check]:
    """The checks that need no backend."""
    yield _keys(server.keys_path)
    yield from _kit(server, settings_file)
    yield from file(server.database)
    running = serving.running(server)
    if running is None:
        yield Check(
            name="server",
            result=Result.FAIL,
            says="It is not running: nobody can order. (The database is checked all the same.)",
            do="Start it: orderbell serve",
        )
    else:
        yield from reached(running.url, running.ca_file)
    yield from _newest_backup(server)


def examined(server: ServerSettings, shop_id: str) -> Diagnosis:
    """The backend's own diagnosis: from the one that serves, or a temporary one."""
    try:
        with backend.reach(server, shop_id) as api:
            found = api.call(routes.DOCTOR(), _EXAMINE_WITHIN_S)
    except Exception as error:
        told = refusal(error)
        if told is None:
            raise
        failed = Check(name="backend", result=Result.FAIL, says=told.message, do=_WHICH)
        return Diagnosis(checks=(failed,))
    token = Check(name="token", result=Result.OK, says="A token of this machine's keys is known to be its admin's.")
    return Diagnosis(checks=(token, *found.checks), facts=found.facts)


def _keys(path: Path) -> Check:
    try:
        keys.read(path)
    except FileNotFoundError:
        return Check(
            name="keys", result=Result.FAIL, says=f"There is no {path}.", do="orderbell init, or restore them."
        )
    except (KeyFileError, OSError) as error:
        return Check(name="keys", result=Result.FAIL, says=_why(error), do="Put a copy of them back.")
    if os.name == "posix" and (mode := path.stat().st_mode & 0o777) & 0o077:
        says = f"Others on this machine may read them (mode {mode:o})."
        return Check(name="keys", result=Result.FAIL, says=says, do=f"chmod 600 {path}, then: orderbell keys rotate")
    return Check(name="keys", result=Result.OK, says="They can be read, by their owner alone.")


def _why(error: KeyFileError | OSError) -> str:
    told = refusal(error)
    return told.message if told is not None else str(error)


def file(url: str) -> Iterator[Check]:
    """Whether other users can read the database's file. (On Windows a file is as private as its directory.)"""
    try:
        path = file_of(parse_url(url))
    except CannotOpen:  # the backend says so
        return
    if os.name != "posix" or path is None or not path.exists():
        return
    mode = path.stat().st_mode & 0o777
    if mode & 0o077 and path.parent.stat().st_mode & 0o011:
        says = f"Others on this machine may read it (mode {mode:o}): telephone numbers, and hashes of PINs."
        yield Check(name="database file", result=Result.WARN, says=says, do=f"chmod 600 {path}*")


def _kit(server: ServerSettings, settings_file: Path) -> Iterator[Check]:
    if not server.keys_path.exists():
        return
    known = recovery_kit.note(server)
    if known is None:
        says = "There is none: with this machine the shop's keys would be lost, and no backup could be proven."
    elif not recovery_kit.is_current(server, settings_file, known):
        made = f"{known.made_at.astimezone():%Y-%m-%d}"
        says = f"That of {made} lacks the current keys, certificate authority or settings."
    else:
        says = f"Made on {known.made_at.astimezone():%Y-%m-%d}; it has what it must."
        yield Check(name="recovery kit", result=Result.OK, says=says)
        return
    yield Check(name="recovery kit", result=Result.WARN, says=says, do="orderbell keys kit FILE, on another disk")


def _newest_backup(server: ServerSettings) -> Iterator[Check]:
    directory = server.backup_path
    for newest in backup.listed(directory)[:1]:
        path = directory / newest.name
        try:
            with backup.taken(path, server.directory, keys.backup_key_at(server.keys_path)) as taken:
                doubts = taken.doubts
        except BadBackup as error:
            yield Check(
                name="newest backup", result=Result.FAIL, says=sentence(str(error)), do="orderbell backup create"
            )
        else:
            if doubts:
                says = f"{newest.name} is whole, but not proven: {'; '.join(doubts)}."
                yield Check(name="newest backup", result=Result.WARN, says=says, do="orderbell backup create")
            else:
                yield Check(name="newest backup", result=Result.OK, says=f"{newest.name} is whole, and proven.")
