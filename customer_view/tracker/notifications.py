"""Notifications of a customer when their order moves: a sentence and a sound, once, whichever way the change
arrived."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.client.announcer import Announcement, Announcer
from core.client.order_store import Changes, OrderStore
from core.domain.ids import OrderId
from core.domain.order import Order, RequestState
from core.domain.status import OrderStatus, look
from core.ui.text import _

_SETTLE_MS: Final = 1500
_ANSWERS: Final = frozenset({RequestState.ACCEPTED, RequestState.DECLINED})


def sentence(status: OrderStatus) -> str:
    """The notification for an order's new `status`; empty for none."""
    return _(look(status).sentence)


class Notifications(QObject):
    """Observes one customer's orders. New orders are not notified: the customer placed them, here or elsewhere."""

    moved = Signal(object)
    """An `Order` whose status the shop has changed."""
    answered = Signal(object)
    """An `Order` of which the shop has answered what its customer asked for."""
    missed = Signal(int)
    """The number of orders that have moved while this window was away."""

    def __init__(self, store: OrderStore, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.announcer = Announcer(store, self._on_announced, self._on_missed, now=now, concerns=_is_announced)
        self.announcer.start()
        self._store = store
        self._open = self._requests()
        self._forget = store.subscribe(self._on_store_changed)
        self._behind = False
        self._missed = 0
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)
        self._settling.timeout.connect(self._on_settled)

    def detach(self) -> None:
        """Stop observing the store."""
        self._settling.stop()
        self._forget()
        self.announcer.close()

    def fall_behind(self) -> None:
        """This window was away: changes from now on are counted, and summarised."""
        self._behind = True
        self._settling.stop()

    def catch_up(self) -> None:
        """It is up to date again, after answers that are still on their way."""
        if self._behind and not self._settling.isActive():
            self._settling.start()

    @Slot()
    def _on_settled(self) -> None:
        self._behind = False
        missed, self._missed = self._missed, 0
        if missed:
            self.missed.emit(missed)

    def _requests(self) -> dict[OrderId, int]:
        return {order.id: version for order in self._store if (version := _open_version(order))}

    def _on_store_changed(self, changes: Changes) -> None:
        for order_id in (*changes.added, *changes.updated):
            order = self._store.server_row(order_id)
            was = self._open.pop(order_id, 0)
            if version := _open_version(order):
                self._open[order_id] = version
            request = order.change_request if order is not None else None
            if order is None or request is None or request.version != was or request.state not in _ANSWERS:
                continue
            if self._behind:
                self._missed += 1
            else:
                self.answered.emit(order)

    def _on_announced(self, announcement: Announcement) -> None:
        if self._behind:
            self._missed += 1
        else:
            self.moved.emit(announcement.order)

    def _on_missed(self, count: int) -> None:
        if self._behind:
            self._missed += count
        else:
            self.missed.emit(count)


def _open_version(order: Order | None) -> int:
    """The version of the unanswered request; 0 for none."""
    return order.open_request.version if order is not None and order.open_request is not None else 0


def _is_announced(announcement: Announcement) -> bool:
    return not announcement.is_new and bool(look(announcement.order.status).sentence)
