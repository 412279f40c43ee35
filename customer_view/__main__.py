"""`orderbell-customer`, or `python -m customer_view`: the customer's window, or with `--board` the board."""

import argparse
import sys
from collections.abc import Sequence

from core import logs
from core.settings import parse
from core.ui import preflight
from customer_view.settings import CustomerSettings


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "--board" in arguments:
        from customer_view.board.command import main as show_board

        arguments.remove("--board")
        return show_board(arguments)
    parser = argparse.ArgumentParser("orderbell-customer", description="The customer's window: order, and follow it.")
    parser.add_argument("--board", action="store_true", help="the board over the counter instead (see --board --help)")
    settings = parse(CustomerSettings, "customer", parser, arguments)
    logs.setup(debug=settings.debug)
    preflight.require_qt()

    from customer_view.bootstrap import run

    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
