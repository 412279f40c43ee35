"""Notifications of a customer when their order moves: a sentence and a sound, once, whichever way the change
arrived."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.client.announcer import Announcement, Announcer
from core.client.order_store import OrderStore
from core.domain.status import OrderStatus, look
from core.ui.text import _

_SETTLE_MS: Final = 1500


def sentence(status: OrderStatus) -> str:
    """The notification for an order's new `status`; empty for none."""
    return _(look(status).sentence)


class Notifications(QObject):
    """Observes one customer's orders. New orders are not notified: the customer placed them, here or elsewhere."""

    moved = Signal(object)
    """An `Order` whose status the shop has changed."""
    missed = Signal(int)
    """The number of orders that have moved while this window was away."""

    def __init__(self, store: OrderStore, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.announcer = Announcer(store, self._on_announced, self._on_missed, now=now, concerns=_is_announced)
        self.announcer.start()
        self._behind = False
        self._missed = 0
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)
        self._settling.timeout.connect(self._on_settled)

    def detach(self) -> None:
        """Stop observing the store."""
        self._settling.stop()
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


def _is_announced(announcement: Announcement) -> bool:
    return not announcement.is_new and bool(look(announcement.order.status).sentence)
