"""Updates for a window: orders with their waiting operations, the menu, drawers, baskets and roles."""

import contextlib
import threading
from collections.abc import Callable

import msgspec

from core.client.errors import SignedOut
from core.client.operations import Operation, drawer_queue, is_basket_queue, predict_baskets
from core.client.storage.cache import Cache
from core.client.storage.lease import Store
from core.client.sync.outbox import Outbox
from core.client.sync.updates import Changed, Listener, Update
from core.domain.drawers import DrawerSession
from core.domain.held_baskets import HeldBasket
from core.domain.ids import DeviceId, OrderId
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.rights import Roles


class Publisher:
    """Publishes what is in the cache and the outbox. Thread-safe.

    `listener` is called in the thread that made the change, after it is on the disk.
    """

    def __init__(self, store: Store, cache: Cache, outbox: Outbox, listener: Listener) -> None:
        self._store = store
        self._cache = cache
        self._outbox = outbox
        self._listener = listener
        # Updates are read and published under one lock: a thread that read first must not publish last.
        self._publishing = threading.RLock()

    def everything(self) -> Changed:
        """All cached orders, as shown."""
        with self._store.lock:
            rows = {order.id: order for order in self._cache.newest()}
            ids = dict.fromkeys((*rows, *self._outbox.orders()))
            return Changed(updates=tuple(self._update(order_id, rows.get(order_id)) for order_id in ids), whole=True)

    def update_of(self, order_id: OrderId) -> Update:
        """One order with its row and operations from one moment: between the two, an answer may turn an operation into
        a row."""
        with self._store.lock:
            return self._update(order_id, self._cache.get(order_id))

    def _update(self, order_id: OrderId, row: Order | None) -> Update:
        return Update(
            order_id=order_id,
            row=row,
            shown=self._outbox.shown(order_id, row),
            operations=self._outbox.of(order_id),
        )

    def publish(
        self, *order_ids: OrderId, backlog: bool = False, menu: Menu | None = None, former_number: str = ""
    ) -> None:
        """Publish updates of orders. With a `former_number` it is of one order."""
        with self._publishing, contextlib.suppress(SignedOut):  # the listener's person has left
            updates = tuple(
                msgspec.structs.replace(self.update_of(order_id), former_number=former_number) for order_id in order_ids
            )
            baskets = self.baskets() if any(map(is_basket_queue, order_ids)) else None
            self._listener(Changed(updates=updates, backlog=backlog, menu=menu, baskets=baskets))

    def publish_everything(self, missing: tuple[Order, ...] = ()) -> None:
        """Publish all orders, for a window without valid state; `missing` are those that the server lost."""
        with self._publishing:
            everything = self.everything()
            self._listener(
                msgspec.structs.replace(
                    everything,
                    backlog=True,
                    menu=self._cache.menu,
                    missing=missing,
                    baskets=self.baskets(),
                    roles=self._cache.roles,
                )
            )

    # -- what is of no order

    def menu_changed(self, change: Callable[[Menu], Menu | None]) -> None:
        """This window has changed the menu: `change` returns the new one, or None when an event will bring it."""
        with self._publishing:
            held = self._cache.menu
            menu = None if held is None else change(held)
            if menu is not None and menu is not held:
                self.publish(menu=self._cache.put_menu(menu))

    def menu_read(self, menu: Menu) -> Menu:
        """The server has answered with `menu`: store it, and publish it when it is news. An event about it that comes
        later will be none. Returns the menu that is held."""
        with self._publishing:
            before = self._cache.menu
            held = self._cache.put_menu(menu)
            if held != before:
                self.publish(menu=held)
            return held

    def drawer(self, device: DeviceId, owner: str = "") -> tuple[DrawerSession | None, tuple[Operation, ...]]:
        """The newest session of a POS's drawer, or of its `owner`'s there, as the server knows it, and what waits to be
        sent, from one moment."""
        with self._store.lock:
            return self._cache.drawer(device, owner), self._outbox.of(drawer_queue(device, owner))

    def drawers_changed(self, *sessions: DrawerSession) -> None:
        """Publish drawer sessions to which something was done."""
        with self._publishing, contextlib.suppress(SignedOut):
            if sessions:
                self._listener(Changed(updates=(), drawers=sessions))

    def baskets(self) -> tuple[HeldBasket, ...]:
        """The baskets that the shop holds, as the server will have them; the oldest first."""
        with self._store.lock:
            return predict_baskets(self._cache.baskets(), self._outbox.open())

    def basket_answered(self, basket: HeldBasket) -> None:
        """The server has answered with a basket."""
        self._cache.put_basket(basket)
        self.baskets_changed()

    def baskets_changed(self) -> None:
        """Publish the baskets that the shop holds."""
        with self._publishing, contextlib.suppress(SignedOut):
            self._listener(Changed(updates=(), baskets=self.baskets()))

    def roles_changed(self, roles: Roles) -> None:
        """Publish what the roles of the shop may do now."""
        self._listener(Changed(updates=(), roles=roles))
