"""Work off the window's thread: a call to the backend, whose answer comes back to the window's thread."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from core.client.errors import ClientError, Fault, SignedOut
from core.workers import keep_running

log = logging.getLogger(__name__)
T = TypeVar("T")

_WORKERS: Final = 3


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


class Jobs(QObject):
    """A few worker threads and the one way back from them.

    The way back is a queued `Signal(object)` into a slot of this object, which lives in the window's thread: a lambda
    connected to a worker's signal would run in the worker.
    """

    session_over = Signal(object)
    """Whatever was asked, the backend answered `SignedOut` (which a wrong password is told as well)."""
    _done = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._running: set[Job] = set()
        self._closed = False
        self._done.connect(self._on_job_done, Qt.ConnectionType.QueuedConnection)

    def run(self, call: Callable[[], T], success: Callable[[T], None], failure: Callable[[ClientError], None]) -> Job:
        """Call `call` in a worker, then `success` with its result or `failure` with its error, here."""
        job = Job(call, success, failure)
        if self._closed:
            job.cancel()
            return job
        self._running.add(job)
        if len(self._workers) < min(_WORKERS, len(self._running)):
            # Daemons: a window that closes does not wait ten seconds for a server that does not answer.
            worker = keep_running(self._work, f"jobs-{len(self._workers)}")
            self._workers.append(worker)
            worker.start()
        self._waiting.put(job)
        return job

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

        With `wait_s`, what waits still has its turn, for at most so long: what a person has just pressed is done.
        """
        self._closed = True
        if not wait_s:
            self.cancel()
        self._running.clear()
        for _each in self._workers:
            self._waiting.put(None)
        for worker in self._workers:
            worker.join(wait_s)
        self._workers.clear()

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
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
                return

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
