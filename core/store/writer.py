"""The one writer: a thread that takes what waits, commits it together, and then answers."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from core.store.statements import Transaction

T = TypeVar("T")
Work = Callable[[Transaction], T]

GROUP_LIMIT: Final = 64
"""The most operations one commit carries, so that the first of them never waits for long."""

log = logging.getLogger(__name__)


class StoreClosed(Exception):
    """The store is shutting down and takes no more writes."""


class _Job:
    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(
        self, work: Work[Any], future: "asyncio.Future[Any] | Future[Any]", loop: asyncio.AbstractEventLoop | None
    ) -> None:
        self.work = work
        self.future = future
        self.loop = loop
        self.result: Any = None
        self.error: BaseException | None = None

    def resolve(self) -> None:
        if self.future.done():  # whoever waited has gone
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer:
    """Group commit: the cost of one durable commit is shared by all that arrived while the last one was written.

    Each operation runs in a savepoint, so one that fails takes back only itself. Nothing is answered before the
    commit that carries it has succeeded; when that fails, it fails for the whole group.
    """

    def __init__(self, transaction: Transaction, begin: str) -> None:
        self._tx = transaction
        self._begin = begin
        self.on_events: Callable[[], None] | None = None
        """Called in the writer's thread after a commit that made events known, once for all of them."""
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._accepting = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer")
        self._thread.start()

    def submit(self, work: Work[T]) -> "asyncio.Future[T]":
        """Queue `work` from the running event loop; the future resolves once it is durable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Job(work, future, loop))
        return future

    def submit_blocking(self, work: Work[T]) -> "Future[T]":
        """The same from a thread without an event loop."""
        future: Future[T] = Future()
        self._put(_Job(work, future, None))
        return future

    def close(self) -> None:
        """Take no more, finish what was accepted, and end the thread."""
        with self._accepting:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _put(self, job: _Job) -> None:
        with self._accepting:
            if self._closed:
                raise StoreClosed("the store is shutting down")
            self._queue.put(job)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = [first], False
            while len(group) < GROUP_LIMIT:
                try:
                    job = self._queue.get_nowait()
                except Empty:
                    break
                if job is None:
                    last = True
                    break
                group.append(job)
            self._commit(group)
            _answer(group)
            if self._tx.announced is not None and self.on_events is not None:
                self.on_events()
            if last:
                break
        self._tx.close()

    def _commit(self, group: list[_Job]) -> None:
        self._tx.announced = None
        try:
            self._tx.command(self._begin)
            for job in group:
                self._attempt(job)
            self._tx.command("COMMIT")
        except BaseException as error:
            log.exception("a group of writes failed", extra={"writes": len(group)})
            for job in group:
                job.error = job.error or error
            self._roll_back()

    def _attempt(self, job: _Job) -> None:
        self._tx.command("SAVEPOINT operation")
        try:
            job.result = job.work(self._tx)
        except Exception as error:  # noqa: BLE001 - it is handed to whoever asked for the work
            job.error = error
            self._tx.command("ROLLBACK TO SAVEPOINT operation")
        self._tx.command("RELEASE SAVEPOINT operation")

    def _roll_back(self) -> None:
        try:
            self._tx.command("ROLLBACK")
        except Exception:
            # Some errors (a full disk) make SQLite roll back by itself; then there is nothing left to take back.
            log.debug("nothing to roll back", exc_info=True)


def _answer(group: list[_Job]) -> None:
    """Resolve every future of the group, waking each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in group:
        if job.loop is None:
            job.resolve()
        else:
            by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:
            log.warning("the event loop ended before its writes were answered", extra={"writes": len(jobs)})


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        job.resolve()
