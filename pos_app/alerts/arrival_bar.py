"""A bar that announces new orders until it is acknowledged."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from core.domain.order import Order
from core.ui import icons
from core.ui.text import _, fulfilment_label, money, ngettext
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, set_margins
from core.ui.widgets.titled_text import TitledText
from pos_app.order.card import customer, request_text


class ArrivalBar(QFrame):
    """Lists the new orders and requests, with one button. Hidden while there are none."""

    acknowledged = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("arrivals")
        self.setProperty("role", "notice")
        self.setProperty("tone", "new")
        self._theme = theme
        self._bell = label()
        self._draw()
        theme.changed.connect(self._draw)
        self._title = label(role="strong")
        self._title.setObjectName("arrivals_title")
        self._message = label(wrap=True)
        self._message.setObjectName("arrivals_message")
        notice = button(_("Got it   A"), theme, "primary", name="acknowledge")
        notice.setAccessibleName(_("Acknowledge the new orders"))
        notice.clicked.connect(self.acknowledged)
        row = QHBoxLayout(self)
        set_margins(row, theme.space(4), 2, 2, 2)
        row.setSpacing(theme.space(3))
        row.addWidget(self._bell)
        row.addWidget(TitledText(theme, self._title, self._message), 1)
        row.addWidget(notice)
        self.hide()

    @Slot()
    def _draw(self) -> None:
        size = self._theme.px(26)
        self._bell.setPixmap(icons.icon("bell", self._theme.colour("pending"), size).pixmap(size))

    def set_orders(self, orders: Sequence[Order]) -> None:
        """Show these new orders."""
        self.setHidden(not orders)
        if not orders:
            return
        asking = sum(order.open_request is not None for order in orders)
        titles = [
            ngettext("{count} new order", "{count} new orders", len(orders) - asking) if len(orders) > asking else "",
            ngettext("{count} customer asks for a change", "{count} customers ask for a change", asking)
            if asking
            else "",
        ]
        title = " · ".join(filter(None, titles))
        self._title.setText(title)
        first = orders[0]
        words = (first.number, customer(first), fulfilment_label(first.fulfilment))
        message = " · ".join((*words, request_text(first) or money(first.total_minor, first.currency)))
        if len(orders) > 1:
            message = ", ".join(order.number for order in orders[:3]) + ("…" if len(orders) > 3 else "")
        self._message.setText(message)
        self.setAccessibleName(f"{title}. {message}")
