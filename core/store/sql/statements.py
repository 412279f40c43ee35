"""Prepared statements, and the transaction they run in."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, Executable, Select, Table, bindparam, insert

from core.domain.ids import ShopId
from core.protocol.feed import Cursor
from core.store.sql import dialects

Row = tuple[Any, ...]


class Prepared:
    """A statement that is compiled once for each dialect, and then costs what the driver costs.

    Columns hold only types that drivers pass through unchanged, so SQLAlchemy is not needed at run time.
    """

    __slots__ = ("_texts", "statement")

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement
        self._texts: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    @classmethod
    def insert(cls, table: Table) -> "Prepared":
        """An insert of a whole row, with values named like its columns."""
        return cls(insert(table).values({column.name: bindparam(column.name) for column in table.columns}))

    def text(self, dialect: Dialect) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        """The SQL, its parameters' names in order, and its constant values."""
        found = self._texts.get(dialect.name)
        if found is None:
            compiled: Any = self.statement.compile(dialect=dialect)
            fixed = {name: value for name, value in (compiled.params or {}).items() if value is not None}
            found = self._texts[dialect.name] = (str(compiled), tuple(compiled.positiontup or ()), fixed)
        return found


class Transaction:
    """A held connection on which units of work run their statements, in one thread at a time.

    `remembers`: it reads committed rows only, so that what it reads at a version may be cached in `memory`.
    """

    def __init__(self, connection: Connection, settings: Sequence[str] = (), *, remembers: bool = False) -> None:
        self.memory: dict[str, Any] | None = {} if remembers else None
        self.appended: list[tuple[ShopId, Cursor]] = []
        """The events appended and not rolled back, oldest first; cleared by the committer."""
        self.undoing: list[Callable[[], None]] = []
        """Callbacks that undo changes in memory on a rollback, oldest first; cleared by the committer."""
        self.has_changed = False
        """Whether `run` has changed a row since this was last set to False."""
        self._settings = settings
        self._dialect = connection.dialect
        self._hold(connection)

    def _hold(self, connection: Connection) -> None:
        try:
            for each in self._settings:
                connection.exec_driver_sql(each).close()
            timeline = dialects.timeline(connection)
        except BaseException:
            connection.close()
            raise
        self.connection = connection
        self.timeline = timeline
        """The server history it reads and writes: see `dialects.timeline`."""
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        self._cursor = driver.cursor()

    def is_lost(self, error: BaseException) -> bool:
        """Whether `error` means that the database server cannot be used, or has ended this connection."""
        return dialects.is_out_of_reach(error) or bool(getattr(self._driver, "closed", False))

    @property
    def is_open(self) -> bool:
        """Whether the transaction that was begun has not ended by itself."""
        return bool(getattr(self._driver, "in_transaction", True))

    def renew(self) -> None:
        """Replace the connection. Raises `sqlalchemy.exc.SQLAlchemyError` when none can be opened."""
        lost = self.connection
        self._hold(lost.engine.connect())
        if self.memory is not None:
            self.memory.clear()  # the server may have been put back to an older state
        lost.invalidate()
        lost.close()

    def all(self, prepared: Prepared, /, **values: Any) -> list[Row]:
        """Every row."""
        self._execute(prepared, values)
        rows: list[Row] = self._cursor.fetchall()
        return rows

    def first(self, prepared: Prepared, /, **values: Any) -> Row | None:
        """The first row, or None."""
        self._execute(prepared, values)
        rows = self._cursor.fetchall()  # to the end, so that no statement stays open into the next transaction
        return rows[0] if rows else None

    def run(self, prepared: Prepared, /, **values: Any) -> int:
        """Run a statement and return the number of changed rows."""
        self._execute(prepared, values)
        changed: int = self._cursor.rowcount
        self.has_changed = self.has_changed or changed > 0
        return changed

    def run_many(self, prepared: Prepared, rows: Iterable[dict[str, Any]]) -> None:
        sql, names, fixed = prepared.text(self._dialect)
        merged = [{**fixed, **row} for row in rows] if fixed else rows
        self._cursor.executemany(sql, [[row[name] for name in names] for row in merged])

    def search(self, statement: Select[Any] | Executable) -> Sequence[Any]:
        """Every row of a statement that was built for this one call."""
        return self.connection.execute(statement).fetchall()

    def command(self, sql: str) -> None:
        """Run a transaction command: BEGIN, SAVEPOINT, COMMIT."""
        self._cursor.execute(sql)

    def take_back(self, appended: int = 0, undoing: int = 0) -> None:
        """Undo changes in memory after a rollback to where `appended` events and `undoing` changes were made."""
        del self.appended[appended:]
        while len(self.undoing) > undoing:
            self.undoing.pop()()

    def close(self) -> None:
        self._cursor.close()
        self.connection.close()

    def _execute(self, prepared: Prepared, values: dict[str, Any]) -> None:
        sql, names, fixed = prepared.text(self._dialect)
        if fixed:
            values = {**fixed, **values}
        self._cursor.execute(sql, [values[name] for name in names])
