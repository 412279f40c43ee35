"""Everything that one customer's signing in brings with it."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from core.client.api import CustomerApi
from core.client.orders import OrderStore
from core.domain.order import Order
from core.protocol.replies import Tokens
from core.ui.jobs import Jobs
from core.ui.text import _
from core.ui.theme import Theme
from customer_view.presenters.history import History
from customer_view.presenters.tracker import Tracker
from customer_view.settings import CustomerSettings
from customer_view.widgets.header import Header
from customer_view.widgets.orders_page import OrdersPage

ORDER, MY_ORDERS = "order", "my_orders"


class Visit(QWidget):
    """One customer's orders, presenters and pages. It is made when they sign in and thrown away whole when they leave,
    so that nothing of theirs has to be remembered to be cleared, and nothing of theirs can be left."""

    sign_out_asked = Signal()

    def __init__(self, theme: Theme, jobs: Jobs, api: CustomerApi, settings: CustomerSettings, tokens: Tokens) -> None:
        super().__init__()
        self.setObjectName("page")
        self._theme = theme
        self._jobs = jobs
        self._api = api
        self._store = OrderStore()
        self._history = History(jobs, api, self._store, settings, self)
        self._tracker = Tracker(jobs, api, self._store, settings, self)
        self._header = Header(
            theme, tokens.shop_name, tokens.person.name, ((ORDER, _("Order")), (MY_ORDERS, _("My orders")))
        )
        self._header.tab_chosen.connect(self.show_tab)
        self._header.sign_out_asked.connect(self.sign_out_asked)
        self._header.chip.try_now.connect(self._on_try_now_chosen)
        self._my_orders = OrdersPage(theme, self._store, self._history, self._tracker, api.server_now)
        self._my_orders.order_wanted.connect(self._on_order_wanted)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._my_orders)
        self._order: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(6), theme.space(3), theme.space(6), theme.space(6))
        column.setSpacing(theme.space(3))
        column.addWidget(self._header)
        column.addWidget(self._pages, 1)
        for keys, act in (
            (Qt.Key.Key_F5, self._on_try_now_chosen),
            (Qt.Modifier.CTRL | Qt.Key.Key_1, self._on_order_wanted),
            (Qt.Modifier.CTRL | Qt.Key.Key_2, self._on_my_orders_wanted),
        ):
            QShortcut(QKeySequence(keys), self, act)
        self.show_tab(MY_ORDERS)

    @Slot(str)
    def show_tab(self, name: str) -> None:
        """Show the page of a tab; the Order page is made when it is first wanted."""
        self._header.show_tab(name)
        self._pages.setCurrentWidget(self._my_orders if name == MY_ORDERS else self._order_page())
        self._header.chip.follow(self._history.refresher if name == MY_ORDERS else None)

    def end(self) -> None:
        """Stop, and hold nothing any more. Nobody is called back from here on."""
        self.hide()
        self._jobs.cancel()
        self._header.chip.follow(None)
        self._tracker.detach()
        self._history.stop()
        self._store.clear()
        self._my_orders.detach()

    def _order_page(self) -> QWidget:
        if self._order is None:
            from customer_view.widgets.order_page import OrderPage

            page = OrderPage(self._theme, self._jobs, self._api)
            page.placed.connect(self._on_order_placed)
            self._pages.addWidget(page)
            self._order = page
        return self._order

    @Slot(object)
    def _on_order_placed(self, order: Order) -> None:
        self._store.put(order)
        self.show_tab(MY_ORDERS)
        self._my_orders.select(order)

    @Slot()
    def _on_order_wanted(self) -> None:
        self.show_tab(ORDER)

    @Slot()
    def _on_my_orders_wanted(self) -> None:
        self.show_tab(MY_ORDERS)

    @Slot()
    def _on_try_now_chosen(self) -> None:
        if self._my_orders.isVisible():
            self._my_orders.refresh()
