"""Signals that another day has begun, so that dates relative to it, such as `Today`, are updated."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.instants import day_of, midnight, zone

_LOOK_MS: Final = 1000
"""A timer up to midnight would be late after a night's sleep, or when the clock is set."""


_zone: tzinfo | None = None


def use_zone(name: str) -> None:
    """Show times, and count days, by the shop's time zone (IANA) from now on, wherever this screen stands; by this
    machine's where the shop's is unknown."""
    global _zone  # noqa: PLW0603 (one shop a process)
    _zone = zone(name)


def local(at: datetime) -> datetime:
    """`at` by the shop's clock."""
    return at.astimezone(_zone)


def local_date(at: datetime) -> date:
    """The day that `at` is in, by the shop's clock."""
    return day_of(at, _zone)


def begins(day: date) -> datetime:
    """The instant at which `day` begins at the shop."""
    return midnight(day, _zone)


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
