"""Decisions about input by when it was made: a window that is busy handles it later, and close together."""

import time
from typing import Final, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QInputEvent, QKeyEvent

GAP_S: Final = 0.06
"""Scanners leave 1 to 20 ms between two characters; a person at their fastest about 80."""
SHORTEST: Final = 4
"""The characters of the shortest code."""
_LATE_S: Final = 0.03
"""A timer that is so late was held up by what the window did meanwhile."""
_TURN_MS: Final = 20
"""What waits is handled within this time."""


class Pressed(NamedTuple):
    """When a key was pressed: by the system (milliseconds since some moment of its own; 0 where it does not say, as in
    events that a program makes), and when it was handled, by the monotonic clock."""

    stamp_ms: int = 0
    handled_s: float = 0.0

    def since_s(self, before: "Pressed") -> float:
        """The seconds from `before` to this one. Where the system's count has begun anew, by when they were handled."""
        if 0 < before.stamp_ms <= self.stamp_ms:
            return (self.stamp_ms - before.stamp_ms) / 1000
        return self.handled_s - before.handled_s


def pressed(event: QInputEvent) -> Pressed:
    """When `event`, which is being handled, was made."""
    return Pressed(event.timestamp(), time.monotonic())


class Pace:
    """Tells a scanner's input from a person's: counts the characters that came at a scanner's pace."""

    def __init__(self) -> None:
        self._count = 0
        self._last = Pressed()

    def note(self, event: QKeyEvent) -> None:
        """Record a pressed key. Those that type nothing are ignored."""
        if event.text() and event.text().isprintable():
            self._count = self.count(event) + 1
            self._last = pressed(event)

    def count(self, event: QKeyEvent) -> int:
        """The characters that came at a scanner's pace up to `event`, without it."""
        return self._count if pressed(event).since_s(self._last) <= GAP_S else 0

    def is_code(self, event: QKeyEvent) -> bool:
        """Whether a whole code came right before `event`."""
        return self.count(event) >= SHORTEST


class Quiet(QTimer):
    """Runs out once nothing has come for `wait_s` after `begin`. Where the window was busy meanwhile, what came then
    still waits, and is handled first: it may `stop` this."""

    passed = Signal()

    def __init__(self, wait_s: float, parent: QObject) -> None:
        super().__init__(parent)
        self._wait_ms = round(wait_s * 1000)
        self._due_s = 0.0
        self.setSingleShot(True)
        self.timeout.connect(self._on_timeout)

    def begin(self) -> None:
        """Start, or start anew."""
        self._due_s = time.monotonic() + self._wait_ms / 1000
        self.start(self._wait_ms)

    @Slot()
    def _on_timeout(self) -> None:
        now_s = time.monotonic()
        if now_s - self._due_s > _LATE_S:
            self._due_s = now_s + _TURN_MS / 1000
            self.start(_TURN_MS)
        else:
            self.passed.emit()
