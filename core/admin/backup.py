"""`orderbell backup`: make, list, verify and restore backups of the whole database."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.admin import backend, console
from core.admin.command import WHERE, Parser, server_settings
from core.admin.failed import Failed, sentence
from core.files import write_whole
from core.protocol import routes
from core.reasons import reason
from core.server.auth import keys
from core.server.auth.keys import KeyFileError
from core.server.settings import ServerSettings
from core.store.backups import backup as backups
from core.store.backups import restore as restoring
from core.store.backups.backup import BadBackup
from core.store.backups.restore import Restored
from core.store.engine.owner import AlreadyServed, Ownership

KEYS: Final = ".keys.json"
"""The suffix of a backup's copy of the server's keys, which is optional."""
_WHERE: Final = (*WHERE, "backup_dir")
_CREATE_WITHIN_S: Final = 3_600.0
_EXAMPLES: Final = """examples:
  orderbell backup create                    now, into the server's directory of backups
  orderbell backup create --to /media/stick  and a checked copy of it somewhere else
  orderbell backup list --json
  orderbell backup verify --all
  orderbell backup restore corner-kitchen-20260504T030000000000Z-0003.backup.db

The server may go on working for all of them but restore. Only the owner can read a backup: it has what the
database has. The server's keys are not in it; --with-keys puts them beside it."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The result of verifying a backup; `problem` is empty when it is intact."""

    name: str
    problem: str = ""
    doubts: tuple[str, ...] = ()
    """Why nothing proves that this shop's server made it."""


def main(argv: Sequence[str]) -> int:
    """Returns 0, or 1 when a backup is damaged. Raises `Failed` when one was not made or not restored."""
    parser = Parser("orderbell backup", __doc__, _EXAMPLES)

    def command(name: str, summary: str, run: Callable[[ServerSettings, argparse.Namespace], int | None]) -> Parser:
        return parser.command(name, summary, lambda options: run(server_settings(options), options), only=_WHERE)

    create = command("create", "make a backup now, and check it", _create)
    create.add_argument("--to", metavar="DIR", help="put a checked copy of it there, too")
    create.add_argument("--with-keys", action="store_true", help="and the server's keys: whoever has them is anybody")
    command("list", "what backups there are, newest first", _list)
    verify = command("verify", "prove backups byte for byte, and look inside", _verify)
    verify.add_argument("file", nargs="*", help="a backup: its name in the server's directory, or a path")
    verify.add_argument("--all", action="store_true", help="all in the server's directory")
    restore = command("restore", "put a backup in the database's place; the server must be stopped", _restore)
    restore.add_argument("file", help="a backup: its name in the server's directory, or a path")
    restore.add_argument("--yes", action="store_true", help="do not ask")
    restore.add_argument(
        "--unproven",
        action="store_true",
        help="also one that the server's keys do not prove to be its own",
    )
    return parser.run(argv)


def _create(configured: ServerSettings, options: argparse.Namespace) -> None:
    with backend.reach(configured) as api:
        made = api.call(routes.BACK_UP(), _CREATE_WITHIN_S)
    path = configured.backup_path / made.name
    try:
        if options.to:
            path = backups.copy_to(path, Path(options.to), keys.backup_key_at(configured.keys_path))
        if options.with_keys:
            write_whole(path.with_name(path.name + KEYS), configured.keys_path.read_bytes(), private=True)
    except (BadBackup, OSError) as error:
        raise Failed(
            f"The backup was made as {configured.backup_path / made.name}, but then: {reason(error)}"
        ) from None
    if options.json:
        console.as_json(made)
    else:
        console.show(f"Made and checked {path} ({_size(made.bytes)}).")
        if not options.to and not configured.backup_dir:
            console.show("It is on the same disk as the database. Keep a copy elsewhere: --to DIR.")


def _list(configured: ServerSettings, options: argparse.Namespace) -> None:
    found = backups.listed(configured.backup_path)
    if options.json:
        console.as_json(found)
        return
    console.table(
        ("backup", "made", "why", "orders", "size"),
        (
            (
                each.name,
                each.made_at.astimezone().strftime("%Y-%m-%d %H:%M"),
                each.kind.replace("_", " "),
                each.rows.get("orders", 0),
                _size(each.bytes),
            )
            for each in found
        ),
        empty=f"There are no backups in {configured.backup_path}.",
    )


def _verify(configured: ServerSettings, options: argparse.Namespace) -> int:
    paths = [_find(configured, name) for name in options.file]
    if options.all:
        paths += [configured.backup_path / each.name for each in backups.listed(configured.backup_path)]
    if not paths:
        raise Failed("Say which: a file, or --all.", status=2)
    found = []
    with console.progress("verifying") as advance:
        for done, path in enumerate(paths, 1):
            found.append(_verified(configured, path))
            advance(done, len(paths))
    if options.json:
        console.as_json(found)
    else:
        for each in found:
            if each.doubts:
                console.show(f"{each.name}: whole, but not proven: {'; '.join(each.doubts)}", "yellow")
            else:
                console.show(each.problem or f"{each.name}: ok", "red" if each.problem else "green")
    damaged = any(each.problem for each in found)
    if damaged and not options.json:
        console.warn("What is damaged cannot be restored. The others: orderbell backup list")
    return 1 if damaged else 0


