"""The customer's Order page: choose, say how to hand over and pay, place."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from core import clock
from core.client.errors import ClientError
from core.client.sync.engine import SyncStatus
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.status import Fulfilment
from core.ui.ordering.checkout import HandoverForm
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.view import OrderingView
from core.ui.refresh import Refresher
from core.ui.text import _, money
from core.ui.theme import Theme
from core.ui.widgets.notice import Notice
from customer_view.context import CustomerContext
from customer_view.order.presenter import PlaceOrderPresenter, tenders
from customer_view.words import for_customer

_FULFILMENTS = (Fulfilment.PICKUP, Fulfilment.DINE_IN, Fulfilment.DELIVERY)


class OrderPage(QWidget):
    """`clear()` it between customers. The menu is read while the page is shown."""

    placed = Signal(object)
    """The `Order`, as the server has it. The page is empty again by then."""

    def __init__(self, context: CustomerContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("order_page")
        self._presenter = PlaceOrderPresenter(context.jobs, context.api, self)
        self._ordering = self._presenter.ordering
        self.notice = Notice(theme)
        self._form = HandoverForm(
            theme, _FULFILMENTS, tenders, handing=_("How would you like it?"), paying=_("How will you pay?")
        )
        self._checkout = CheckoutPane(
            self._ordering.basket, theme, _("Check out"), self._questions(theme), "place_order"
        )
        self.view = OrderingView(self._ordering, theme, self._checkout, self.notice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        column.addWidget(self.notice)
        column.addWidget(self.view, 1)
        self._connect()
        self._update_view()

    def _questions(self, theme: Theme) -> QWidget:
        questions = QWidget()
        column = QVBoxLayout(questions)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        column.addWidget(self._form)
        column.addWidget(self._form.note)
        return questions

    def _connect(self) -> None:
        presenter = self._presenter
        self.view.completed.connect(self._on_place_wanted)
        self.view.checkout_shown.connect(self._on_checkout_shown)
        self._ordering.basket.changed.connect(self._update_view)
        presenter.placed.connect(self._on_order_placed)
        presenter.refused.connect(self._on_order_refused)
        presenter.unknown.connect(self._on_outcome_unknown)
        presenter.address_missing.connect(self._form.complain_of_address)
        presenter.busy_changed.connect(self._update_view)

    @property
    def refresher(self) -> Refresher:
        """What keeps the menu fresh."""
        return self._ordering.menu

    @Slot(object)
    def set_menu(self, menu: Menu) -> None:
        """The menu is this one now."""
        self._ordering.set_menu(menu)

    @Slot(object)
    def set_sync_status(self, sync_status: SyncStatus) -> None:
        """Changes of the menu come with all other news: it is as fresh as they are."""
        age_s = sync_status.age_s(clock.now_s())
        if age_s is not None and sync_status.answering:
            self._ordering.menu.confirm(age_s)

    def clear(self) -> None:
        """Nothing of one customer is left for the next."""
        self._presenter.clear()
        self._form.clear()
        self.view.clear()
        self.notice.clear()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ordering.menu.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._ordering.menu.stop()
        super().hideEvent(event)

    # -- placing

    @Slot()
    def _on_place_wanted(self) -> None:
        if self._presenter.busy:
            return
        self.notice.clear()
        self.view.show_checkout()
        if self.view.at_checkout:
            self._presenter.place(self._form.values)

    @Slot(object)
    def _on_order_placed(self, order: Order) -> None:
        self.clear()
        self.placed.emit(order)

    @Slot(object)
    def _on_order_refused(self, error: ClientError) -> None:
        if self._ordering.basket.basket.troubled is not None:
            self.view.show_basket()
        self.notice.show_error(for_customer(error))

    @Slot(object)
    def _on_outcome_unknown(self, error: ClientError) -> None:
        told = _("We do not know yet whether your order arrived. Try again: it will not be placed twice.")
        self.notice.show_error(
            ClientError(told, title=for_customer(error).title), _("Try again"), self._on_place_wanted
        )

    @Slot(bool)
    def _on_checkout_shown(self, shown: bool) -> None:
        if shown:
            self._checkout.action.setFocus()
        else:
            self.view.basket.lines.setFocus()
        self._update_view()

    @Slot()
    def _update_view(self) -> None:
        basket, busy = self._ordering.basket.basket, self._presenter.busy
        amount = money(basket.totals().total_minor, basket.currency)
        self._checkout.set_action(
            _("Placing…") if busy else _("Place order · {amount}").format(amount=amount), busy=busy
        )
        self.view.menu.setEnabled(not busy)
