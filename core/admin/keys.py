"""`orderbell keys`: lists, rotates and prunes the server's keys, and makes and uses recovery kits."""

import argparse
import getpass
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from core.admin import asking, backend, console
from core.admin.command import WHERE, Parser, Run, server_settings, settings_file
from core.admin.failed import Failed
from core.protocol import routes
from core.server.auth import keys, recovery_kit
from core.server.auth.keys import Keys, SigningKey
from core.server.auth.recovery_kit import RecoveryError
from core.server.settings import ServerSettings

_EXAMPLES: Final = """examples:
  orderbell keys list
  orderbell keys rotate            a new key signs; the old one verifies until its last token has expired
  orderbell keys rotate --at-once  and the old one verifies nothing any more
  orderbell keys prune             drop old keys that have nothing left to verify
  orderbell keys kit /media/stick/orderbell.kit      keys and certificate authority, encrypted, against a lost machine
  orderbell keys recover /media/stick/orderbell.kit  and back, on another machine; the code is asked for

Nobody is signed out by any of these: a screen whose token is refused asks for another one by itself. Servers that use
the key file, however many, take a new key within seconds.

If somebody else has read the key file, that is not enough: stop the server, delete the file and start it again. Then
everything is new, and everybody signs in again."""


class KeyReport(msgspec.Struct, frozen=True, kw_only=True):
    """Public facts about a key."""

    kid: str
    state: str
    """`signs`, `verifies` or `expired`."""
    made_at: datetime | None
    verifies_until: datetime | None = None


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    keys: tuple[KeyReport, ...]


