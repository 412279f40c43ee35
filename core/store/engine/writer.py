"""The writer: one thread that commits waiting operations in groups, and then resolves them."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from core.domain.ids import ShopId
from core.logs import Repeats
from core.store import shops
from core.store.engine.distribution import Distribution
from core.store.engine.history import History
from core.store.sql import dialects
from core.store.sql.dialects import Dialect, Trouble
from core.store.sql.statements import Transaction
from core.workers import keep_running

T = TypeVar("T")
Work = Callable[[Transaction], T]

GROUP_LIMIT: Final = 64
"""The most operations in one commit, so that the first of them never waits for long."""

ATTEMPTS: Final = 5
"""How often an operation that collides with other processes is attempted."""

PATIENCE_S: Final = 10.0
"""How long an operation of a request waits for its turn. Its client has timed out by then and will retry by the same
key; doing it late would only delay the others."""

_GROUPS: Final = (1, 2, 4, 8, 16, 32, 64)
_COMMIT_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

log = logging.getLogger(__name__)


class Unavailable(Exception):
    """The database cannot be used now; `trouble` is the reason. A write that ends so may have been done: retry it by
    its key."""

    def __init__(self, message: str, trouble: Trouble = Trouble.OUT_OF_REACH) -> None:
        super().__init__(message)
        self.trouble = trouble


class StoreClosed(Unavailable):
    """The store is shutting down and accepts no more writes."""


class _Job:
    __slots__ = ("error", "future", "loop", "queued_s", "result", "shop", "timeline", "work")

    def __init__(
        self,
        work: Work[Any],
        shop: ShopId | None,
        future: "asyncio.Future[Any] | Future[Any]",
        loop: asyncio.AbstractEventLoop | None,
        timeline: str = "",
    ) -> None:
        self.work = work
        self.shop = shop
        self.timeline = timeline
        """The timeline of another connection, for a job that compares it with the writer's."""
        self.future = future
        self.loop = loop
        self.queued_s = time.monotonic()
        self.result: Any = None
        self.error: BaseException | None = None

    def resolve(self) -> None:
        if self.future.done():  # the caller has gone
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer:
    """Group commit: the cost of one durable commit is shared by all operations that arrived during the last one.

    Each operation runs in a savepoint, so a failure rolls back only that one. Nothing is resolved before its commit has
    succeeded; when the commit fails, the whole group fails.

    In a database shared with other processes, a group first locks its shops, in one order for everybody. So within a
    shop it is alone, as in a file, and commit order is the order of `seq`. Rows outside a shop may still collide; such
    an operation is rolled back and retried alone.
    """

    def __init__(self, transaction: Transaction, dialect: Dialect, history: History) -> None:
        """`history` was proven on `transaction`."""
        self._tx = transaction
        self._dialect = dialect
        self._history = history
        self._proven = True
        self._announced = False
        self.on_events: Callable[[], None] | None = None
        """Called in the writer's thread after a commit that appended events, once for all of them."""
        self.on_reconnected: Callable[[], None] | None = None
        """Called in the writer's thread after a reconnect: cached state may be of a history that was lost with a
        server."""
        self.announcement: Callable[[], str] | None = None
        """The command that announces a commit to other processes."""
        self.groups = Distribution(_GROUPS)
        """The number of operations in a commit."""
        self.commit_s = Distribution(_COMMIT_S)
        """The time from taking a group until it was durable."""
        self.failed = 0
        """The number of groups that could not be committed."""
        self.failed_at_s: float | None = None
        """When a write was last refused because of the database, by the monotonic clock."""
        self._troubles: set[Trouble] = set()
        self._repeats = Repeats()
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._accepting = threading.Lock()
        self._closed = False
        self._thread = keep_running(self._run, "store-writer", daemon=False)
        self._thread.start()

    def submit(self, work: Work[T], shop: ShopId | None = None) -> "asyncio.Future[T]":
        """Queue `work` from the running event loop; the future resolves once it is durable. It fails with
        `Unavailable`, not having begun, when it has waited for `PATIENCE_S`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Job(work, shop, future, loop))
        return future

    def submit_blocking(self, work: Work[T], shop: ShopId | None = None) -> "Future[T]":
        """`submit` from a thread without an event loop, without that limit."""
        future: Future[T] = Future()
        self._put(_Job(work, shop, future, None))
        return future

    @property
    def timeline(self) -> str | None:
        """The server history it writes; None until that is proven to be the one this process knows."""
        return self._tx.timeline if self._proven else None

    def check_timeline(self, timeline: str) -> "Future[None]":
        """Another connection found a server of `timeline`. Resolves once the writer's connection has the same and its
        history is proven; otherwise fails with `Unavailable`."""
        future: Future[None] = Future()

        def same(transaction: Transaction) -> None:
            if transaction.timeline != timeline:
                raise Unavailable("of the database's servers more than one takes writes")

        self._put(_Job(same, None, future, None, timeline))
        return future

    @property
    def waiting(self) -> int:
        """The approximate number of waiting operations."""
        return self._queue.qsize()

    @property
    def is_alive(self) -> bool:
        """Whether it accepts and commits writes."""
        return not self._closed and self._thread.is_alive()

    def close(self) -> None:
        """Accept no more, finish what was accepted, and end the thread."""
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
            group = self._group(first)
            self._announced, began = False, time.perf_counter()
            try:
                if due := self._in_time(group):
                    for job in self._commit(due):
                        self._commit_alone(job)
                    self.groups.observe(len(due))
                    self.commit_s.observe(time.perf_counter() - began)
            except BaseException as error:  # a bug of ours: fail these jobs, and go on
                for job in group:
                    job.error = error
                raise
            finally:
                self._log_outage(group)
                _answer(group)
            if self._announced:
                self._announce()
        self._leave()
        self._tx.close()

    def _group(self, first: _Job) -> list[_Job]:
        """`first` and waiting jobs behind it, as many as fit into one commit."""
        group = [first]
        while len(group) < GROUP_LIMIT:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None:
                self._queue.put(None)  # the last: it ends the thread after this group
                break
            group.append(job)
        return group

    def _in_time(self, group: list[_Job]) -> list[_Job]:
        """The jobs that are still waited for. The others fail with `Unavailable` without being run: for a trouble that
        was met while they waited, or else as busy."""
        now_s, due = time.monotonic(), []
        met = next(iter(self._troubles - {Trouble.BUSY}), Trouble.BUSY)
        for job in group:
            if job.loop is not None and now_s - job.queued_s > PATIENCE_S:
                trouble = met if (self.failed_at_s or 0.0) > job.queued_s else Trouble.BUSY
                job.error = Unavailable(f"the database is {trouble}", trouble)
            else:
                due.append(job)
        return due

    def _commit(self, group: list[_Job]) -> list[_Job]:
        """Run and commit the jobs of a group. Returns those to be retried alone."""
        self._tx.appended.clear()
        self._tx.undoing.clear()
        try:
            self._begin(group)
            self._tx.has_changed = False
            again = [job for job in group if not self._attempt(job)]
            self._tx.command("COMMIT")
        except BaseException as error:
            self._roll_back()
            self._tx.take_back()
            again = group if self._can_retry(error) else []
            if not again:
                self.failed += 1
                if not isinstance(self._client_error(error), Unavailable):
                    log.exception("a group of writes failed", extra={"writes": len(group)})
            for job in group:
                if again or job.error is None or dialects.is_servers(job.error):
                    job.error = self._client_error(error)
            return again
        for shop_id, cursor in self._tx.appended:
            self._history.record(shop_id, cursor)
            self._announced = True
        return again

    def _commit_alone(self, job: _Job) -> None:
        for _ in range(ATTEMPTS):
            if not self._commit([job]):
                return
        if isinstance(job.error, Unavailable):  # a new connection was no better
            return
        log.warning("an operation collided with other processes at every attempt", exc_info=job.error)
        if job.error is not None and not dialects.is_duplicate(job.error):
            job.error = _unavailable(job.error)

    def _begin(self, group: list[_Job]) -> None:
        elsewhere = any(job.timeline not in ("", self._tx.timeline) for job in group)
        if stale := elsewhere or not self._proven:
            self._reconnect()
        try:
            self._tx.command(self._dialect.begin_write)
        except Exception as error:
            if stale or not self._tx.is_lost(error):
                raise
            self._reconnect()  # it ended while nothing was asked of it
            self._tx.command(self._dialect.begin_write)
        if self._dialect.shared:
            shops.lock(self._tx, {job.shop for job in group if job.shop is not None})

    def _reconnect(self) -> None:
        """Open a new connection, and prove that its server has the history this process knows."""
        self._proven = False
        try:
            self._tx.renew()
        except SQLAlchemyError as error:
            raise _unavailable(error) from error
        self._history.prove(self._tx)
        self._proven = True
        if self.on_reconnected is not None:
            self.on_reconnected()

    def _attempt(self, job: _Job) -> bool:
        """Run a job in a savepoint. False when it has to be retried because another process was faster."""
        job.error = None
        before = len(self._tx.appended), len(self._tx.undoing)
        self._tx.command("SAVEPOINT operation")
        try:
            job.result = job.work(self._tx)
        except Exception as error:
            if not self._tx.is_open:  # some errors, such as a full disk, make SQLite roll back the whole transaction
                raise
            job.error = self._client_error(error)
            self._tx.command("ROLLBACK TO SAVEPOINT operation")
            self._tx.command("RELEASE SAVEPOINT operation")
            self._tx.take_back(*before)
            return not self._can_retry(error)
        self._tx.command("RELEASE SAVEPOINT operation")
        return True

    def _can_retry(self, error: BaseException) -> bool:
        """Whether a retry may succeed: another process's change was in the way, or this connection's prepared
        statements, and it is replaced first."""
        if dialects.is_stale(error):
            self._proven = False
            return True
        return dialects.is_conflict(error)

    def _client_error(self, error: BaseException) -> BaseException:
        """The error that callers get for `error`."""
        if isinstance(error, Unavailable):
            return error
        return _unavailable(error) if self._tx.is_lost(error) or dialects.trouble(error) else error

    def _log_outage(self, group: list[_Job]) -> None:
        """Log once that the database cannot be used, and when that is over."""
        for job in group:
            if isinstance(job.error, Unavailable):
                self.failed_at_s = time.monotonic()
                count = self._repeats.due(job.error.trouble)
                if count is not None:
                    facts = {"refused": count, "because": dialects.driver_message(job.error.__cause__)}
                    log.error("%s: writes are refused", job.error, extra=facts)
                self._troubles.add(job.error.trouble)
        if self._troubles and any(job.error is None for job in group) and self._tx.has_changed:
            for trouble in self._troubles:
                log.warning("writes are accepted again", extra={"refused": self._repeats.over(trouble)})
            self._troubles.clear()

    def _announce(self) -> None:
        """Wake other processes. They read the events from the table, so a missed wake-up is only a delay."""
        if self.on_events is not None:
            self.on_events()
        if self.announcement is not None:
            try:
                # In a transaction of its own: PostgreSQL lets those that notify commit only one after the other.
                self._tx.command(self.announcement())
            except Exception:
                log.debug("other processes could not be notified", exc_info=True)

    def _leave(self) -> None:
        try:
            for each in self._dialect.leaving:
                self._tx.command(each)
        except Exception:
            log.debug("the connection was lost, with its locks", exc_info=True)

    def _roll_back(self) -> None:
        try:
            self._tx.command("ROLLBACK")
        except Exception:
            # Some errors (a full disk) make SQLite roll back by itself; then there is nothing left to take back.
            log.debug("nothing to roll back", exc_info=True)


def _unavailable(cause: BaseException) -> Unavailable:
    trouble = dialects.trouble(cause) or Trouble.OUT_OF_REACH
    error = Unavailable(f"the database is {trouble}", trouble)
    error.__cause__ = cause
    return error


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
