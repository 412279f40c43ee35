"""Search of all orders, page by page, and export of all results."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core import clock
from core.client.errors import ClientError, Refused, Unreachable
from core.client.order_store import Changes
from core.client.sync.search import KeptPage
from core.domain.ids import OrderId
from core.domain.order import Order
from core.protocol import routes
from core.protocol.replies import OrderPage
from core.protocol.requests import STAFF_MAX, OrderQuery
from core.protocol.security import ExportNote
from core.ui.jobs import Job
from core.ui.rows import RowsModel
from core.ui.text import N_, _, error_text
from pos_app.board.card import Card, Own
from pos_app.context import PosContext
from pos_app.history.export import write_orders
from pos_app.history.model import HistoryModel

_PAGE: Final = 50
_NOT_WHOLE: Final = N_("An export needs every order from the server, which cannot be reached. Nothing was written.")


class Cancelled(ClientError):
    """The export was cancelled."""

    title = "Cancelled"


class History(QObject):
    """The newest search wins: an answer to an older one is dropped. Rows follow the store."""

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
        self._query = OrderQuery(limit=_PAGE)
        self._next: str | None = None
        self._job: Job | None = None
        self._export: Job | None = None
        self._unwanted = threading.Event()
        self.rows: RowsModel[Card] = HistoryModel(self)
        self.total = 0
        self.has_more = False
        """Whether there are more than `total`."""
        self.searched = False
        """Whether there has been an answer to the current search."""
        self.answered_s: float | None = None
        """When the results were read, by `core.clock`; None without any."""
        self.kept = False
        """Whether the results are from the cache, because the server could not be reached."""
        self._unsubscribe = self._store.subscribe(self._on_store_changed)
        self._written.connect(self._on_written)

    @property
    def loading(self) -> bool:
        return self._job is not None

    @property
    def exporting(self) -> bool:
        return self._export is not None

    def search(self, query: OrderQuery) -> None:
        """Search for `query`, from its first page on."""
        self._query = msgspec.structs.replace(query, limit=_PAGE, cursor="")
        self.refresh()

    def refresh(self) -> None:
        """Repeat the search; the results stay until the answer."""
        self._stop()
        self.searched = False
        self._job = self._jobs.ask(
            partial(self._api.call, routes.ORDERS(query=self._query)), self._on_first_page, self._on_failed
        )
        self.changed.emit()

    @Slot()
    def more(self) -> None:
        """Request the next page, if there is one and no request is in progress."""
        if self._next is not None and self._job is None:
            query = msgspec.structs.replace(self._query, cursor=self._next)
            self._job = self._jobs.ask(
                partial(self._api.call, routes.ORDERS(query=query)), self._on_next_page, self._on_failed
            )
            self.changed.emit()

    def export(self, path: Path) -> None:
        """Write all results to `path`, as CSV."""
        if self._export is None:
            self._unwanted.clear()
            call = partial(self._write, self._query, path, self._unwanted)
            self._export = self._jobs.run(call, self._on_exported, self._on_export_failed)
            self.changed.emit()

    @Slot()
    def cancel_export(self) -> None:
        self._unwanted.set()

    def clear(self) -> None:
        """Reset for the next cashier."""
        self._stop()
        self.cancel_export()
        if self._export is not None:
            self._export.cancel()
            self._export = None
        self._query = OrderQuery(limit=_PAGE)
        self._next, self.total, self.has_more, self.searched, self.kept = None, 0, False, False, False
        self.answered_s = None
        self.rows.set_rows(())
        self.changed.emit()

    def close(self) -> None:
        self._unwanted.set()
        self._stop()
        self._unsubscribe()

    # -- inside

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _on_first_page(self, page: OrderPage) -> None:
        self.answered_s = clock.now_s()
        self._take(page, page.orders)

    def _on_next_page(self, page: OrderPage) -> None:
        held = {card.order.id for card in self.rows.rows}
        more = (order for order in page.orders if order.id not in held)
        self._take(page, (*(card.order for card in self.rows.rows), *more))

    def _take(self, page: OrderPage, orders: tuple[Order, ...]) -> None:
        self._job = None
        self.searched = True
        self._next, self.has_more = page.next_cursor, page.total_is_least and page.next_cursor is not None
        self.total = len(orders) if page.total_is_least else page.total
        self.kept = isinstance(page, KeptPage)
        self._store.put_unlisted(page.orders)
        self.rows.set_rows(tuple(map(self._card, orders)))
        self.changed.emit()

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        self.changed.emit()
        self.failed.emit(error)

    def _on_store_changed(self, changes: Changes) -> None:
        touched = {*changes.added, *changes.updated}
        if any(card.order.id in touched for card in self.rows.rows):
            self.rows.set_rows(tuple(self._card(card.order) for card in self.rows.rows))

    def _card(self, order: Order) -> Card:
        return Card(self._store.get(order.id) or order, self._own(order.id))

    def _write(self, query: OrderQuery, path: Path, unwanted: threading.Event) -> Path:
        """Write everything or nothing. Runs in a worker."""
        orders: dict[OrderId, Order] = {}
        at_first: int | None = None
        cursor: str | None = ""
        while cursor is not None:
            page = self._page(msgspec.structs.replace(query, limit=STAFF_MAX, cursor=cursor))
            orders |= {order.id: order for order in page.orders}
            at_first = page.total if at_first is None else at_first
            cursor = page.next_cursor
            if unwanted.is_set():
                raise Cancelled(_("Nothing was written."))
            self._written.emit((len(orders), 0 if page.total_is_least else page.total))
        if len(orders) < (at_first or 0) and not query.status:  # an order leaves a status, and no other search
            raise Refused(_("The server's orders have changed while they were read. Export them again."))
        self._api.call(routes.NOTE_EXPORT(body=ExportNote(what="orders", rows=len(orders))))
        try:
            write_orders(orders.values(), path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Refused(
                _("{file}: {reason}. Choose another place.").format(file=path.name, reason=reason),
                title=_("The file could not be written"),
            ) from error
        return path

    def _page(self, query: OrderQuery) -> OrderPage:
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
