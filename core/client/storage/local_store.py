"""A window's own SQLite file, held by one process for as long as it runs.

It has two kinds of tables. The *ledger* (operations, number series, sealed values) exists nowhere else: it is migrated
and never rebuilt. The *cache* (orders, cursor, menu) can be fetched from the server: with a new schema it is recreated.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from core import settings
from core.client.errors import NotKept
from core.client.storage import pages
from core.client.storage.mark import Mark
from core.logs import Repeats
from core.reasons import reason
from core.workers import run_aside

log = logging.getLogger(__name__)

_repeats: Final = Repeats()
_LOCK_WAIT_S: Final = 0.5
_EMPTIED_AFTER_S: Final = 0.5
_PRAGMAS: Final = (
    # Exclusive before the first access: no second process can open the file while this one lives, on any platform,
    # and the system lets go of it when the process dies.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL loses accepted operations when the power goes
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # deleted and sealed data is overwritten
    "PRAGMA temp_store = MEMORY",  # nor in one of SQLite's own beside it
)
_BEGIN: Final = "BEGIN IMMEDIATE"
_LEDGER_FILE: Final = 0x4F424C00
"""`OBL`: SQLite's `application_id` of our files, with the version of the ledger as its last byte. Both numbers of the
header must agree."""
PAGE_BYTES: Final = 4096
"""SQLite's default, which all of our files have."""
_UNNAMED: Final = 8
"""Files up to this version of the ledger have no `application_id`."""
_NEWEST_FORMAT: Final = 2
"""The highest supported write format; files with a higher one are read-only (sqlite.org/fileformat2.html, 1.3)."""

_LEDGER: Final = (
    """
    CREATE TABLE operations (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        op_id TEXT NOT NULL UNIQUE,
        subject TEXT NOT NULL,
        order_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        request BLOB NOT NULL,
        seen BLOB NOT NULL,
        state TEXT NOT NULL,
        outcome TEXT NOT NULL,
        tries INTEGER NOT NULL,
        problem TEXT NOT NULL,
        theirs BLOB,
        created_at INTEGER NOT NULL,
        done_at INTEGER
    );
    CREATE INDEX operations_open ON operations (subject, position) WHERE done_at IS NULL;
    CREATE INDEX operations_done ON operations (subject, done_at) WHERE done_at IS NOT NULL;
    CREATE TABLE number_series (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE session (one INTEGER PRIMARY KEY CHECK (one = 1), tokens BLOB NOT NULL, refresh_op_id TEXT NOT NULL);
    CREATE TABLE witnesses (
        subject TEXT NOT NULL,
        run TEXT NOT NULL,
        seq INTEGER NOT NULL,
        cursor TEXT NOT NULL,
        PRIMARY KEY (subject, run)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE pin (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        subject TEXT NOT NULL,
        salt BLOB NOT NULL,
        hash BLOB NOT NULL,
        wrong INTEGER NOT NULL
    );
    """,
    # From here on what `session` had is sealed: see `core.client.storage.session_file`.
    """
    CREATE TABLE sealed (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), told BLOB NOT NULL);
    """,
    # What is older is of the shop that this machine is paired with, or of the first that its person signs in to:
    # see `core.client.storage.operation_table.adopt`.
    """
    ALTER TABLE operations ADD COLUMN shop TEXT NOT NULL DEFAULT '';
    ALTER TABLE operations ADD COLUMN shop_name TEXT NOT NULL DEFAULT '';
    CREATE TEMP VIEW paired AS
        SELECT json_extract(told, '$.shop') AS shop, json_extract(told, '$.shop_name') AS name
        FROM (SELECT CAST(told AS TEXT) AS told FROM identity);
    UPDATE operations SET shop = paired.shop, shop_name = paired.name FROM paired;
    DROP INDEX operations_open;
    DROP INDEX operations_done;
    CREATE INDEX operations_open ON operations (subject, shop, position) WHERE done_at IS NULL;
    CREATE INDEX operations_done ON operations (done_at) WHERE done_at IS NOT NULL;
    ALTER TABLE witnesses RENAME TO witnesses_of_no_shop;
    CREATE TABLE witnesses (
        subject TEXT NOT NULL,
        shop TEXT NOT NULL,
        run TEXT NOT NULL,
        seq INTEGER NOT NULL,
        cursor TEXT NOT NULL,
        PRIMARY KEY (subject, shop, run)
    ) WITHOUT ROWID;
    INSERT INTO witnesses
        SELECT subject, coalesce(shop, ''), run, seq, cursor FROM witnesses_of_no_shop LEFT JOIN paired;
    DROP TABLE witnesses_of_no_shop;
    DROP VIEW paired;
    """,
    """
    ALTER TABLE operations ADD COLUMN sealed BLOB NOT NULL DEFAULT x'';
    CREATE TABLE sealing_keys (shop TEXT PRIMARY KEY, public BLOB NOT NULL) WITHOUT ROWID;
    """,
    # From here on the PIN is sealed too: see `core.client.device.unlock`. Nothing of it is left in the file.
    """
    DROP TABLE pin;
    """,
    # The server's last number of a series: a till counts only so far beyond it.
    """
    ALTER TABLE number_series ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
    UPDATE number_series SET told = last;
    CREATE TABLE window (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, place TEXT NOT NULL);
    """,
    "ALTER TABLE operations ADD COLUMN number TEXT NOT NULL DEFAULT ''",
    # How many transactions have been kept: see `core.client.storage.mark`.
    "ALTER TABLE window ADD COLUMN commits INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE operations ADD COLUMN payment BLOB",
    # See `core.client.sync.sign_outs`.
    "CREATE TABLE sign_outs (sealed BLOB PRIMARY KEY, shop TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
    # In which drawer session it moved how much cash.
    """
    ALTER TABLE operations ADD COLUMN drawer TEXT NOT NULL DEFAULT '';
    ALTER TABLE operations ADD COLUMN cash_minor INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX operations_drawer ON operations (drawer) WHERE drawer <> '';
    """,
    # Of an amendment: the order as it was predicted.
    "ALTER TABLE operations ADD COLUMN made BLOB",
    # See `core.client.sync.card_attempts`.
    """
    CREATE TABLE card_attempts (key TEXT PRIMARY KEY, shop TEXT NOT NULL, ended INTEGER NOT NULL, content BLOB NOT NULL)
        WITHOUT ROWID;
    """,
    # See `core.client.storage.favourites`.
    "CREATE TABLE favourites (shop TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (shop, item)) WITHOUT ROWID",
)
"""Each entry migrates the ledger to the next version. Entries are only ever added."""

