"""For admins: reports of their shop's sales."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

import msgspec

from core.domain.ids import DeviceId, ItemId, ShopId
from core.domain.sale.business_day import CUT, began
from core.instants import from_us, to_us, zone
from core.protocol import routes
from core.protocol.journal import SALES, TAX, Journal, JournalQuery, Posting
from core.protocol.reports import By, SalesQuery, SalesReport, SalesRow
from core.protocol.route import Nothing
from core.server.drawers.journal import journal
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint
from core.server.http import problems
from core.store import menus, reports, shops
from core.store.reports import QUARTER_US, Booked, Sold
from core.store.shops import Shop
from core.store.sql.statements import Transaction

DAYS_MAX: Final = 3660
JOURNAL_DAYS_MAX: Final = 366


async def sales(call: Call[Nothing, SalesQuery]) -> SalesReport:
    query, shop_id = call.query, call.principal.shop_id
    first, last = _period(query)
    if (last - first).days >= DAYS_MAX:
        raise problems.invalid("A report is of ten years at most.", "first")
    return await call.services.database.search(
        lambda transaction: sales_report(transaction, shop_id, query, first, last)
    )


async def day_journal(call: Call[Nothing, JournalQuery]) -> Journal:
    first, last = _period(call.query)
    if (last - first).days >= JOURNAL_DAYS_MAX:
        raise problems.invalid("A journal is of one year at most.", "first")
    shop_id = call.principal.shop_id
    return await call.services.database.search(lambda transaction: journal(transaction, shop_id, first, last))


def _period(query: SalesQuery | JournalQuery) -> tuple[date, date]:
    first, last = _day(query.first, "first"), _day(query.last, "last")
    if not first <= last:
        raise problems.invalid("The last day comes before the first.", "last")
    return first, last


def sales_report(transaction: Transaction, shop_id: ShopId, query: SalesQuery, first: date, last: date) -> SalesReport:
    shop = shops.get(transaction, shop_id)
    if shop is None:
        raise LookupError(f"there is no shop {shop_id}")
    where = zone(shop.time_zone)
    from_us, until_us = (to_us(began(day, where)) for day in (first, last + timedelta(days=1)))
    if query.by.is_of_lines:
        names = _names(transaction, shop) if query.by is By.CATEGORY else None
        found = (_of_line(each, names) for each in reports.sold(transaction, shop_id, from_us, until_us))
    else:
        name = _NAMES[query.by]
        added_up = reports.by_tender if query.by is By.TENDER else reports.booked
        booked = added_up(transaction, shop_id, from_us, until_us)
        found = (_of_booked(each, name(each, where)) for each in booked)
    rows = _summed(found)
    if query.by is By.HOUR:
        rows.sort(key=lambda row: place_of_hour(row.name))
    elif query.by is not By.DAY:
        rows.sort(key=lambda row: (-row.turnover_minor, row.name))
    return SalesReport(
        by=query.by,
        first=query.first,
        last=query.last,
        currency=shop.currency,
        rows=tuple(rows),
        total=_sum("", rows),
    )


def place_of_hour(name: str) -> int:
    """The place of an hour in a business day: that of the cut is 0, those after midnight are its last."""
    return (int(name[:2]) - CUT.hour) % 24


def _local(each: Booked, where: tzinfo | None) -> datetime:
    return from_us(each.quarter * QUARTER_US).astimezone(where)


def _business_day(each: Booked, where: tzinfo | None) -> str:
    local = _local(each, where)
    return str(local.date() - timedelta(days=local.time() < CUT))


_NAMES: Final[dict[By, Callable[[Booked, tzinfo | None], str]]] = {
    By.DAY: _business_day,
    By.HOUR: lambda each, where: f"{_local(each, where):%H:00}",
    By.TENDER: lambda each, _where: each.tender,
    By.CHANNEL: lambda each, _where: each.channel,
    By.FULFILMENT: lambda each, _where: each.fulfilment,
    By.STAFF: lambda each, _where: each.by,
}


def _of_booked(each: Booked, name: str) -> SalesRow:
    return SalesRow(
        name=name,
        sales=each.sales,
        sales_minor=each.sales_minor,
        refunds=each.refunds,
        refunds_minor=each.refunds_minor,
        tax_minor=each.tax_minor,
        discounts=each.discounts,
        discounts_minor=each.discounts_minor,
        tips_minor=each.tips_minor,
    )


def _of_line(each: Sold, names: dict[ItemId, str] | None) -> SalesRow:
    name = each.name if names is None else names.get(each.item_id, "")
    return SalesRow(
        name=name,
        sales=each.quantity,
        sales_minor=each.minor,
        refunds=each.back,
        refunds_minor=each.back_minor,
        discounts=each.off,
        discounts_minor=each.off_minor,
    )


def _names(transaction: Transaction, shop: Shop) -> dict[ItemId, str]:
    """The category of each item on the menu."""
    categories = menus.read(transaction, shop).categories
    return {item.id: category.name for category in categories for item in category.items}


def _summed(found: Iterable[SalesRow]) -> list[SalesRow]:
    """One row of each name, in the order of names."""
    rows: dict[str, list[SalesRow]] = {}
    for row in found:
        rows.setdefault(row.name, []).append(row)
    return [_sum(name, rows[name]) for name in sorted(rows)]


def _sum(name: str, rows: Iterable[SalesRow]) -> SalesRow:
    sums = dict.fromkeys(_FIGURES, 0)
    for row in rows:
        for field in _FIGURES:
            sums[field] += getattr(row, field)
    return SalesRow(name=name, **sums)


_FIGURES: Final = tuple(field.name for field in msgspec.structs.fields(SalesRow) if field.name != "name")


def _day(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise problems.invalid(f"There is no day {text}.", field) from None
    if not 1970 <= found.year < date.max.year:
        raise problems.invalid(f"Nothing was sold on {text}.", field)
    return found


_ROW: Final = SalesRow(
    name="2026-05-04", sales=41, sales_minor=93220, refunds=1, refunds_minor=1175, tax_minor=6022, tips_minor=850
)
_EXAMPLE: Final = SalesReport(
    by=By.DAY,
    first="2026-05-04",
    last="2026-05-04",
    currency="EUR",
    rows=(_ROW,),
    total=msgspec.structs.replace(_ROW, name=""),
)

_Z: Final = Posting(
    day="2026-05-04", document="POS1 Z 12", of_day="2026-05-04", device=DeviceId("POS1"), account=TAX, group="VAT:19000"
)
_JOURNAL: Final = Journal(
    first="2026-05-04",
    last="2026-05-04",
    currency="EUR",
    postings=(
        msgspec.structs.replace(_Z, account="tender:cash", group="", debit_minor=1190),
        msgspec.structs.replace(_Z, account=SALES, credit_minor=1000),
        msgspec.structs.replace(_Z, credit_minor=190),
    ),
)

ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.SALES, sales, example_reply=_EXAMPLE),
    Endpoint(routes.JOURNAL, day_journal, example_reply=_JOURNAL),
)
