"""This till's own changes of orders: shown at once, sent once, and sent again under the same op id until answered."""

from functools import partial

import msgspec
from PySide6.QtCore import QObject, Signal

from core.client.api import StaffApi
from core.client.errors import ClientError, Conflict, Refused
from core.client.orders import OrderStore, PendingChange
from core.domain.ids import OpId, OrderId, new_op_id
from core.domain.order import Order, PaymentState, Tender
from core.domain.status import Move, OrderStatus
from core.protocol.requests import ChangePayment, ChangeStatus, RecallOrder
from core.ui.jobs import Job, Jobs
from pos_app.models.card import target


class Change(msgspec.Struct, frozen=True):
    """One intended change of `order`, as the till saw it. `move` is None for a change of the payment."""

    op_id: OpId
    order: Order
    target: OrderStatus
    request: ChangeStatus | RecallOrder | ChangePayment
    move: Move | None = None


class Done(msgspec.Struct, frozen=True):
    """The server has made `change`; `order` is what it made of it."""

    change: Change
    order: Order


class Failed(msgspec.Struct, frozen=True):
    """`change` was not made, or nobody knows: then `unsent`, and the same change may be tried again."""

    change: Change
    error: ClientError
    unsent: bool


class OrderChanges(QObject):
    """Makes changes, one at a time for each order. A press while one is under way does nothing."""

    done = Signal(object)
    """A `Done`."""
    failed = Signal(object)
    """A `Failed`."""

    def __init__(self, jobs: Jobs, api: StaffApi, store: OrderStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._api = api
        self._store = store
        self._running: dict[OrderId, tuple[Change, Job]] = {}
        self._unsent: dict[OrderId, Change] = {}

    def advance(self, order_id: OrderId) -> None:
        """The next step; or, when the last try got no answer, that one again."""
        if self.unsent(order_id) is not None:
            self.retry(order_id)
        else:
            self._move(order_id, Move.ADVANCE)

    def retry(self, order_id: OrderId) -> None:
        """Send again what got no answer. Nothing when the order has moved on since, be it by that very change."""
        unsent = self.unsent(order_id)
        if unsent is not None:
            self._send(unsent)

    def recall(self, order_id: OrderId, reason: str = "") -> None:
        """One step back."""
        self._move(order_id, Move.RECALL, reason)

    def cancel(self, order_id: OrderId, reason: str) -> None:
        self._move(order_id, Move.CANCEL, reason)

    def reject(self, order_id: OrderId, reason: str) -> None:
        self._move(order_id, Move.REJECT, reason)

    def pay(self, order_id: OrderId, payment: PaymentState, tender: Tender | None = None) -> None:
        order = self._store.server_row(order_id)
        if order is not None:
            request = ChangePayment(payment=payment, version=order.version, tender=tender)
            self._intend(order, order.status, request)

    def undo(self, done: Done) -> None:
        """Take a step back that was just made, or make one again that was just recalled."""
        if self._store.server_row(done.order.id) is None:
            self._store.put(done.order)
        self._move(done.order.id, Move.ADVANCE if done.change.move is Move.RECALL else Move.RECALL)

    def unsent(self, order_id: OrderId) -> Change | None:
        """The change of this order that got no answer, while it still fits: the server may have made it after all."""
        change = self._unsent.get(order_id)
        row = self._store.server_row(order_id)
        if change is not None and (row is None or row.version != change.order.version):
            del self._unsent[order_id]
            return None
        return change

    @property
    def under_way(self) -> int:
        return len(self._running)

    def forget(self) -> None:
        """Somebody else is at the till: no answer to the last one's changes comes back."""
        for change, job in self._running.values():
            job.cancel()
            self._store.settle(change.op_id, None)
        self._running.clear()
        self._unsent.clear()

    # -- inside

    def _move(self, order_id: OrderId, move: Move, reason: str = "") -> None:
        order = self._store.server_row(order_id)
        to = target(order, move) if order is not None else None
        if order is None or to is None:
            return
        if move is Move.RECALL:
            self._intend(order, to, RecallOrder(version=order.version, reason=reason), move)
        else:
            self._intend(order, to, ChangeStatus(to=to, version=order.version, reason=reason), move)

    def _intend(
        self,
        order: Order,
        to: OrderStatus,
        request: ChangeStatus | RecallOrder | ChangePayment,
        move: Move | None = None,
    ) -> None:
        kept = self.unsent(order.id)
        # The same intention keeps its op id, so that the server makes it once however often it is sent.
        op_id = kept.op_id if kept is not None and kept.request == request else new_op_id()
        self._send(Change(op_id, order, to, request, move))

    def _send(self, change: Change) -> None:
        order_id = change.order.id
        if order_id in self._running:
            return
        self._unsent.pop(order_id, None)
        job = self._jobs.run(
            partial(self._post, change), partial(self._on_sent, change), partial(self._on_failed, change)
        )
        self._running[order_id] = change, job
        self._store.begin(PendingChange(change.op_id, order_id, change.target))

    def _post(self, change: Change) -> Order:
        """Runs in a worker."""
        order_id, request = change.order.id, change.request
        if isinstance(request, ChangeStatus):
            return self._api.change_status(change.op_id, order_id, request)
        if isinstance(request, RecallOrder):
            return self._api.recall(change.op_id, order_id, request)
        return self._api.change_payment(change.op_id, order_id, request)

    def _on_sent(self, change: Change, order: Order) -> None:
        del self._running[change.order.id]
        self._store.settle(change.op_id, order)
        self.done.emit(Done(change, order))

    def _on_failed(self, change: Change, error: ClientError) -> None:
        del self._running[change.order.id]
        unsent = not isinstance(error, Refused)
        if unsent:
            self._unsent[change.order.id] = change
        self._store.settle(change.op_id, error.order if isinstance(error, Conflict) else None)
        self.failed.emit(Failed(change, error, unsent))
