"""The orders a window knows, in one place: every list, card and tracker of that window reads from here.

What is shown is the server's rows with this window's own unfinished changes on top. A row never goes back: an answer
that was overtaken on its way carries a lower version and is dropped.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from core.client.sync.operations import Operation
from core.client.sync.updates import Changed
from core.domain.ids import OpId, OrderId
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.protocol.replies import StatusReport

UNLISTED_KEPT: Final = 2_000
"""Orders that no list has any more are known until so many others were told of since: a till runs for weeks."""


class PendingChange(msgspec.Struct, frozen=True):
    """A change of this window's that the server has not answered yet."""

    op_id: OpId
    order_id: OrderId
    target: OrderStatus


class Changes(msgspec.Struct, frozen=True):
    """What one update did to the orders that are shown. Empty tuples: nothing."""

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
        self._orders: dict[OrderId, Order] = {}  # whatever was told of last is last
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
        """The order as it is to be shown, its unfinished change included; None when it is not known."""
        order = self._projected.get(order_id) or self._orders.get(order_id)
        pending = self._pending.get(order_id)
        if order is None or pending is None:
            return order
        return msgspec.structs.replace(order, status=pending.target)

    def server_row(self, order_id: OrderId) -> Order | None:
        """The order as the server last told it, without anything unfinished."""
        return self._orders.get(order_id)

    def report(self, order_id: OrderId) -> StatusReport | None:
        """The newest status report of an order; its history may be a step behind `get`, never ahead of it."""
        return self._reports.get(order_id)

    def pending(self, order_id: OrderId) -> PendingChange | None:
        return self._pending.get(order_id)

    def waits(self, order_id: OrderId) -> bool:
        """What is shown of this order is ahead of the server: something about it has not been answered yet."""
        return order_id in self._pending or order_id in self._projected

    def operations(self, order_id: OrderId) -> tuple[Operation, ...]:
        """What the outbox has for this order, in the order it was accepted; the first may wait for a person."""
        return self._operations.get(order_id, ())

    def outbox(self) -> tuple[Operation, ...]:
        """All that the outbox has, in the order it was accepted."""
        waiting = (operation for operations in self._operations.values() for operation in operations)
        return tuple(sorted(waiting, key=lambda operation: operation.position))

    @property
    def unsent(self) -> int:
        """How many orders have something in the outbox."""
        return len(self._operations)

    @property
    def waiting(self) -> int:
        """How many changes the server has not answered yet."""
        return len(self._pending)

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[Order]:
        """The listed orders as shown, newest first."""
        rows = (order for order_id in self._listed if (order := self.get(order_id)) is not None)
        return iter(sorted(rows, key=lambda order: (order.placed_at, order.id), reverse=True))

    # -- the server has spoken

    def mark(self) -> Mark:
        """Take this before asking for a list: orders told of after it are not judged by that list."""
        return self._now

    def replace(self, orders: Iterable[Order], total: int, asked_at: Mark) -> Changes:
        """The list, as the server had it some time after `asked_at`. What it lacks leaves the list."""
        added, updated = [], []
        fresh = set()
        for order in orders:
            fresh.add(order.id)
            changed = self._tell(order)
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
        """A further page of the list: nothing leaves, and a list asked for before this page does not judge it."""
        added, updated = [], []
        self._now += 1
        for order in orders:
            changed = self._tell(order)
            self._told_at[order.id] = self._now
            if order.id not in self._listed:
                self._listed.add(order.id)
                added.append(order.id)
            elif changed:
                updated.append(order.id)
        self.total = max(total, len(self._listed))
        return self._announce(Changes(tuple(added), tuple(updated)))

    def put(self, order: Order) -> Changes:
        """One order, as an answer or an event told it."""
        if order == self._projected.get(order.id):  # our own foresight, handed back by a call: no word of the server's
            return Changes()
        changed = self._tell(order)
        self._now += 1
        self._told_at[order.id] = self._now
        if order.id not in self._listed:
            self._listed.add(order.id)
            self.total += 1
            return self._announce(Changes(added=(order.id,)))
        return self._announce(Changes(updated=(order.id,) if changed else ()))

    def learn(self, orders: Iterable[Order]) -> Changes:
        """Orders that were looked up: known from now on, and shown where they are listed, but listed by nothing."""
        told = [order for order in orders if order != self._projected.get(order.id)]  # as in `put`
        updated = [order.id for order in told if self._tell(order) and order.id in self._listed]
        return self._announce(Changes(updated=tuple(updated)))

    def put_report(self, report: StatusReport) -> Changes:
        """One order's status and history. The list sees the same status at the same moment."""
        held = self._reports.get(report.order_id)
        if held is not None and (held.version > report.version or held == report):
            return Changes()
        self._reports[report.order_id] = report
        order = self._orders.get(report.order_id)
        if order is None:
            return Changes()
        if report.version > order.version:
            reason = report.history[-1].reason if report.history else order.reason
            newer = msgspec.structs.replace(
                order, status=report.status, version=report.version, updated_at=report.updated_at, reason=reason
            )
            self._orders[order.id] = newer
            self._now += 1
            self._told_at[order.id] = self._now
        return self._announce(Changes(updated=(order.id,)))

    def tell(self, changed: Changed) -> Changes:
        """What the sync engine tells: the server's rows, and over them what waits in the outbox."""
        added: list[OrderId] = []
        updated: list[OrderId] = []
        removed: list[OrderId] = []
        self._now += 1
        if changed.whole:
            # A restored server's rows may be older than those held here, or gone, and are right nevertheless.
            self._orders.clear()
            self._reports.clear()
            removed += (self._listed | self._projected.keys()) - {told.order_id for told in changed.told}
        for told in changed.told:
            before = self.get(told.order_id) if told.order_id in self._listed else None
            waited = self.operations(told.order_id)
            if told.operations:
                self._operations[told.order_id] = told.operations
            else:
                self._operations.pop(told.order_id, None)
            if told.row is not None:
                self._tell(told.row)
            if told.shown is None or told.shown == told.row:
                self._projected.pop(told.order_id, None)
            else:
                self._projected[told.order_id] = told.shown
            self._told_at[told.order_id] = self._now
            shown = self.get(told.order_id)
            if shown is None:
                removed.append(told.order_id)
            elif told.order_id not in self._listed:
                added.append(told.order_id)
            elif shown != before or waited != told.operations:
                updated.append(told.order_id)
        for order_id in removed:
            self._projected.pop(order_id, None)
            self._operations.pop(order_id, None)
        gone = tuple(order_id for order_id in removed if order_id in self._listed and self.get(order_id) is None)
        self._listed = (self._listed | set(added)) - set(gone)
        self.total += len(added) - len(gone)
        return self._announce(Changes(tuple(added), tuple(updated), gone))

    # -- this window's own changes

    def begin(self, change: PendingChange) -> Changes:
        """Show a change at once; `settle` ends it either way."""
        self._pending[change.order_id] = change
        return self._announce(Changes(updated=(change.order_id,)))

    def settle(self, op_id: OpId, order: Order | None) -> Changes:
        """The change is done or refused: show the server's row (`order`, when it came along) and nothing else."""
        for order_id, change in list(self._pending.items()):
            if change.op_id == op_id:
                del self._pending[order_id]
                told = self.put(order) if order is not None else Changes()
                return told or self._announce(Changes(updated=(order_id,)))
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

    def _tell(self, order: Order) -> bool:
        """Keep `order` unless a newer version of it is held. True when something shown changed."""
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
