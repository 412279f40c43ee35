"""`orderbell board`, or `python -m customer_view --board`: the status display."""

import argparse
from collections.abc import Sequence
from typing import Final

from core import logs
from core.client.device import identity
from core.client.storage.local_store import Damaged, LocalStoreError
from core.settings import Parser, SettingsError, parse
from core.ui import preflight
from customer_view.status_display.settings import StatusDisplaySettings

_EXAMPLES: Final = """examples:
  orderbell board --server-url https://192.168.1.5:8765 --pair K7QF-2M9X-FHHP-52FG-A5
  orderbell board                                    asks for the code, unless it is paired
  orderbell board --secret-file CODE --no-full-screen

What a flag says once, the settings file says for good: see orderbell config."""


def main(argv: Sequence[str] | None = None) -> int:
    """Show the status display until it is closed. Returns the process's exit status."""
    parser = Parser(
        "orderbell board",
        description="The order status display: the numbers in preparation, and those that are ready.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--pair", nargs="?", const="", metavar="CODE", help="become a status display of the shop by a code first"
    )
    settings = parse(StatusDisplaySettings, "board", parser, argv)
    code: str | None = parser.parse_args(argv).pair
    try:
        try:
            is_known = identity.at(settings.file_of("board")) is not None
        except Damaged:  # shown by the window, which begins a new file
            is_known = True
        secret = settings.code() if settings.has_code else ""
        if not (secret or is_known) and code is None:
            code = ""  # the screen shows what is missing, and asks for it
    except (SettingsError, LocalStoreError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    logs.setup(debug=settings.debug)
    preflight.require_qt()

    from customer_view.status_display.bootstrap import run

    with logs.kept(settings.log_path("board")):
        return run(settings, secret, code)
