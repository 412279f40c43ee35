"""The orders that a window knows, in one place: every list, card and tracker of that window reads from here.

It shows the server's rows with this window's pending changes on top. A row never goes back: an answer that was
overtaken on its way has a lower version and is dropped.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from core.client.operations import Operation
from core.client.sync.updates import Changed
from core.domain.ids import OpId, OrderId
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.protocol.replies import StatusReport

UNLISTED_KEPT: Final = 2_000
"""How many unlisted orders are kept, the most recently updated ones: a till runs for weeks."""


class PendingChange(msgspec.Struct, frozen=True):
    """A change of this window's that the server has not answered yet."""

    op_id: OpId
    order_id: OrderId
    target: OrderStatus


class Changes(msgspec.Struct, frozen=True):
    """The effect of one update on the shown orders. Empty tuples: none."""

    added: tuple[OrderId, ...] = ()
    updated: tuple[OrderId, ...] = ()
    removed: tuple[OrderId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed)


Listener = Callable[[Changes], None]
Mark = int
"""A moment in a store's life, from `OrderStore.mark`."""


class OrderStore:
    """Orders by id, with listeners. Lives in one thread: the window's."""

    def __init__(self) -> None:
        self._orders: dict[OrderId, Order] = {}  # most recently updated last
        self._listed: set[OrderId] = set()
        self._told_at: dict[OrderId, Mark] = {}
        self._reports: dict[OrderId, StatusReport] = {}
        self._pending: dict[OrderId, PendingChange] = {}
        self._projected: dict[OrderId, Order] = {}
        self._operations: dict[OrderId, tuple[Operation, ...]] = {}
        self._listeners: list[Listener] = []
        self._now: Mark = 0
        self.total = 0
        """How many orders the server has in all, of which this store holds the newest."""

    # -- reading

    def get(self, order_id: OrderId) -> Order | None:
        """The order as shown, with its pending change; None when unknown."""
        order = self._projected.get(order_id) or self._orders.get(order_id)
        pending = self._pending.get(order_id)
        if order is None or pending is None:
            return order
        return msgspec.structs.replace(order, status=pending.target)

    def server_row(self, order_id: OrderId) -> Order | None:
        """The server's newest row, without pending changes."""
        return self._orders.get(order_id)

    def report(self, order_id: OrderId) -> StatusReport | None:
        """The newest status report of an order; its history may be a step behind `get`, never ahead of it."""
        return self._reports.get(order_id)

    def pending(self, order_id: OrderId) -> PendingChange | None:
        return self._pending.get(order_id)

    def waits(self, order_id: OrderId) -> bool:
        """Whether the shown order is ahead of the server, because something is unanswered."""
        return order_id in self._pending or order_id in self._projected

    def operations(self, order_id: OrderId) -> tuple[Operation, ...]:
        """The order's operations in the outbox, in order of acceptance; the first may wait for a person."""
        return self._operations.get(order_id, ())

    def outbox(self) -> tuple[Operation, ...]:
        """All operations in the outbox, in order of acceptance."""
        waiting = (operation for operations in self._operations.values() for operation in operations)
        return tuple(sorted(waiting, key=lambda operation: operation.position))

    @property
    def unsent(self) -> int:
        """The number of orders with operations in the outbox."""
        return len(self._operations)

    @property
    def waiting(self) -> int:
        """The number of unanswered changes."""
        return len(self._pending)

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[Order]:
        """The listed orders as shown, newest first."""
        rows = (order for order_id in self._listed if (order := self.get(order_id)) is not None)
        return iter(sorted(rows, key=lambda order: (order.placed_at, order.id), reverse=True))

    # -- the server's state

    def mark(self) -> Mark:
        """A mark to take before requesting a list: orders updated after it are not judged by that list."""
        return self._now

    def replace(self, orders: Iterable[Order], total: int, asked_at: Mark) -> Changes:
        """Replace the list by the server's, requested at `asked_at`. Orders that it lacks leave the list."""
        added, updated = [], []
        fresh = set()
        for order in orders:
            fresh.add(order.id)
            changed = self._accept(order)
            if order.id not in self._listed:
                added.append(order.id)
            elif changed:
                updated.append(order.id)
        younger = {order_id for order_id in self._listed - fresh if self._told_at.get(order_id, 0) > asked_at}
        removed = self._listed - fresh - younger - self._pending.keys() - self._projected.keys()
        self._listed = (self._listed | fresh) - removed
        self.total = max(total, len(self._listed))
        self._let_go()
        return self._announce(Changes(tuple(added), tuple(updated), tuple(sorted(removed))))

    def extend(self, orders: Iterable[Order], total: int) -> Changes:
        """Add a further page to the list; a list requested before this page does not judge it."""
        added, updated = [], []
        self._now += 1
        for order in orders:
            changed = self._accept(order)
            self._told_at[order.id] = self._now
            if order.id not in self._listed:
                self._listed.add(order.id)
                added.append(order.id)
            elif changed:
                updated.append(order.id)
        self.total = max(total, len(self._listed))
        return self._announce(Changes(tuple(added), tuple(updated)))

    def put(self, order: Order) -> Changes:
        """Update one order, from an answer or an event."""
        if order == self._projected.get(order.id):  # our own prediction, returned by a call, not the server's row
            return Changes()
        changed = self._accept(order)
        self._now += 1
        self._told_at[order.id] = self._now
        if order.id not in self._listed:
            self._listed.add(order.id)
            self.total += 1
            return self._announce(Changes(added=(order.id,)))
        return self._announce(Changes(updated=(order.id,) if changed else ()))

    def put_unlisted(self, orders: Iterable[Order]) -> Changes:
        """Store orders that were looked up. They are shown where they are listed already, but not added to the list."""
        update = [order for order in orders if order != self._projected.get(order.id)]  # as in `put`
        updated = [order.id for order in update if self._accept(order) and order.id in self._listed]
        return self._announce(Changes(updated=tuple(updated)))

    def put_report(self, report: StatusReport) -> Changes:
        """Store one order's status and history. The list gets the same status at the same moment."""
        held = self._reports.get(report.order_id)
        if held is not None and (held.version > report.version or held == report):
            return Changes()
        self._reports[report.order_id] = report
        order = self._orders.get(report.order_id)
        if order is None:
            return Changes()
        if report.version > order.version:
            last = report.history[-1] if report.history else None
            newer = msgspec.structs.replace(
                order,
                status=report.status,
                version=report.version,
                updated_at=report.updated_at,
                moved_at=last.at if last else order.moved_at,
                reason=last.reason if last else order.reason,
            )
            self._orders[order.id] = newer
            self._now += 1
            self._told_at[order.id] = self._now
        return self._announce(Changes(updated=(order.id,)))

    def apply(self, changed: Changed) -> Changes:
        """Apply an update of the sync engine: the server's rows, and the outbox's operations on top."""
        added: list[OrderId] = []
        updated: list[OrderId] = []
        removed: list[OrderId] = []
        self._now += 1
        if changed.whole:
            # A restored server's rows may be older than those held here, or gone, and are right nevertheless.
            self._orders.clear()
            self._reports.clear()
            removed += (self._listed | self._projected.keys()) - {update.order_id for update in changed.updates}
        for update in changed.updates:
            before = self.get(update.order_id) if update.order_id in self._listed else None
            waited = self.operations(update.order_id)
            if update.operations:
                self._operations[update.order_id] = update.operations
            else:
                self._operations.pop(update.order_id, None)
            if update.row is not None:
                self._accept(update.row)
            if update.shown is None or update.shown == update.row:
                self._projected.pop(update.order_id, None)
            else:
                self._projected[update.order_id] = update.shown
            self._told_at[update.order_id] = self._now
            shown = self.get(update.order_id)
            if shown is None and update.operations and not update.operations[0].kind.is_of_order:
                continue
            if shown is None:
                removed.append(update.order_id)
            elif update.order_id not in self._listed:
                added.append(update.order_id)
            elif shown != before or waited != update.operations:
                updated.append(update.order_id)
        for order_id in removed:
            self._projected.pop(order_id, None)
            self._operations.pop(order_id, None)
        gone = tuple(order_id for order_id in removed if order_id in self._listed and self.get(order_id) is None)
        self._listed = (self._listed | set(added)) - set(gone)
        self.total += len(added) - len(gone)
        return self._announce(Changes(tuple(added), tuple(updated), gone))

    # -- this window's own changes

    def begin(self, change: PendingChange) -> Changes:
        """Show a change at once; `settle` ends it."""
        self._pending[change.order_id] = change
        return self._announce(Changes(updated=(change.order_id,)))

    def settle(self, op_id: OpId, order: Order | None) -> Changes:
        """End a pending change, done or refused, and show the server's row (`order`, if given)."""
        for order_id, change in list(self._pending.items()):
            if change.op_id == op_id:
                del self._pending[order_id]
                update = self.put(order) if order is not None else Changes()
                return update or self._announce(Changes(updated=(order_id,)))
        return self.put(order) if order is not None else Changes()

    def clear(self) -> Changes:
        """Forget everything: nothing of one person is left for the next."""
        removed = tuple(sorted(self._listed))
        self._orders.clear()
        self._listed.clear()
        self._told_at.clear()
        self._reports.clear()
        self._pending.clear()
        self._projected.clear()
        self._operations.clear()
        self.total = 0
        return self._announce(Changes(removed=removed))

    # -- listeners

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _accept(self, order: Order) -> bool:
        """Store `order` unless a newer version of it is held. True when something shown changed."""
        held = self._orders.pop(order.id, None)
        changed = held is None or (held.version <= order.version and held != order)
        self._orders[order.id] = order if changed or held is None else held
        return changed

    def _let_go(self) -> None:
        if len(self._orders) <= len(self._listed) + UNLISTED_KEPT:
            return
        wanted = self._listed | self._pending.keys() | self._operations.keys()
        for order_id in [order_id for order_id in self._orders if order_id not in wanted][:-UNLISTED_KEPT]:
            del self._orders[order_id]
            self._told_at.pop(order_id, None)
            self._reports.pop(order_id, None)

    def _announce(self, changes: Changes) -> Changes:
        if changes:
            for listener in tuple(self._listeners):
                listener(changes)
        return changes
