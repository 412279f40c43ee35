"""The presenter of the outbox: operations, and decisions about them."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.client.operations import Operation
from core.client.order_store import Changes
from core.client.sync.engine import ConnectionState, SyncStatus
from core.domain.commands import NewPayment, TakePayment
from core.domain.ids import OpId, new_op_id
from core.domain.order import Order
from core.protocol import routes
from core.protocol.security import ExportNote
from core.ui.jobs import Job
from core.ui.text import not_written
from pos_app.context import PosContext
from pos_app.export import exported, write_queue
from pos_app.sync.model import QueueModel, entries


def _nothing(_result: object) -> None:
    """The result shows in the sync status."""


class Queue(QObject):
    """Follows the store while it lives. One decision at a time."""

    changed = Signal()
    """Rows, the sync status, or whether a decision is in progress."""
    decided = Signal()
    renumbered = Signal(str, str)
    """An order's former number, and its new one; empty when the server will give it."""
    failed = Signal(object)
    """A `ClientError`."""
    exported = Signal(object)
    """The `Path` of the finished file."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = context.jobs
        self._api = context.api
        self._bridge = bridge = context.bridge
        self._job: Job | None = None
        self.rows = QueueModel(self)
        self.others = 0
        """The number of operations that wait for another person to sign in here again."""
        self.elsewhere: tuple[Operation, ...] = ()
        """Operations for other shops that this till was paired with."""
        context.follow_store(self, self._on_store_changed)
        bridge.sync_status_changed.connect(self._on_sync_status_changed)
        self._show()

    @property
    def sync_status(self) -> SyncStatus:
        return self._bridge.sync_status

    @property
    def online(self) -> bool:
        return self.sync_status.state in (ConnectionState.LIVE, ConnectionState.POLLING)

    @property
    def deciding(self) -> bool:
        return self._job is not None

    @property
    def undecided(self) -> int:
        """The number of operations that need a decision."""
        return sum(entry.operation.held for entry in self.rows.rows)

    def retry(self, operation: Operation, payment: NewPayment | None = None) -> None:
        """Send it again, on the current order; and after it the payment that was taken, if one was."""
        row = self.order(operation)

        def again() -> None:
            self._api.retry(operation.op_id)
            if payment is not None:
                paid = TakePayment(**msgspec.structs.asdict(payment), version=row.version + 1)
                self._api.call(routes.TAKE_PAYMENT(row.id, body=paid, op_id=new_op_id()))

        self._decide(again)

    def order(self, operation: Operation) -> Order:
        """The server's order, as far as it is known here."""
        known = (operation.theirs, self._bridge.store.server_row(operation.order_id), operation.seen)
        return max((row for row in known if row is not None), key=lambda row: row.version)

    def renumber(self, operation: Operation) -> None:
        """Give an order, whose number the server refuses, another one, and send it again."""
        told = operation.seen.number
        self._decide(
            partial(self._api.renumber, operation.op_id), lambda number: self.renumbered.emit(told, str(number))
        )

    def discard(self, op_id: OpId, reason: str) -> None:
        """Discard it, with a reason."""
        self._decide(partial(self._api.discard, op_id, reason))

    @Slot()
    def try_now(self) -> None:
        self._jobs.run(self._api.try_now, _nothing, self.failed.emit)

    def reload(self) -> None:
        """Read the operations of others, and for other shops."""
        api = self._api
        self._jobs.run(lambda: (api.waiting_of_others, api.elsewhere()), self._on_reloaded, self.failed.emit)

    def forget(self) -> None:
        """Reset for the next cashier."""
        self.others, self.elsewhere = 0, ()
        self._show()

    def export(self, path: Path) -> None:
        """Write the queue to `path`: JSON or CSV, as it ends."""
        operations = [exported(entry.operation) for entry in self.rows.rows]

        def write() -> Path:
            try:
                write_queue(operations, path)
            except OSError as error:
                raise not_written(path, error) from error
            with suppress(ClientError):  # it is written because the server is away, more often than not
                self._api.call(routes.NOTE_EXPORT(body=ExportNote(what="waiting changes", rows=len(operations))))
            return path

        self._jobs.run(write, self.exported.emit, self.failed.emit)

    # -- inside

    def _decide(self, call: Callable[[], object], then: Callable[[object], None] = _nothing) -> None:
        if self._job is None:
            self._job = self._jobs.run(call, partial(self._on_decided, then), self._on_failed)
            self.changed.emit()

    def _on_decided(self, then: Callable[[object], None], result: object) -> None:
        self._job = None
        then(result)
        self.reload()
        self.changed.emit()
        self.decided.emit()

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        self.changed.emit()
        self.failed.emit(error)

    def _on_reloaded(self, found: tuple[int, tuple[Operation, ...]]) -> None:
        if found != (self.others, self.elsewhere):
            self.others, self.elsewhere = found
            self._show()

    def _on_store_changed(self, _changes: Changes) -> None:
        self._show()

    @Slot(object)
    def _on_sync_status_changed(self, _sync_status: SyncStatus) -> None:
        self._show()

    def _show(self) -> None:
        self.rows.set_rows(entries((*self._bridge.store.outbox(), *self.elsewhere), online=self.online))
        self.changed.emit()
