"""The server's database: one writer, and readers, which run in the event loop where that is cheaper."""

import asyncio
import re
import sysconfig
from collections.abc import Callable, Coroutine, Sequence
from enum import IntEnum, auto
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy
from sqlalchemy import URL, BigInteger, Engine, ExceptionContext, bindparam, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from core import urls
from core.clock import Believed
from core.domain.ids import ShopId
from core.instants import now, to_us
from core.reasons import reason
from core.store import events, migrate, shops
from core.store.engine.announcements import Announcements, Other
from core.store.engine.history import History
from core.store.engine.readers import Readers, in_snapshot
from core.store.engine.writer import Unavailable, Work, Writer
from core.store.sql import dialects, partitions
from core.store.sql.dialects import Trouble
from core.store.sql.statements import Prepared, Transaction

T = TypeVar("T")

SEARCHERS: Final = 2
_TAKE_ON: Final = Prepared(select(func.pg_try_advisory_lock(bindparam("lock", type_=BigInteger))))


class Duty(IntEnum):
    """A task that only one of the processes that share a database does."""

    BACKUPS = auto()
    HOUSEKEEPING = auto()


class CannotOpen(Exception):
    """The database cannot be used; the message names it and the reason, without its password."""


def file_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path.as_posix()}"


_POSTGRESQL: Final = re.compile(r"\Apostgres(?:ql)?://")
_MISWRITTEN: Final = (
    "it cannot be read as an address. Is the port a number, and are '@', ':' and '/' in the password written as %40, "
    "%3A and %2F?"
)
_HOST: Final = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
_SEVERAL_HOSTS: Final = re.compile(r"([^:/@]+://(?:[^/?@]*@)?)([^/?@]*,[^/?@]*)(.*)", re.DOTALL)


def parse_url(url: str) -> URL:
    """Parse a database URL. Several PostgreSQL servers (`host:port,host:port`) and `postgres://` are accepted, and
    rewritten for SQLAlchemy. Raises `CannotOpen`, without the password."""
    full = _POSTGRESQL.sub("postgresql+psycopg://", url)
    several = _SEVERAL_HOSTS.fullmatch(full)
    try:
        if several is None:
            parsed = make_url(full)
        else:
            before, hosts, after = several.groups()
            parsed = make_url(before + after).update_query_dict({"host": hosts.split(",")})
    except (ArgumentError, ValueError):  # ..., an invalid port; their messages may contain the password
        raise _no_database(url, _MISWRITTEN) from None
    written = parsed.normalized_query.get("host", (parsed.host or "",))
    if "@" in (parsed.host or "") or not all(_HOST.fullmatch(host) for host in written if several):
        raise _no_database(url, _MISWRITTEN)
    return parsed


def make_engine(url: str) -> Engine:
    """An engine whose transactions are begun and ended by us, and whose commits are durable.

    Raises `CannotOpen` for an invalid URL, an unsupported kind of database, and a missing driver.
    """
    parsed = parse_url(url)
    try:
        dialect = dialects.of(parsed.get_backend_name())
        engine = sqlalchemy.create_engine(
            parsed, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True, **dialect.options(parsed)
        )
    except ImportError as error:
        raise CannotOpen(
            f"{urls.shown(url)} needs PostgreSQL's driver, which is not installed here. Install it: "
            f"{Path(sysconfig.get_path('scripts'), 'pip')} install 'psycopg[binary]'"
        ) from error
    except (SQLAlchemyError, LookupError):
        raise _no_database(url, "Write sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME.") from None

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        dialect.adapt(connection)
        for each in dialect.on_connect:
            connection.execute(each)

    @event.listens_for(engine, "handle_error")
    def _name_database(context: ExceptionContext) -> None:
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.add_note(shown(parsed))  # for the message

    return engine


