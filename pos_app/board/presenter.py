"""The board: the shop's open orders in columns, refreshed, filtered by the search."""

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.order_store import Changes, Mark
from core.domain.ids import OrderId
from core.domain.order import Order
from core.domain.search import Sought
from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.requests import STAFF_MAX, OrderQuery
from core.ui.refresh import Refresher
from pos_app.board.column_model import ColumnModel
from pos_app.context import PosContext
from pos_app.order.card import COLUMNS, Card
from pos_app.order.changes import OrderChanges


class OpenOrders(msgspec.Struct, frozen=True):
    """Every open order, read from the server after `asked_at`."""

    orders: tuple[Order, ...]
    total: int
    asked_at: Mark


class Board(QObject):
    """Puts every open order of the store into the column of its status."""

    changed = Signal()
    """Some column has other cards than before."""

    def __init__(self, context: PosContext, changes: OrderChanges, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._api = context.api
        self._store = context.store
        self._changes = changes
        self.columns = {status: ColumnModel(self) for status in COLUMNS}
        self._at: dict[OrderId, OrderStatus] = {}
        self._sought = Sought.of("")
        settings = context.settings
        self.refresher = Refresher(
            context.jobs, self._fetch, settings.board_refresh_s, automatic=settings.board_refresh, parent=self
        )
        self.refresher.succeeded.connect(self._on_orders_fetched)
        self._unsubscribe = self._store.subscribe(self._on_store_changed)

    @property
    def is_narrowed(self) -> bool:
        """Whether a search leaves out orders."""
        return not self._sought.is_anything

    @Slot(str)
    def seek(self, text: str) -> None:
        """Show only the orders that `text` finds."""
        sought = Sought.of(text)
        if sought != self._sought:
            self._sought = sought
            for order in self._store:
                self._place(order.id)
            self.changed.emit()

    def card(self, order_id: OrderId) -> Card | None:
        """The order's card, whether or not the search shows it."""
        order = self._store.get(order_id)
        if order is None:
            return None
        return Card(order, self._changes.own(order_id))

    @property
    def online(self) -> bool:
        return self._changes.online

    def set_online(self, online: bool) -> None:
        """Whether accepted operations are sent at once, or wait."""
        if online is not self._changes.online:
            self._changes.online = online
            for operation in self._store.outbox():
                self._place(operation.order_id)

    def find(self, code: str) -> OrderId | None:
        """The open order whose number or id is exactly `code`, as a scanner reads it."""
        wanted = code.strip().casefold()
        return next((o.id for o in self._store if wanted in (o.number.casefold(), o.id.casefold())), None)

    @property
    def exactly(self) -> OrderId | None:
        """The newest shown order with exactly the typed number, with or without its series and zeros; None for none."""
        return next((o.id for o in self._store if o.id in self._at and self._sought.is_exactly(o.number)), None)

    def column_of(self, order_id: OrderId) -> OrderStatus | None:
        """The column that shows this order now."""
        return self._at.get(order_id)

    @property
    def shown(self) -> int:
        return len(self._at)

    @property
    def new(self) -> int:
        """The number of orders to confirm, whatever the search."""
        return sum(order.status is OrderStatus.PENDING for order in self._store)

    def close(self) -> None:
        self.refresher.stop()
        self._unsubscribe()

    # -- inside

    def _fetch(self) -> OpenOrders:
        """Runs in a worker. The mark is one integer, read before the request."""
        asked_at = self._store.mark()
        orders: list[Order] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self._api.call(routes.ORDERS(query=OrderQuery(open=True, limit=STAFF_MAX, cursor=cursor)))
            orders.extend(page.orders)
            cursor = page.next_cursor
        return OpenOrders(tuple(orders), len(orders), asked_at)

    @Slot(object)
    def _on_orders_fetched(self, fetched: OpenOrders) -> None:
        self._store.replace(fetched.orders, fetched.total, fetched.asked_at)

    def _on_store_changed(self, changes: Changes) -> None:
        for order_id in changes.removed:
            self._leave(order_id)
        # Oldest first: the keyboard is put on the first card that comes, and stays on it.
        added = [order for order_id in changes.added if (order := self._store.get(order_id)) is not None]
        added.sort(key=lambda order: order.placed_at)
        for order_id in (*changes.updated, *(order.id for order in added)):
            self._place(order_id)
        self.changed.emit()

    def _place(self, order_id: OrderId) -> None:
        card = self.card(order_id)
        held = self._at.get(order_id)
        if card is None or not self._has_column(card.order.status) or not self._sought.finds(card.order):
            self._leave(order_id)
            return
        if held is not None and held is not card.order.status:
            self._leave(order_id)
        self._at[order_id] = card.order.status
        self.columns[card.order.status].put(card)

    def _has_column(self, status: OrderStatus) -> bool:
        """Whether the board shows the status. An unknown open status gets a column when an order has it."""
        if not status.is_known and status not in self.columns:
            self.columns[status] = ColumnModel(self)
        return status in self.columns

    def _leave(self, order_id: OrderId) -> None:
        held = self._at.pop(order_id, None)
        if held is not None:
            self.columns[held].remove(order_id)
