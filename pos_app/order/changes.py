"""This till's own changes of orders: shown at once, and made exactly once.

A change is stored in the outbox first; the sync engine sends it. A change that could not be stored is kept here, to be
tried again under the same op id.
"""

from functools import partial
from typing import Any, Final

import msgspec
from PySide6.QtCore import QObject, Signal

from core.client.errors import ClientError, Conflict, Refused
from core.client.operations import State
from core.client.order_store import PendingChange
from core.domain.commands import (
    AmendOrder,
    ChangePayment,
    ChangeStatus,
    DeclineChange,
    NewPayment,
    RecallOrder,
    RefundOrder,
    TakePayment,
    UndoPayment,
    VersionedChange,
)
from core.domain.ids import OpId, OrderId, new_op_id
from core.domain.order import Order, Payment, PaymentState, Tender
from core.domain.payment import money_of, to_pay_minor
from core.domain.status import Move, OrderStatus
from core.protocol import routes
from core.protocol.route import Nothing, Route
from core.ui.jobs import Job
from pos_app.context import PosContext
from pos_app.order.card import Own, target

_ROUTES: Final[dict[type[VersionedChange], Route[Any, Nothing, Order]]] = {
    ChangeStatus: routes.CHANGE_STATUS,
    RecallOrder: routes.RECALL,
    ChangePayment: routes.CHANGE_PAYMENT,
    TakePayment: routes.TAKE_PAYMENT,
    UndoPayment: routes.UNDO_PAYMENT,
    RefundOrder: routes.REFUND,
    AmendOrder: routes.AMEND,
    DeclineChange: routes.DECLINE_CHANGE,
}


class Change(msgspec.Struct, frozen=True):
    """One intended change of `order`, as the till saw it. `move` is None for a change of the payment."""

    op_id: OpId
    order: Order
    target: OrderStatus
    request: VersionedChange
    move: Move | None = None


class Done(msgspec.Struct, frozen=True):
    """`change` was accepted; `order` is the predicted order."""

    change: Change
    order: Order


class Failed(msgspec.Struct, frozen=True):
    """`change` was not accepted. The same change may be tried again when it is `unsent`, and is no use otherwise."""

    change: Change
    error: ClientError
    unsent: bool


