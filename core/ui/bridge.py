"""The sync engine's way into the window's thread: what it tells becomes the store's, in the order it was told."""

from PySide6.QtCore import QObject, Signal, Slot

from core.client.announcer import Announcer
from core.client.order_store import OrderStore
from core.client.sync.engine import SyncStatus
from core.client.sync.updates import Changed
from core.domain.menu import Menu
from core.ui.threads import Channel


class Bridge(QObject):
    """Give `on_changed` and `on_sync_status` to the engine; they may be called in any thread."""

    sync_status_changed = Signal(object)
    """A `SyncStatus`."""
    menu_changed = Signal(object)
    """A `Menu`: it is this one from now on."""
    renumbered = Signal(str, str)
    """The number that an order had, and the one that the server has given it instead."""
    missing = Signal(object)
    """`Order`s that were known here and that the server, whose history is another one now, does not know."""

    def __init__(self, store: OrderStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._announcer: Announcer | None = None
        self.sync_status = SyncStatus()
        self.menu: Menu | None = None
        """The one that was told last: a page that is made later is not asked to wait for the server."""
        self.on_changed = Channel(self._on_changed_heard).send
        """Takes a `Changed`, in any thread."""
        self.on_sync_status = Channel(self._on_standing_heard).send
        """Takes a `SyncStatus`, in any thread."""

    @property
    def store(self) -> OrderStore:
        """What is told now goes in here."""
        return self._store

    @Slot()
    def renew(self) -> None:
        """Somebody's session has ended: what is told from now on is the next one's, and goes into a store of its own.

        Call it in the window's thread after `sign_out` has returned: whatever was still told of the last one has been
        put where nobody looks by then.
        """
        self._store = OrderStore()
        self._announcer = None
        self.sync_status = SyncStatus()
        self.menu = None

    def announce_with(self, announcer: Announcer | None) -> None:
        """Have `announcer` know which of the store's changes happened while this window was away."""
        self._announcer = announcer

    def _on_changed_heard(self, changed: Changed) -> None:
        if changed.menu is not None:
            self.menu = changed.menu
            self.menu_changed.emit(changed.menu)
        if self._announcer is None:
            self._store.apply(changed)
        else:
            with self._announcer.backlog(changed.backlog):
                self._store.apply(changed)
        if changed.missing:
            self.missing.emit(changed.missing)
        for told in changed.updates:
            if told.former_number and told.row is not None:
                self.renumbered.emit(told.former_number, told.row.number)

    def _on_standing_heard(self, sync_status: SyncStatus) -> None:
        self.sync_status = sync_status
        self.sync_status_changed.emit(sync_status)
