"""Instants in the database: whole microseconds since 1970 UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """An aware instant as the database keeps it."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)  # exact: a double holds every microsecond until 2242


def now() -> datetime:
    return datetime.now(UTC)
