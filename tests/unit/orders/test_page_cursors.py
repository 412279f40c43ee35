import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import DomainError
from core.domain.ids import OrderId
from core.instants import from_us, to_us
from core.store import cursors
from core.store.cursors import Position


@given(st.integers(0, 1 << 60), st.uuids())
def test_a_cursor_leads_back_to_its_place(placed_us: int, order_id: object) -> None:
    place = Position(placed_us, OrderId(str(order_id)))
    cursor = cursors.encode(place)
    assert cursors.decode(cursor) == place
    assert cursor.isascii()
    assert "=" not in cursor


@given(st.text(max_size=60))
def test_whatever_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(DomainError) as refused:
        cursors.decode(text)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize("text", ["MTIz", "YWJjLmRlZg", "é", "MTIz.", " ", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuYQ"])
def test_these_are_refused(text: str) -> None:
    with pytest.raises(DomainError):
        cursors.decode(text)


@given(st.integers(0, (1 << 33) * 1_000_000 - 1))
def test_every_microsecond_survives_the_database(us: int) -> None:
    assert to_us(from_us(us)) == us
