"""The outbox as rows: the change, its state, and its possible actions."""

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, Qt
from typing_extensions import override

from core.client.operations import Operation, State
from core.domain.ids import OrderId
from core.instants import now
from core.ui.rows import RowsModel
from core.ui.text import _, time_of_day
from pos_app.order.card import Own, customer, own_words
from pos_app.order.operation_words import did, number


class Entry(msgspec.Struct, frozen=True):
    """One operation and its state. `behind`: another of its order waits for a decision first."""

    operation: Operation
    own: Own
    behind: bool = False

    @property
    def state(self) -> str:
        return _("after the one above") if self.behind else own_words(self.own)


def entries(operations: Sequence[Operation], *, online: bool) -> tuple[Entry, ...]:
    """The queue: first what needs a decision, then by acceptance, and last what is for other shops."""
    held: set[OrderId] = {operation.order_id for operation in operations if operation.held}
    rows = [_entry(each, online=online, held=each.order_id in held) for each in operations]
    place = {each.order_id: at for at, each in reversed([*enumerate(operations)]) if each.order_id in held}
    last = len(operations)
    rows.sort(
        key=lambda row: (row.own is Own.ELSEWHERE, place.get(row.operation.order_id, last), row.operation.position)
    )
    return tuple(rows)


def _entry(operation: Operation, *, online: bool, held: bool) -> Entry:
    if operation.state is State.ELSEWHERE:
        return Entry(operation, Own.ELSEWHERE)
    if operation.held:
        return Entry(operation, Own.CONFLICT if operation.state is State.CONFLICT else Own.PARKED)
    return Entry(operation, Own.ON_ITS_WAY if online and not held else Own.WAITING, behind=held)


class QueueModel(RowsModel[Entry]):
    """One row an operation."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda entry: entry.operation.op_id, parent)

    @override
    def value(self, row: Entry, role: int) -> str | None:
        operation = row.operation
        if role == Qt.ItemDataRole.DisplayRole:
            return number(operation)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            since = _("since {time}").format(time=time_of_day(operation.created_at, now()))
            return ", ".join((number(operation), customer(operation.seen), did(operation), row.state, since))
        return None
