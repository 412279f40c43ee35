"""When another day begins: what says `Today` is to be said anew."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

_LOOK_MS: Final = 1000
"""A timer up to midnight would be late after a night's sleep, or when the clock is set."""


def local_date(at: datetime) -> date:
    """The day that `at` is in, for whoever is at this machine."""
    return at.astimezone().date()


class Days(QObject):
    """Looks at the date while it is started."""

    begun = Signal()
    """Another day than at the last look."""

    def __init__(self, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._today = local_date(now())
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    @Slot()
    def start(self) -> None:
        self.look()
        self._timer.start()

    @Slot()
    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def look(self) -> None:
        """Look now."""
        today = local_date(self._now())
        if today != self._today:
            self._today = today
            self.begun.emit()
