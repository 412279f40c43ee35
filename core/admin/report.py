"""`orderbell report`: shows what was sold and given back."""

import argparse
import importlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from core import settings, spreadsheet
from core.admin import console, drawer_reports, journal, sheets
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser, day
from core.domain.money import as_decimal
from core.domain.sale.business_day import CUT
from core.files import write_for_person
from core.instants import now
from core.protocol import routes
from core.protocol.reports import By, SalesQuery, SalesReport, SalesRow
from core.server.settings import ServerSettings
from core.spreadsheet import Cell

_EXAMPLES: Final = f"""examples:
  orderbell report                                        today, in one row
  orderbell report --by item --from 2026-11-01 --to 2026-11-30
  orderbell report --by hour --compare                    beside the same hours a week before
  orderbell report --by day --from 2026-11-01 --to 2026-11-30 --pdf november.pdf
  orderbell report november.csv --by tender --from 2026-11-01 --to 2026-11-30

Of drawers: orderbell report x, orderbell report z, orderbell report verify. For the bookkeeper: orderbell report
journal. Sums of days that are over are kept, and proven by orderbell db check: orderbell report rebuild has them added
up again. Each has a --help of its own.

A sale counts when its payment is booked, a refund when it is given back, on the shop's business day, which ends at
{CUT:%H:%M} by its clock. Amounts are with tax; of items and categories, without tax that is added to their prices.
Turnover is sales less refunds."""
_REBUILD: Final = """examples:
  orderbell report rebuild

Nothing of the ledger is touched. Reports are right meanwhile, and slower until the server has added up every day."""
_WEEK: Final = timedelta(days=7)
_NAMELESS: Final = {
    By.STAFF: "(nobody known)",
    By.CATEGORY: "(no longer on the menu)",
    By.TAX: "(at no rate that is known)",
    By.DISCOUNT: "(no reason)",
    By.REFUND: "(no reason)",
    By.VOID: "(no reason)",
}
_COLUMNS: Final = ("sales", "sold", "refunds", "given back", "tax", "tips", "discounts", "turnover")


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses, or a file is to stay."""
    if argv and argv[0] in drawer_reports.NAMES:
        return drawer_reports.main(argv)
    if argv and argv[0] == "journal":
        return journal.main(argv[1:])
    if argv and argv[0] == "rebuild":
        return _rebuild_main(argv[1:])
    parser = Parser("orderbell report", __doc__, _EXAMPLES)
    parser.add_argument("--by", choices=[each.value for each in By], default=By.DAY.value, help="(default: day)")
    parser.add_argument("--from", dest="first", metavar="DAY", type=day, help="the first business day (default: today)")
    parser.add_argument("--to", dest="last", metavar="DAY", type=day, help="the last one (default: today)")
    parser.add_argument("--compare", action="store_true", help="beside the turnover of the days a week before")
    parser.add_argument("--json", action="store_true", help="for a script, amounts in minor units")
    parser.add_argument("--shop", metavar="ID", default="", help="which of several (default: the first one)")
    parser.add_argument("--csv", action="store_true", help="CSV, to standard output where no file is named")
    parser.add_argument("--pdf", metavar="FILE", help="pages to print, beside the days a week before")
    parser.add_argument("--language", default="", metavar="CODE", help="of the PDF, as es (default: this machine's)")
    sheets.add_flags(parser)
    settings.add_flags(parser, ServerSettings, only=WHERE)
    parser.set_defaults(run=asked(_report))
    return parser.run(argv)


def _rebuild_main(argv: Sequence[str]) -> int:
    parser = Parser("orderbell report rebuild", "Has the sums that are kept of each day added up again.", _REBUILD)
    parser.add_argument("--json", action="store_true", help="for a script")
    parser.add_argument("--shop", metavar="ID", default="", help="which of several (default: the first one)")
    settings.add_flags(parser, ServerSettings, only=WHERE)
    parser.set_defaults(run=asked(_rebuild))
    return parser.run(argv)


def _rebuild(api: Backend, options: argparse.Namespace) -> None:
    forgotten = api.call(routes.FORGET_DAYS())
    if options.json:
        console.as_json(forgotten)
    else:
        console.show(f"Threw away what was kept of {forgotten.days} days. The server adds them up again.")


def _report(api: Backend, options: argparse.Namespace) -> None:
    local = now().astimezone(api.zone)
    today = local.date() - timedelta(days=local.time() < CUT)
    last = options.last or max(today, options.first or today)
    first = options.first or min(today, last)
    by = By(options.by)
    report = _sales(api, first, last, by)
    before = _sales(api, first - _WEEK, last - _WEEK, by) if options.compare or options.pdf else None
    if options.pdf and before is not None:
        _print(api, report, before, options)
        return
    if options.json:
        console.as_json(report if before is None else {"report": report, "before": before})
        return
    if options.csv or options.file != sheets.STANDARD:
        _write(report, options)
        return
    shown = _table(report) if report.rows else []
    columns = [by.value, *_columns(report)]
    if before is not None:
        then = {_shifted(each.name, by): each.turnover_minor for each in before.rows}
        columns.append("a week before")
        minors = [*(then.get(each.name, 0) for each in report.rows), before.total.turnover_minor]
        for minor, cells in zip(minors, shown, strict=False):
            cells.append(Decimal(as_decimal(minor, report.currency)))
    console.table(columns, shown, empty=f"Nothing was sold from {first} to {last}.")


def _write(report: SalesReport, options: argparse.Namespace) -> None:
    table: list[Sequence[Cell]] = [[report.by.value, *_columns(report), "currency"]]
    table += [[*each, report.currency] for each in _table(report)]
    text = spreadsheet.text_of(table, sheets.separator(options))
    sheets.put(text, options, f"Wrote {len(report.rows)} rows to {options.file}.", private=True)


def _print(api: Backend, report: SalesReport, before: SalesReport, options: argparse.Namespace) -> None:
    # Of the windows' part, with Qt: named, not imported, as `core.admin.windows` does.
    make: Callable[..., bytes] = importlib.import_module("core.ui.sales_paper").for_command
    menu, path = api.call(routes.MENU()), Path(options.pdf)
    if path.is_file():
        console.confirm(f"Replace {path}, which is there already?", yes=options.yes)
    content = make(report, before, (menu.shop_name, menu.time_zone), now(), options.language)
    write_for_person(path, content, private=True)
    console.show(f"Wrote {path}.")


def _sales(api: Backend, first: date, last: date, by: By) -> SalesReport:
    return api.call(routes.SALES(query=SalesQuery(first=str(first), last=str(last), by=by)))


def _shifted(name: str, by: By) -> str:
    """The name of the row that a row of a week before stands beside."""
    return str(date.fromisoformat(name) + _WEEK) if by is By.DAY and name else name


def _table(report: SalesReport) -> list[list[Cell]]:
    """A row of cells for each row, and for the total."""
    nameless = _NAMELESS.get(report.by, "")
    rows = [(each.name or nameless, each) for each in report.rows]
    cells = {By.VOID: _void_cells, By.STAGE: _stage_cells}.get(report.by, _cells)
    table = [cells(name, each, report.currency) for name, each in (*rows, ("total", report.total))]
    if "service" in _columns(report):
        for (_name, each), row in zip((*rows, ("total", report.total)), table, strict=True):
            row.append(Decimal(as_decimal(each.service_minor, report.currency)))
    return table


def _columns(report: SalesReport) -> Sequence[str]:
    """A service charge has a column where there is one."""
    columns = (*_COLUMNS, "service") if report.total.service_minor else _COLUMNS
    return {By.VOID: ("orders", "amount"), By.STAGE: ("times", "seconds on average")}.get(report.by, columns)


def _void_cells(name: str, row: SalesRow, currency: str) -> list[Cell]:
    return [name, row.voids, Decimal(as_decimal(row.voids_minor, currency))]


def _stage_cells(name: str, row: SalesRow, _currency: str) -> list[Cell]:
    return [name, row.waits, row.mean_wait_s]


def _cells(name: str, row: SalesRow, currency: str) -> list[Cell]:
    amounts: tuple[Cell, ...] = (
        row.sales,
        Decimal(as_decimal(row.sales_minor, currency)),
        row.refunds,
        *(
            Decimal(as_decimal(minor, currency))
            for minor in (row.refunds_minor, row.tax_minor, row.tips_minor, row.discounts_minor, row.turnover_minor)
        ),
    )
    return [name, *amounts]
