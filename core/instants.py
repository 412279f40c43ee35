"""Instants as they are kept, in the database and in a window's file: whole microseconds since 1970 UTC."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST_OFFLINE: Final = timedelta(days=366)


def to_us(at: datetime) -> int:
    """An aware instant as µs."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def now() -> datetime:
    return datetime.now(UTC)


def zone(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name; None for none that this machine knows."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, OSError, ValueError):
        return None


def day_of(at: datetime, where: tzinfo | None) -> date:
    """The day that an instant is in; where: a zone, None: this machine's."""
    return at.astimezone(where).date()


def midnight(day: date, where: tzinfo | None) -> datetime:
    """The first instant of a day, in UTC. Where clocks are put forward at midnight (Santiago, Cairo, Beirut, Havana)
    the day begins at one, and what a clock shows at midnight is an instant of the day before; where they are put back
    at one, midnight comes twice."""
    shown = datetime.combine(day, time.min, where)
    found = [shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min((at for at in found if day_of(at, where) == day), default=found[0])


def act_time(client_at: datetime | None, at: datetime) -> datetime:
    """When something was done that the server was told of at `at`: by the client's clock where that can be right, which
    is at most a year before."""
    us = advised_us(client_at)
    return at if us is None else min(at, max(from_us(us), at - _LONGEST_OFFLINE))


def advised_us(at: datetime | None) -> int | None:
    """A client's clock reading as µs; None for what is not a valid instant in UTC."""
    try:
        return to_us(at.astimezone(UTC)) if at is not None else None
    except OverflowError:
        return None
