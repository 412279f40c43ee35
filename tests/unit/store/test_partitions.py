"""A month is a range of order ids."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import ids
from core.store.sql.partitions import AHEAD, Month, ahead

INSTANTS = st.integers(1_577_836_800, 8_583_753_600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def _id_of(monkeypatch: pytest.MonkeyPatch, at: datetime) -> str:
    microseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    monkeypatch.setattr("core.domain.ids.time.time_ns", lambda: microseconds * 1_000)
    return ids.uuid7()


@given(at=INSTANTS)
def test_an_id_lies_in_the_month_it_was_made_in(at: datetime) -> None:
    with pytest.MonkeyPatch.context() as patched:
        order_id = _id_of(patched, at)
    month = Month.of(at)
    assert month.first_id.encode() <= order_id.encode() < month.later(1).first_id.encode()


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, 999_999, UTC), Month(2026, 11)),
        (datetime(2026, 12, 1, tzinfo=UTC), Month(2026, 12)),
        (datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), Month(2026, 12)),
    ],
)
def test_months_are_those_of_utc(at: datetime, month: Month) -> None:
    assert Month.of(at) == month


def test_this_month_and_the_next_ones_are_to_be_there() -> None:
    assert ahead(datetime(2026, 11, 22, tzinfo=UTC)) == [Month(2026, 11), Month(2026, 12), Month(2027, 1)]
    assert AHEAD == 2


def test_a_partition_is_named_after_its_month() -> None:
    assert Month(2026, 3).partition_of("order_lines") == "order_lines_2026_03"
