"""How far a series goes, and who may take it there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import InvalidOrder
from core.domain.numbers import AHEAD, LAST, NumberTooFar, count_of, given_count, may_count
from core.domain.order import order_number

COUNTS = st.integers(1, LAST)


@given(COUNTS, st.integers(0, LAST))
def test_a_number_is_taken_while_a_till_can_have_counted_to_it(count: int, last: int) -> None:
    number = order_number("POS1", count)
    if count <= last + AHEAD:
        assert given_count(number, "POS1", last) == count
    else:
        with pytest.raises(NumberTooFar, match=f"{number} is too far ahead") as refused:
            given_count(number, "POS1", last)
        assert refused.value.field == "number"


@given(st.integers(0, LAST), st.integers(0, 3 * AHEAD))
def test_what_a_till_counts_by_itself_is_taken_whatever_it_was_told_before(told: int, further: int) -> None:
    """The server's count only grows, so one that was told earlier allows no more than the one it has now."""
    last = min(told + further, LAST)
    if may_count(last, told):
        assert given_count(order_number("POS1", last + 1), "POS1", told) == last + 1
    else:
        assert last >= min(told + AHEAD, LAST)


@pytest.mark.parametrize(
    "number",
    ["POS1-999999999999", "POS1-1000000000", "POS1-001065"],
)
def test_a_jump_is_refused(number: str) -> None:
    with pytest.raises(NumberTooFar, match="POS1-000064"):
        given_count(number, "POS1", 64)


def test_a_series_ends_before_its_numbers_cannot_be_sent() -> None:
    assert given_count(f"POS1-{LAST}", "POS1", LAST) == LAST
    with pytest.raises(NumberTooFar):
        given_count(f"POS1-{LAST + 1}", "POS1", LAST)
    assert not may_count(LAST, LAST)


@pytest.mark.parametrize(
    "number",
    ["", "POS1", "POS1-", "POS1-64", "POS1-0000064", "POS1-000000", "POS2-000064", "ONLINE-000064", "POS1-00006x",
     "POS1--00064", "POS1-٠٠٠٠٦٤", "POS1-000064\n", "pos1-000064", "POS1-" + "9" * 5_000],
)  # fmt: skip
def test_what_is_no_number_of_the_series(number: str) -> None:
    assert count_of(number, "POS1") is None
    with pytest.raises(InvalidOrder, match="looks like POS1-000001"):
        given_count(number, "POS1", 64)


def test_a_refused_number_says_how_far_the_server_knows_the_series() -> None:
    with pytest.raises(InvalidOrder) as wrong:
        given_count("POS2-000001", "POS1", 0)
    assert wrong.value.field == "number"
    for last, known in ((0, "of none yet"), (64, "up to POS1-000064")):
        with pytest.raises(NumberTooFar) as far:
            given_count("POS1-005000", "POS1", last)
        assert far.value.message == (
            f"POS1-005000 is too far ahead: the server knows {known}, and a POS counts at most 1,000 further by "
            "itself. Give the order a new number."
        )
