"""The one writer: a thread that takes what waits, commits it together, and then answers."""

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
from core.store.engine import dialects
from core.store.engine.dialects import Dialect, Trouble
from core.store.engine.distribution import Distribution
from core.store.engine.history import History
from core.store.engine.statements import Transaction
from core.workers import keep_running

T = TypeVar("T")
Work = Callable[[Transaction], T]

GROUP_LIMIT: Final = 64
"""The most operations one commit carries, so that the first of them never waits for long."""

TRIES: Final = 5
"""How often an operation is tried that another process's keep getting in the way of."""

PATIENCE_S: Final = 10.0
"""How long a request's operation waits for its turn. Whoever asked has given up by then and asks again by the same key;
done late, it would only keep those waiting who are still there."""

_GROUPS: Final = (1, 2, 4, 8, 16, 32, 64)
_COMMIT_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

log = logging.getLogger(__name__)


class Unavailable(Exception):
    """The database cannot be used now; `trouble` says why. Whether a write that ends so was done is not known: ask
    again by its key."""

    def __init__(self, message: str, trouble: Trouble = Trouble.OUT_OF_REACH) -> None:
        super().__init__(message)
        self.trouble = trouble


class StoreClosed(Unavailable):
    """The store is shutting down and takes no more writes."""


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
        """Another connection's, when it is to be found out whether the writer's is still that too."""
        self.future = future
        self.loop = loop
        self.queued_s = time.monotonic()
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

    In a database that other processes write to as well, a group begins by locking its shops, in one order for
    everybody. So within a shop it is alone, as it is in a file, and the order of commits is the order of `seq`. What is
    not a shop's may still collide; such an operation is taken back and done again alone.
    """

    def __init__(self, transaction: Transaction, dialect: Dialect, history: History) -> None:
        """`history` was proven on `transaction`."""
        self._tx = transaction
        self._dialect = dialect
        self._history = history
        self._proven = True
        self._announced = False
        self.on_events: Callable[[], None] | None = None
        """Called in the writer's thread after a commit that made events known, once for all of them."""
        self.on_reconnected: Callable[[], None] | None = None
        """Called in the writer's thread when it had to connect anew: what is remembered of the database's state may
        have been lost with the server that had it."""
        self.announcement: Callable[[], str] | None = None
        """The command that tells other processes the same."""
        self.groups = Distribution(_GROUPS)
        """How many operations one commit carried."""
        self.commit_s = Distribution(_COMMIT_S)
        """From taking a group until it was durable."""
        self.failed = 0
        """Groups that could not be committed, and had to be told so."""
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
        """Queue `work` from the running event loop; the future resolves once it is durable. It ends as `Unavailable`
        without having been begun when it has waited for `PATIENCE_S`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Job(work, shop, future, loop))
        return future

    def submit_blocking(self, work: Work[T], shop: ShopId | None = None) -> "Future[T]":
        """The same from a thread without an event loop, however long it waits."""
        future: Future[T] = Future()
        self._put(_Job(work, shop, future, None))
        return future

    @property
    def timeline(self) -> str | None:
        """Of which server's history it writes; None until that is proven to be the one that this process knows."""
        return self._tx.timeline if self._proven else None

    def meet(self, timeline: str) -> "Future[None]":
        """Somebody had to connect anew and found a server of `timeline`. Resolves once the writer has a connection that
        stands, to the same, and what this process knows of the shops' histories is proven there; else `Unavailable`."""
        future: Future[None] = Future()

        def same(transaction: Transaction) -> None:
            if transaction.timeline != timeline:
                raise Unavailable("of the database's servers more than one takes writes")

        self._put(_Job(same, None, future, None, timeline))
        return future

    @property
    def waiting(self) -> int:
        """How many operations wait for their turn, about."""
        return self._queue.qsize()

    @property
    def is_alive(self) -> bool:
        """Whether it takes writes, and does them."""
        return not self._closed and self._thread.is_alive()

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
            group = self._group(first)
            self._announced, began = False, time.perf_counter()
            try:
                if due := _in_time(group):
                    for job in self._commit(due):
                        self._commit_alone(job)
                    self.groups.observe(len(due))
                    self.commit_s.observe(time.perf_counter() - began)
            except BaseException as error:  # a mistake of ours; whoever waits is told, and the next have their turn
                for job in group:
                    job.error = error
                raise
            finally:
                self._note(group)
                _answer(group)
            if self._announced:
                self._announce()
        self._leave()
        self._tx.close()

    def _group(self, first: _Job) -> list[_Job]:
        """What waits behind `first` as well, as far as it fits into one commit."""
        group = [first]
        while len(group) < GROUP_LIMIT:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None:
                self._queue.put(None)  # nothing comes after it: it ends the thread once the group is answered
                break
            group.append(job)
        return group

    def _commit(self, group: list[_Job]) -> list[_Job]:
        """Do the jobs of a group and commit them. Gives those that have to be done again, alone."""
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
            again = group if self._may_go_well(error) else []
            if not again:
                self.failed += 1
                if not isinstance(self._told(error), Unavailable):
                    log.exception("a group of writes failed", extra={"writes": len(group)})
            for job in group:
                if again or job.error is None or dialects.is_servers(job.error):
                    job.error = self._told(error)
            return again
        for shop_id, cursor in self._tx.appended:
            self._history.learn(shop_id, cursor)
            self._announced = True
        return again

    def _commit_alone(self, job: _Job) -> None:
        for _ in range(TRIES):
            if not self._commit([job]):
                return
        if isinstance(job.error, Unavailable):  # a new connection was no better
            return
        log.warning("other processes were always faster", exc_info=job.error)
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
        """Go on with a new connection, once its server is proven to have what this process knows."""
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
        """Do a job in a savepoint. False when it has to be done again, because another process was faster."""
        job.error = None
        before = len(self._tx.appended), len(self._tx.undoing)
        self._tx.command("SAVEPOINT operation")
        try:
            job.result = job.work(self._tx)
        except Exception as error:
            if not self._tx.is_open:  # a full disk, and its like, make SQLite take everything back by itself
                raise
            job.error = self._told(error)
            self._tx.command("ROLLBACK TO SAVEPOINT operation")
            self._tx.command("RELEASE SAVEPOINT operation")
            self._tx.take_back(*before)
            return not self._may_go_well(error)
        self._tx.command("RELEASE SAVEPOINT operation")
        return True

    def _may_go_well(self, error: BaseException) -> bool:
        """Whether what `error` has ended is to be done again: what another process has done meanwhile was in its way,
        or what this connection remembers, which is replaced before anything else is done."""
        if dialects.is_stale(error):
            self._proven = False
            return True
        return dialects.is_conflict(error)

    def _told(self, error: BaseException) -> BaseException:
        """What those are told whose work `error` has ended."""
        if isinstance(error, Unavailable):
            return error
        return _unavailable(error) if self._tx.is_lost(error) or dialects.trouble(error) else error

    def _note(self, group: list[_Job]) -> None:
        """Say once what keeps the database from being used, and when it is over."""
        for job in group:
            if isinstance(job.error, Unavailable):
                self.failed_at_s = time.monotonic()
                count = self._repeats.due(job.error.trouble)
                if count is not None:
                    facts = {"refused": count, "because": dialects.words(job.error.__cause__)}
                    log.error("%s: writes are refused", job.error, extra=facts)
                self._troubles.add(job.error.trouble)
        if self._troubles and any(job.error is None for job in group) and self._tx.has_changed:
            for trouble in self._troubles:
                log.warning("writes are taken again", extra={"refused": self._repeats.over(trouble)})
            self._troubles.clear()

    def _announce(self) -> None:
        """Tell others, who read what was committed from the table; so what they miss of this is only time."""
        if self.on_events is not None:
            self.on_events()
        if self.announcement is not None:
            try:
                # In a transaction of its own: PostgreSQL lets those that notify commit only one after the other.
                self._tx.command(self.announcement())
            except Exception:
                log.debug("nobody was told", exc_info=True)

    def _leave(self) -> None:
        try:
            for each in self._dialect.leaving:
                self._tx.command(each)
        except Exception:
            log.debug("the connection was gone, and what it held with it", exc_info=True)

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


def _in_time(group: list[_Job]) -> list[_Job]:
    """The jobs that somebody still waits for. The others end as `Unavailable`, and nothing is done of them."""
    now_s, due = time.monotonic(), []
    for job in group:
        if job.loop is not None and now_s - job.queued_s > PATIENCE_S:
            job.error = Unavailable(f"the database is {Trouble.BUSY}", Trouble.BUSY)
        else:
            due.append(job)
    return due


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
