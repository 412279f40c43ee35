"""Read-only connections, each with a thread."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from core.store.engine.threads import started_pool
from core.store.engine.writer import Unavailable, Work
from core.store.sql import dialects
from core.store.sql.dialects import Trouble
from core.store.sql.statements import Transaction

T = TypeVar("T")


def in_snapshot(transaction: Transaction, work: Work[T]) -> T:
    """The result of `work`, run in one snapshot."""
    try:
        transaction.command("BEGIN")
        try:
            return work(transaction)
        finally:
            if transaction.is_open:
                transaction.command("COMMIT")
    except Exception as error:
        trouble = dialects.trouble(error)
        if trouble in (None, Trouble.READ_ONLY) or transaction.is_lost(error):  # who reads and writes is mistaken
            raise
        raise Unavailable(f"the database is {trouble}", trouble) from error


class Readers:
    """A pool of read-only connections. A connection that a server has ended is replaced, and its query repeated;
    `Unavailable` when no server can be reached.

    Reads use the same server history as writes: a connection whose timeline is not `writers()` is replaced too, and a
    new one is used once `check_timeline` has accepted its timeline.
    """

    def __init__(
        self,
        make: Callable[[], Transaction],
        size: int,
        name: str,
        *,
        writers: Callable[[], str | None],
        check_timeline: Callable[[str], None],
    ) -> None:
        self._size = size
        self._writers = writers
        self._check_timeline = check_timeline
        self._idle: SimpleQueue[Transaction] = SimpleQueue()
        for _ in range(size):
            self._idle.put(make())
        self._threads = started_pool(size, name) if size else None

    def submit(self, work: Work[T]) -> "Coroutine[Any, Any, T]":
        """Run `work` in a reader's thread, from the event loop."""
        return _in_thread(self._threads, lambda: self.blocking(work))

    def blocking(self, work: Work[T]) -> T:
        """Run `work`, from any thread."""
        transaction = self._idle.get()
        try:
            return self._healing(transaction, work)
        finally:
            self._idle.put(transaction)

    def close(self) -> None:
        """Finish accepted queries, and close connections and threads."""
        if self._threads is not None:
            self._threads.shutdown()
        for _ in range(self._size):
            self._idle.get().close()

    def _healing(self, transaction: Transaction, work: Work[T]) -> T:
        try:
            if transaction.timeline == self._writers():
                return in_snapshot(transaction, work)
        except Exception as error:
            if not transaction.is_lost(error):
                raise
        try:
            transaction.renew()
        except SQLAlchemyError as error:
            raise Unavailable("the database is out of reach") from error
        self._check_timeline(transaction.timeline)
        try:
            return in_snapshot(transaction, work)
        except Exception as error:
            if not transaction.is_lost(error):
                raise
            raise Unavailable("the database is out of reach") from error


async def _in_thread(threads: ThreadPoolExecutor | None, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
