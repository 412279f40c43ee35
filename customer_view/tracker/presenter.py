"""The tracker of one order: its status and history, refreshed while it is visible and can still change."""

from functools import partial

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError, Conflict, NotFound
from core.client.operations import Kind, Operation
from core.client.order_store import Changes
from core.domain.commands import CancelOrder
from core.domain.ids import OpId, OrderId, new_op_id
from core.domain.order import Order
from core.domain.people import Role
from core.domain.status import Move, OrderStatus, target_of
from core.protocol import routes
from core.protocol.replies import StatusReport
from core.ui.refresh import Refresher
from core.ui.text import _
from customer_view.context import CustomerContext
from customer_view.tracker.asking import Asking


class Cancellation(msgspec.Struct, frozen=True, kw_only=True):
    """One intended cancellation; repeated, it is done once."""

    op_id: OpId
    order_id: OrderId
    reason: str


class CancelFailed(msgspec.Struct, frozen=True):
    """A cancellation that was refused, or got no answer."""

    cancellation: Cancellation
    error: ClientError


class Tracker(QObject):
    """Follows the selected order. All answers go into the store, by the order's id, and are shown from there: an answer
    about one order is never shown on another, and the list and the tracker cannot differ.

    A cancellation is accepted here and sent by the sync engine; the store publishes its result.
    """

    shown = Signal()
    """The selected order, or its state, has changed."""
    failed = Signal(object)
    cancelling_changed = Signal()
    cancelled = Signal(object)
    """The `Order`, cancelled."""
    cancel_failed = Signal(object)
    """A `CancelFailed`."""
    cancel_overtaken = Signal(object)
    """The `Order` that could no longer be cancelled when the cancellation arrived. Its customer decides."""

    def __init__(self, context: CustomerContext, shop: str = "", parent: QObject | None = None) -> None:
        """`shop`: the id of the shop that this window is at."""
        super().__init__(parent)
        self.asking = Asking(context, shop, self)
        settings = context.settings
        self._jobs = context.jobs
        self._api = context.api
        self._store = context.store
        self._order_id: OrderId | None = None
        self._watched = False
        self._overtaken = False
        self._cancelling: set[OrderId] = set()
        self._accepted: set[OrderId] = set()
        self._deciding = False
        self.refresher = Refresher(
            self._jobs, self._fetch, settings.tracker_refresh_s, automatic=settings.tracker_refresh, parent=self
        )
        self.refresher.succeeded.connect(self._on_report_fetched)
        self.refresher.failed.connect(self.failed)
        self._forget = self._store.subscribe(self._on_store_changed)

    def detach(self) -> None:
        """Stop following the store."""
        self.stop()
        self._forget()

    # -- state

    @property
    def order(self) -> Order | None:
        return self._store.get(self._order_id) if self._order_id is not None else None

    @property
    def report(self) -> StatusReport | None:
        """The history of the selected order; its newest step may be missing."""
        return self._store.report(self._order_id) if self._order_id is not None else None

    @property
    def cancelling(self) -> bool:
        """Whether a cancellation of the selected order is in progress, or waits."""
        return self._order_id in self._cancelling or any(
            each.kind is Kind.CANCEL and not each.held for each in self.operations
        )

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The selected order's unanswered operations."""
        return self._store.operations(self._order_id) if self._order_id is not None else ()

    @property
    def held(self) -> Operation | None:
        """The refused operation that needs the customer's decision."""
        operations = self.operations
        return operations[0] if operations and operations[0].held else None

    @property
    def deciding(self) -> bool:
        return self._deciding

    @property
    def is_with_shop(self) -> bool:
        """Whether the server knows the selected order."""
        return self._order_id is not None and self._store.server_row(self._order_id) is not None

    @property
    def can_cancel(self) -> bool:
        """Whether the customer may cancel the selected order now."""
        order = self.order
        return (
            order is not None
            and not self.cancelling
            and self.held is None
            and target_of(order.status, Move.CANCEL, order.fulfilment, Role.CUSTOMER) is not None
        )

    # -- following

    def select(self, order_id: OrderId | None) -> None:
        if order_id == self._order_id:
            return
        self._order_id = order_id
        self._overtaken = False
        self.refresher.reset()
        self.shown.emit()
        self._follow()

    def start(self) -> None:
        """The tracker is visible."""
        self._watched = True
        self._follow()

    def stop(self) -> None:
        """The tracker is hidden."""
        self._watched = False
        self.refresher.stop()

    @Slot()
    def refresh(self) -> None:
        """Read now, whatever the order."""
        if self.is_with_shop:
            self.refresher.refresh()

    def _follow(self) -> None:
        """Keep refreshing an open order; a closed one only until its whole history is known."""
        order = self.order
        if (
            order is not None
            and self._watched
            and self.is_with_shop
            and (order.status.is_open or self._is_behind(order))
        ):
            self.refresher.start()
        elif not self.refresher.running:
            self.refresher.stop()

    def _is_behind(self, order: Order) -> bool:
        report = self._store.report(order.id)
        return report is None or report.version < order.version

    def _fetch(self) -> StatusReport:
        if self._order_id is None:  # The selection went away before the worker got here.
            raise NotFound(_("No order is selected."))
        return self._api.call(routes.ORDER_STATUS(self._order_id))

    @Slot(object)
    def _on_report_fetched(self, report: StatusReport) -> None:
        self._store.put_report(report)
        if self._overtaken:
            self._overtaken = False
            self.refresher.refresh()
        else:
            self._follow()

    def _on_store_changed(self, changes: Changes) -> None:
        for order_id in self._accepted.intersection(changes.updated):
            self._settle(order_id)
        order = self.order
        if order is None or order.id not in changes.updated + changes.added:
            return
        self.shown.emit()
        if not self._watched or not self.is_with_shop or not self._is_behind(order):
            return
        if self.refresher.running:
            self._overtaken = True
        elif self.refresher.active:
            self.refresher.refresh()
        else:
            self._follow()

    # -- cancelling

    @Slot(str)
    def cancel(self, reason: str) -> None:
        """Cancel the selected order, if possible."""
        if self._order_id is not None and self.can_cancel:
            self.send(Cancellation(op_id=new_op_id(), order_id=self._order_id, reason=reason.strip()))

    def send(self, cancellation: Cancellation) -> None:
        """Send a cancellation, for the first time or again."""
        order_id = cancellation.order_id
        if order_id in self._cancelling:
            return
        self._cancelling.add(order_id)
        self.cancelling_changed.emit()

        def done(_order: Order) -> None:
            self._cancelling.discard(order_id)
            self._accepted.add(order_id)
            self._settle(order_id)
            self.cancelling_changed.emit()

        def fail(error: ClientError) -> None:
            if isinstance(error, Conflict) and error.order is not None:
                if error.order.status is OrderStatus.CANCELLED:
                    return done(error.order)
                self._store.put(error.order)
            self._cancelling.discard(order_id)
            self.cancelling_changed.emit()
            return self.cancel_failed.emit(CancelFailed(cancellation, error))

        body = CancelOrder(reason=cancellation.reason)
        self._jobs.run(lambda: self._api.call(routes.CANCEL(order_id, body=body, op_id=cancellation.op_id)), done, fail)

    def _settle(self, order_id: OrderId) -> None:
        """Report the result of a cancellation that was accepted here."""
        cancels = [each for each in self._store.operations(order_id) if each.kind is Kind.CANCEL]
        if any(not each.held for each in cancels):
            return
        self._accepted.discard(order_id)
        order = self._store.get(order_id)
        if order is None:
            return
        if cancels:
            self.cancel_overtaken.emit(order)
        elif order.status is OrderStatus.CANCELLED:
            self.cancelled.emit(order)

    @Slot()
    def withdraw_request(self) -> None:
        """The selected order is to stay as it is."""
        if self.order is not None:
            self.asking.withdraw(self.order)

    # -- deciding

    @Slot()
    def give_up(self) -> None:
        """Discard the refused operation; an order that the shop refused is removed."""
        self._decide(again=False)

    @Slot()
    def ask_again(self) -> None:
        """Send the refused operation again, on the current order."""
        self._decide(again=True)

    def _decide(self, *, again: bool) -> None:
        held = self.held
        if held is None or self._deciding:
            return
        self._deciding = True
        self.shown.emit()
        if again:
            if held.kind is Kind.CANCEL:
                self._accepted.add(held.order_id)
            call = partial(self._api.retry, held.op_id)
        else:
            call = partial(self._api.discard, held.op_id, "The customer gave it up.")
        self._jobs.run(call, self._on_decided, self._on_decision_failed)

    def _on_decided(self, _result: object) -> None:
        self._deciding = False
        self.shown.emit()

    def _on_decision_failed(self, error: ClientError) -> None:
        self._on_decided(None)
        if not isinstance(error, NotFound):  # else it was settled meanwhile, and the store has the result
            self.failed.emit(error)
