"""New online orders, and changes that customers ask for, that were not acknowledged at this till yet."""

from PySide6.QtCore import QObject, Signal, Slot

from core.client.order_store import Changes, OrderStore
from core.domain.ids import OrderId
from core.domain.order import Channel, Order
from core.domain.status import OrderStatus


def _request_of(order: Order) -> int:
    """The version of what its customer waits for; 0 for nothing."""
    return order.open_request.version if order.open_request is not None else 0


class Arrivals(QObject):
    """Observes the store from `start` on; orders that are there by then are not new.

    An order is noticed when somebody confirms it, or when it was moved at any till. One that is recalled to its first
    status stays noticed. A request is noticed once it is answered, or withdrawn.
    """

    changed = Signal()

    def __init__(self, store: OrderStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._known: set[tuple[OrderId, int]] = set()
        """Orders, with the request that was known of each; 0 for the order itself."""
        self._unnoticed: dict[OrderId, int] = {}
        self.started = False
        self._unsubscribe = store.subscribe(self._on_store_changed)

    @property
    def orders(self) -> tuple[Order, ...]:
        """The unnoticed orders, oldest first."""
        found = (self._store.get(order_id) for order_id in self._unnoticed)
        return tuple(order for order in found if order is not None)

    def start(self) -> None:
        self._known = {(order.id, known) for order in self._store for known in (0, _request_of(order))}
        self.started = True

    @Slot()
    def stop(self) -> None:
        self.started = False
        self._known.clear()
        self.acknowledge()

    @Slot()
    def acknowledge(self) -> None:
        """Mark all as noticed."""
        if self._unnoticed:
            self._unnoticed.clear()
            self.changed.emit()

    def close(self) -> None:
        self._unsubscribe()

    def _on_store_changed(self, changes: Changes) -> None:
        if not self.started:
            return
        before = tuple(self._unnoticed)
        for order_id in (*changes.added, *changes.updated, *changes.removed):
            order = self._store.get(order_id)
            new = order is not None and order.channel is Channel.ONLINE and order.status is OrderStatus.PENDING
            request = _request_of(order) if order is not None else 0
            noticed = self._unnoticed.get(order_id)
            if (not new and not request) or (noticed and noticed != request):
                self._unnoticed.pop(order_id, None)
            if (new or request) and (order_id, request) not in self._known:
                self._unnoticed[order_id] = request
            self._known |= {(order_id, 0), (order_id, request)}
        if tuple(self._unnoticed) != before:
            self.changed.emit()
