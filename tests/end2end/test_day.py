"""Two simulated hours, and twenty openings, leave nothing behind. `make bench ARGS="--only day"` is the long form,
which polls, too."""

import pytest

from benchmarks import day
from benchmarks.day_probe import AN_HOUR, Part

pytestmark = pytest.mark.slow


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "part",
    [
        Part(url="", folder="", ticks=2 * AN_HOUR),
        Part(url="", folder="", openings=20),
    ],
    ids=["pushed", "opened and closed"],
)
def test_nothing_grows(part: Part) -> None:
    for found in day.played(part):
        first, last = found[0], found[-1]
        grown = {what: last[what] - first[what] for what in day.MORE.keys() & last.keys()}
        assert {what: more for what, more in grown.items() if more > day.MORE[what]} == {}
        if "Python objects" in last:
            assert last["Python objects"] - first["Python objects"] < 1_000, "an hour's order is some 200"
