"""Idle detection: a warning first, where one is wanted, then the end, unless there is input."""

import math
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal, Slot
from typing_extensions import override

from core import clock

_TICK_MS: Final = 250
_LOOK_MS: Final = 1000
"""The interval at which the clock is read: a timer stands still while the machine sleeps."""
_LATE_S: Final = 5.0
"""The timer is later than this only if the machine slept."""
_SIGNS: Final = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletPress,
        QEvent.Type.Wheel,
    }
)
"""Events that count as input. Pointer moves do not: a pointer at rest may tremble."""


class IdleWatch(QObject):
    """Watches the whole application. After `idle_s` seconds without input, `ended` is emitted; 0: never.

    The last `warning_s` of them are counted down, and the touch that answers the warning has no other effect.
    """

    warned = Signal(int)
    """Seconds left, once each."""
    resumed = Signal()
    """There was input after the warning."""
    ended = Signal()

    def __init__(self, idle_s: float, warning_s: float = 0.0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._idle_s = idle_s
        self._warning_s = min(warning_s, idle_s / 2)
        self._seen_at = 0.0
        self._left: int | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timer_elapsed)

    def start(self) -> None:
        """Begin to watch, with the full time."""
        if self._idle_s <= 0:
            return
        self.stop()
        self._seen_at = clock.now_s()
        self._arm()
        app = QCoreApplication.instance()
        assert app is not None
        app.installEventFilter(self)

    def stop(self) -> None:
        self._timer.stop()
        self._left = None
        app = QCoreApplication.instance()
        if app is not None:
            app.removeEventFilter(self)

    @Slot()
    def stay(self) -> None:
        """Count as input."""
        self._seen_at = clock.now_s()
        if self._left is not None:
            self._left = None
            self._arm()
            self.resumed.emit()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in _SIGNS:
            return False
        if clock.now_s() - self._seen_at >= self._idle_s + _LATE_S:  # after a sleep it may be somebody else
            self._end()
            return True
        answers = self._left is not None
        self.stay()
        return answers

    def _arm(self) -> None:
        """Input only moves the deadline; the timer checks it when it fires."""
        quiet_s = clock.now_s() - self._seen_at
        left_ms = round((self._idle_s - self._warning_s - quiet_s) * 1000)
        self._timer.start(min(_LOOK_MS, max(1, left_ms)))

    def _end(self) -> None:
        self.stop()
        self.ended.emit()

    @Slot()
    def _on_timer_elapsed(self) -> None:
        left_s = self._idle_s - (clock.now_s() - self._seen_at)
        if left_s <= 0:
            self._end()
        elif left_s > self._warning_s:
            self._arm()
        else:
            left = math.ceil(left_s)
            if left != self._left:
                self._left = left
                self.warned.emit(left)
            self._timer.start(min(_TICK_MS, round(left_s * 1000) + 1))
