"""`orderbell doctor`: runs all checks, and prints advice.

On the server's machine it checks the whole shop. With --server, as on a POS, it checks the connection to the server
and this machine's windows.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core import settings
from core.admin import console
from core.admin.command import WHERE, Parser, settings_file
from core.admin.doctor import bundle, machine, network, windows
from core.admin.failed import Failed
from core.protocol.health import Check, Diagnosis, Result
from core.reasons import reason
from core.server.settings import SECTION, ServerSettings
from core.settings import Loaded, SettingsError

_EXAMPLES: Final = """examples:
  orderbell doctor                                       on the server's machine
  orderbell doctor --json
  orderbell doctor --server https://shop.local:8765 --ca-file ca.pem   on a POS
  orderbell doctor --bundle support.zip --log server.log  for whoever helps; open it before you send it

Exit status: 0 when nothing fails (a warning is no failure), 1 when something does. It orders nothing: a test order is
placed and rolled back in one transaction, seen by nobody."""
_STYLES: Final = {Result.OK: "green", Result.WARN: "yellow", Result.FAIL: "red", Result.SKIPPED: "dim"}


def main(argv: Sequence[str]) -> int:
    """Returns 0, or 1 when a check fails."""
    parser = Parser("orderbell doctor", __doc__, _EXAMPLES)
    parser.add_argument("--json", action="store_true", help="for a script")
    parser.add_argument("--server", metavar="URL", help="look at this server from here, as from a POS")
    parser.add_argument("--ca-file", metavar="FILE", default="", help="the shop's certificate, with --server")
    parser.add_argument("--bundle", metavar="FILE", help="write a zip for whoever helps: no names, numbers or secrets")
    parser.add_argument("--log", metavar="FILE", help="the end of this log goes into the bundle, too")
    parser.add_argument("--shop", metavar="ID", default="", help="which shop (default: the first one)")
    settings.add_flags(parser, ServerSettings, only=(*WHERE, "backup_dir"))
    parser.set_defaults(run=_run)
    return parser.run(argv)


def _run(options: argparse.Namespace) -> int:
    loaded, diagnosis = _from_afar(options.server, options.ca_file) if options.server else _here(options)
    if options.json:
        console.as_json(diagnosis)
    else:
        _show(diagnosis.checks)
    if options.bundle:
        _bundle(options, diagnosis, loaded)
    return 1 if any(check.result is Result.FAIL for check in diagnosis.checks) else 0


def _from_afar(server: str, ca_file: str) -> tuple[None, Diagnosis]:
    if not server.startswith(("http://", "https://")):
        raise Failed(f"--server {server}: an address begins with https:// (or http://).", status=2)
    found = (*network.reached(server.rstrip("/"), ca_file), *windows.all_of_this_machine())
    return None, Diagnosis(checks=found)


def _here(options: argparse.Namespace) -> tuple[Loaded[ServerSettings] | None, Diagnosis]:
    try:
        loaded = settings.load(ServerSettings, SECTION, vars(options))
    except SettingsError as error:
        says = " ".join(str(error).splitlines())
        wrong = Check(name="settings", result=Result.FAIL, says=says, do="orderbell config check")
        return None, Diagnosis(checks=(wrong, *windows.all_of_this_machine()))
    server = loaded.values
    if not server.keys_path.exists() and (paired := windows.paired_with()) is not None:
        return _from_afar(*paired)  # a till or a kiosk, and no server
    fine = Check(name="settings", result=Result.OK, says="They can be used.")
    beside = tuple(machine.checks(server, settings_file(options)))
    with_backend = machine.examined(server, options.shop)
    checks = (fine, *beside, *with_backend.checks, *windows.all_of_this_machine())
    return loaded, Diagnosis(checks=checks, facts=with_backend.facts)


def _show(checks: Sequence[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        console.show(f"{check.result:8}{check.name:{width}}  {check.says}", _STYLES[check.result])
        if check.do and check.result is not Result.OK:
            console.show(f"{'':8}{'':{width}}  → {check.do}")
    failed = sum(check.result is Result.FAIL for check in checks)
    warned = sum(check.result is Result.WARN for check in checks)
    console.show(f"{len(checks)} check{'s' * (len(checks) != 1)}, {failed} failed, {warned} to look at.")


def _bundle(options: argparse.Namespace, diagnosis: Diagnosis, loaded: Loaded[ServerSettings] | None) -> None:
    try:
        names = bundle.write(Path(options.bundle), diagnosis, loaded, Path(options.log) if options.log else None)
    except OSError as error:
        raise Failed(f"The bundle was not written. {error.filename}: {reason(error)}") from None
    console.warn(f"Wrote {options.bundle}: {', '.join(names)}. Look into it before you send it.")