_CACHE_VERSION: Final = 1
_CACHE: Final = """
    DROP TABLE IF EXISTS orders;
    DROP TABLE IF EXISTS facts;
    CREATE TABLE orders (
        id TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        is_open INTEGER NOT NULL,
        placed_at INTEGER NOT NULL,
        row BLOB NOT NULL
    );
    CREATE INDEX orders_placed ON orders (is_open, placed_at, id);
    CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
_CACHE_FACT: Final = "cache_version"


def default_path(window: str) -> Path:
    """The path of this user's `pos` or `customer` window file on this machine."""
    return settings.data_dir() / f"{window}.db"


class LocalStoreError(Exception):
    """The file cannot be used; the message says which and why. Windows translate `sentence`, in which `{path}` and
    `{why}` are blanks, and `why`."""

    def __init__(self, sentence: str, path: Path | None = None, why: str = "") -> None:
        super().__init__(sentence.format(path=path, why=why))
        self.sentence, self.path, self.why = sentence, path, why


class InUse(LocalStoreError):
    """Another window, or `orderbell sync`, has the file open."""


class Damaged(LocalStoreError):
    """The file is damaged: see `core.client.device.recovery`."""

    was: dict[Path, bytes] | None = None
    """The file and its log before SQLite closed them, which truncates the log at the damage."""


