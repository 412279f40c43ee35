"""The till's alerts: a ring and a bar until new orders are noticed, toasts for other changes."""

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.client.announcer import Announcement, Announcer
from core.domain.order import Channel
from core.domain.status import OrderStatus
from core.ui.icons import status_icon
from core.ui.sound import NEW_ORDER, Sounds
from core.ui.text import _, ngettext
from core.ui.widgets.toast import Toasts
from pos_app.alerts.arrival_bar import ArrivalBar
from pos_app.alerts.arrivals import Arrivals
from pos_app.context import PosContext
from pos_app.order.card import customer
from pos_app.order.changes import Done

RING_MS: Final = 4000
"""The interval between rings: audible in the kitchen, and bearable at the counter."""


class Alerts(QObject):
    """All alerts. Silent until `start`, when the store holds the known orders.

    Changes at other tills raise none. New online orders have the bar, which stays until somebody has noticed them;
    cancelled ones have a toast.
    """

    counted = Signal(int)
    """The number of unnoticed orders."""

    def __init__(self, context: PosContext, page: QWidget) -> None:
        super().__init__(page)
        settings, theme, store = context.settings, context.theme, context.store
        self._page = page
        self.toasts = Toasts(theme, page) if settings.toasts else None
        self.sounds = Sounds(volume=settings.volume, muted=not settings.sounds, parent=self)
        self.bar = ArrivalBar(theme)
        self._arrivals = Arrivals(store, self)
        self.announcer = Announcer(store, self._on_announced, self._on_missed, now=context.now, concerns=_concerns)
        self._ring = QTimer(self)
        self._ring.setInterval(RING_MS)
        self._ring.timeout.connect(self._on_ring_due)
        self._arrivals.changed.connect(self._on_arrivals_changed)
        self.bar.acknowledged.connect(self.acknowledge)

    @property
    def started(self) -> bool:
        return self._arrivals.started

    def start(self) -> None:
        """Take the store's orders as known; later changes raise alerts."""
        if not self.started:
            self._arrivals.start()
            self.announcer.start()

    def stop(self) -> None:
        """Stop at sign-out."""
        self._arrivals.stop()
        self.announcer.stop()
        self.hush()

    def hush(self) -> None:
        """The page is hidden: no names are shown, but the ring goes on."""
        if self.toasts is not None:
            self.toasts.clear()

    @Slot()
    def acknowledge(self) -> None:
        self._arrivals.acknowledge()

    @Slot(object)
    def on_change_done(self, done: Done) -> None:
        """Mark a change as this till's own."""
        self.announcer.mine(done.order)

    def close(self) -> None:
        self._ring.stop()
        self.sounds.stop()
        self._arrivals.close()
        self.announcer.close()

    # -- inside

    @Slot()
    def _on_arrivals_changed(self) -> None:
        orders = self._arrivals.orders
        self.bar.set_orders(orders)
        if not orders:
            self._ring.stop()
            self.sounds.stop()
        elif not self._ring.isActive():
            self._ring.start()
            self._on_ring_due()
        self.counted.emit(len(orders))

    @Slot()
    def _on_ring_due(self) -> None:
        self.sounds.play(NEW_ORDER)

    def _on_announced(self, announcement: Announcement) -> None:
        if announcement.is_new:
            return  # the bar shows it
        order = announcement.order
        title = _("{number} was cancelled").format(number=order.number)
        self._toast(status_icon(order.status), title, order.reason or customer(order), about=order.id)
        self.sounds.play(order.status.value)

    def _on_missed(self, count: int) -> None:
        words = ngettext("{count} change while this POS was away", "{count} changes while this POS was away", count)
        self._toast("orders", words, "", about="away")

    def _toast(self, icon: str, title: str, message: str, *, about: str) -> None:
        if self.toasts is not None and self._page.isVisible():
            self.toasts.show_toast(icon, title, message, about=about)


def _concerns(announcement: Announcement) -> bool:
    order = announcement.order
    if announcement.is_new:
        return order.channel is Channel.ONLINE and order.status is OrderStatus.PENDING
    return order.status is OrderStatus.CANCELLED
