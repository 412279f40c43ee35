"""Histograms of measured values."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Distribution:
    """A histogram. One thread observes; any may read. There is no lock, so that it costs what a list costs."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        """The upper bounds of the ranges, rising; values above the last have a range of their own."""
        self.total = 0.0
        """The sum of the observed values."""
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def up_to(self) -> list[int]:
        """The number of values up to each of `bounds`, and last the number of all."""
        return list(accumulate(self._counts))
