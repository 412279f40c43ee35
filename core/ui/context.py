"""The context that the parts of a window share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from PySide6.QtCore import QObject

from core.client.order_store import Listener, OrderStore
from core.client.sync.api import SyncedApi
from core.ui.bridge import Bridge
from core.ui.jobs import Jobs
from core.ui.theme import Theme

S = TypeVar("S")


@dataclass(frozen=True)
class WindowContext(Generic[S]):
    """One window's services, made by its bootstrap. A part that needs three of them or more takes the context."""

    settings: S
    theme: Theme
    jobs: Jobs
    api: SyncedApi
    bridge: Bridge

    @property
    def store(self) -> OrderStore:
        """The orders as this window shows them, for the person who is signed in."""
        return self.bridge.store

    def follow_store(self, follower: QObject, listener: Listener) -> None:
        """Call `listener` after every change of the store, until `follower` is deleted."""
        follower.destroyed.connect(self.store.subscribe(listener))

    def now(self) -> datetime:
        """The server's clock; see `SyncedApi.server_now`."""
        return self.api.server_now()
