"""Measured values, counted by the range they fall into."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Distribution:
    """One thread observes; any may look. There is no lock, so that it costs what a list costs."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        """The upper end of each range, rising; what is above the last has a range of its own."""
        self.total = 0.0
        """The sum of what was observed."""
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def up_to(self) -> list[int]:
        """How many values were at most each of `bounds`, and last how many there were at all."""
        return list(accumulate(self._counts))
