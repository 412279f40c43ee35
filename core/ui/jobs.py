"""Work off the window's thread: a call to the backend, whose answer comes back to the window's thread."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from core.client.errors import ClientError, Fault, SignedOut
from core.workers import keep_running

log = logging.getLogger(__name__)
T = TypeVar("T")

_ASKING: Final = 8
"""Questions to the server that are under way at once. Each of them may hang for as long as HTTP lets it."""
_IDLE_KEPT: Final = 2
"""Threads of a lane that wait for a next job; more than these end."""


class Job:
    """One call under way. `cancel` makes sure that nobody is called back; the call itself ends by its timeout."""

    def __init__(
        self, call: Callable[[], Any], success: Callable[[Any], None], failure: Callable[[ClientError], None]
    ) -> None:
        self.call = call
        self.success = success
        self.failure = failure
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class _Lane:
    """Worker threads, at most `most` of them. A job starts at once while there are fewer."""

    def __init__(self, name: str, work: Callable[[Job], bool], most: int | None = None) -> None:
        self._name = name
        self._work = work
        self._most = most
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._workers: list[threading.Thread] = []
        self._started = 0
        self._idle = 0
        self._closed = False

    def put(self, job: Job) -> None:
        with self._changed:
            self._waiting.append(job)
            if self._idle >= len(self._waiting):
                self._changed.notify()
            elif self._most is None or len(self._workers) < self._most:
                # Daemons: a window that closes does not wait ten seconds for a server that does not answer.
                worker = keep_running(self._run, f"jobs-{self._name}-{self._started}")
                self._started += 1
                self._workers.append(worker)
                worker.start()

    def close(self) -> list[threading.Thread]:
        """Let the threads end when nothing waits any more; gives those that have not ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return list(self._workers)

    def _run(self) -> None:
        while self._work_once():
            pass

    def _work_once(self) -> bool:
        job = self._next()  # nothing holds it while the next is waited for: it may hold what was somebody's
        return job is not None and self._work(job)

    def _next(self) -> Job | None:
        with self._changed:
            if self._waiting or (not self._closed and self._idle < _IDLE_KEPT):
                self._idle += 1
                self._changed.wait_for(lambda: self._waiting or self._closed)
                self._idle -= 1
                if self._waiting:
                    return self._waiting.popleft()
            self._workers.remove(threading.current_thread())
            return None


class Jobs(QObject):
    """Worker threads and the one way back from them, in two lanes.

    `run` is for what a person does: it starts at once, whatever else hangs. `ask` is for questions to the server, of
    which only so many are under way at once; the others wait for them.

    The way back is a queued `Signal(object)` into a slot of this object, which lives in the window's thread: a lambda
    connected to a worker's signal would run in the worker.
    """

    session_over = Signal(object)
    """Whatever was asked, the backend answered `SignedOut` (which a wrong password is told as well)."""
    _done = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._acting = _Lane("act", self._work)
        self._asking = _Lane("ask", self._work, _ASKING)
        self._running: set[Job] = set()
        self._closed = False
        self._done.connect(self._on_job_done, Qt.ConnectionType.QueuedConnection)

    def run(self, call: Callable[[], T], success: Callable[[T], None], failure: Callable[[ClientError], None]) -> Job:
        """Call `call` in a worker, now; then `success` with its result or `failure` with its error, here."""
        return self._put(self._acting, Job(call, success, failure))

    def ask(self, call: Callable[[], T], success: Callable[[T], None], failure: Callable[[ClientError], None]) -> Job:
        """As `run`, for what may be asked any number of times at once: it may have to wait for other questions."""
        return self._put(self._asking, Job(call, success, failure))

    @property
    def busy(self) -> int:
        """How many calls are waiting or under way."""
        return len(self._running)

    def cancel(self) -> None:
        """Call nobody back for anything that is waiting or under way: the person who asked has left."""
        for job in self._running:
            job.cancel()

    def close(self, wait_s: float = 0.0) -> None:
        """Call nobody back any more and let the workers go.

        With `wait_s`, what a person has just done is waited for, at most so long. Questions are not.
        """
        self._closed = True
        if not wait_s:
            self.cancel()
        self._running.clear()
        self._asking.close()
        until_s = time.monotonic() + wait_s
        for worker in self._acting.close():
            worker.join(max(0.0, until_s - time.monotonic()))

    def _put(self, lane: _Lane, job: Job) -> Job:
        if self._closed:
            job.cancel()
        else:
            self._running.add(job)
            lane.put(job)
        return job

    def _work(self, job: Job) -> bool:
        """In a worker. False when this object is gone, so there is no way back any more."""
        try:
            outcome: Any = None if job.cancelled else job.call()
        except ClientError as error:
            outcome = error
        except Exception:
            log.exception("a job failed")
            outcome = Fault()
        try:
            self._done.emit((job, outcome))
        except RuntimeError:  # Qt's side of this object is gone: the window closed first.
            return False
        return True

    @Slot(object)
    def _on_job_done(self, done: tuple[Job, Any]) -> None:
        job, outcome = done
        self._running.discard(job)
        if job.cancelled or self._closed:
            return
        if isinstance(outcome, ClientError):
            job.failure(outcome)
            if isinstance(outcome, SignedOut):
                self.session_over.emit(outcome)
        else:
            job.success(outcome)
