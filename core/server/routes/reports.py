"""For admins: reports of their shop's sales."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Final

import msgspec
from sqlalchemy.sql.elements import ColumnElement

from core.domain.ids import DeviceId, ItemId, ShopId
from core.domain.sale.business_day import CUT, began
from core.domain.status import OrderStatus
from core.instants import to_us, zone
from core.protocol import routes
from core.protocol.journal import SALES, TAX, Journal, JournalQuery, Posting
from core.protocol.reports import By, DaysForgotten, SalesQuery, SalesReport, SalesRow
from core.protocol.requests import OrderQuery
from core.protocol.route import Nothing
from core.server.drawers.journal import journal
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint
from core.server.http import problems
from core.store import day_sums, menus, reports, shops
from core.store.reports import Named
from core.store.shops import Shop
from core.store.sql.statements import Transaction

DAYS_MAX: Final = 3660
JOURNAL_DAYS_MAX: Final = 366
BEHIND_DAYS_MAX: Final = 366


async def sales(call: Call[Nothing, SalesQuery]) -> SalesReport:
    query, shop_id = call.query, call.principal.shop_id
    first, last = _days_of(query)
    if (last - first).days >= DAYS_MAX:
        raise problems.invalid("A report is of ten years at most.", "first")
    return await call.services.database.report(
        lambda transaction: sales_report(transaction, shop_id, query, first, last)
    )


async def day_journal(call: Call[Nothing, JournalQuery]) -> Journal:
    first, last = _days_of(call.query)
    if (last - first).days >= JOURNAL_DAYS_MAX:
        raise problems.invalid("A journal is of one year at most.", "first")
    shop_id = call.principal.shop_id
    return await call.services.database.report(lambda transaction: journal(transaction, shop_id, first, last))


async def forget_days(call: Call[Nothing, Nothing]) -> DaysForgotten:
    shop_id = call.principal.shop_id
    days = await call.services.database.write(partial(day_sums.forget_all, shop_id=shop_id), shop_id)
    return DaysForgotten(days)


def _days_of(query: SalesQuery | JournalQuery | OrderQuery) -> tuple[date, date]:
    first, last = _day(query.first, "first"), _day(query.last, "last")
    if not first <= last:
        raise problems.invalid("The last day comes before the first.", "last")
    return first, last


def sales_report(transaction: Transaction, shop_id: ShopId, query: SalesQuery, first: date, last: date) -> SalesReport:
    shop = shops.get(transaction, shop_id)
    if shop is None:
        raise LookupError(f"there is no shop {shop_id}")
    by = By.ITEM if query.by is By.CATEGORY else query.by
    found = day_sums.of_days(transaction, shop_id, by, zone(shop.time_zone), first, last)
    if query.by is By.CATEGORY:
        names = _names(transaction, shop)
        found = [each._replace(name=names.get(ItemId(each.item_id), "")) for each in found]
    rows = [_row(each) for each in day_sums.summed(each._replace(item_id="") for each in found)]
    if query.by is By.HOUR:
        rows.sort(key=lambda row: place_of_hour(row.name))
    elif query.by is By.STAGE:
        rows.sort(key=lambda row: _STAGES.index(row.name) if row.name in _STAGES else len(_STAGES))
    elif query.by is not By.DAY:
        rows.sort(key=lambda row: (-max(abs(row.turnover_minor), row.discounts_minor, row.voids_minor), row.name))
    return SalesReport(
        by=query.by,
        first=query.first,
        last=query.last,
        currency=shop.currency,
        rows=tuple(rows),
        total=_sum(rows),
    )


def behind(transaction: Transaction, shop_id: ShopId, query: OrderQuery) -> Sequence[ColumnElement[bool]]:
    """The orders behind the row of a report that is named; empty where none is."""
    if not query.report:
        return ()
    by = By.newer(query.report)
    if not by.is_known:
        raise problems.invalid(f"There is no report by {query.report}.", "report")
    first, last = _days_of(query)
    if (last - first).days >= BEHIND_DAYS_MAX:
        raise problems.invalid("Ask for the orders behind a year at most.", "first")
    shop = shops.get(transaction, shop_id)
    if shop is None:
        raise LookupError(f"there is no shop {shop_id}")
    where, items = zone(shop.time_zone), None
    if by is By.CATEGORY:
        names = _names(transaction, shop)
        items = [item for item, name in names.items() if not query.row or name == query.row]
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    if by is By.HOUR and query.row:
        periods = [_hour(day, _hour_of(query.row), where) for day in days]
    elif by is By.DAY and query.row:
        day = _day(query.row, "row")
        periods = [(to_us(began(day, where)), to_us(began(day + timedelta(days=1), where)))]
    else:
        periods = [(to_us(began(first, where)), to_us(began(last + timedelta(days=1), where)))]
    return (reports.behind(by, query.row, periods, items),)


def _hour_of(name: str) -> int:
    try:
        return time.fromisoformat(name).hour
    except ValueError:
        raise problems.invalid(f"There is no hour {name}.", "row") from None


def _hour(day: date, hour: int, where: tzinfo | None) -> tuple[int, int]:
    """When that hour of a business day began and ended (µs); the one that comes twice in autumn is both."""
    day += timedelta(days=hour < CUT.hour)
    start = datetime.combine(day, time(hour))
    end = (start + timedelta(hours=1)).replace(fold=0)
    begins, ends = (to_us(each.replace(tzinfo=where) if where else each.astimezone()) for each in (start, end))
    return begins, ends


def place_of_hour(name: str) -> int:
    """The place of an hour in a business day: that of the cut is 0, those after midnight are its last."""
    return (int(name[:2]) - CUT.hour) % 24


_STAGES: Final = [str(status) for status in OrderStatus]


def _row(each: Named) -> SalesRow:
    figures = each._asdict()
    del figures["item_id"]
    waited_s = figures.pop("waited_us") // 1_000_000
    return SalesRow(**figures, waited_s=waited_s)


def _sum(rows: Sequence[SalesRow]) -> SalesRow:
    return SalesRow(name="", **{field: sum(getattr(row, field) for row in rows) for field in _FIGURES})


_FIGURES: Final = tuple(field.name for field in msgspec.structs.fields(SalesRow) if field.name != "name")


def _names(transaction: Transaction, shop: Shop) -> dict[ItemId, str]:
    """The category of each item on the menu."""
    categories = menus.read(transaction, shop).categories
    return {item.id: category.name for category in categories for item in category.items}


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
    Endpoint(routes.FORGET_DAYS, forget_days, example_reply=DaysForgotten(365)),
)