def _verified(configured: ServerSettings, path: Path) -> Verified:
    try:
        with backups.taken(path, configured.directory, keys.backup_key_at(configured.keys_path)) as taken:
            return Verified(name=path.name, doubts=taken.doubts)
    except BadBackup as error:
        return Verified(name=path.name, problem=sentence(str(error)))


def _restore(configured: ServerSettings, options: argparse.Namespace) -> None:
    path = _find(configured, options.file)
    key = keys.backup_key_at(configured.keys_path)
    try:
        with (
            Ownership(configured.database, alone=True),
            restoring.taken(path, configured.database, configured.directory, key) as taken,
        ):
            backup, doubts = taken.backup, taken.doubts
            if doubts and not options.unproven:
                raise Failed(_not_proven(configured, backup, doubts))
            _print(_at_stake(configured, backup), options)
            console.confirm(f"Put the backup of {_when(backup)} in the database's place?", yes=options.yes)
            with console.progress("restoring") as advance:
                restored = restoring.put_back(
                    taken, configured.database, configured.backup_path, advance, key=key, unproven=options.unproven
                )
    except AlreadyServed as error:
        raise Failed(f"{error} Stop the server first.") from None
    had_keys = _put_keys_back(configured, path)
    if options.json:
        console.as_json(restored)
    else:
        _print(_done(restored, had_keys=had_keys, proven=not doubts), options)


def _not_proven(configured: ServerSettings, backup: backups.Backup, doubts: Sequence[str]) -> str:
    summary = f"Nothing was restored. Nothing proves that this shop's server made {backup.name}: {'; '.join(doubts)}."
    if not configured.keys_path.exists():
        summary += " With a recovery kit, bring the keys back first: orderbell keys recover FILE."
    return f"{summary} If you know where it has been all the time, add --unproven."


def _at_stake(configured: ServerSettings, backup: backups.Backup) -> Iterable[str]:
    yield f"{backup.name}: made {_when(backup)}, {backup.rows.get('orders', 0)} orders."
    lost = restoring.loss(configured.database, backup)
    if lost is None:
        yield "There is no database that it would replace, or none that can be read."
    else:
        yield (
            f"The database has {lost.placed} orders that were placed since, and {lost.changed} older ones that were "
            "changed since. What POS and customers were told in the last 90 days, they send again by themselves. "
            "Accounts and devices that were made since are gone, and the menu will be as it was. Who is disabled, "
            "revoked or signed out stays so; PINs, passwords and roles stay as they are now."
        )


def _done(restored: Restored, *, had_keys: bool, proven: bool) -> Iterable[str]:
    yield f"Restored {restored.backup.name} (schema {restored.schema})."
    if restored.kept:
        yield f"What was there is kept: {restored.kept}"
    if not proven:
        yield "It was not proven: look through who may come in: orderbell users list, orderbell devices list"
    if restored.rights is None:
        yield (
            "Who was disabled, revoked, signed out or given another role, PIN or password since the backup is not "
            "known: they come in as before. Look through: orderbell users list, orderbell devices list"
        )
    elif any(restored.rights.values()):
        carried = ", ".join(f"{count} {table}" for table, count in restored.rights.items() if count)
        yield f"Carried over is what was decided since the backup of who may come in: {carried}."
    if not had_keys:
        yield "There are no keys: the server makes new ones, and everybody has to sign in again. What waits is kept."
    yield "Start the server: orderbell serve"


def _put_keys_back(configured: ServerSettings, path: Path) -> bool:
    """Whether the server has its keys, restored from beside the backup if necessary."""
    beside = path.with_name(path.name + KEYS)
    try:
        if not configured.keys_path.exists() and beside.exists():
            keys.read(beside)
            write_whole(configured.keys_path, beside.read_bytes(), private=True)
    except (KeyFileError, OSError) as error:
        console.warn(f"The keys beside the backup were not put back: {reason(error)}")
    return configured.keys_path.exists()


def _print(lines: Iterable[str], options: argparse.Namespace) -> None:
    for line in lines:
        if not options.json:
            console.show(line)


def _find(configured: ServerSettings, name: str) -> Path:
    path = Path(name)
    for each in (path, configured.backup_path / name):
        if each.is_file():
            return each
    raise Failed(
        f"There is no backup {name!r}, neither here nor in {configured.backup_path}. See: orderbell backup list"
    )


def _when(backup: backups.Backup) -> str:
    return backup.made_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
