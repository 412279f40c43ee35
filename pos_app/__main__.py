"""`orderbell-pos`: the cashier's window."""

import argparse
from collections.abc import Sequence

from core import logs
from core.settings import parse
from pos_app.settings import PosSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the window until it is closed. Gives the process's exit status."""
    parser = argparse.ArgumentParser(prog="orderbell-pos", description="The cashier's window of Orderbell.")
    settings = parse(PosSettings, "pos", parser, argv)
    logs.setup(debug=settings.debug)
    from core.ui.preflight import require_qt

    require_qt()
    from pos_app.bootstrap import run

    return run(settings)


if __name__ == "__main__":
    raise SystemExit(main())
