"""A Python list as a Qt model that emits the smallest changes: rows inserted, removed, and changed."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex

ROW = int(Qt.ItemDataRole.UserRole)
"""The row's own value, for delegates."""


class RowsModel(QAbstractListModel, Generic[Row]):
    """Rows identified by `key`. The view's state of a row (scroll, focus, selection) stays with its key."""

    def __init__(self, key: Callable[[Row], Hashable], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._key = key
        self._rows: list[Row] = []

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def row_of(self, key: Hashable) -> int:
        """The row with this key; -1 when there is none."""
        return next((at for at, row in enumerate(self._rows) if self._key(row) == key), -1)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Replace the rows with the smallest changes. A moved row is removed and inserted."""
        wanted = [self._key(row) for row in rows]
        staying = _in_order([self._key(row) for row in self._rows], wanted)
        for first, last in reversed(_runs([at for at, row in enumerate(self._rows) if self._key(row) not in staying])):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._rows[first : last + 1]
            self.endRemoveRows()
        for first, last in _runs([at for at, key in enumerate(wanted) if key not in staying]):
            self.beginInsertRows(QModelIndex(), first, last)
            self._rows[first:first] = rows[first : last + 1]
            self.endInsertRows()
        changed = [at for at, row in enumerate(rows) if row != self._rows[at]]
        self._rows[:] = rows
        for first, last in _runs(changed):
            self.dataChanged.emit(self.index(first), self.index(last))

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature; it is never changed)
        return 0 if parent.isValid() else len(self._rows)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        return row if role == ROW else self.value(row, role)

    def value(self, _row: Row, _role: int) -> Any:
        """A row's data for a role; None for other roles."""
        return None


def _in_order(held: Sequence[Hashable], wanted: Sequence[Hashable]) -> set[Hashable]:
    """Keys that may stay where they are: found in both, in the same order."""
    places = {key: at for at, key in enumerate(wanted)}
    staying, last = set(), -1
    for key in held:
        at = places.get(key, -1)
        if at > last:
            staying.add(key)
            last = at
    return staying


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending places as ranges: [1, 2, 5] → [(1, 2), (5, 5)]."""
    runs: list[tuple[int, int]] = []
    for at in places:
        if runs and runs[-1][1] == at - 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs
