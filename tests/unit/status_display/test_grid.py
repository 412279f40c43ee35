"""Numbers as big as there is room for: none is ever cut off, and none has no page."""

from hypothesis import given
from hypothesis import strategies as st

from customer_view.status_display.grid import Size, fit

LEAST, MOST = 40.0, 120.0
TICKET = Size(2.0, 1.5, 0.5, 0.25)
lengths = st.floats(0.2, 20)
rooms = st.floats(50, 4000)


@given(st.integers(0, 400), st.builds(Size, lengths, lengths, st.floats(0, 2), st.floats(0, 2)), rooms, rooms)
def test_everything_has_room(count: int, ticket: Size, width: float, height: float) -> None:
    grid = fit(count, ticket, width, height, LEAST, MOST)
    assert grid.font_px * ticket.across(grid.columns) <= width * 1.000001
    assert grid.font_px * ticket.down(grid.rows) <= height * 1.000001
    assert grid.capacity * grid.pages(count) >= count
    assert 0 < grid.font_px <= MOST
    one_alone = min(width / ticket.across(1), height / ticket.down(1))
    assert grid.font_px >= min(LEAST, one_alone) * 0.999999


@given(st.integers(1, 200), st.integers(0, 50), rooms, rooms)
def test_fewer_are_never_smaller(count: int, fewer: int, width: float, height: float) -> None:
    many = fit(count, TICKET, width, height, LEAST, MOST)
    if many.pages(count) == 1:
        assert fit(max(0, count - fewer), TICKET, width, height, LEAST, MOST).font_px >= many.font_px * 0.999999


def test_few_are_as_big_as_they_may_be_and_many_go_on_pages() -> None:
    assert fit(3, TICKET, 900, 600, LEAST, MOST).font_px == MOST
    twelve = fit(12, TICKET, 900, 600, LEAST, MOST)
    assert LEAST < twelve.font_px < MOST
    assert twelve.pages(12) == 1
    many = fit(200, TICKET, 900, 600, LEAST, MOST)
    assert many.font_px >= LEAST
    assert many.pages(200) == -(-200 // many.capacity) > 1
    assert many.capacity >= 70  # 900 × 600 at 40 px: 9 columns of 100 px, 8 rows of 70
