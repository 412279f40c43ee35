"""Statements compiled once, and the transaction they run in."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, Executable, Select, Table, bindparam, insert

from core.protocol.feed import Cursor

Row = tuple[Any, ...]


class Prepared:
    """A statement that is turned into text once a dialect, and from then on costs what the driver costs.

    The tables hold only what drivers pass through unchanged, so nothing of SQLAlchemy is needed at run time.
    """

    __slots__ = ("_texts", "statement")

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement
        self._texts: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}

    @classmethod
    def insert(cls, table: Table) -> "Prepared":
        """An insert of a whole row, its values named as its columns."""
        return cls(insert(table).values({column.name: bindparam(column.name) for column in table.columns}))

    def text(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        """The SQL, its parameters' names in order (None: the driver takes names), and the values that never vary."""
        found = self._texts.get(dialect.name)
        if found is None:
            compiled = self.statement.compile(dialect=dialect)
            names = getattr(compiled, "positiontup", None)
            fixed = {name: value for name, value in (compiled.params or {}).items() if value is not None}
            found = self._texts[dialect.name] = (str(compiled), tuple(names) if names is not None else None, fixed)
        return found


class Transaction:
    """What a unit of work runs its statements on: one held connection, used by one thread at a time.

    `remembers` says that it only ever reads what was committed, so that what it has read under a version may be
    kept in `memory` and given again.
    """

    def __init__(self, connection: Connection, *, remembers: bool = False) -> None:
        self.connection = connection
        self.memory: dict[str, Any] | None = {} if remembers else None
        self.announced: Cursor | None = None
        """The last event that was appended in it."""
        driver: Any = connection.connection.driver_connection
        self._cursor = driver.cursor()
        self._dialect = connection.dialect

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
        """How many rows were changed."""
        self._execute(prepared, values)
        changed: int = self._cursor.rowcount
        return changed

    def run_many(self, prepared: Prepared, rows: Iterable[dict[str, Any]]) -> None:
        sql, names, fixed = prepared.text(self._dialect)
        merged = [{**fixed, **row} for row in rows] if fixed else rows
        self._cursor.executemany(sql, merged if names is None else [[row[name] for name in names] for row in merged])

    def search(self, statement: Select[Any] | Executable) -> Sequence[Any]:
        """Every row of a statement that was built for this one call."""
        return self.connection.execute(statement).fetchall()

    def command(self, sql: str) -> None:
        """One of the transaction's own: BEGIN, SAVEPOINT, COMMIT."""
        self._cursor.execute(sql)

    def close(self) -> None:
        self._cursor.close()
        self.connection.close()

    def _execute(self, prepared: Prepared, values: dict[str, Any]) -> None:
        sql, names, fixed = prepared.text(self._dialect)
        if fixed:
            values = {**fixed, **values}
        self._cursor.execute(sql, values if names is None else [values[name] for name in names])
