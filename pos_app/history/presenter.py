"""Search of all orders, page by page, and export of all results."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core import clock
from core.client import every_order
from core.client.errors import ClientError, Unreachable
from core.client.order_store import Changes
from core.client.sync.engine import SyncStatus
from core.client.sync.search import KeptPage
from core.domain.ids import OrderId
from core.domain.order import Order
from core.instants import zone
from core.protocol import routes
from core.protocol.replies import OrderPage, StaffOrderPage
from core.protocol.requests import STAFF_MAX, OrderQuery
from core.protocol.security import ExportNote
from core.spreadsheet import Separator
from core.ui.jobs import Job
from core.ui.refresh import Refresher
from core.ui.rows import RowsModel
from core.ui.text import N_, _, error_text, not_written
from pos_app.context import PosContext
from pos_app.export import write_orders
from pos_app.history.model import HistoryModel
from pos_app.history.search import Search
from pos_app.order.card import Card, Own

_PAGE: Final = 50
_SOON_MS: Final = 250
"""A burst of changes is one request."""
_NOT_WHOLE: Final = N_("An export needs every order from the server, which cannot be reached. Nothing was written.")


class Cancelled(ClientError):
    """The export was cancelled."""

    title = "Cancelled"


class _Read(msgspec.Struct, frozen=True):
    """The newest orders of a search."""

    query: OrderQuery
    page: OrderPage
    """The orders, their total, and the cursor of the next page."""
    kept_s: float | None
    """The age in seconds of orders that an earlier run has cached; None for the server's."""


