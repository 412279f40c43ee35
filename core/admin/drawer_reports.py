"""`orderbell report x`, `report z`, `report verify`: the reports of drawers."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from core import settings
from core.admin import console
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser, whole_number
from core.admin.failed import Failed
from core.domain.drawers import DrawerAct
from core.domain.money import as_decimal
from core.protocol import routes
from core.protocol.drawers import SESSIONS_MOST, DrawerQuery, SignedReport, ZReport
from core.server.settings import ServerSettings
from core.spreadsheet import Cell

_EXAMPLES: Final = """examples:
  orderbell report x                   what each open drawer session comes to now; changes nothing
  orderbell report z POS1              the newest Zs of a POS and their supplements, newest first
  orderbell report z POS1 --number 12  all of one Z, and of its supplements
  orderbell report verify              whether all of them are as they were made, and none is missing

A Z ends a drawer session and never changes. What arrives later is a supplement to it."""
NAMES: Final = ("x", "z", "verify")


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when a report is not as it was made, or there is none."""
    name = argv[0]
    parser = Parser(f"orderbell report {name}", __doc__, _EXAMPLES)
    if name != "verify":
        parser.add_argument("pos", metavar="POS", nargs="?", default="", help="of one POS (default: of all)")
    if name == "z":
        parser.add_argument("--number", type=whole_number, help="all of this one")
    parser.add_argument("--json", action="store_true", help="for a script, amounts in minor units")
    parser.add_argument("--shop", metavar="ID", default="", help="which of several (default: the first one)")
    settings.add_flags(parser, ServerSettings, only=WHERE)
    parser.set_defaults(run=asked({"x": _x, "z": _z, "verify": _verify}[name]))
    return parser.run(argv[1:])


def _x(api: Backend, options: argparse.Namespace) -> None:
    found = api.call(routes.DRAWERS(query=DrawerQuery(device=options.pos))).sessions
    reports = [api.call(routes.X_REPORT(each.id)) for each in found if each.is_open]
    if options.json:
        console.as_json(reports)
    elif not reports:
        console.show("No drawer is open.")
    else:
        _show_each(reports, api.zone)


def _z(api: Backend, options: argparse.Namespace) -> None:
    query = DrawerQuery(device=options.pos, limit=SESSIONS_MOST)
    reports = api.call(routes.Z_REPORTS(query=query)).reports
    if options.number is not None:
        reports = tuple(each for each in reports if each.report.number == options.number)
        if not reports:
            raise Failed(f"There is no Z {options.number}{f' of {options.pos}' if options.pos else ''}.")
    if options.json:
        console.as_json(reports)
    elif options.number is not None:
        _show_each(reports, api.zone)
    else:
        console.table(_COLUMNS, [_row(each) for each in reports], empty="No drawer session was closed yet.")


def _verify(api: Backend, options: argparse.Namespace) -> None:
    found = api.call(routes.VERIFY_REPORTS())
    if options.json:
        console.as_json(found)
    elif not found.faults:
        made = "1 report is as it was" if found.reports == 1 else f"{found.reports} reports are as they were"
        console.show(f"{made} made, and none is missing.")
    else:
        console.table(("POS", "place", "fault"), [(each.device, each.place or "", each.says) for each in found.faults])
    if found.faults:
        raise Failed(
            "Reports were changed or are missing. Compare with the printed ones, and ask who has the database.",
            status=1,
        )


_COLUMNS: Final = ("POS", "Z", "supplement", "day", "sales", "sold", "given back", "tax", "difference", "ever", "hash")


def _row(signed: SignedReport) -> list[Cell]:
    report = signed.report
    cash = report.cash
    return [
        report.device,
        report.number,
        report.supplement or "",
        report.business_date,
        report.sales,
        _amount(report, report.sales_minor),
        _amount(report, report.refunds_minor),
        _amount(report, report.tax_minor),
        "" if cash is None or cash.difference_minor is None else _amount(report, cash.difference_minor),
        _amount(report, report.grand_net_minor),
        signed.hash[:12],
    ]


