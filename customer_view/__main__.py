"""`orderbell-customer`, or `python -m customer_view`: the customer's window, or with `--board` the status display."""

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from core import logs
from core.settings import Parser, parse
from core.ui import preflight
from customer_view.settings import CustomerSettings

_EXAMPLES: Final = """examples:
  orderbell customer                                 the backend of this machine
  orderbell customer --server-url https://192.168.1.5:8765 --pair
  orderbell customer --keep-session                  on somebody's own machine

What a flag says once, the settings file says for good: see orderbell config."""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "--board" in arguments:
        from customer_view.status_display.command import main as show_board

        arguments.remove("--board")
        return show_board(arguments)
    parser = Parser(
        "orderbell-customer",
        description="The customer's window: order, and follow it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--board", action="store_true", help="the status display instead (see --board --help)")
    parser.add_argument(
        "--pair", nargs="?", const="", metavar="CODE", help="become a screen of the shop by a code first"
    )
    settings = parse(CustomerSettings, "customer", parser, arguments)
    code: str | None = parser.parse_args(arguments).pair
    logs.setup(debug=settings.debug)
    preflight.require_qt()

    from customer_view.bootstrap import run

    with logs.kept(settings.log_path("customer")):
        return run(settings, code)


if __name__ == "__main__":
    sys.exit(main())
