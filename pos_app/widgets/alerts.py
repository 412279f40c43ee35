"""What the till calls out: a ring until new orders are noticed, a toast for what somebody should know."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.client.announcer import Announcement, Announcer
from core.client.orders import OrderStore
from core.domain.order import Channel, Order
from core.domain.status import OrderStatus
from core.ui.icons import status_icon
from core.ui.sound import NEW_ORDER, Sounds
from core.ui.text import _, fulfilment_label, money, ngettext
from core.ui.theme import Theme
from core.ui.toast import Toasts
from pos_app.models.card import customer
from pos_app.presenters.arrivals import Arrivals
from pos_app.presenters.changes import Done
from pos_app.settings import PosSettings
from pos_app.widgets.arrival_bar import ArrivalBar

RING_MS: Final = 4000
"""From one ring to the next: heard from the kitchen, and bearable at the counter."""


class Alerts(QObject):
    """Everything that calls. Silent until `start`, when the store holds what is no news any more.

    Whatever a colleague does at another till needs nobody here; toasts are for orders that come in by themselves
    and for those that are called off.
    """

    counted = Signal(int)
    """How many orders nobody has noticed."""

    def __init__(
        self, settings: PosSettings, theme: Theme, store: OrderStore, now: Callable[[], datetime], page: QWidget
    ) -> None:
        super().__init__(page)
        self._page = page
        # At the start: the other corner has the button that takes the payment.
        self.toasts = Toasts(theme, page, at_start=True) if settings.toasts else None
        self.sounds = Sounds(volume=settings.volume, muted=not settings.sounds, parent=self)
        self.bar = ArrivalBar(theme)
        self._arrivals = Arrivals(store, self)
        self.announcer = Announcer(store, self._on_announced, self._on_missed, now=now, concerns=_concerns)
        self._ring = QTimer(self)
        self._ring.setInterval(RING_MS)
        self._ring.timeout.connect(self._on_ring_due)
        self._arrivals.changed.connect(self._on_arrivals_changed)
        self.bar.acknowledged.connect(self.acknowledge)

    @property
    def started(self) -> bool:
        return self._arrivals.started

    def start(self) -> None:
        """What the store holds is known; from here on changes are news."""
        if not self.started:
            self._arrivals.start()
            self.announcer.start()

    def stop(self) -> None:
        """Somebody signed out."""
        self._arrivals.stop()
        self.announcer.stop()
        self.hush()

    def hush(self) -> None:
        """The page is hidden: nobody's name is called out, but the ring goes on."""
        if self.toasts is not None:
            self.toasts.clear()

    @Slot()
    def acknowledge(self) -> None:
        self._arrivals.acknowledge()

    @Slot(object)
    def on_change_done(self, done: Done) -> None:
        """This till's own doing is no news to it."""
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
        self.bar.tell(orders)
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
        order = announcement.order
        if announcement.is_new:
            self._toast(status_icon(order.status), _("New order {number}").format(number=order.number), _summary(order))
        else:
            title = _("{number} was cancelled").format(number=order.number)
            self._toast(status_icon(order.status), title, order.reason or customer(order))
            self.sounds.play(order.status.value)

    def _on_missed(self, count: int) -> None:
        words = ngettext("{count} change while this till was away", "{count} changes while this till was away", count)
        self._toast("orders", words, "")

    def _toast(self, icon: str, title: str, message: str) -> None:
        if self.toasts is not None and self._page.isVisible():
            self.toasts.show_toast(icon, title, message)


def _summary(order: Order) -> str:
    amount = money(order.total_minor, order.currency)
    return " · ".join((customer(order), fulfilment_label(order.fulfilment), amount))


def _concerns(announcement: Announcement) -> bool:
    order = announcement.order
    if announcement.is_new:
        return order.channel is Channel.ONLINE and order.status is OrderStatus.PENDING
    return order.status is OrderStatus.CANCELLED