class OrderChanges(QObject):
    """Makes changes, one at a time for each order. Presses meanwhile do nothing."""

    done = Signal(object)
    """A `Done`."""
    failed = Signal(object)
    """A `Failed`."""
    payment_wanted = Signal(object)
    """An unpaid `Order` is about to be handed over. Nothing is done until `hand_over`."""

    to_give_back_changed = Signal(object)
    """The `Order` as it is now, of `give_back`."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = context.jobs
        self._api = context.api
        self._store = context.store
        self.online = True
        """Whether accepted operations are sent at once."""
        self._running: dict[OrderId, tuple[Change, Job]] = {}
        self._unsent: dict[OrderId, Change] = {}

    def advance(self, order_id: OrderId) -> None:
        """Make the next step; or retry the last one, if it could not be accepted."""
        if self.unsent(order_id) is not None:
            self.retry(order_id)
        else:
            self._move(order_id, Move.ADVANCE)

    def retry(self, order_id: OrderId) -> None:
        """Retry a change that could not be accepted. Nothing when the order has changed since."""
        unsent = self.unsent(order_id)
        if unsent is not None:
            self._send(unsent)

    def recall(self, order_id: OrderId, reason: str = "") -> None:
        """Move one step back."""
        self._move(order_id, Move.RECALL, reason)

    def cancel(self, order_id: OrderId, reason: str) -> None:
        self._move(order_id, Move.CANCEL, reason)

    def reject(self, order_id: OrderId, reason: str) -> None:
        self._move(order_id, Move.REJECT, reason)

    def pay(self, order_id: OrderId, payment: PaymentState, tender: Tender | None = None, *, reason: str = "") -> None:
        order = self._store.get(order_id)
        if order is not None and order_id not in self._running:
            request = ChangePayment(payment=payment, version=order.version, tender=tender, reason=reason)
            self._intend(order, order.status, request)

    def give_back(self, shown: Order) -> None:
        """Note that all that was to be given back of `shown` was. Where its money has changed since, that was another
        amount: nothing is noted, and `to_give_back_changed` says what there is."""
        order = self._store.get(shown.id)
        if order is None:
            return
        if money_of(order) != money_of(shown):
            self.to_give_back_changed.emit(order)
        elif order.payment is PaymentState.UNPAID:  # a part was paid: there is no sale to refund
            self.undo_payment(order.id, None, order.reason)
        else:
            self.pay(order.id, PaymentState.REFUNDED, reason=order.reason)

    def take_payment(self, order_id: OrderId, payment: NewPayment) -> None:
        """Take a payment. The order's money is as it was when its amount was shown."""
        order = self._store.get(order_id)
        if order is not None and order_id not in self._running:
            request = TakePayment(**msgspec.structs.asdict(payment), version=order.version)
            self._intend(order, order.status, request)

    def undo_payment(self, order_id: OrderId, payment: Payment | None, reason: str) -> None:
        """Take a payment back; None: all of them."""
        order = self._store.get(order_id)
        if order is None or order_id in self._running:
            return
        request = UndoPayment(version=order.version, reason=reason)
        if payment is not None:
            request = msgspec.structs.replace(
                request, tender=payment.tender, amount_minor=payment.amount_minor, tip_minor=payment.tip_minor
            )
        self._intend(order, order.status, request)

    def refund(self, order_id: OrderId, request: RefundOrder) -> None:
        """Give a part of what was paid back. The order's money is as it was when that was chosen."""
        order = self._store.get(order_id)
        if order is not None and order_id not in self._running:
            self._intend(order, order.status, msgspec.structs.replace(request, version=order.version))

    def amend(self, order: Order, request: AmendOrder) -> None:
        """Make another of an order that is as it was when that was put together."""
        if order.id not in self._running:
            self._intend(order, order.status, request)

    def decline_request(self, order_id: OrderId, version: int, reason: str) -> None:
        """Decline the request of that version. A newer one is another, and stays."""
        order = self._store.get(order_id)
        waits = order.open_request if order is not None else None
        if order is not None and waits is not None and waits.version == version and order_id not in self._running:
            request = DeclineChange(version=order.version, answers=version, reason=reason)
            self._intend(order, order.status, request)

    def hand_over_unpaid(self, order_id: OrderId) -> None:
        """Make the last step of an order that is unpaid, as it is."""
        self._move(order_id, Move.ADVANCE, unpaid=True)

    def undo(self, done: Done) -> None:
        """Undo the last step, or the last recall."""
        if self._store.get(done.order.id) is None:
            self._store.put(done.order)
        self._move(done.order.id, Move.ADVANCE if done.change.move is Move.RECALL else Move.RECALL)

    def unsent(self, order_id: OrderId) -> Change | None:
        """The change of this order that could not be accepted, while the order is as it was then."""
        change = self._unsent.get(order_id)
        row = self._store.get(order_id)
        if change is not None and (row is None or row.version != change.order.version):
            del self._unsent[order_id]
            return None
        return change

    def own(self, order_id: OrderId) -> Own:
        """The state of this till's own change of an order."""
        if self._store.pending(order_id) is not None:
            return Own.SENDING
        operations = self._store.operations(order_id)
        if operations and operations[0].held:
            return Own.CONFLICT if operations[0].state is State.CONFLICT else Own.PARKED
        if self.unsent(order_id) is not None:
            return Own.UNSENT
        if not operations:
            return Own.NONE
        return Own.ON_ITS_WAY if self.online else Own.WAITING

    @property
    def under_way(self) -> int:
        return len(self._running)

    def forget(self) -> None:
        """Drop all answers: the next person begins."""
        for change, job in self._running.values():
            job.cancel()
            self._store.settle(change.op_id, None)
        self._running.clear()
        self._unsent.clear()

    # -- inside

    def _move(self, order_id: OrderId, move: Move, reason: str = "", *, unpaid: bool = False) -> None:
        order = self._store.get(order_id)
        to = target(order, move) if order is not None else None
        if order is None or to is None or order_id in self._running:
            return
        if to is OrderStatus.COMPLETED and to_pay_minor(order) and not unpaid:
            self.payment_wanted.emit(order)
            return
        if move is Move.RECALL:
            self._intend(order, to, RecallOrder(version=order.version, reason=reason), move)
        else:
            self._intend(order, to, ChangeStatus(to=to, version=order.version, reason=reason), move)

    def _intend(
        self,
        order: Order,
        to: OrderStatus,
        request: VersionedChange,
        move: Move | None = None,
    ) -> None:
        kept = self.unsent(order.id)
        # The same change keeps its op id, so that the server makes it once even if it is sent again.
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
        return self._api.call(_ROUTES[type(change.request)](change.order.id, body=change.request, op_id=change.op_id))

    def _on_sent(self, change: Change, order: Order) -> None:
        del self._running[change.order.id]
        self._store.settle(change.op_id, None)  # the order as it is comes from the engine
        self.done.emit(Done(change, order))

    def _on_failed(self, change: Change, error: ClientError) -> None:
        del self._running[change.order.id]
        unsent = not isinstance(error, Refused)
        if unsent:
            self._unsent[change.order.id] = change
        self._store.settle(change.op_id, error.order if isinstance(error, Conflict) else None)
        self.failed.emit(Failed(change, error, unsent))
