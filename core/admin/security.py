"""`orderbell security-log`: shows sign-ins, failures, and changes of rights."""

import argparse
from collections.abc import Sequence
from typing import Final

from core import settings
from core.admin import console
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser, whole_number
from core.protocol import routes
from core.protocol.security import ENTRIES_MOST, SecurityLogPage, SecurityLogQuery
from core.server.settings import ServerSettings

_EXAMPLES: Final = """examples:
  orderbell security-log                     the last hundred entries, newest first
  orderbell security-log --failures          sign-ins and pairings that failed, and copied sessions
  orderbell security-log --last 1000 --json  for a script

An entry says when, what, who, at which device, from which address, and what or whom it was done to. Of a failed sign-in
it says whose account was tried. Customers are named by their ids: orderbell users list --customers shows whose they
are. Entries are kept for as long as the setting security_log_days says, and cannot be changed meanwhile."""


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses."""
    parser = Parser("orderbell security-log", __doc__, _EXAMPLES)
    parser.add_argument("--failures", action="store_true", help="failures alone")
    parser.add_argument("--last", metavar="N", type=whole_number, default=100, help="how many entries (default: 100)")
    parser.add_argument("--json", action="store_true", help="for a script")
    parser.add_argument("--shop", metavar="ID", default="", help="which of several (default: the first one)")
    settings.add_flags(parser, ServerSettings, only=WHERE)
    parser.set_defaults(run=asked(_show))
    return parser.run(argv)


def _show(api: Backend, options: argparse.Namespace) -> None:
    found = _entries(api, failures=options.failures, most=max(1, options.last))
    if options.json:
        console.as_json(found)
        return
    rows = [
        (
            f"{each.at.astimezone(api.zone):%Y-%m-%d %H:%M:%S}",
            each.event.replace("_", " "),
            " ".join(filter(None, (each.by_role, each.by_name or each.by_id))),
            each.device,
            each.address,
            each.about,
        )
        for each in found.entries
    ]
    empty = "Nothing has failed." if options.failures else "Nothing has happened yet."
    console.table(("when", "what", "who", "device", "from", "about"), rows, empty=empty)
    if found.more:
        console.warn("There are older entries: --last shows more.")


def _entries(api: Backend, *, failures: bool, most: int) -> SecurityLogPage:
    """The newest `most`, read page by page."""
    entries = SecurityLogPage(entries=()).entries
    while True:
        before = entries[-1].id if entries else ""
        query = SecurityLogQuery(failures=failures, before=before, limit=min(ENTRIES_MOST, most - len(entries)))
        page = api.call(routes.SECURITY_LOG(query=query))
        entries += page.entries
        if not page.more or len(entries) >= most:
            return SecurityLogPage(entries=entries, more=page.more)
