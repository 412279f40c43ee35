"""Periodic refreshes: one timer, one call at a time, and the age of the last answer."""

import random
from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core import clock
from core.client.errors import ClientError, SignedOut, Unreachable
from core.client.sync.engine import SyncStatus
from core.ui.jobs import Job, Jobs

_BACKOFF_S: Final = 0.5
_BACKOFF_MOST_S: Final = 30.0
STALE_AFTER: Final = 2.0
"""The number of missed intervals after which shown data is stale."""


class Refresher(QObject):
    """Fetches now and then every `interval_s` seconds while it is active, never twice at once.

    The timer is started by the answer, so a slow server is asked less often. A failure keeps what is shown and is
    retried with full jitter, at the latest after the interval.
    """

    started = Signal()
    ended = Signal()
    """A fetch has succeeded, failed, or was abandoned."""
    succeeded = Signal(object)
    failed = Signal(object)
    """A `ClientError`."""

    def __init__(
        self,
        jobs: Jobs,
        fetch: Callable[[], Any],
        interval_s: float,
        *,
        automatic: bool = True,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._fetch = fetch
        self._interval_s = interval_s
        self._automatic = automatic
        self._active = False
        self._job: Job | None = None
        self._failures = 0
        self._succeeded_at: float | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timer_elapsed)

    @property
    def interval_s(self) -> float:
        return self._interval_s

    @property
    def automatic(self) -> bool:
        """Whether the timer is used at all; `refresh` works either way."""
        return self._automatic

    @property
    def running(self) -> bool:
        return self._job is not None

    @property
    def active(self) -> bool:
        return self._active

    @property
    def age_s(self) -> float | None:
        """Seconds since the last answer; None before the first."""
        return None if self._succeeded_at is None else clock.now_s() - self._succeeded_at

    @property
    def stale(self) -> bool:
        """Whether the last answer is older than two missed intervals."""
        age_s = self.age_s
        return age_s is not None and age_s > STALE_AFTER * self._interval_s

    def start(self) -> None:
        """The page is shown: fetch now unless an answer is younger than the interval, then keep refreshing."""
        if self._active:
            return
        self._active = True
        age_s = self.age_s
        if age_s is None or age_s >= self._interval_s:
            self.refresh()
        elif self._job is None:
            self._arm(self._interval_s - age_s)

    def stop(self) -> None:
        """The page is hidden or closed: no timer and no callback from here on."""
        self._active = False
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.ended.emit()

    def reset(self) -> None:
        """Discard the age: the fetched data is no longer shown."""
        self.stop()
        self._succeeded_at = None
        self._failures = 0

    def remember(self, age_s: float | None) -> None:
        """The shown data is `age_s` seconds old: it was cached by an earlier run, or while the server is away. None: of
        unknown age."""
        self._succeeded_at = None if age_s is None else clock.now_s() - age_s

    @Slot(object)
    def confirm(self, sync_status: SyncStatus) -> None:
        """The shown data is as current as the events: its changes are pushed."""
        age_s, known_s = sync_status.age_s(clock.now_s()), self.age_s
        if age_s is not None and known_s is not None and age_s < known_s and sync_status.answering:
            self.remember(age_s)

    @Slot()
    def refresh(self) -> None:
        """Fetch now, unless a fetch is under way."""
        if self._job is not None:
            return
        self._timer.stop()
        self._job = self._jobs.run(self._fetch, self._on_fetched, self._on_failed)
        self.started.emit()

    def hurry(self) -> None:
        """The server answers again: fetch now, if the last fetch failed. One that still hangs is abandoned."""
        if self._active and self._automatic and (self._failures or self._job is not None or self.stale):
            if self._job is not None:
                self._job.cancel()
                self._job = None
            self.refresh()

    def _on_fetched(self, result: object) -> None:
        self._job = None
        self._failures = 0
        self._succeeded_at = clock.now_s()
        self._arm(self._interval_s)
        self.ended.emit()
        self.succeeded.emit(result)

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        if not isinstance(error, SignedOut):
            self._arm(self._retry_s(error))
            self._failures += 1
        self.ended.emit()
        self.failed.emit(error)

    def _retry_s(self, error: ClientError) -> float:
        if isinstance(error, Unreachable) and error.retry_after_s is not None:
            return error.retry_after_s
        most = min(_BACKOFF_MOST_S, self._interval_s, _BACKOFF_S * 2 ** min(self._failures + 1, 10))
        return random.uniform(most / 4, most)  # noqa: S311 (jitter, not a secret)

    def _arm(self, seconds: float) -> None:
        if self._active and self._automatic:
            self._timer.start(max(1, round(seconds * 1000)))

    @Slot()
    def _on_timer_elapsed(self) -> None:
        self.refresh()
