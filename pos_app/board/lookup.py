"""Finds the order of a code: on the board, or else on the server."""

import re
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError, NotFound
from core.domain.ids import OrderId
from core.domain.order import Order
from core.protocol import routes
from core.protocol.requests import OrderQuery
from core.ui.jobs import Job
from core.ui.text import _
from pos_app.board.presenter import Board
from pos_app.context import PosContext

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Lookup(QObject):
    """One look-up at a time: a newer one replaces an older."""

    found = Signal(object)
    """The `Order`."""
    failed = Signal(object)
    """A `ClientError`."""

    def __init__(self, context: PosContext, board: Board, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = context.jobs
        self._api = context.api
        self._store = context.store
        self._board = board
        self._job: Job | None = None

    @Slot(str)
    def look_up(self, code: str) -> None:
        """Find the order whose number or id is `code`, scanned or typed."""
        self.stop()
        order_id = self._board.find(code)
        order = self._store.get(order_id) if order_id is not None else None
        if order is not None:
            self.found.emit(order)
            return
        self._job = self._jobs.ask(partial(self._ask, code.strip()), self._on_found, self._on_failed)

    def stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _ask(self, code: str) -> Order:
        """Runs in a worker."""
        if _ID.fullmatch(code.lower()):
            return self._api.call(routes.DETAILS(OrderId(code.lower()))).order
        for order in self._api.call(routes.ORDERS(query=OrderQuery(q=code[:80]))).orders:
            if order.number.casefold() == code.casefold():
                return order
        raise NotFound(_("No order has the number or code {code}.").format(code=code))

    def _on_found(self, order: Order) -> None:
        self._job = None
        self._store.put_unlisted((order,))
        self.found.emit(order)

    def _on_failed(self, error: ClientError) -> None:
        self._job = None
        self.failed.emit(error)
