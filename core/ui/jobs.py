"""Jobs: backend calls in worker threads, whose results return to the window's thread."""

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Signal

from core.client.errors import ClientError, Fault, Left, SignedOut
from core.ui.threads import Channel
from core.workers import keep_running

log = logging.getLogger(__name__)
T = TypeVar("T")
Call = Callable[[], Any]

_ASKING: Final = 8
"""Concurrent reads from the server. Each may hang for as long as HTTP lets it."""
_IDLE_KEPT: Final = 2
"""Idle threads of a lane that are kept; more than these end."""


class Job:
    """A call in progress. `cancel` suppresses its callbacks; the call itself ends by its timeout."""

    def __init__(
        self,
        jobs: "Jobs",
        call: Callable[[], Any],
        success: Callable[[Any], None],
        failure: Callable[[ClientError], None],
    ) -> None:
        self.jobs = jobs
        self.call = call
        self.success = success
        self.failure = failure
        self.cancelled = False
        self.outcome: Any = None
        self.number = next(_numbers)

    def cancel(self) -> None:
        self.cancelled = True


_numbers: Final = itertools.count()
_held: Final[dict[int, Job]] = {}
"""Jobs whose worker has not let go of them. A job holds objects of the window's thread, which the worker's thread must
not free (see `core.ui.threads`)."""


class _Lane:
    """Worker threads, at most `most` of them. A job starts at once while there are fewer.

    A worker holds no job when it reports that it is done: no frame that used it outlives `_do_next`.
    """

    def __init__(self, name: str, done: Channel[int], most: int | None = None) -> None:
        self._name = name
        self._done = done
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
        """Let the threads end when the queue is empty; returns those that have not ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return list(self._workers)

    def renewed(self) -> "_Lane":
        """A new lane in place of this one, with all places free. Jobs of this one run to their end."""
        self.close()
        return _Lane(self._name, self._done, self._most)

    def _run(self) -> None:
        while (number := self._do_next()) is not None:
            self._done.send(number)

    def _do_next(self) -> int | None:
        job = self._next()
        if job is None:
            return None
        try:
            job.outcome = None if job.cancelled else job.call()
        except ClientError as error:
            job.outcome = error
        except Exception:
            log.exception("a job failed")
            job.outcome = Fault()
        return job.number

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
    """Worker threads in two lanes, and callbacks in the window's thread.

    `run` is for a person's actions: it starts at once, whatever else hangs. `ask` is for reads from the server, of
    which a limited number runs at once.
    """

    session_over = Signal(object)
    """The backend answered `SignedOut` to a call (also to a wrong password)."""

    def __init__(self, parent: QObject | None = None, *, bound: Callable[[Call], Call] = lambda call: call) -> None:
        """`bound` is called in the window's thread with a call, and returns what a worker runs in its place."""
        super().__init__(parent)
        self._bound = bound
        done: Channel[int] = Channel(_on_job_done)
        self._acting = _Lane("act", done)
        self._asking = _Lane("ask", done, _ASKING)
        self._running: set[Job] = set()
        self._closed = False

    def run(self, call: Callable[[], T], success: Callable[[T], None], failure: Callable[[ClientError], None]) -> Job:
        """Run `call` in a worker, now; then call `success` with its result or `failure` with its error, here."""
        return self._put(self._acting, Job(self, self._bound(call), success, failure))

    def ask(self, call: Callable[[], T], success: Callable[[T], None], failure: Callable[[ClientError], None]) -> Job:
        """As `run`, but it may have to wait for other reads."""
        return self._put(self._asking, Job(self, self._bound(call), success, failure))

    @property
    def busy(self) -> int:
        """The number of waiting and running calls."""
        return len(self._running)

    def cancel(self) -> None:
        """Suppress the callbacks of all waiting and running calls: the person who made them has left."""
        for job in self._running:
            job.cancel()
        self.leave_behind()

    def leave_behind(self) -> None:
        """Begin new lanes for the next person, who waits for no earlier read."""
        if not self._closed:
            self._asking = self._asking.renewed()

    def close(self, wait_s: float = 0.0) -> None:
        """Suppress all callbacks and end the workers.

        With `wait_s`, wait for a person's actions, at most so long; not for reads.
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
            _held[job.number] = job
            lane.put(job)
        return job

    def finish(self, job: Job) -> None:
        """Call the callback of `job`, which has its result."""
        self._running.discard(job)
        if job.cancelled or self._closed:
            return
        if isinstance(job.outcome, ClientError):
            job.failure(job.outcome)
            if isinstance(job.outcome, SignedOut) and not isinstance(job.outcome, Left):
                self.session_over.emit(job.outcome)
        else:
            job.success(job.outcome)


def _on_job_done(number: int) -> None:
    job = _held.pop(number)
    if shiboken6.isValid(job.jobs):
        job.jobs.finish(job)
    job.outcome = None  # an error's traceback holds the job: a cycle that would wait for the collector