def _show_each(reports: Sequence[SignedReport], zone: ZoneInfo | None) -> None:
    for signed in reports:
        console.table((_title(signed.report), signed.report.currency), _lines(signed, zone))
        console.show("")


def _title(report: ZReport) -> str:
    if not report.number:
        return f"{report.device} · X"
    return f"{report.device} · Z {report.number}" + (f" · supplement {report.supplement}" if report.supplement else "")


_AMOUNTS: Final = (
    ("sold", "sales_minor"),
    ("given back", "refunds_minor"),
    ("turnover", "turnover_minor"),
    ("without tax", "net_minor"),
    ("tax", "tax_minor"),
    ("discounts", "discount_minor"),
    ("service charges", "service_minor"),
    ("tips", "tips_minor"),
    ("rounding", "rounding_minor"),
    ("owed, less paid ahead", "receivable_minor"),
)
_CASH: Final = (
    ("float", "float_minor"),
    ("cash of orders", "payments_minor"),
    ("should be there", "expected_minor"),
    ("counted", "counted_minor"),
    ("counted first", "first_counted_minor"),
    ("difference", "difference_minor"),
    ("taken out", "deposit_minor"),
    ("left", "left_minor"),
)


def _lines(signed: SignedReport, zone: ZoneInfo | None) -> Iterator[tuple[str, Cell]]:
    """Moments are by the clock of `zone`, the shop's."""
    report = signed.report

    def clock(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    yield "business day", report.business_date
    yield "opened", f"{clock(report.opened_at)}, {report.opened_by}"
    if report.closed_at is not None:
        yield "closed", f"{clock(report.closed_at)}, {report.closed_by}"
    yield "sales", report.sales
    yield "refunds", report.refunds
    for name, field in _AMOUNTS:
        yield name, _amount(report, getattr(report, field))
    for group, minor in sorted(report.gross.items()):
        yield f"turnover taxed {rates(group)}", _amount(report, minor)
        yield f"tax {rates(group)}", _amount(report, report.taxes.get(group, 0))
    for tender, minor in sorted(report.payments.items()):
        yield f"paid by {tender.replace('_', ' ')}", _amount(report, minor)
    for act, moved in report.moved.items():
        yield f"{DrawerAct(act).label.lower()}, {moved.count} ×", _amount(report, moved.amount_minor)
    yield f"called off unpaid, {report.voids} ×", _amount(report, report.voided_minor)
    yield f"to be paid, {report.open_orders} orders", _amount(report, report.open_minor)
    yield "payments taken back", report.corrections
    yield from _drawer(report)
    yield "sold, ever", _amount(report, report.grand_sales_minor)
    yield "given back, ever", _amount(report, report.grand_refunds_minor)
    yield "turnover, ever", _amount(report, report.grand_net_minor)
    for each in report.approvals:
        yield "allowed once", f"{clock(each.at)}, {each.about}: {each.by}, by {each.approver}"
    if report.not_arrived:
        yield "had not arrived", f"{len(report.not_arrived)} operations"
    for till in report.unheard:
        heard = clock(till.last_contact_at) if till.last_contact_at else "never"
        yield f"{till.device} not heard of", f"since {heard}" if till.last_contact_at else heard
    if signed.hash:
        yield "hash", signed.hash
        yield "hash before", report.previous_hash


def _drawer(report: ZReport) -> Iterator[tuple[str, Cell]]:
    if report.cash is None:
        return
    for name, field in _CASH:
        minor = getattr(report.cash, field)
        if minor is not None:
            yield name, _amount(report, minor)
    if report.cash.explanation:
        yield "explained", report.cash.explanation


def rates(group: str) -> str:
    """`STD:8250` as `STD 8.25 %`."""
    rates = (each.rpartition(":") for each in group.split("+")) if group else ()
    return " + ".join(f"{code} {int(rate) / 1000:g} %" for code, _colon, rate in rates) or "at no rate that is known"


def _amount(report: ZReport, minor: int) -> Decimal:
    return Decimal(as_decimal(minor, report.currency))
