"""A clock that counts what the machine slept through, and never goes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Believed, Clock

NIGHT_S = 8 * 3600.0


class Hands:
    """Both clocks of a machine."""

    def __init__(self) -> None:
        self.monotonic = 100.0
        self.wall = 1_800_000_000.0

    def pass_by(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.monotonic, lambda: self.wall)


def test_time_passes_once_while_awake() -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.now_s()
    for _ in range(100):
        hands.pass_by(0.5)
        clock.now_s()
    assert clock.now_s() - before == pytest.approx(50)


@pytest.mark.parametrize("monotonic_sleeps", [True, False])
def test_a_night_asleep_counts_on_every_system(monotonic_sleeps: bool) -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.now_s()
    hands.wall += NIGHT_S
    hands.monotonic += 0.0 if monotonic_sleeps else NIGHT_S
    assert clock.now_s() - before == pytest.approx(NIGHT_S)
    hands.pass_by(10)
    assert clock.now_s() - before == pytest.approx(NIGHT_S + 10), "and counts once"


def test_a_wall_clock_that_is_set_back_changes_nothing() -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.now_s()
    hands.pass_by(5)
    hands.wall -= 3600
    assert clock.now_s() - before == pytest.approx(5)
    hands.pass_by(5)
    assert clock.now_s() - before == pytest.approx(10)
    hands.wall += NIGHT_S  # a sleep after that is still a sleep
    assert clock.now_s() - before == pytest.approx(10 + NIGHT_S)


def test_a_coarse_clock_is_not_counted_twice() -> None:
    """Both clocks of some systems move in steps of 16 ms, and not at one moment."""
    hands = Hands()
    clock = Clock(lambda: hands.monotonic // 0.016 * 0.016, lambda: (hands.wall + 0.009) // 0.016 * 0.016)
    before = clock.now_s()
    for _ in range(1000):
        hands.pass_by(0.001)
        clock.now_s()
    assert clock.now_s() - before == pytest.approx(1, abs=0.04)


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e5, 1e5)), max_size=30))
def test_it_never_goes_back_and_is_never_behind_the_monotonic_clock(steps: list[tuple[float, float]]) -> None:
    hands = Hands()
    clock = hands.clock()
    last, passed = clock.now_s(), 0.0
    start = last
    for seconds, jump in steps:
        hands.pass_by(seconds)
        hands.wall += jump
        passed += seconds
        now = clock.now_s()
        assert now >= last
        assert now - start >= passed - 1e-3
        last = now


# -- what is believed when something is thrown away for its age


def believed(hands: Hands, at_s: float | None = None) -> Believed:
    return Believed(hands.wall if at_s is None else at_s, lambda: hands.monotonic, lambda: hands.wall)


def test_a_clock_that_is_right_is_followed() -> None:
    hands = Hands()
    clock = believed(hands)
    for _ in range(3):
        hands.pass_by(3_600)
        assert clock.now_s() == hands.wall
        assert clock.ahead_s == 0


def test_one_that_is_a_year_ahead_for_a_minute_is_not() -> None:
    hands = Hands()
    clock = believed(hands)
    right = hands.wall
    hands.wall += 365 * 86_400
    hands.pass_by(60)
    assert clock.now_s() == right + 60 * Believed.FASTER
    assert clock.ahead_s > 360 * 86_400
    hands.wall -= 365 * 86_400
    hands.pass_by(60)
    assert clock.now_s() == hands.wall == right + 120


def test_a_closed_weekend_is_caught_up_with_in_three_hours() -> None:
    hands = Hands()
    before = hands.wall
    hands.wall += 62 * 3_600
    clock = believed(hands, before)
    assert clock.now_s() == before
    hands.pass_by(3 * 3_600)
    assert clock.now_s() == hands.wall


def test_one_that_is_behind_takes_nothing_back() -> None:
    hands = Hands()
    clock = believed(hands)
    right, hands.wall = hands.wall, 0.0
    hands.pass_by(60)
    assert clock.now_s() == 60
    assert clock.believed_s == right
    hands.wall = right + 60
    hands.pass_by(60)
    assert clock.now_s() == right + 120
