"""Asking the shop for a change of an order, and what becomes of that."""

from functools import partial

import msgspec
from PySide6.QtCore import QObject, Signal

from core.client.errors import ClientError
from core.client.operations import Kind
from core.domain.change_request import may_ask
from core.domain.commands import AmendedLine, AskChange
from core.domain.ids import OrderId, new_op_id
from core.domain.order import Order
from core.domain.refund import line_ids
from core.protocol import routes
from customer_view.context import CustomerContext


class Asking(QObject):
    """A request is accepted here and sent by the sync engine; the store publishes its result."""

    busy_changed = Signal()
    asked = Signal(object)
    """The `Order` with the request, as this window predicts it."""
    failed = Signal(object)
    """A `ClientError`: nothing was asked for."""

    def __init__(self, context: CustomerContext, shop: str = "", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._shop = shop
        self.busy = False

    def can_ask(self, order: Order) -> bool:
        """Whether a change of the order may be asked for now: the shop, which is this window's, takes requests, and no
        change waits for the customer's decision."""
        menu = self._context.bridge.menu
        if menu is None or not self._is_free(order):
            return False
        return may_ask(order, menu.changes_until, self._context.now(), menu.terms.time_zone)

    def can_withdraw(self, order: Order) -> bool:
        """Whether what was asked may be taken back: as long as the shop may accept it."""
        return order.open_request is not None and self._is_free(order)

    def _is_free(self, order: Order) -> bool:
        store = self._context.store
        if (self._shop and order.shop_id != self._shop) or store.server_row(order.id) is None:
            return False
        return not any(each.held for each in store.operations(order.id))

    def is_waiting(self, order_id: OrderId) -> bool:
        """Whether a request has yet to be sent."""
        operations = self._context.store.operations(order_id)
        return any(each.kind is Kind.ASK_CHANGE and not each.held for each in operations)

    def ask(self, order: Order, lines: tuple[AmendedLine, ...], note: str) -> None:
        """Ask the shop to make this of the order, all of it."""
        if self.busy:
            return
        self._set_busy(True)
        wanted = tuple(msgspec.structs.replace(line, discount=None) for line in lines)
        request = AskChange(version=order.version, lines=wanted, note=note)
        call = partial(self._context.api.call, routes.ASK_CHANGE(order.id, body=request, op_id=new_op_id()))
        self._context.jobs.run(call, self._on_asked, self._on_failed)

    def withdraw(self, order: Order) -> None:
        """Ask for what the order is already."""
        lines = (
            AmendedLine(id=each, quantity=line.quantity, note=line.note)
            for each, line in zip(line_ids(order), order.lines, strict=True)
        )
        self.ask(order, tuple(lines), order.note)

    def _set_busy(self, busy: bool) -> None:
        self.busy = busy
        self.busy_changed.emit()

    def _on_asked(self, order: Order) -> None:
        self._set_busy(False)
        self.asked.emit(order)

    def _on_failed(self, error: ClientError) -> None:
        self._set_busy(False)
        self.failed.emit(error)
