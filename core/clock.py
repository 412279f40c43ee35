"""Clocks that include the time of a machine's sleep.

A monotonic clock stops in sleep on some systems and not on others; the wall clock goes on and may be set. Ages and
expiries are measured by both, with `now_s`. Durations use `time.perf_counter`.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

_STEP_S: Final = 2.0
"""Differences of the wall clock from the monotonic one that are ignored: it is adjusted now and then."""


class Clock:
    """Seconds since some moment; never goes back. Thread-safe.

    Where the wall clock has advanced further than the monotonic one, the machine slept, or its clock was set forward.
    Both count: what is taken for older than it is, is only fetched anew. Setting it back has no effect.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._reading = threading.Lock()
        self._slept_s = 0.0
        self._apart_s = wall() - monotonic()

    def now_s(self) -> float:
        with self._reading:
            now_s = self._monotonic()
            step_s = self._wall() - now_s - self._apart_s
            if abs(step_s) > _STEP_S:
                self._apart_s += step_s
                self._slept_s += max(0.0, step_s)
            return now_s + self._slept_s


class Believed:
    """The wall clock, as far as it is believed when something is deleted for its age. Thread-safe.

    A clock may be a year ahead for a minute: before NTP has set it, or after a battery's end. So from `at_s`, the last
    believed time, it is followed at most `FASTER` times as fast as time passes. A closed weekend is caught up with in
    three hours, and a minute's error ages nothing by more than half an hour. Meanwhile things are kept longer.
    """

    FASTER: Final = 24

    def __init__(
        self,
        at_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._reading = threading.Lock()
        self._at_s = at_s
        self._looked_s = monotonic()

    def now_s(self) -> float:
        """Seconds since 1970; never ahead of the wall clock."""
        with self._reading:
            now_s, wall_s = self._monotonic(), self._wall()
            further_s = self._at_s + self.FASTER * (now_s - self._looked_s)
            self._looked_s = now_s
            # One that is behind takes nothing back: it will be set right again.
            self._at_s = max(self._at_s, min(wall_s, further_s))
            return min(wall_s, self._at_s)

    @property
    def believed_s(self) -> float:
        """The believed time so far, to begin the next process with."""
        return self._at_s

    @property
    def ahead_s(self) -> float:
        """The lead of the wall clock over the believed time, in seconds."""
        return max(0.0, self._wall() - self.now_s())


own = Clock()
"""The process's clock. A test replaces it."""


def now_s() -> float:
    """Seconds by the process's own clock."""
    return own.now_s()
