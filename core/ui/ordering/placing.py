"""Placing the basket's order once: shared by both windows' presenters."""

from collections.abc import Callable
from typing import Generic

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError, Refused
from core.domain.errors import InvalidOrder
from core.domain.ids import OpId
from core.domain.menu import Menu
from core.domain.order import Order, check_delivery
from core.ui.jobs import Jobs
from core.ui.ordering.checkout import Handover
from core.ui.ordering.presenter import Ordering
from core.ui.ordering.sender import OrderSender, Request


class Placing(QObject, Generic[Request]):
    """`read_menu` and `send` block and raise `ClientError`, and run in `jobs`."""

    placed = Signal(object)
    """The accepted `Order`."""
    refused = Signal(object)
    """A `ClientError`: no order was placed."""
    unknown = Signal(object)
    """A `ClientError` after which the order may or may not exist. Placing again is safe."""
    address_missing = Signal()
    busy_changed = Signal(bool)

    def __init__(
        self,
        jobs: Jobs,
        read_menu: Callable[[], Menu],
        send: Callable[[OpId, Request], Order],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.ordering = Ordering(jobs, read_menu, self)
        self._sender: OrderSender[Request] = OrderSender(jobs, send, self)
        self._sender.busy_changed.connect(self.busy_changed)
        self._sender.arrived.connect(self.placed)
        self._sender.failed.connect(self._on_send_failed)

    @property
    def busy(self) -> bool:
        """Whether an order is being sent."""
        return self._sender.busy

    def send(self, handover: Handover, request: Request) -> None:
        """Send `request`, unless the basket has no lines, a delivery no address, or an order is being sent."""
        if not self.ordering.basket.basket.lines:
            return
        try:
            check_delivery(handover.fulfilment, handover.address)
        except InvalidOrder:
            self.address_missing.emit()
        else:
            self._sender.send(request)

    def clear(self) -> None:
        """Reset for the next customer."""
        self._sender.reset()

    @Slot(object)
    def _on_send_failed(self, error: ClientError) -> None:
        if isinstance(error, Refused):
            self.ordering.blame(error)
            self.refused.emit(error)
        else:
            self.unknown.emit(error)