class LocalStore:
    """The open file. Thread-safe, one thread at a time; no caller holds it for longer than a page of events takes, so
    an operation is accepted within milliseconds.

    Raises `InUse` and `Damaged`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._committed: list[Callable[[], None]] = []
        self._accepting = False
        self._mark: Mark | None = None
        self._emptying: threading.Thread | None = None
        self._closed = threading.Event()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(
                mode=0o600, exist_ok=True
            )  # customers' names are in it; what SQLite puts beside it is made alike
        except OSError as error:
            raise _unwritable(path, reason(error).why) from error
        try:
            self._db = sqlite3.connect(path, timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise _unusable(path) from error
        try:
            self._open()
        except Damaged as error:
            error.was = {each: each.read_bytes() for each in files_of(path) if each.exists()}
            self._db.close()
            raise
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        """Raises `LocalStoreError`."""
        try:
            for pragma in _PRAGMAS:
                self._db.execute(pragma)
            _check_names(self.path)
            with self._transaction() as db:
                _check_pages(db)
                _migrate(db)
                self._check_log(db)
                db.execute("DELETE FROM window WHERE FALSE")  # a write, which nothing before it was
        except sqlite3.DatabaseError as error:
            raise _as_store_error(self.path, error) from error

    def _check_log(self, db: sqlite3.Connection) -> None:
        """Whether SQLite has read all of the log. A file behind its mark with a complete log is an older copy that is
        sound: see `core.client.storage.window_id`. Raises `Damaged`."""
        row = db.execute("SELECT id, commits FROM window").fetchone()
        known = Mark(row[0]).read() if row is not None else None
        log_of = files_of(self.path)[1]
        if known is not None and row[1] < known and log_of.exists() and pages.has_more(log_of.read_bytes(), PAGE_BYTES):
            raise damaged(self.path, "its log ends before what this window has kept")

    @contextlib.contextmanager
    def transaction(self, *, accepting: bool = False) -> Iterator[sqlite3.Connection]:
        """All of the block is on the disk when it ends, or none of it. Blocks of one thread may nest. `accepting`: the
        block stores data that exists nowhere else, so the file's mark is synced too. Raises `NotKept`."""
        with _as_not_kept(), self._transaction() as db:
            self._accepting |= accepting
            yield db

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute(_BEGIN)
            before = self._db.total_changes
            try:
                yield self._db
                counted = self._counted() if self._db.total_changes != before else None
                self._db.execute("COMMIT")
            except BaseException:
                self._committed.clear()
                self._accepting = False
                self._roll_back()
                raise
            if counted is not None:
                self._keep_mark(*counted, synced=self._accepting)
            self._accepting = False
            committed, self._committed = self._committed, []
            for change in committed:
                change()
            if self._db.total_changes != before:
                self._empty_log_soon()

    def _empty_log_soon(self) -> None:
        """Checkpoint the log in the background: a damaged or lost log then loses at most the last half second. One
        checkpoint serves many commits."""
        if self._emptying is None:
            self._emptying = run_aside(self._empty_log, "log")

    def _empty_log(self) -> None:
        if self._closed.wait(_EMPTIED_AFTER_S):
            return
        with self.lock:
            self._emptying = None
            if not self._closed.is_set():
                with _as_far_as_there_is_room():
                    self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _counted(self) -> tuple[str, int] | None:
        """Count this commit; returns the window's id and the count, or None while it has no id."""
        statement = "UPDATE window SET commits = commits + 1 RETURNING id, commits"
        found: tuple[str, int] | None = next(iter(self._db.execute(statement).fetchall()), None)
        return found

    def _keep_mark(self, window: str, commits: int, *, synced: bool) -> None:
        """Update the mark after the commit, so that a file is never behind it because of a power cut."""
        if self._mark is None or self._mark.window != window:
            if self._mark is not None:
                self._mark.close()
            self._mark = Mark(window)
        self._mark.keep(commits, synced=synced)

    def after_commit(self, change: Callable[[], None]) -> None:
        """Call `change` once the current transaction is on the disk, before others get the store; never, when it is
        rolled back. Changes are called in the order they were given.

        State in memory is changed here and nowhere else, so that it is never ahead of a commit that fails. `change` may
        not fail. Raises `RuntimeError` outside of a transaction.
        """
        with self.lock:
            if not self._db.in_transaction:
                raise RuntimeError("there is no transaction to wait for")
            self._committed.append(change)

    def _roll_back(self) -> None:
        if self._db.in_transaction:  # after some errors (a full disk) SQLite has done it by itself
            self._db.execute("ROLLBACK")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for reading only. Raises `NotKept`."""
        with _as_not_kept(), self.lock:
            yield self._db

    def renew_cache(self) -> None:
        """Delete the cache."""
        with self.transaction() as db:
            _make_cache(db)

    def wipe(self) -> None:
        """Remove deleted data from the file: rewrite its pages and empty the log. See `empty_log` for a full disk."""
        with _as_far_as_there_is_room(), self.lock:
            self._db.execute("VACUUM")
        self.empty_log()

    def empty_log(self) -> None:
        """Remove deleted data from the log: checkpoint and truncate it.

        A full disk must not block starting or leaving: it is then done with the next one, or when the file is closed.
        """
        with _as_far_as_there_is_room(), self.lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        with self.lock:
            self._closed.set()
            self._db.close()
            if self._mark is not None:
                self._mark.close()


def files_of(path: Path) -> tuple[Path, Path]:
    """The paths of the file, and of SQLite's log beside it."""
    return path, path.with_name(path.name + "-wal")


