"""The sums of business days, by every key that a report adds up by.

A report is the sum of its days. Those that are over are added up once and kept: whoever writes an order forgets, in the
same transaction, the days that it has anything to do with. All others are added up from the rows. See docs/adr/0076.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from operator import add
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import bindparam, delete, func, select, union_all, update

from core.decoding import decode
from core.domain.ids import OrderId, ShopId, uuid7
from core.domain.sale.business_day import CUT, began, business_day
from core.instants import from_us, to_us, zone
from core.protocol.reports import By
from core.store import reports, shops
from core.store.reports import QUARTER_US, Booked, Named
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import day_sums, ledger, orders, status_history

REVISION: Final = 1
"""Raise it when the code here or in `reports` makes something else of the same rows. Statements tell by themselves."""
_LONGEST_US: Final = 27 * 3_600_000_000
"""No day is longer: 25 hours when clocks are put back, and 27 leave room."""
_d, _o, _e, _h = day_sums.c, orders.c, ledger.c, status_history.c
_of_shop = _d.shop_id == bindparam("shop_id")
_this_day = (_of_shop, _d.began_us == bindparam("day_us"))
_moments = union_all(
    *(
        select(each.c.at.label("at")).where(each.c.order_id == bindparam("order_id"))
        for each in (ledger, status_history)
    ),
    select(_o.placed_at.label("at")).where(_o.id == bindparam("order_id")),
).subquery("moments")
_touched = (
    select(_d.began_us)
    .select_from(_moments.join(day_sums, _d.began_us <= _moments.c.at))
    .where(_of_shop, _d.began_us > _moments.c.at - bindparam("longest"), _d.ended_us > _moments.c.at)
)
_FORGET: Final = Prepared(delete(day_sums).where(_of_shop, _d.began_us.in_(_touched)))
_FORGET_ALL: Final = Prepared(delete(day_sums).where(_of_shop))
_KEPT: Final = Prepared(
    select(_d.began_us, _d.ended_us, _d.content).where(
        _of_shop,
        *(_d.began_us >= bindparam("from_us"), _d.began_us < bindparam("to_us")),
        *(_d.form == bindparam("this_form"), _d.content.is_not(None)),
    )
)
_DAYS: Final = Prepared(
    select(_d.began_us, _d.ended_us).where(_of_shop, _d.form == bindparam("this_form"), _d.content.is_not(None))
)
_FIRST: Final = Prepared(select(func.min(_o.placed_at)).where(_o.shop_id == bindparam("shop_id")))
_UNCLAIM: Final = Prepared(delete(day_sums).where(*_this_day))
_CLAIM: Final = Prepared.insert(day_sums)
_KEEP: Final = Prepared(
    update(day_sums)
    .where(*_this_day, _d.claim == bindparam("its_claim"), _d.content.is_(None))
    .values(content=bindparam("sums"))
)

Sums = dict[str, tuple[Named, ...]]
"""The rows of a day, by what they are added up by; without those that the menu of today decides (`By.CATEGORY`)."""


class Day(NamedTuple):
    """A business day, or several that follow each other: from its first instant (µs) until before its last."""

    began_us: int
    ended_us: int


@cache
def form() -> str:
    """The version of the calculation. Sums of another version are made again."""
    made = [each.statement.compile() for each in vars(reports).values() if isinstance(each, Prepared)]
    says = (REVISION, [(str(each), each.params) for each in made], Named._fields, list(map(str, ALL)))
    return blake2b(repr(says).encode(), digest_size=8).hexdigest()


def _local(each: Booked, where: ZoneInfo | None) -> datetime:
    return from_us(each.quarter * QUARTER_US).astimezone(where)


def _business_day(each: Booked, where: ZoneInfo | None) -> str:
    local = _local(each, where)
    return str(local.date() - timedelta(days=local.time() < CUT))


_NAMES: Final[dict[By, Callable[[Booked, ZoneInfo | None], str]]] = {
    By.DAY: _business_day,
    By.HOUR: lambda each, where: f"{_local(each, where):%H:00}",
    By.TENDER: lambda each, _where: each.tender,
    By.CHANNEL: lambda each, _where: each.channel,
    By.FULFILMENT: lambda each, _where: each.fulfilment,
    By.STAFF: lambda each, _where: each.by,
}
_ADDED_UP: Final = {
    By.ITEM: reports.by_item,
    By.TAX: reports.by_tax,
    By.DISCOUNT: reports.by_discount,
    By.REFUND: reports.by_refund,
    By.VOID: reports.by_void,
    By.STAGE: reports.by_stage,
}
ALL: Final = (*_NAMES, *_ADDED_UP)
"""What days are added up by."""


def from_rows(transaction: Transaction, shop_id: ShopId, by: By, where: ZoneInfo | None, period: Day) -> list[Named]:
    """The sales of a shop in the zone `where` in a period, added up from its rows."""
    if by in _ADDED_UP:
        return summed(_ADDED_UP[by](transaction, shop_id, *period))
    of_period, name = reports.by_tender if by is By.TENDER else reports.booked, _NAMES[by]
    return summed(_named(each, name(each, where)) for each in of_period(transaction, shop_id, *period))


def of_days(
    transaction: Transaction, shop_id: ShopId, by: By, where: ZoneInfo | None, first: date, last: date
) -> list[Named]:
    """The sales of a shop from one business day to another, both included. Days that are not kept are added up from
    rows."""
    days = _days(first, last, where)
    span = {"from_us": days[0].began_us, "to_us": days[-1].ended_us}
    rows = transaction.all(_KEPT, shop_id=shop_id, this_form=form(), **span)
    kept = {Day(*day): content for *day, content in rows}

    def found() -> Iterator[Named]:
        for run in _runs(day for day in days if day not in kept):
            yield from from_rows(transaction, shop_id, by, where, run)
        for day in days:
            if (content := kept.get(day)) is not None:
                yield from decode(decode(content, dict[str, msgspec.Raw])[by], tuple[Named, ...])

    return summed(found())


def summed(found: Iterable[Named]) -> list[Named]:
    """One row of each item and name, in their order."""
    sums: dict[tuple[str, str], list[int]] = {}
    for name, item_id, *figures in found:
        key = name, item_id
        known = sums.get(key)
        sums[key] = figures if known is None else list(map(add, known, figures))
    return [Named(*key, *sums[key]) for key in sorted(sums)]


def missing(transaction: Transaction, shop_id: ShopId, at: datetime, most: int) -> list[Day]:
    """Days that are over at an instant and not kept, the newest first; at most `most`."""
    shop, oldest = shops.get(transaction, shop_id), transaction.first(_FIRST, shop_id=shop_id)
    if shop is None or oldest is None or oldest[0] is None:
        return []
    where = zone(shop.time_zone)
    first, today = (business_day(each, where, CUT).business_date for each in (from_us(oldest[0]), at))
    if first >= today:
        return []
    kept = set(transaction.all(_DAYS, shop_id=shop_id, this_form=form()))
    return [day for day in reversed(_days(first, today - timedelta(days=1), where)) if day not in kept][:most]


def claim(transaction: Transaction, shop_id: ShopId, day: Day) -> str:
    """Begin to add a day up. What is committed later and has to do with the day takes the claim away."""
    claimed = uuid7()
    transaction.run(_UNCLAIM, shop_id=shop_id, day_us=day.began_us)
    transaction.run(_CLAIM, shop_id=shop_id, **day._asdict(), claim=claimed, form=form(), content=None)
    return claimed


def content(transaction: Transaction, shop_id: ShopId, day: Day) -> bytes:
    """The kept sums of a day. To be added up in a transaction that began after that of the claim ended."""
    shop = shops.get(transaction, shop_id)
    where = zone(shop.time_zone) if shop is not None else None
    sums: Sums = {str(by): tuple(from_rows(transaction, shop_id, by, where, day)) for by in ALL}
    return msgspec.json.encode(sums)


def keep(transaction: Transaction, shop_id: ShopId, day: Day, claimed: str, sums: bytes) -> bool:
    """Keep what was added up, if the claim stands; returns whether it did."""
    return transaction.run(_KEEP, shop_id=shop_id, day_us=day.began_us, its_claim=claimed, sums=sums) == 1


def forget(transaction: Transaction, shop_id: ShopId, order_id: OrderId) -> None:
    """Forget the days that an order, which was written in this transaction, has anything to do with."""
    transaction.run(_FORGET, shop_id=shop_id, order_id=order_id, longest=_LONGEST_US)


def forget_all(transaction: Transaction, shop_id: ShopId) -> int:
    """Forget every day of a shop; returns how many there were."""
    return transaction.run(_FORGET_ALL, shop_id=shop_id)


def differing(transaction: Transaction) -> Iterator[str]:
    """Each day that is kept and not what its rows come to, with what differs: `2026-05-04 by item`."""
    for shop_id in shops.ids(transaction):
        shop = shops.get(transaction, shop_id)
        where = zone(shop.time_zone) if shop is not None else None
        always = {"from_us": 0, "to_us": 1 << 62}
        for began_us, ended_us, kept in transaction.all(_KEPT, shop_id=shop_id, this_form=form(), **always):
            rows = content(transaction, shop_id, Day(began_us, ended_us))
            if bytes(kept) != rows:
                said, right = decode(bytes(kept), Sums), decode(rows, Sums)
                wrong = [by for by in right if said.get(by) != right[by]]
                day = business_day(from_us(began_us), where, CUT).business_date
                yield f"{day} by {', '.join(wrong)}"


def _days(first: date, last: date, where: ZoneInfo | None) -> list[Day]:
    """Every business day from one to another, both included."""
    starts = [to_us(began(first + timedelta(days=ahead), where)) for ahead in range((last - first).days + 2)]
    return [Day(*pair) for pair in pairwise(starts)]


def _runs(days: Iterable[Day]) -> Iterator[Day]:
    """Days that follow each other, as one."""
    run: Day | None = None
    for day in days:
        if run is not None and run.ended_us == day.began_us:
            run = Day(run.began_us, day.ended_us)
            continue
        if run is not None:
            yield run
        run = day
    if run is not None:
        yield run


def _named(each: Booked, name: str) -> Named:
    return Named(
        name,
        sales=each.sales,
        sales_minor=each.sales_minor,
        refunds=each.refunds,
        refunds_minor=each.refunds_minor,
        tax_minor=each.tax_minor,
        tips_minor=each.tips_minor,
        discounts=each.discounts,
        discounts_minor=each.discounts_minor,
        service_minor=each.service_minor,
    )
