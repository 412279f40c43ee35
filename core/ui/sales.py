"""The rows of a sales report as text, in the reader's language: for the page of reports and for paper."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from core.domain.order import Channel, Tender
from core.domain.sale.business_day import CUT
from core.domain.status import Fulfilment, OrderStatus
from core.protocol.reports import By, SalesReport, SalesRow
from core.ui import text
from core.ui.days import local
from core.ui.text import (
    N_,
    _,
    channel_label,
    clock,
    fulfilment_label,
    money,
    ngettext,
    rates_of,
    status_label,
    stopwatch,
    tender_label,
)

WEEK: Final = timedelta(days=7)
TITLES: Final = {
    By.HOUR: N_("By hour"),
    By.DAY: N_("By day"),
    By.ITEM: N_("By item"),
    By.CATEGORY: N_("By category"),
    By.TENDER: N_("By payment"),
    By.CHANNEL: N_("By channel"),
    By.FULFILMENT: N_("By handover"),
    By.STAFF: N_("By person"),
    By.TAX: N_("By tax"),
    By.DISCOUNT: N_("Discounts by reason"),
    By.REFUND: N_("Refunds by reason"),
    By.VOID: N_("Called off unpaid, by reason"),
    By.STAGE: N_("Time by status"),
}


class Bar(msgspec.Struct, frozen=True):
    """One row: its turnover as a share of the largest, from 0 to 1, and that of a week before."""

    row: SalesRow
    share: float
    before_minor: int
    before_share: float
    currency: str
    by: By


def bars(report: SalesReport, before: SalesReport) -> tuple[Bar, ...]:
    """The rows of a report, each beside that of a week before."""
    then = {_a_week_on(row.name, report.by): figure_of(report.by)(row) for row in before.rows}
    sold = {row.name for row in report.rows}
    rows = [*report.rows, *(SalesRow(name=name) for name in then if name not in sold)]
    if report.by in (By.HOUR, By.DAY):
        rows.sort(key=lambda row: (report.by is By.HOUR and int(row.name[:2]) < CUT.hour, row.name))
    most = max((abs(each) for each in (*map(figure_of(report.by), rows), *then.values())), default=0) or 1
    return tuple(
        Bar(
            row,
            abs(figure_of(report.by)(row)) / most,
            then.get(row.name, 0),
            abs(then.get(row.name, 0)) / most,
            report.currency,
            report.by,
        )
        for row in rows
    )


def figure_of(by: By) -> Callable[[SalesRow], int]:
    """The figure that a report's bars show: turnover, or its own. Amounts in minor units; of stages, seconds."""
    return _FIGURE.get(by, lambda row: row.turnover_minor)


_FIGURE: Final[dict[By, Callable[[SalesRow], int]]] = {
    By.DISCOUNT: lambda row: row.discounts_minor,
    By.REFUND: lambda row: row.refunds_minor,
    By.VOID: lambda row: row.voids_minor,
    By.STAGE: lambda row: row.mean_wait_s,
}


def _a_week_on(name: str, by: By) -> str:
    return str(date.fromisoformat(name) + WEEK) if by is By.DAY else name


def amount_of(bar: Bar) -> str:
    """The bar's value as text: an amount or a duration."""
    return worded(figure_of(bar.by)(bar.row), bar)


def worded(value: int, bar: Bar) -> str:
    """A figure of the kind that the bar is of."""
    return stopwatch(value) if bar.by is By.STAGE else money(value, bar.currency)


def count_of(bar: Bar) -> int:
    """The number of sales or of items."""
    counts = {
        By.DISCOUNT: bar.row.discounts,
        By.REFUND: bar.row.refunds,
        By.VOID: bar.row.voids,
        By.STAGE: bar.row.waits,
    }
    return counts.get(bar.by, bar.row.sales)


def counted(bar: Bar) -> str:
    """The number with its noun: `12 sales`, `12 items`."""
    if not bar.by.has_turnover:
        return ngettext("{count} time", "{count} times", count_of(bar))
    if bar.by.is_of_lines:
        return ngettext("{count} item", "{count} items", count_of(bar))
    return ngettext("{count} sale", "{count} sales", count_of(bar))


def day_words(day: str, now: datetime) -> str:
    """A business day (ISO 8601) as people read it."""
    year, month, of_month = map(int, day.split("-"))
    return text.date(local(now).replace(year=year, month=month, day=of_month, hour=12))


def name_of(bar: Bar, now: datetime) -> str:
    """A row's name as people read it."""
    name = bar.row.name
    match bar.by:
        case By.DAY:
            return day_words(name, now)
        case By.HOUR:
            return clock(local(now).replace(hour=int(name[:2]), minute=0))
        case By.TENDER:
            return tender_label(Tender.newer(name))
        case By.CHANNEL:
            return channel_label(Channel.newer(name))
        case By.FULFILMENT:
            return fulfilment_label(Fulfilment.newer(name))
        case By.CATEGORY:
            return name or _("No longer on the menu")
        case By.TAX:
            return rates_of(name) if name else _("At no rate that is known")
        case By.STAGE:
            return status_label(OrderStatus.newer(name))
        case By.DISCOUNT | By.REFUND | By.VOID:
            return name or _("No reason")
        case _:
            return name or _("Nobody known")
