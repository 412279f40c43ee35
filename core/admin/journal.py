"""`orderbell report journal`: the day journal for the bookkeeper, in double entry."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from core import settings, spreadsheet
from core.admin import console, sheets
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser, day
from core.admin.drawer_reports import rates
from core.domain.money import as_decimal
from core.domain.sale.business_day import CUT
from core.instants import now
from core.protocol import routes
from core.protocol.journal import ACCOUNTS, Journal, JournalQuery
from core.server.settings import ServerSettings
from core.spreadsheet import Cell

_COLUMNS: Final = {
    "day": "the business day on which it was booked; a day that is over never changes",
    "document": "the Z or supplement it is of, such as POS1 Z 12; empty: booked without a drawer",
    "of day": "the business day of the closing that the document is of",
    "POS": "whose drawer",
    "account": "one of those below",
    "tax": "of sales and tax: code and rate",
    "debit": "an amount on this side; of an amount on the other, 0",
    "credit": "likewise",
    "currency": "ISO 4217",
    "text": "the reason of cash that was moved, or what it is",
}
_EXAMPLES: Final = "\n".join(
    (
        "examples:",
        "  orderbell report journal                                       the last business day that is over",
        "  orderbell report journal november.csv --from 2026-11-01 --to 2026-11-30",
        "",
        "Each document balances, so each day does: debits come to credits. A drawer's money is in it once the drawer",
        "is closed, on the day on which the server had its Z; what arrives later is a supplement, on its own day.",
        "",
        "columns:",
        *(f"  {name:<16}{says}" for name, says in _COLUMNS.items()),
        "",
        "accounts:",
        *(f"  {name:<16}{says}" for name, says in ACCOUNTS.items()),
    )
)


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses, or a file is to stay."""
    parser = Parser("orderbell report journal", __doc__, _EXAMPLES)
    parser.add_argument("--from", dest="first", metavar="DAY", type=day, help="the first business day (default: --to)")
    parser.add_argument("--to", dest="last", metavar="DAY", type=day, help="the last one (default: yesterday)")
    parser.add_argument("--json", action="store_true", help="for a script, amounts in minor units")
    parser.add_argument("--csv", action="store_true", help="CSV, to standard output where no file is named")
    parser.add_argument("--shop", metavar="ID", default="", help="which of several (default: the first one)")
    sheets.add_flags(parser)
    settings.add_flags(parser, ServerSettings, only=WHERE)
    parser.set_defaults(run=asked(_journal))
    return parser.run(argv)


def _journal(api: Backend, options: argparse.Namespace) -> None:
    local = now().astimezone(api.zone)
    over = local.date() - timedelta(days=1 + (local.time() < CUT))
    last = options.last or max(over, options.first or over)
    first = options.first or last
    found = api.call(routes.JOURNAL(query=JournalQuery(first=str(first), last=str(last))))
    rows = list(_rows(found))
    if options.json:
        console.as_json(found)
    elif options.csv or options.file != sheets.STANDARD:
        text = spreadsheet.text_of([list(_COLUMNS), *rows], sheets.separator(options))
        sheets.put(text, options, f"Wrote {len(rows)} lines to {options.file}.", private=True)
    else:
        console.table(list(_COLUMNS), rows, empty=f"Nothing was booked from {first} to {last}.")
        for device in found.unclosed:
            console.show(f"{device}: its drawer is open. What was booked in it is in the journal once it is closed.")


def _rows(found: Journal) -> Iterator[list[Cell]]:
    for each in found.postings:
        yield [
            *(each.day, each.document, each.of_day, each.device, each.account),
            rates(each.group) if each.group else "",
            *(Decimal(as_decimal(minor, found.currency)) for minor in (each.debit_minor, each.credit_minor)),
            *(found.currency, each.text),
        ]
