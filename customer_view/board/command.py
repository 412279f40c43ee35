"""`orderbell board`, or `python -m customer_view --board`: the board over the counter."""

import argparse
from collections.abc import Sequence

from core import logs
from core.settings import SettingsError, parse
from core.ui import preflight
from customer_view.board.settings import BoardSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Show the board until it is closed. Gives the process's exit status."""
    parser = argparse.ArgumentParser("orderbell board", description="The board over the counter: preparing, and ready.")
    settings = parse(BoardSettings, "board", parser, argv)
    try:
        code = settings.code()
    except SettingsError as error:
        parser.error(str(error))
    logs.setup(debug=settings.debug)
    preflight.require_qt()

    from customer_view.board.bootstrap import run

    return run(settings, code)