class KitMade(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    code: str
    """Stored nowhere."""


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the key file cannot be read or written."""
    parser = Parser("orderbell keys", __doc__, _EXAMPLES)
    only = ("data_dir", "key_file", "access_token_s")
    parser.command("list", "the keys and what each is still for", _changing(_same), only=only)
    rotate = parser.command("rotate", "sign with a new key from now on", _changing(_rotate), only=only)
    rotate.add_argument("--at-once", action="store_true", help="the old keys verify nothing any more")
    parser.command("prune", "drop old keys that have nothing left to verify", _changing(_prune), only=only)
    kit = parser.command(
        "kit", "write a recovery kit: keys, certificate authority and settings, encrypted", _kit, only=WHERE
    )
    kit.add_argument("file", help="where: on another disk, a stick that leaves the shop")
    recover = parser.command("recover", "put back what is in a recovery kit; nothing is replaced", _recover, only=WHERE)
    recover.add_argument("file", help="the kit")
    recover.add_argument("--code-file", metavar="FILE", help="a file with its code; - reads it from standard input")
    return parser.run(argv)


def _kit(options: argparse.Namespace) -> None:
    server = server_settings(options)
    with backend.reach(server) as api:
        shop_name = api.call(routes.MENU()).shop_name
    made = write_kit(server, settings_file(options), shop_name, Path(options.file))
    if options.json:
        console.as_json(made)
    else:
        show_kit(made)


def write_kit(server: ServerSettings, from_file: Path, shop_name: str, path: Path) -> KitMade:
    """Raises `Failed`."""
    try:
        return KitMade(file=str(path), code=recovery_kit.make(server, from_file, shop_name, path))
    except RecoveryError as error:
        raise Failed(str(error)) from None


def warn_outdated(server: ServerSettings, from_file: Path) -> None:
    """Warn that the recovery kit, if there is one, lacks the new keys or certificates."""
    known = recovery_kit.note(server)
    if known is not None and not recovery_kit.is_current(server, from_file, known):
        console.warn(
            f"The recovery kit of {known.made_at.astimezone():%Y-%m-%d %H:%M} lacks what is here now. "
            "Make another: orderbell keys kit FILE"
        )


def show_kit(made: KitMade) -> None:
    console.show(f"Wrote the recovery kit {made.file}. Keep it away from this machine.")
    console.show(
        f"Its code is {made.code}. Write it down and keep it elsewhere: it is kept nowhere, and opens the kit."
    )


def _recover(options: argparse.Namespace) -> None:
    path, file = Path(options.file), settings_file(options)
    try:
        opened = recovery_kit.Opened(path, _code(options.code_file))
        is_there_now = opened.recover_settings(file)
        done = opened.recover(server_settings(options))  # which are those of the kit, if they were put back
    except RecoveryError as error:
        raise Failed(str(error)) from None
    if is_there_now:
        done = msgspec.structs.replace(done, files=(str(file), *done.files))
    if options.json:
        console.as_json(done)
        return
    for each in done.files:
        console.show(f"Put back {each}.")
    when = done.made_at.astimezone()
    console.show(f"The keys of {done.shop_name} are here, as they were kept on {when:%Y-%m-%d %H:%M}.")
    if not file.exists():
        console.warn(
            "There is no settings file here, and none in the kit: the server would answer this machine alone. Put the "
            "old one back, or write one (orderbell config template) with the host, and the data_dir of these keys."
        )
    elif opened.differs_from(file):
        console.warn(f"The settings of {file} stay: those of the kit were not put back.")
    console.show("Next: orderbell backup restore FILE, then orderbell serve")
    console.show("Has the server another address now? orderbell tls renew --name ADDRESS, before it serves")


def _code(file: str | None) -> str:
    if file is not None:
        return asking.read(file, "--code-file")
    if not asking.is_interactive():
        raise Failed("Nobody is here to be asked for the code: --code-file FILE, or - for standard input.", status=2)
    return getpass.getpass("Code of the kit: ")


def _changing(change: Callable[[Keys, int, argparse.Namespace], Keys]) -> Run:
    """A command that replaces the keys with the result of `change`, and shows them."""

    def run(options: argparse.Namespace) -> None:
        server = server_settings(options)
        try:
            before = keys.read(server.keys_path)
        except FileNotFoundError:
            raise Failed(f"There are no keys here yet ({server.keys_path}). Begin with: orderbell init") from None
        after = change(before, server.access_token_s, options)
        if after != before:
            keys.replace(server.keys_path, after)
        _show(after, server.access_token_s, as_json=options.json)
        known = recovery_kit.note(server)
        if (
            after != before
            and known is not None
            and not options.json
            and recovery_kit.is_current(server, settings_file(options), known)
        ):
            console.show("The recovery kit stays good: keys that sign are not what it is for, and are made anew.")

    return run


def _same(found: Keys, _life_s: int, _options: argparse.Namespace) -> Keys:
    return found


def _rotate(found: Keys, life_s: int, options: argparse.Namespace) -> Keys:
    rotated = keys.rotate(found, time.time(), life_s)
    return msgspec.structs.replace(rotated, signing=rotated.signing[:1]) if options.at_once else rotated


def _prune(found: Keys, life_s: int, _options: argparse.Namespace) -> Keys:
    return keys.prune(found, time.time(), life_s)


def _show(found: Keys, life_s: int, *, as_json: bool) -> None:
    reports = KeyList(keys=tuple(_report(key, life_s) for key in found.signing))
    if as_json:
        console.as_json(reports)
        return
    rows = [(each.kid, each.state, _moment(each.made_at), _until(each)) for each in reports.keys]
    console.table(("key", "", "made", "until"), rows)


def _report(key: SigningKey, life_s: int) -> KeyReport:
    until = key.verifies_until(life_s)
    made_at = datetime.fromtimestamp(key.made_at).astimezone() if key.made_at else None
    if key.retired_at is None:
        return KeyReport(kid=key.kid, state="signs", made_at=made_at)
    state = "verifies" if until > time.time() else "expired"
    return KeyReport(
        kid=key.kid, state=state, made_at=made_at, verifies_until=datetime.fromtimestamp(until).astimezone()
    )


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at is not None else "before that was kept"


def _until(report: KeyReport) -> str:
    return "another one is made" if report.verifies_until is None else f"{report.verifies_until:%Y-%m-%d %H:%M}"
