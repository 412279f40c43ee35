"""Announcements of changed orders: one for each change, whichever way it arrived; one summary for a backlog.

It observes an `OrderStore`. Orders that are there at the start are not announced; a change that is old by the server's
clock when it arrives (the machine slept, the network was down) is only counted in a summary.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.client.operations import target
from core.client.order_store import UNLISTED_KEPT, Changes, OrderStore
from core.domain.ids import OrderId
from core.domain.order import Order
from core.domain.status import OrderStatus

BACKLOG_AGE: Final = timedelta(minutes=5)
AT_ONCE: Final = 3
"""The most changes of one update that are announced one by one."""


class Announcement(msgspec.Struct, frozen=True):
    """An order that is new to this window, or has another status."""

    order: Order
    is_new: bool


class Announcer:
    """Calls `announce` with each announcement, or `summarise` with their number.

    `concerns` selects what interests this window's person. Their own changes are not announced: an order with a pending
    change of this window is skipped, and so is the reply to it.
    """

    def __init__(
        self,
        store: OrderStore,
        announce: Callable[[Announcement], None],
        summarise: Callable[[int], None],
        *,
        now: Callable[[], datetime],
        concerns: Callable[[Announcement], bool] = lambda _announcement: True,
    ) -> None:
        self._store = store
        self._announce = announce
        self._summarise = summarise
        self._now = now
        self._concerns = concerns
        self._known: dict[OrderId, Order] = {}
        self._wanted: dict[OrderId, OrderStatus] = {}
        self._started = False
        self._backlog = False
        self._unsubscribe = store.subscribe(self._on_store_changed)

    def start(self) -> None:
        """Take the store's orders as known; later changes are announced."""
        self._known = {order.id: order for order in self._store}
        self._started = True

    def stop(self) -> None:
        """On sign-out: forget the known orders, and announce nothing until `start`."""
        self._started = False
        self._known.clear()
        self._wanted.clear()

    @contextmanager
    def backlog(self, happened_while_away: bool = True) -> Iterator[None]:
        """Summarise the changes of the block: they happened while this window was away."""
        self._backlog = happened_while_away
        try:
            yield
        finally:
            self._backlog = False

    def close(self) -> None:
        self._unsubscribe()

    def mine(self, order: Order) -> None:
        """Mark `order` as this window's own change. To be called before the store is updated."""
        self._known[order.id] = order

    def _on_store_changed(self, changes: Changes) -> None:
        announcements = [
            found
            for order_id in (*changes.added, *changes.updated)
            if (found := self._announcement(order_id)) is not None
        ]
        if len(self._known) > 2 * UNLISTED_KEPT:
            self._known = {order_id: row for order_id, row in self._known.items() if self._store.server_row(order_id)}
        if not self._started or not announcements:
            return
        if self._backlog:
            self._summarise(len(announcements))
            return
        recent = [each for each in announcements if self._now() - each.order.updated_at < BACKLOG_AGE]
        if len(recent) > AT_ONCE:
            self._summarise(len(announcements))
            return
        for each in recent:
            self._announce(each)
        if len(announcements) > len(recent):
            self._summarise(len(announcements) - len(recent))

    def _announcement(self, order_id: OrderId) -> Announcement | None:
        order = self._store.server_row(order_id)
        pending = self._store.pending(order_id)
        operations = self._store.operations(order_id)
        if pending is not None:
            self._wanted[order_id] = pending.target
        elif operations and not operations[0].held:
            for each in operations:
                wanted = each.seen.status if each.kind.makes_order else target(each)
                if wanted is not None:
                    self._wanted[order_id] = wanted
        elif order is not None:
            return self._announcement_of(order)
        return None

    def _announcement_of(self, order: Order) -> Announcement | None:
        order_id = order.id
        known = self._known.get(order_id)
        self._known[order_id] = order
        own = self._wanted.pop(order_id, None) is order.status
        if own or (known is not None and (known.version > order.version or known.status is order.status)):
            return None
        announcement = Announcement(order, is_new=known is None)
        return announcement if self._concerns(announcement) else None