class Database:
    """The database at a URL, migrated to the newest schema. Raises `CannotOpen`.

    Its last known state is written to `marks`, so that the next process to open it notices when it was put back to an
    older one. Opening fails while somebody holds it exclusively (`owner`).

    Units of work are functions of a `Transaction`. `write` groups them; `read` runs a short keyed query, with SQLite in
    the calling thread, which is far cheaper than a hand-over; `search` runs a long one in another thread. Each sees one
    snapshot. All raise `Unavailable` while a database server is out of reach.
    """

    def __init__(self, url: str, marks: Sequence[Path] = ()) -> None:
        self.engine = make_engine(url)
        self.history = History(marks)
        dialect = dialects.of(self.engine.dialect.name)
        self._reading, self._shared, self._partitioned = dialect.reading, dialect.shared, dialect.partitioned
        try:
            writing = Transaction(self.engine.connect(), dialect.writing)  # first: it holds the presence lock
            try:
                migrate.upgrade(self.engine)
                self.history.prove(writing)
                self.aging = Believed((self.history.believed_us or _last_us(writing)) / 1e6)
                self._here = self._reader(dialect.impatient) if not dialect.readers else None
                self._readers = self._pool(dialect.readers, "store-read")
                self._searchers = self._pool(SEARCHERS, "store-search")
                self._reporters = self._pool(1, "store-report")
            except BaseException:
                writing.close()
                raise
        except (SQLAlchemyError, migrate.NewerSchema) as error:
            raise _cannot_open(self.engine, error) from error
        self._writer = Writer(writing, dialect, self.history)
        self._announcements = Announcements(self.engine, self._check_timeline) if dialect.shared else None
        if self._announcements is not None:
            self._writer.announcement = self._announcements.command
        self._closed = False
        self._locked: Unavailable | None = None
        self._waits_for_lock = False

    @property
    def writer(self) -> Writer:
        """The writer, for its metrics."""
        return self._writer

    def write(self, work: Work[T], shop: ShopId | None = None) -> "asyncio.Future[T]":
        """Run `work` in a transaction, grouped with what else waits. Resolves when it is durable.

        With `shop` nobody else writes to that shop meanwhile, in any process. Required whenever something of a shop is
        read to be written. Without it `work` may be retried until it does not collide.
        """
        return self._writer.submit(work, shop)

    def write_blocking(self, work: Work[T], shop: ShopId | None = None) -> T:
        """`write` for a caller without an event loop."""
        return self._writer.submit_blocking(work, shop).result()

    async def read(self, work: Work[T]) -> T:
        """A short query by key, from the event loop's thread.

        With SQLite it runs in that thread and waits for no lock. While another program holds one, one query waits for
        it in a thread, and others are refused at once.
        """
        if self._here is None:
            return await self._readers.submit(work)
        if self._locked is None:
            try:
                return in_snapshot(self._here, work)
            except Unavailable as error:
                if error.trouble is Trouble.LOCKED:
                    self._locked = error
                raise
        if self._waits_for_lock:
            raise Unavailable(str(self._locked), Trouble.LOCKED) from self._locked
        self._waits_for_lock = True
        try:
            found = await self.search(work)
            self._locked = None
            return found
        finally:
            self._waits_for_lock = False

    def search(self, work: Work[T]) -> "Coroutine[Any, Any, T]":
        """A query that may take long, in another thread."""
        return self._searchers.submit(work)

    def report(self, work: Work[T]) -> "Coroutine[Any, Any, T]":
        """A query that may take seconds, in a thread of its own: no search waits for it."""
        return self._reporters.submit(work)

    def read_blocking(self, work: Work[T]) -> T:
        """Any query, from any thread."""
        return self._searchers.blocking(work)

    async def takes_on(self, duty: Duty) -> bool:
        """Whether this process has `duty`: of those that share the database, the first to ask, until it ends. Asking
        repeatedly takes it over from a process that has died. Raises `Unavailable`."""
        if not self._shared:
            return True
        row = await self.write(lambda transaction: transaction.first(_TAKE_ON, lock=dialects.DUTY_LOCKS + duty))
        return row is not None and bool(row[0])

    async def begin_epoch(self, shop_id: ShopId, epoch: str, *, alone: bool = False) -> None:
        """Begin a new epoch because a client has proven that events of `epoch` are lost: see `history`. Idempotent."""
        heads = await self.write(partial(self.history.lost, shop_id=shop_id, epoch=epoch, alone=alone))
        if heads:
            self.history.began(heads)
            if self._writer.on_reconnected is not None:  # caches may be of the history that was lost
                self._writer.on_reconnected()

    def keep_mark(self) -> None:
        """Write the mark: the database's last known state. Not for the event loop."""
        self.aging.now_s()
        self.history.keep(int(self.aging.believed_s * 1e6))

    def others(self) -> tuple[Other, ...]:
        """The other processes that use the database, as seen lately."""
        return self._announcements.others() if self._announcements is not None else ()

    def listen(self, on_events: Callable[[], None] | None, on_reconnected: Callable[[], None] | None = None) -> None:
        """Call `on_events`, in a thread of the store's, after every commit that appended events, in this process or
        another. Calls may be spurious, and for another process's commits may be missed.

        `on_reconnected` is called, in such a thread too, after a reconnect: cached state may be of a history that was
        lost with a server.
        """
        self._writer.on_events, self._writer.on_reconnected = on_events, on_reconnected
        if self._announcements is not None:
            self._announcements.listen(on_events)

    def maintain_partitions(self) -> None:
        """Create the partitions for this month and the next ones, and update the planner's statistics. Not for the
        event loop.

        Raises `Unavailable` when the tables were locked; new rows go to the default partition until a later call
        succeeds.
        """
        if not self._partitioned:
            return
        try:
            partitions.make_ahead(self.engine, now())
            partitions.analyze(self.engine)
        except DBAPIError as error:
            if not dialects.is_servers(error):
                raise
            raise Unavailable(f"the months have to wait: {error.orig}") from error

    def close(self) -> None:
        """Finish every accepted write and close the database. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        if self._announcements is not None:
            self._announcements.listen(None)
        self._readers.close()
        self._searchers.close()
        self._reporters.close()
        if self._here is not None:
            self._here.close()
        self.engine.dispose()
        self.keep_mark()

    def _pool(self, size: int, name: str) -> Readers:
        return Readers(
            self._reader, size, name, writers=lambda: self._writer.timeline, check_timeline=self._check_timeline
        )

    def _reader(self, settings: tuple[str, ...] = ()) -> Transaction:
        return Transaction(self.engine.connect(), (*self._reading, *settings), remembers=True)

    def _check_timeline(self, timeline: str) -> None:
        """Called in the thread of a new connection. Raises `Unavailable`."""
        self._writer.check_timeline(timeline).result()


def _last_us(transaction: Transaction) -> int:
    """The instant of the newest row in the database; now where it is empty."""
    found = [
        events.last_at(transaction, shop_id) or shops.created_at(transaction, shop_id)
        for shop_id in shops.ids(transaction)
    ]
    return max(found, default=to_us(now()))


def shown(url: URL) -> str:
    """A database URL without its password."""
    return urls.hidden(url.render_as_string(hide_password=True))


def _no_database(url: str, why: str) -> CannotOpen:
    return CannotOpen(f"{urls.shown(url)!r} is no database we know: {why}")


def _cannot_open(engine: Engine, error: Exception) -> CannotOpen:
    engine.dispose()
    if dialects.is_standby(error):
        why = "none of its servers is the primary, and a standby takes no orders. Name the primary."
    elif dialects.is_locked(error):
        why = "it is being restored or copied. Start again when that has ended."
    else:
        why = str(reason(error))
    return CannotOpen(f"{shown(engine.url)} cannot be used: {why}")
