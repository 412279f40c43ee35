"""Which day of business an instant belongs to: a shop's day ends some hours after midnight."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from core.domain.sale.errors import Refused

MIDNIGHT: Final = time()
CUT: Final = time(4)
"""When a shop's day ends, by the clock on its wall."""
_EARLIEST_FORBIDDEN, _LATEST_FORBIDDEN = time(1), time(3)


class BusinessDay(msgspec.Struct, frozen=True):
    business_date: date
    """The day that reports count it to."""
    tax_date: date
    """The calendar date of the supply, which decides the rates."""
    local: datetime


def check_cut(cut: time) -> time:
    """Raises `Refused` for a cut in the hours that a change of summer time repeats."""
    if _EARLIEST_FORBIDDEN <= cut < _LATEST_FORBIDDEN:
        raise Refused("bad_cut", "A business day cannot end between 01:00 and 03:00: that hour comes twice in autumn.")
    return cut


def began(day: date, zone: ZoneInfo | None, cut: time = CUT) -> datetime:
    """When a business day began, as an aware instant. `zone` None: that of this machine."""
    local = datetime.combine(day, check_cut(cut))
    return local.replace(tzinfo=zone) if zone is not None else local.astimezone()


def today_began(at: datetime, zone: ZoneInfo | None, cut: time = CUT) -> datetime:
    """When the business day of an aware instant began."""
    return began(business_day(at, zone, cut).business_date, zone, cut)


def business_day(at: datetime, zone: ZoneInfo | None, cut: time) -> BusinessDay:
    """The day of an aware instant, for a shop of that zone (None: this machine's) whose day ends at `cut`, by the clock
    on the wall."""
    local = at.astimezone(zone)
    day = local.date()
    if local.time() < check_cut(cut):
        return BusinessDay(day - timedelta(days=1), day, local)
    return BusinessDay(day, day, local)
