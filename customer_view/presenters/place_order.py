"""A customer's order: what is in the basket, handed over and paid as they say, placed once."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from core.client.api import CustomerApi
from core.client.errors import ClientError, Refused
from core.domain.errors import InvalidOrder
from core.domain.order import Tender, check_delivery
from core.domain.status import Fulfilment
from core.protocol.requests import PlaceOrder
from core.ui.jobs import Jobs
from core.ui.ordering.checkout import Handover
from core.ui.ordering.presenter import Ordering
from core.ui.ordering.sender import OrderSender


def tenders(fulfilment: Fulfilment) -> Sequence[Tender]:
    """What a customer may pay with: cash at the counter or at the door, a card anywhere."""
    if fulfilment is Fulfilment.DELIVERY:
        return (Tender.CASH_ON_DELIVERY, Tender.CARD)
    return (Tender.CASH, Tender.CARD)


class PlaceOrderPresenter(QObject):
    placed = Signal(object)
    """The `Order`, as the server has it."""
    earlier_placed = Signal(object)
    """An `Order` that an earlier try had placed after all, without what was changed since."""
    refused = Signal(object)
    """A `ClientError` that settles it: no order was placed."""
    unknown = Signal(object)
    """A `ClientError` after which nobody knows whether the order is there. Placing again is safe."""
    address_missing = Signal()
    busy_changed = Signal(bool)

    def __init__(self, jobs: Jobs, api: CustomerApi, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ordering = Ordering(jobs, api.menu, self)
        self._sender: OrderSender[PlaceOrder] = OrderSender(jobs, api.place, api.order, self)
        self._sender.busy_changed.connect(self.busy_changed)
        self._sender.arrived.connect(self.placed)
        self._sender.earlier_arrived.connect(self.earlier_placed)
        self._sender.failed.connect(self._on_send_failed)

    @property
    def busy(self) -> bool:
        """An order is on its way."""
        return self._sender.busy

    def place(self, handover: Handover) -> None:
        """Send the order, unless it has no lines or no address, or is being sent."""
        if not self.ordering.basket.basket.lines:
            return
        try:
            check_delivery(handover.fulfilment, handover.address)
        except InvalidOrder:
            self.address_missing.emit()
            return
        self._sender.send(
            PlaceOrder(
                lines=self.ordering.basket.basket.wanted,
                fulfilment=handover.fulfilment,
                tender=handover.tender,
                address=handover.address,
                note=handover.note,
                expected_total_minor=self.ordering.basket.basket.totals().total_minor,
            )
        )

    def clear(self) -> None:
        """Nothing of one customer is left for the next."""
        self._sender.reset()

    @Slot(object)
    def _on_send_failed(self, error: ClientError) -> None:
        if isinstance(error, Refused):
            self.ordering.blame(error)
            self.refused.emit(error)
        else:
            self.unknown.emit(error)
