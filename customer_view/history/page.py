"""The My orders page: the list, refreshed silently, and the chosen order."""

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError, Conflict, SignedOut, Unreachable
from core.domain.order import Order
from core.ui.days import Days
from core.ui.rows import ROW
from core.ui.text import _, error_text, ngettext, status_label
from core.ui.widgets.connection_chip import Freshness
from core.ui.widgets.controls import button, label, panel
from core.ui.widgets.notice import Notice
from core.ui.widgets.pair import Pair
from customer_view.context import CustomerContext
from customer_view.history.list_view import OrderList
from customer_view.history.model import HistoryModel
from customer_view.history.presenter import History
from customer_view.refresh_button import RefreshButton
from customer_view.tracker.cancel_dialog import CancelDialog
from customer_view.tracker.order_details import OrderDetails
from customer_view.tracker.presenter import CancelFailed, Tracker
from customer_view.words import for_customer, title

_LIST_WIDTH = 430.0
_LIST_SHARE = 0.42


class OrdersPage(QWidget):
    """Refreshes while it is shown."""

    order_wanted = Signal()
    """A customer without orders wants to place one."""
    change_wanted = Signal(object)
    """An `Order` of which a change is to be asked for."""

    def __init__(self, context: CustomerContext, history: History, tracker: Tracker, notice: Notice) -> None:
        super().__init__()
        self.setObjectName("orders_page")
        theme, now = context.theme, context.now
        self._theme = theme
        self._store = context.store
        self.history = history
        self.tracker = tracker
        self._outage = ""
        self.notice = notice
        self._model = HistoryModel(self._store, now, self)
        self._list = OrderList(theme, self._model)
        self._count = label(role="muted")
        self._count.setObjectName("order_count")
        self._refresh = RefreshButton(_("Refresh orders"), history.refresher, theme, "refresh_orders")
        self._freshness = Freshness(history.refresher)
        self._freshness.setObjectName("orders_freshness")
        self._waiting = label(_("Loading your orders…"), "muted", wrap=True)
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty = self._empty_page()
        self._pages = QStackedWidget()
        for page in (self._waiting, self._empty, self._list):
            self._pages.addWidget(page)
        self._details = OrderDetails(theme, tracker, now)
        self._days = Days(now, self)
        self._panel = self._list_panel()
        self._lay_out()
        self._connect()

    def _empty_page(self) -> QWidget:
        page = QWidget()
        page.setObjectName("orders_empty")
        go = button(_("Place an order"), self._theme, "primary", name="order_now")
        go.clicked.connect(self.order_wanted)
        words = [
            label(_("No orders yet"), "number", wrap=True),
            label(_("What you order appears here."), "muted", wrap=True),
        ]
        column = QVBoxLayout(page)
        column.setSpacing(self._theme.space(3))
        column.addStretch(2)
        for each in words:
            each.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(each)
        column.addWidget(go, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)
        return page

    def _list_panel(self) -> QFrame:
        theme = self._theme
        frame, column = panel()
        column.setContentsMargins(theme.space(3), theme.space(4), theme.space(3), theme.space(3))
        column.setSpacing(theme.space(2))
        words = QWidget()
        names = QVBoxLayout(words)
        names.setContentsMargins(0, 0, 0, 0)
        names.setSpacing(0)
        names.addWidget(label(_("My orders"), "title"))
        names.addWidget(self._count)
        names.addStretch(1)
        head = QHBoxLayout()
        head.setContentsMargins(theme.space(3), 0, theme.space(2), 0)
        head.addWidget(Pair(theme, words, self._refresh))
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.space(3), 0, theme.space(2), 0)
        foot.addWidget(self._freshness)
        foot.addStretch(1)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        column.addLayout(foot)
        return frame

    def _lay_out(self) -> None:
        theme = self._theme
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(5))
        row.addWidget(self._panel, 1)
        row.addWidget(self._details, 1000)

    def _connect(self) -> None:
        history, tracker = self.history, self.tracker
        self._list.selectionModel().currentChanged.connect(self._on_current_changed)
        for moved in (self._model.rowsInserted, self._model.rowsRemoved):
            moved.connect(self._on_rows_moved)
        self._model.more_wanted.connect(history.fetch_more)
        history.has_more_changed.connect(self._model.set_has_more)
        history.loaded.connect(self._on_rows_moved)
        for day_begun in (self._model.turn_day, self._details.show_order):
            self._days.begun.connect(day_begun)
        history.failed.connect(self._on_refresh_failed)
        tracker.failed.connect(self._on_refresh_failed)
        for refresher in (history.refresher, tracker.refresher):
            refresher.succeeded.connect(self._on_refresh_succeeded)
        for refresh in (self._refresh, self._details.refresh):
            refresh.pressed_by_hand.connect(self._on_refresh_pressed)
        self._details.cancel_asked.connect(self._on_cancel_asked)
        self._details.change_asked.connect(self._on_change_asked)
        tracker.asking.failed.connect(self._on_asking_failed)
        tracker.cancelled.connect(self._on_order_cancelled)
        tracker.cancel_failed.connect(self._on_cancel_failed)
        tracker.cancel_overtaken.connect(self._on_order_moved_on)

    # -- for the window

    def select(self, order: Order) -> None:
        """Choose an order of the list, and go there."""
        row = self._model.row_of(order.id)
        if row >= 0:
            self._list.setCurrentIndex(self._model.index(row))

    @Slot()
    def refresh(self) -> None:
        """Refresh everything that is shown."""
        self._on_refresh_pressed()
        self.history.refresher.refresh()
        self.tracker.refresh()

    def detach(self) -> None:
        """Stop following the store."""
        self._model.detach()

    # -- the list

    @Slot()
    def _on_rows_moved(self) -> None:
        """Orders were added or removed."""
        self.show_list()
        if not self._list.selectionModel().hasSelection() and self._model.rowCount():
            self._list.setCurrentIndex(self._model.index(0))

    def show_list(self) -> None:
        """Show the list, or why it is empty: nothing loaded yet, nothing ordered yet."""
        held = len(self._store)
        loaded = self.history.is_loaded or held > 0
        self._pages.setCurrentWidget(self._list if held else self._empty if loaded else self._waiting)
        self._details.setVisible(held > 0)
        self._fit()
        self._count.setText(
            ngettext("{count} order", "{count} orders", self._store.total) if loaded and self._store.total else ""
        )

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        order: Order | None = current.data(ROW)
        self.tracker.select(order.id if order is not None else None)

    # -- errors

    @Slot()
    def _on_refresh_pressed(self) -> None:
        """A manual refresh shows its error, even a repeated one."""
        self._outage = ""

    @Slot(object)
    def _on_refresh_failed(self, error: ClientError) -> None:
        """Show the error once; the chip and the ages show that it lasts."""
        self._waiting.setText(_("Your orders could not be loaded yet. This window keeps trying."))
        if isinstance(error, Unreachable | SignedOut):  # shown by the chip, and handled by the window
            return
        plain = for_customer(error)
        if error_text(plain) == self._outage:
            return
        self._outage = error_text(plain)
        self.notice.show_error(plain, _("Try again"), self.refresh)

    @Slot(object)
    def _on_refresh_succeeded(self, _result: object) -> None:
        self.notice.end_outage()
        if self._outage and self.notice.text.endswith(self._outage):
            self.notice.clear()
        self._outage = ""

    # -- asking for a change

    @Slot()
    def _on_change_asked(self) -> None:
        order = self.tracker.order
        if order is not None and self.tracker.asking.can_ask(order):
            self.change_wanted.emit(order)

    @Slot(object)
    def _on_asking_failed(self, error: ClientError) -> None:
        if self.isVisible():
            self.notice.show_error(for_customer(error))

    # -- cancelling

    @Slot()
    def _on_cancel_asked(self) -> None:
        order = self.tracker.order
        if order is None or not self.tracker.can_cancel:
            return
        dialog = CancelDialog(self._theme, self.tracker, order, self.window())
        dialog.confirmed.connect(self.tracker.cancel)
        dialog.overtaken.connect(self._on_cancel_overtaken)
        dialog.open()

    @Slot()
    def _on_cancel_overtaken(self) -> None:
        if self.tracker.order is not None:
            self._show_overtaken(self.tracker.order)

    @Slot(object)
    def _on_order_moved_on(self, order: Order) -> None:
        """The details of the shown order ask for a decision themselves, so it is not announced."""
        if self.tracker.order != order:
            self._show_overtaken(order)

    def _show_overtaken(self, order: Order) -> None:
        self.notice.show_message(
            _("{number} could not be cancelled").format(number=title(order)),
            _("Its status is now “{status}”. Please ask at the counter.").format(status=status_label(order.status)),
        )

    @Slot(object)
    def _on_order_cancelled(self, order: Order) -> None:
        self.notice.show_message(_("{number} is cancelled").format(number=title(order)))

    @Slot(object)
    def _on_cancel_failed(self, failed: CancelFailed) -> None:
        error = failed.error
        if isinstance(error, Conflict) and error.order is not None:
            self._show_overtaken(error.order)
        elif isinstance(error, Unreachable):
            self.notice.show_error(for_customer(error), _("Try again"), lambda: self.tracker.send(failed.cancellation))
        else:
            self.notice.show_error(error)

    # -- on screen

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_list()
        self.history.start()
        self._days.start()
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self.history.stop()
        self._days.stop()
        super().hideEvent(event)

    def _fit(self) -> None:
        """The list's share of the width: all of it while nothing is shown beside it."""
        width = round(min(self._theme.px(_LIST_WIDTH), self.width() * _LIST_SHARE))
        beside = self._details.minimumSizeHint().width() + self._theme.space(5)
        width = min(max(width, self._panel.minimumSizeHint().width()), self.width() - beside)
        self._panel.setMaximumWidth(width if len(self._store) else self.width())
        self._panel.setMinimumWidth(max(0, width))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
