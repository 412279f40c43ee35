"""Distinguishes a scanner's input from a person's by its speed."""

import time
from typing import Final

GAP_S: Final = 0.06
"""Scanners leave 1 to 20 ms between two characters; a person at their fastest about 80."""
SHORTEST: Final = 4
"""The characters of the shortest code."""


class Pace:
    """Counts the characters that came at a scanner's pace, up to now."""

    def __init__(self) -> None:
        self._count = 0
        self._last_s = 0.0

    def note(self, text: str) -> None:
        """Record a pressed key that types `text`. Keys without text are ignored."""
        if text and text.isprintable():
            self._count = self.count + 1
            self._last_s = time.monotonic()

    @property
    def count(self) -> int:
        """0 when the last one is longer ago than a scanner takes."""
        return self._count if time.monotonic() - self._last_s <= GAP_S else 0

    @property
    def is_code(self) -> bool:
        return self.count >= SHORTEST
