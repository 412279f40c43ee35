"""Marks items as sold out, and as available again."""

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.client.sync.api import SyncedApi
from core.domain.ids import ItemId
from core.domain.menu import MenuItem
from core.protocol import routes
from core.protocol.replies import Availability
from core.protocol.requests import ChangeAvailability
from core.ui.jobs import Jobs


class Stock(QObject):
    """Sends each change at once, one of an item at a time."""

    switched = Signal(object, object)
    """A `MenuItem` as it was, and the server's `Availability`."""
    failed = Signal(object)
    """A `ClientError`."""

    def __init__(self, jobs: Jobs, api: SyncedApi, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._api = api
        self.wanted: dict[ItemId, bool] = {}
        """The changes in progress, and whether the item is to be available."""

    @Slot(object)
    def switch(self, item: MenuItem) -> None:
        """Mark an available item as sold out, and the other way round."""
        self.set_available(item, available=not item.available)

    def set_available(self, item: MenuItem, *, available: bool) -> None:
        if item.id in self.wanted:
            return
        self.wanted[item.id] = available

        def answered(reply: Availability) -> None:
            self.wanted.pop(item.id, None)
            self.switched.emit(item, reply)

        def failed(error: ClientError) -> None:
            self.wanted.pop(item.id, None)
            self.failed.emit(error)

        asked = routes.SET_AVAILABLE(item.id, body=ChangeAvailability(available=available))
        self._jobs.run(partial(self._api.call, asked), answered, failed)
