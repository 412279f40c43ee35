"""The presenter of a till's favourites: the items that it shows first."""

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.domain.ids import ItemId
from core.domain.menu import MenuItem
from pos_app.context import PosContext


class TillFavourites(QObject):
    changed = Signal(object)
    """The ids of all of them."""
    failed = Signal(object)
    """A `ClientError`."""

    def __init__(self, context: PosContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._items: frozenset[ItemId] = frozenset()

    def read(self) -> None:
        """The stored favourites."""
        api = self._context.api
        self._context.jobs.run(lambda: api.favourites.items, self._on_kept, self._on_failed)

    @Slot(object)
    def switch(self, item: MenuItem) -> None:
        """Mark an item, or take its mark away."""
        api, marked = self._context.api, item.id not in self._items
        self._context.jobs.run(lambda: api.favourites.mark(item.id, marked=marked), self._on_kept, self._on_failed)

    def _on_kept(self, items: frozenset[ItemId]) -> None:
        self._items = items
        self.changed.emit(items)

    def _on_failed(self, error: ClientError) -> None:
        self.failed.emit(error)