class History(QObject):
    """One search at a time: an answer to an older one is dropped. While it is started, the found orders are refreshed
    after every change in the shop."""

    changed = Signal()
    """Rows, total, or whether a request is in progress."""
    failed = Signal(object)
    """A `ClientError`; the rows stay."""
    progressed = Signal(int, int)
    """Orders written so far, and their total; 0 while it is not known."""
    exported = Signal(object)
    """The `Path` of the finished file."""
    export_failed = Signal(object)
    """A `ClientError`; there is no file."""
    _written = Signal(object)

    def __init__(self, context: PosContext, own: Callable[[OrderId], Own], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = context.jobs
        self._api = context.api
        self._store = context.store
        self._own = own
        self._now = context.now
        self._bridge = context.bridge
        self._search = Search()
        self._query = OrderQuery()
        """The query of the rows, which further pages use too."""
        self._held = 0
        """The number of shown rows; read by a worker."""
        self._asked = True
        """Whether a person waits for the next answer."""
        self._next: str | None = None
        self._more: Job | None = None
        self._export: Job | None = None
        self._unwanted = threading.Event()
        self.rows: RowsModel[Card] = HistoryModel(self)
        self.total = 0
        self.has_more = False
        """Whether there are more than `total`."""
        self.searched = False
        """Whether there has been an answer to the current search."""
        self.kept = False
        """Whether the results are from the cache, because the server could not be reached."""
        settings = context.settings
        self.refresher = Refresher(
            self._jobs, self._fetch, settings.board_refresh_s, automatic=settings.board_refresh, parent=self
        )
        self.refresher.succeeded.connect(self._on_read)
        self.refresher.failed.connect(self._on_read_failed)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._on_soon_elapsed)
        self._bridge.sync_status_changed.connect(self._on_sync_status_changed)
        context.follow_store(self, self._on_store_changed)
        self._written.connect(self._on_written)

    @property
    def loading(self) -> bool:
        """Whether a person waits for orders: of a search, or of a further page."""
        return self._more is not None or (self.refresher.running and self._asked)

    @property
    def exporting(self) -> bool:
        return self._export is not None

    def start(self) -> None:
        """The page is shown: refresh its orders."""
        self.refresher.start()
        self.refresher.refresh()

    def stop(self) -> None:
        """The page is hidden."""
        self._soon.stop()
        self._stop_more()
        self.refresher.stop()

    def search(self, search: Search) -> None:
        """Search anew, or the same again. The results stay until the answer."""
        self._stop_more()
        if search != self._search:
            self._search, self._held, self.searched = search, 0, False
        self._asked = True
        if self.refresher.active:
            self.refresher.stop()
            self.start()
        self.changed.emit()

    @Slot()
    def more(self) -> None:
        """Request the next page, if there is one and none is on its way."""
        if self._next is not None and self._more is None:
            query = msgspec.structs.replace(self._query, limit=_PAGE, cursor=self._next)
            self._more = self._jobs.ask(
                partial(self._api.call, routes.ORDERS(query=query)), self._on_next_page, self._on_more_failed
            )
            self.changed.emit()

    def export(self, path: Path, separator: Separator) -> None:
        """Write all results to `path`, as CSV."""
        if self._export is None:
            self._unwanted.clear()
            call = partial(self._write, self._search.query(self._now()), path, separator, self._unwanted)
            self._export = self._jobs.run(call, self._on_exported, self._on_export_failed)
            self.changed.emit()

    @Slot()
    def cancel_export(self) -> None:
        self._unwanted.set()

    def clear(self) -> None:
        """Reset for the next cashier."""
        self._stop_more()
        self._soon.stop()
        self.refresher.reset()
        self.cancel_export()
        if self._export is not None:
            self._export.cancel()
            self._export = None
        self._search, self._held = Search(), 0
        self._next, self.total, self.has_more, self.searched, self.kept = None, 0, False, False, False
        self.rows.set_rows(())
        self.changed.emit()

    # -- inside

    def _fetch(self) -> _Read:
        """Read the newest orders, as many as are shown. Runs in a worker."""
        query, wanted = self._search.query(self._now()), max(_PAGE, self._held)
        orders: list[Order] = []
        cursor = ""
        while True:
            limit = min(STAFF_MAX, wanted - len(orders))
            page = self._api.call(routes.ORDERS(query=msgspec.structs.replace(query, limit=limit, cursor=cursor)))
            orders.extend(page.orders)
            if page.next_cursor is None or len(orders) >= wanted:
                page = msgspec.structs.replace(page, orders=tuple(orders))
                return _Read(query, page, self._api.kept_s if isinstance(page, KeptPage) else None)
            cursor = page.next_cursor

    @Slot(object)
    def _on_read(self, read: _Read) -> None:
        """Show the refreshed orders. An answer that was requested before the last further page is too short, and is
        requested again, so that no shown row is removed. A further page that is being requested belongs to the previous
        list, and is requested again."""
        if read.query.q == self._query.q and read.page.next_cursor and len(read.page.orders) < self._held:
            self.refresher.refresh()
            return
        self._asked = False
        wants_more = self._more is not None
        self._stop_more()
        self._query = read.query
        self._take(read.page, read.page.orders)
        if self.kept:
            known_s = self._bridge.sync_status.age_s(clock.now_s())
            self.refresher.remember(read.kept_s if known_s is None else known_s)
        if wants_more:
            self.more()

    def _on_next_page(self, page: OrderPage) -> None:
        self._more = None
        held = {card.order.id for card in self.rows.rows}
        more = (order for order in page.orders if order.id not in held)
        self._take(page, (*(card.order for card in self.rows.rows), *more))

    def _take(self, page: OrderPage, orders: tuple[Order, ...]) -> None:
        self.searched = True
        self._next, self.has_more = page.next_cursor, page.total_is_least and page.next_cursor is not None
        self.total = len(orders) if page.total_is_least else page.total
        self.kept, self._held = isinstance(page, KeptPage), len(orders)
        self._store.put_unlisted(page.orders)
        self.rows.set_rows(tuple(map(self._card, orders)))
        self.changed.emit()

    def _stop_more(self) -> None:
        if self._more is not None:
            self._more.cancel()
            self._more = None

    @Slot(object)
    def _on_read_failed(self, error: ClientError) -> None:
        """A failed automatic refresh is shown by the chip and the age only."""
        asked, self._asked = self._asked, False
        self.changed.emit()
        if asked:
            self.failed.emit(error)

    def _on_more_failed(self, error: ClientError) -> None:
        self._more = None
        self.changed.emit()
        self.failed.emit(error)

    def _on_store_changed(self, changes: Changes) -> None:
        """Refresh a moment later: only the server knows which orders match the search."""
        touched = {*changes.added, *changes.updated}
        if any(card.order.id in touched for card in self.rows.rows):
            self.rows.set_rows(tuple(self._card(card.order) for card in self.rows.rows))
        if self.refresher.active and not self._soon.isActive():
            self._soon.start()

    @Slot()
    def _on_soon_elapsed(self) -> None:
        if self.refresher.running:  # the answer may be older than the change
            self._soon.start()
        else:
            self.refresher.refresh()

    @Slot(object)
    def _on_sync_status_changed(self, sync_status: SyncStatus) -> None:
        if self.kept and sync_status.answering and self.refresher.active:
            self.refresher.refresh()

    def _card(self, order: Order) -> Card:
        return Card(self._store.get(order.id) or order, self._own(order.id))

    def _write(self, query: OrderQuery, path: Path, separator: Separator, unwanted: threading.Event) -> Path:
        """Write everything or nothing. Runs in a worker."""

        def note_progress(read: int, total: int) -> None:
            if unwanted.is_set():
                raise Cancelled(_("Nothing was written."))
            self._written.emit((read, total))

        found = every_order.read(self._page, query, note_progress)
        menu = self._api.call(routes.MENU())
        self._api.call(routes.NOTE_EXPORT(body=ExportNote(what="orders", rows=len(found.orders))))
        try:
            write_orders(found, path, separator, zone(menu.time_zone))
        except OSError as error:
            raise not_written(path, error) from error
        return path

    def _page(self, query: OrderQuery) -> StaffOrderPage:
        """A page of the server's. Cached results are incomplete, and not exported."""
        try:
            page = self._api.call(routes.ORDERS(query=query))
            if not isinstance(page, KeptPage):
                return page
            why = page.why
        except Unreachable as error:
            why = error
        raise Unreachable(f"{_(_NOT_WHOLE)} {error_text(why) if why else ''}".rstrip())

    @Slot(object)
    def _on_written(self, written: tuple[int, int]) -> None:
        if self._export is not None:
            self.progressed.emit(*written)

    def _on_exported(self, path: Path) -> None:
        self._export = None
        self.changed.emit()
        self.exported.emit(path)

    def _on_export_failed(self, error: ClientError) -> None:
        self._export = None
        self.changed.emit()
        self.export_failed.emit(error)