def place_of(path: Path) -> str:
    """The file's inode, which no copy shares; where there is none, its path."""
    return str(path.stat().st_ino or path.resolve())


def _unwritable(path: Path, why: str) -> LocalStoreError:
    return LocalStoreError(
        "{path} cannot be written: {why}. Make its folder writable, or give the window one of its own: --data-dir DIR",
        path,
        why,
    )


def _unusable(path: Path) -> LocalStoreError:
    """Why `path` cannot be opened, which SQLite does not report."""
    if path.is_dir():
        return LocalStoreError("{path} is a folder. The window's file is to be there: move the folder away.", path)
    try:
        with path.open("r+b"):
            pass
    except OSError as error:
        return _unwritable(path, reason(error).why)
    return _unwritable(path, "it cannot be opened")


def _as_store_error(path: Path, error: sqlite3.DatabaseError) -> LocalStoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return InUse("{path} is in use: another window of this installation is open.", path)
    if code == sqlite3.SQLITE_READONLY and path.read_bytes()[18:19] > bytes([_NEWEST_FORMAT]):
        return damaged(path, "its header names another format")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL):
        return _unwritable(path, reason(error).why)
    if code == sqlite3.SQLITE_IOERR:
        return LocalStoreError(
            "{path} cannot be used: {why}. Look at the disk and its cable before anything else.",
            path,
            reason(error).why,
        )
    # Also a table that is missing from the schema.
    return damaged(path, str(error))


def damaged(path: Path, why: str) -> Damaged:
    """The error of a file that is damaged."""
    return Damaged(
        "{path} is damaged: {why}. A window sets it aside when it is opened, and saves what can be read.", path, why
    )


def _check_names(path: Path) -> None:
    """Refuse a file with hard links: it has a log under each name, and operations in one are missing under the
    other."""
    if path.stat().st_nlink > 1:
        raise LocalStoreError(
            "{path} has another name too (a hard link). What was accepted last may lie beside that, in a file that "
            "ends in -wal. Keep the name that the window last had, and remove the other.",
            path,
        )


def _check_pages(db: sqlite3.Connection) -> None:
    """Check every page: 2 ms for each MB. Raises `sqlite3.DatabaseError`."""
    found: str = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


@contextlib.contextmanager
def _as_far_as_there_is_room() -> Iterator[None]:
    with contextlib.suppress(NotKept), _as_not_kept():
        yield


@contextlib.contextmanager
def _as_not_kept() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            log.exception("the file is damaged")
            raise NotKept("This window's own file is damaged. Close the window and open it again.") from error
        if not isinstance(error, sqlite3.OperationalError):
            raise
        if (count := _repeats.due(str(error))) is not None:
            log.error("the file cannot be written: %s", error, extra={"times": count})  # noqa: TRY400 (it says it all)
        raise NotKept("This machine's disk is full, or cannot be written to. Tell the admin.") from error


def _migrate(db: sqlite3.Connection) -> None:
    held: int = db.execute("PRAGMA user_version").fetchone()[0]
    named: int = db.execute("PRAGMA application_id").fetchone()[0]
    if named != _LEDGER_FILE + held and (named or held > _UNNAMED):
        raise sqlite3.DatabaseError("its header does not say which release has written it")
    if held > len(_LEDGER):
        raise LocalStoreError(
            "This file was written by a newer Orderbell. Use that one, so that nothing in it is lost."
        )
    for script in _LEDGER[held:]:
        _run(db, script)
    if held < len(_LEDGER):  # else nothing is written, so that a full disk does not block starting
        db.execute(f"PRAGMA user_version = {len(_LEDGER)}")
        db.execute(f"PRAGMA application_id = {_LEDGER_FILE + len(_LEDGER)}")
    if _cache_version(db) != _CACHE_VERSION:
        _make_cache(db)


def _make_cache(db: sqlite3.Connection) -> None:
    _run(db, _CACHE)
    db.execute("INSERT INTO facts VALUES (?, ?)", (_CACHE_FACT, str(_CACHE_VERSION).encode()))


def _cache_version(db: sqlite3.Connection) -> int:
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'facts'").fetchone() is None:
        return 0
    row = db.execute("SELECT value FROM facts WHERE name = ?", (_CACHE_FACT,)).fetchone()
    return int(row[0]) if row and row[0].isdigit() else 0


def _run(db: sqlite3.Connection, script: str) -> None:
    """Run several statements. (`executescript` would commit the transaction that they belong to.)"""
    for statement in script.split(";"):
        if statement.strip():
            db.execute(statement)
