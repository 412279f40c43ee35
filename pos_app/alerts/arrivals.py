"""Orders that customers placed and that nobody at this till has taken notice of yet."""

from PySide6.QtCore import QObject, Signal, Slot

from core.client.order_store import Changes, OrderStore
from core.domain.ids import OrderId
from core.domain.order import Channel, Order
from core.domain.status import OrderStatus


class Arrivals(QObject):
    """Watches the store from `start` on; what is there by then is nothing new.

    An order is noticed when somebody says so, or when it has been dealt with, at whichever till. One that is recalled
    to where it began has been noticed before.
    """

    changed = Signal()

    def __init__(self, store: OrderStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._known: set[OrderId] = set()
        self._unnoticed: dict[OrderId, None] = {}
        self.started = False
        self._unsubscribe = store.subscribe(self._on_store_changed)

    @property
    def orders(self) -> tuple[Order, ...]:
        """Those that nobody noticed, in the order they came."""
        found = (self._store.get(order_id) for order_id in self._unnoticed)
        return tuple(order for order in found if order is not None)

    def start(self) -> None:
        self._known = {order.id for order in self._store}
        self.started = True

    @Slot()
    def stop(self) -> None:
        self.started = False
        self._known.clear()
        self.acknowledge()

    @Slot()
    def acknowledge(self) -> None:
        """Somebody has seen them."""
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
            if not new:
                self._unnoticed.pop(order_id, None)
            elif order_id not in self._known:
                self._unnoticed[order_id] = None
            self._known.add(order_id)
        if tuple(self._unnoticed) != before:
            self.changed.emit()
