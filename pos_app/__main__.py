"""`orderbell-pos`: the cashier's window."""

import argparse
from collections.abc import Sequence
from typing import Final

from core import logs
from core.settings import Parser, parse
from pos_app.settings import PosSettings

_EXAMPLES: Final = """examples:
  orderbell pos                                      the backend of this machine, as POS1
  orderbell pos --server-url https://192.168.1.5:8765 --pair
  orderbell pos --theme dark --text-scale 150

What a flag says once, the settings file says for good: see orderbell config."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the window until it is closed. Returns the process's exit status."""
    parser = Parser(
        prog="orderbell-pos",
        description="The cashier's window of Orderbell.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pair", nargs="?", const="", metavar="CODE", help="become a POS of the shop by a code first")
    settings = parse(PosSettings, "pos", parser, argv)
    code: str | None = parser.parse_args(argv).pair
    logs.setup(debug=settings.debug)
    from core.ui.preflight import require_qt

    require_qt()
    from pos_app.bootstrap import run

    with logs.kept(settings.log_path("pos")):
        return run(settings, code)


if __name__ == "__main__":
    raise SystemExit(main())
