"""The database as the server holds it: one writer, and readers; in the event loop where that is cheaper."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from enum import IntEnum, auto
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy
from sqlalchemy import URL, BigInteger, Engine, bindparam, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from core import urls
from core.clock import Believed
from core.domain.ids import ShopId
from core.instants import now, to_us
from core.store import events, migrate, shops
from core.store.engine import dialects, partitions
from core.store.engine.announcements import Announcements, Other
from core.store.engine.dialects import Trouble
from core.store.engine.history import History
from core.store.engine.readers import Readers, in_snapshot
from core.store.engine.statements import Prepared, Transaction
from core.store.engine.writer import Unavailable, Work, Writer

T = TypeVar("T")

SEARCHERS: Final = 2
_TAKE_ON: Final = Prepared(select(func.pg_try_advisory_lock(bindparam("lock", type_=BigInteger))))


class Duty(IntEnum):
    """What only one of the processes that share a database has to do."""

    BACKUPS = auto()
    HOUSEKEEPING = auto()


class CannotOpen(Exception):
    """The database cannot be used; the message says which and why, without its password."""


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
    """A database's URL as people write it; `host:port,host:port`, as PostgreSQL's own programs take several servers of
    which one is the primary, SQLAlchemy wants said otherwise, and so `postgres://` as hosters print it. Raises
    `CannotOpen`, without the password.
    """
    full = _POSTGRESQL.sub("postgresql+psycopg://", url)
    several = _SEVERAL_HOSTS.fullmatch(full)
    try:
        if several is None:
            parsed = make_url(full)
        else:
            before, hosts, after = several.groups()
            parsed = make_url(before + after).update_query_dict({"host": hosts.split(",")})
    except (ArgumentError, ValueError):  # ..., a port that is no number; what these say may have the password in it
        raise _no_database(url, _MISWRITTEN) from None
    written = parsed.normalized_query.get("host", (parsed.host or "",))
    if "@" in (parsed.host or "") or not all(_HOST.fullmatch(host) for host in written if several):
        raise _no_database(url, _MISWRITTEN)
    return parsed


def make_engine(url: str) -> Engine:
    """An engine whose transactions are ours to begin and end, and whose commits are durable.

    Raises `CannotOpen` for what is none, for a kind of database that is not ours, and for one whose driver is missing.
    """
    parsed = parse_url(url)
    try:
        dialect = dialects.of(parsed.get_backend_name())
        engine = sqlalchemy.create_engine(
            parsed, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True, **dialect.options(parsed)
        )
    except ImportError as error:
        raise CannotOpen(f"PostgreSQL needs a driver: pip install 'psycopg[binary]' ({error})") from error
    except (SQLAlchemyError, LookupError):
        raise _no_database(url, "Write sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME.") from None

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        dialect.adapt(connection)
        for each in dialect.on_connect:
            connection.execute(each)

    return engine


class Database:
    """Opened on a URL, migrated to the newest schema, closed once. Raises `CannotOpen`.

    At `marks` it is kept what was last known of it, so that the next to open it notices when it was put back.

    Whoever has to be alone with it (`owner`) keeps it from opening, and waits for nobody who has it open.

    Units of work are plain functions of a `Transaction`. `write` groups them; `read` answers a short keyed question,
    with SQLite where it stands, which is far cheaper than a thread's hand-over; `search` takes what may be long to
    a thread of its own. Each sees one snapshot. All of them raise `Unavailable` while a server is out of reach.
    """

    def __init__(self, url: str, marks: Sequence[Path] = ()) -> None:
        self.engine = make_engine(url)
        self.history = History(marks)
        dialect = dialects.of(self.engine.dialect.name)
        self._reading, self._shared, self._partitioned = dialect.reading, dialect.shared, dialect.partitioned
        try:
            writing = Transaction(self.engine.connect(), dialect.writing)  # first: it says that we are here
            try:
                migrate.upgrade(self.engine)
                self.history.prove(writing)
                self.aging = Believed((self.history.believed_us or _last_us(writing)) / 1e6)
                self._here = self._reader(dialect.impatient) if not dialect.readers else None
                self._readers = self._pool(dialect.readers, "store-read")
                self._searchers = self._pool(SEARCHERS, "store-search")
            except BaseException:
                writing.close()
                raise
        except (SQLAlchemyError, migrate.NewerSchema) as error:
            raise _cannot_open(self.engine, error) from error
        self._writer = Writer(writing, dialect, self.history)
        self._announcements = Announcements(self.engine, self._meet) if dialect.shared else None
        if self._announcements is not None:
            self._writer.announcement = self._announcements.command
        self._closed = False
        self._locked: Unavailable | None = None
        self._waits_for_lock = False

    @property
    def writer(self) -> Writer:
        """The one writer, to see how it does."""
        return self._writer

    def write(self, work: Work[T], shop: ShopId | None = None) -> "asyncio.Future[T]":
        """Do `work` in a transaction, together with what else waits. Resolves when it is durable.

        With `shop` nobody else writes to that shop meanwhile, in whatever process. Give it whenever something of a
        shop's is read to be written. Without it `work` may be done more than once, until nobody gets in its way.
        """
        return self._writer.submit(work, shop)

    def write_blocking(self, work: Work[T], shop: ShopId | None = None) -> T:
        """The same for a caller without an event loop."""
        return self._writer.submit_blocking(work, shop).result()

    async def read(self, work: Work[T]) -> T:
        """A short question by key, from the event loop's thread.

        With SQLite it is answered where it stands, and waits for no lock there. While another program holds one, one
        question waits for it in a thread, and whoever asks meanwhile is refused at once."""
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
        """A question that may take long; the event loop goes on meanwhile."""
        return self._searchers.submit(work)

    def read_blocking(self, work: Work[T]) -> T:
        """A question of any kind, from any thread."""
        return self._searchers.blocking(work)

    async def takes_on(self, duty: Duty) -> bool:
        """Whether it is this process that does `duty`, of those that share the database: whoever first asked, until it
        ends. Who asks again and again takes it over from one that has died. Raises `Unavailable`."""
        if not self._shared:
            return True
        row = await self.write(lambda transaction: transaction.first(_TAKE_ON, lock=dialects.DUTY_LOCKS + duty))
        return row is not None and bool(row[0])

    async def begin_anew(self, shop_id: ShopId, epoch: str, *, alone: bool = False) -> None:
        """A client has proven that what it was told in `epoch` is lost: see `history`. Harmless twice."""
        heads = await self.write(partial(self.history.lost, shop_id=shop_id, epoch=epoch, alone=alone))
        if heads:
            self.history.began(heads)
            if self._writer.on_reconnected is not None:  # what is remembered may be of the history that was lost
                self._writer.on_reconnected()

    def keep_mark(self) -> None:
        """Write down what is known of the database by now. Not for the event loop."""
        self.aging.now_s()
        self.history.keep(int(self.aging.believed_s * 1e6))

    def others(self) -> tuple[Other, ...]:
        """The other processes that work with the database, as they were heard of lately."""
        return self._announcements.others() if self._announcements is not None else ()

    def listen(self, on_events: Callable[[], None] | None, on_reconnected: Callable[[], None] | None = None) -> None:
        """Have `on_events` called, in a thread of the store's, after every commit that appended events to a shop's,
        in this process or another. It may be called without need, and for another process's once too seldom.

        `on_reconnected` is called, in such a thread too, when the database had to be connected to anew: whatever is
        remembered of it may be of a history that a server was lost with."""
        self._writer.on_events, self._writer.on_reconnected = on_events, on_reconnected
        if self._announcements is not None:
            self._announcements.listen(on_events)

    def tend_months(self) -> None:
        """Have a place for what is ordered this month and the next ones, and let the planner know what lies in all of
        them. Not for the event loop.

        Raises `Unavailable` when there was no moment for it; until there is one, nothing is lost and nothing fails.
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
        """Finish every accepted write, then let go of the file. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        if self._announcements is not None:
            self._announcements.listen(None)
        self._readers.close()
        self._searchers.close()
        if self._here is not None:
            self._here.close()
        self.engine.dispose()
        self.keep_mark()

    def _pool(self, size: int, name: str) -> Readers:
        return Readers(self._reader, size, name, writers=lambda: self._writer.timeline, met=self._meet)

    def _reader(self, settings: tuple[str, ...] = ()) -> Transaction:
        return Transaction(self.engine.connect(), (*self._reading, *settings), remembers=True)

    def _meet(self, timeline: str) -> None:
        """In the thread of whoever had to connect anew. Raises `Unavailable`."""
        self._writer.meet(timeline).result()


def _last_us(transaction: Transaction) -> int:
    """When something last happened in the database, by its own rows in the order in which they were written; now where
    there is nothing yet that could be too old."""
    found = [
        events.last_at(transaction, shop_id) or shops.created_at(transaction, shop_id)
        for shop_id in shops.ids(transaction)
    ]
    return max(found, default=to_us(now()))


def shown(url: URL) -> str:
    """A database's URL as anybody may see it."""
    return urls.hidden(url.render_as_string(hide_password=True))


def _no_database(url: str, why: str) -> CannotOpen:
    return CannotOpen(f"{urls.shown(url)!r} is no database we know: {why}")


def _cannot_open(engine: Engine, error: Exception) -> CannotOpen:
    engine.dispose()
    why = getattr(error, "orig", None) or error
    if dialects.is_standby(error):
        why = f"none of its servers is the primary; a standby takes no orders ({why})"
    if dialects.is_locked(error):
        why = "it is being restored or copied; start again when that has ended."
    return CannotOpen(f"{shown(engine.url)}: {urls.hidden(str(why))}")
