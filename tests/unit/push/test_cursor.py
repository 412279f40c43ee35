"""Cursors and frames: what clients and servers hold each other to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import uuid7
from core.protocol.events import OrderPlaced
from core.protocol.feed import HEARTBEAT_S, SILENCE_S, Close, Cursor, Frame
from core.server.endpoints import examples

EPOCH = uuid7()
PLACED = OrderPlaced(order=examples.ORDER)


@given(st.integers(0, (1 << 63) - 1))
def test_a_cursor_is_the_text_it_was_read_from(seq: int) -> None:
    cursor = Cursor(EPOCH, seq, uuid7() if seq else "")
    assert Cursor.parse(str(cursor)) == cursor


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    try:
        cursor = Cursor.parse(text)
    except ValueError:
        return
    assert str(cursor) == text


@pytest.mark.parametrize("number", ["", "-1", "+1", "01", "1.5", "1e3", "¹", "١", " 1", "1_000", str(1 << 63)])
def test_a_number_has_one_way_to_be_written(number: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.parse(f"{EPOCH}.{number}.{uuid7()}")


@given(st.sets(st.integers(1, 200), min_size=1), st.integers(0, 200))
def test_exactly_the_next_frame_follows(mine: set[int], position: int) -> None:
    """`mine` are the events a subscriber may see; whoever has everything up to `position` may apply just the next."""
    prev = 0
    following = []
    for seq in sorted(mine):
        if Frame(seq=seq, prev=prev, event=PLACED).follows(position):
            following.append(seq)
        prev = seq
    assert following == sorted(seq for seq in mine if seq > position)[:1]


def test_a_missed_heartbeat_or_two_is_not_silence() -> None:
    assert 2 * HEARTBEAT_S < SILENCE_S


def test_codes_are_of_the_range_for_private_use() -> None:
    """RFC 6455 §7.4.2."""
    assert all(4000 <= code <= 4999 for code in Close)
