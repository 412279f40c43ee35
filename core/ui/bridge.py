"""Passes the sync engine's updates to the window's thread and its store, in order."""

from PySide6.QtCore import QObject, Signal, Slot

from core.client.announcer import Announcer
from core.client.order_store import OrderStore
from core.client.sync.engine import SyncStatus
from core.client.sync.updates import Changed
from core.domain.coins import Coins
from core.domain.held_baskets import HeldBasket
from core.domain.menu import Menu
from core.domain.rights import Roles
from core.domain.tenders import TENDERS, ShopTender
from core.ui.days import use_zone
from core.ui.threads import Channel


class Bridge(QObject):
    """`on_changed` and `on_sync_status` are the engine's callbacks; they may be called in any thread."""

    sync_status_changed = Signal(object)
    """A `SyncStatus`."""
    menu_changed = Signal(object)
    """The new `Menu`."""
    drawers_changed = Signal(object)
    """`DrawerSession`s to which something was done."""
    renumbered = Signal(str, str)
    """An order's former number, and the one that the server has given it instead."""
    baskets_changed = Signal(object)
    """All `HeldBasket`s of the shop."""
    roles_changed = Signal()
    """What the roles of the shop may do."""
    missing = Signal(object)
    """`Order`s known here that the server, whose history is another one now, does not have."""

    def __init__(self, store: OrderStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._announcer: Announcer | None = None
        self.sync_status = SyncStatus()
        self.menu: Menu | None = None
        """The newest menu: a page that is made later need not wait for the server."""
        self.baskets: tuple[HeldBasket, ...] = ()
        """Those that the shop holds, the oldest first."""
        self.roles: Roles = ()
        """What the roles of the shop may do; none before the server has said."""
        self.on_changed = Channel(self._on_changed_received).send
        """Takes a `Changed`, in any thread."""
        self.on_sync_status = Channel(self._on_sync_status_received).send
        """Takes a `SyncStatus`, in any thread."""

    @property
    def store(self) -> OrderStore:
        """The store that updates go into."""
        return self._store

    @property
    def tenders(self) -> tuple[ShopTender, ...]:
        """All of the shop."""
        return (self.menu.tenders if self.menu is not None else ()) or TENDERS

    @property
    def coins(self) -> Coins:
        """The shop's cash rounding."""
        return Coins.of(self.tenders, self.menu.roundings if self.menu is not None else ())

    @Slot()
    def renew(self) -> None:
        """Replace the store at the end of a session: later updates are the next person's. Call it in the window's
        thread after `sign_out` has returned; updates still queued for the last person went into the old store."""
        self._store = OrderStore()
        self._announcer = None
        self.sync_status = SyncStatus()
        self.menu = None
        self.roles = ()
        self._set_baskets(())

    def _set_baskets(self, baskets: tuple[HeldBasket, ...]) -> None:
        if baskets != self.baskets:
            self.baskets = baskets
            self.baskets_changed.emit(baskets)

    def announce_with(self, announcer: Announcer | None) -> None:
        """Let `announcer` know which of the store's changes happened while this window was away."""
        self._announcer = announcer

    def _on_changed_received(self, changed: Changed) -> None:
        if changed.menu is not None:
            self.menu = changed.menu
            use_zone(changed.menu.time_zone)
            self.menu_changed.emit(changed.menu)
        if changed.baskets is not None:
            self._set_baskets(changed.baskets)
        if changed.roles is not None:
            self.roles = changed.roles
            self.roles_changed.emit()
        if self._announcer is None:
            self._store.apply(changed)
        else:
            with self._announcer.backlog(changed.backlog):
                self._store.apply(changed)
        if changed.drawers:
            self.drawers_changed.emit(changed.drawers)
        if changed.missing:
            self.missing.emit(changed.missing)
        for told in changed.updates:
            if told.former_number and told.row is not None:
                self.renumbered.emit(told.former_number, told.row.number)

    def _on_sync_status_received(self, sync_status: SyncStatus) -> None:
        self.sync_status = sync_status
        self.sync_status_changed.emit(sync_status)
