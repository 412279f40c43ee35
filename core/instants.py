"""Instants as they are kept, in the database and in a window's file: whole microseconds since 1970 UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """An aware instant as it is kept."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def now() -> datetime:
    return datetime.now(UTC)


def advised_us(at: datetime | None) -> int | None:
    """What a client's clock says, which may be anything; what is no instant in UTC's calendar is left out."""
    try:
        return to_us(at.astimezone(UTC)) if at is not None else None
    except OverflowError:
        return None
