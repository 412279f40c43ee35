"""`orderbell-customer`, or `python -m customer_view`: the customer's window."""

import argparse
import sys
from collections.abc import Sequence

from core import logs
from core.settings import parse
from core.ui import preflight
from customer_view.settings import CustomerSettings


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("orderbell-customer", description="The customer's window: order, and follow it.")
    settings = parse(CustomerSettings, "customer", parser, argv)
    logs.setup(debug=settings.debug)
    preflight.require_qt()

    from customer_view.bootstrap import run

    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
