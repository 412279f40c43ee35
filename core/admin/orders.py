"""`orderbell orders`: exports orders to a CSV file."""

import argparse
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from core import spreadsheet
from core.admin import sheets
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser, day
from core.admin.failed import Failed
from core.client import every_order
from core.client.errors import Refused
from core.domain import order_sheet
from core.instants import midnight, zone
from core.protocol import routes
from core.protocol.requests import OrderQuery
from core.protocol.security import ExportNote

_EXAMPLES: Final = """examples:
  orderbell orders export orders.csv                          all orders
  orderbell orders export --from 2026-11-01 --to 2026-11-30 november.csv
  orderbell orders export --separator semicolon orders.csv    the same for a spreadsheet that writes 9,75

Each order has a row: its items with options and notes, who took it, and when by the clock of the shop's time zone.
Days are the shop's, and both are included. The security log says that orders were exported."""


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when nothing was written."""
    parser = Parser("orderbell orders", __doc__, _EXAMPLES)
    out = parser.command("export", "write orders to a CSV file", asked(_export), only=WHERE, shop=True, json=False)
    sheets.add_flags(out)
    out.add_argument("--from", dest="first", metavar="DAY", type=day, help="the first day, as 2026-11-01")
    out.add_argument("--to", dest="last", metavar="DAY", type=day, help="the last day")
    return parser.run(argv)


def _export(api: Backend, options: argparse.Namespace) -> None:
    shops = zone(api.call(routes.MENU()).time_zone)
    query = OrderQuery(
        placed_from=midnight(options.first, shops).isoformat() if options.first else "",
        placed_to=midnight(options.last + timedelta(days=1), shops).isoformat() if options.last else "",
    )
    try:
        found = every_order.read(lambda page: api.call(routes.ORDERS(query=page)), query, lambda _read, _total: None)
    except Refused as error:
        raise Failed(error.message) from None
    count = len(found.orders)
    api.call(routes.NOTE_EXPORT(body=ExportNote(what="orders", rows=count)))
    rows = order_sheet.rows(found.orders, found.cashiers, shops)
    text = spreadsheet.text_of(rows, sheets.separator(options))
    sheets.put(text, options, f"Wrote {count} {'order' if count == 1 else 'orders'} to {options.file}.", private=True)
