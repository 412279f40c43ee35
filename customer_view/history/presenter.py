"""The presenter of My orders: the newest orders, refreshed, and further pages on demand."""

from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.client.order_store import Mark
from core.domain.order import Order
from core.protocol import routes
from core.protocol.replies import OrderPage
from core.protocol.requests import HISTORY_MAX, HistoryQuery
from core.ui.jobs import Job
from core.ui.refresh import Refresher
from customer_view.context import CustomerContext

_FIRST: Final = ""


class _Read(msgspec.Struct, frozen=True):
    """The newest orders of one refresh."""

    asked_at: Mark
    orders: tuple[Order, ...]
    total: int
    next_cursor: str | None


class History(QObject):
    """Reads the history into the store. The refresh and a further page may overlap without undoing each other."""

    loaded = Signal()
    """The store has the server's answer, for the first time or again."""
    has_more_changed = Signal(bool)
    failed = Signal(object)
    """A `ClientError`, of the refresh or of a further page; what was loaded stays."""

    def __init__(self, context: CustomerContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        settings = context.settings
        self._jobs = context.jobs
        self._api = context.api
        self._store = context.store
        self._page_size = settings.page_size
        self._cursor: str | None = None
        self._more: Job | None = None
        self._more_failed = False
        self._is_loaded = False
        self.refresher = Refresher(
            self._jobs, self._fetch, settings.history_refresh_s, automatic=settings.history_refresh, parent=self
        )
        self.refresher.succeeded.connect(self._on_refresh_succeeded)
        self.refresher.failed.connect(self.failed)

    @property
    def is_loaded(self) -> bool:
        """Whether there was an answer: then an empty list means that there are no orders."""
        return self._is_loaded

    @property
    def has_more(self) -> bool:
        """Whether the server has older orders that are not being fetched. After a failure the next refresh goes
        first."""
        return self._cursor is not None and self._more is None and not self._more_failed

    def start(self) -> None:
        """The page is shown. Cached orders are shown with their age, and refreshed at once."""
        self.refresher.start()
        if not self._is_loaded:
            self.refresher.refresh()

    @Slot()
    def fetch_more(self) -> None:
        """Load the next page, unless there is none or it is being loaded."""
        if not self.has_more:
            return
        query = HistoryQuery(limit=self._page_size, cursor=self._cursor or _FIRST)
        self._more = self._jobs.ask(
            lambda: self._api.call(routes.HISTORY(query=query)), self._on_page_fetched, self._on_page_failed
        )
        self.has_more_changed.emit(False)

    def stop(self) -> None:
        """The page is hidden."""
        self.refresher.stop()
        if self._more is not None:
            self._more.cancel()
            self._more = None
            self.has_more_changed.emit(self.has_more)

    def _fetch(self) -> _Read:
        """Read all loaded orders again, and those placed since. Runs in a worker.

        The first time it reads as many orders as the sync engine has published: the total is unknown until then.
        """
        asked_at, held, known = self._store.mark(), len(self._store), self._store.total
        orders: list[Order] = []
        wanted, cursor = held or self._page_size, _FIRST
        while True:
            page = self._api.call(
                routes.HISTORY(query=HistoryQuery(limit=min(HISTORY_MAX, wanted - len(orders)), cursor=cursor))
            )
            orders.extend(page.orders)
            if held and self._is_loaded:
                wanted = held + max(0, page.total - known)
            if page.next_cursor is None or len(orders) >= wanted:
                return _Read(asked_at, tuple(orders), page.total, page.next_cursor)
            cursor = page.next_cursor

    @Slot(object)
    def _on_refresh_succeeded(self, read: _Read) -> None:
        if not self._is_loaded:
            # From here on the cursor moves with further pages only: it points below the oldest loaded order, and a
            # refresh reads down to that one.
            self._cursor = read.next_cursor
            self._is_loaded = True
            self.has_more_changed.emit(self.has_more)
        self._store.replace(read.orders, read.total, read.asked_at)
        self.loaded.emit()
        if self._more_failed:
            self._more_failed = False
            self.fetch_more()

    def _on_page_fetched(self, page: OrderPage) -> None:
        self._more = None
        self._cursor = page.next_cursor
        self.has_more_changed.emit(self.has_more)
        self._store.extend(page.orders, page.total)
        self.loaded.emit()

    def _on_page_failed(self, error: ClientError) -> None:
        self._more = None
        self._more_failed = True
        self.failed.emit(error)
