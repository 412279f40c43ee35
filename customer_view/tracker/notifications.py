"""What a customer is told when their order moves: in words and by a sound, once, whichever road brought it."""

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
    """What an order's coming to `status` is told as; empty where nothing is told."""
    return _(look(status).sentence)


class News(QObject):
    """Watches one customer's orders. An order that is new here is no news: they placed it, here or elsewhere."""

    moved = Signal(object)
    """An `Order` that has come to another status, by the shop's doing."""
    missed = Signal(int)
    """How many did while this window was away."""

    def __init__(self, store: OrderStore, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.announcer = Announcer(store, self._on_announced, self._on_missed, now=now, concerns=_is_told)
        self.announcer.start()
        self._behind = False
        self._missed = 0
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)
        self._settling.timeout.connect(self._on_settled)

    def detach(self) -> None:
        """Follow the store no longer."""
        self._settling.stop()
        self.announcer.close()

    def fall_behind(self) -> None:
        """This window was away: whatever brings what happened meanwhile, it is told of in one sum."""
        self._behind = True
        self._settling.stop()

    def catch_up(self) -> None:
        """It is not any more, but for answers that are still on their way."""
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


def _is_told(announcement: Announcement) -> bool:
    return not announcement.is_new and bool(look(announcement.order.status).sentence)
