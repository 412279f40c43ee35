"""The cashier's New order page: choose items, customer and payment, and take the order."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from core import clock
from core.client.errors import ClientError, SignedOut
from core.client.sync.engine import SyncStatus
from core.domain.menu import Menu
from core.domain.order import Order, Tender
from core.domain.status import Fulfilment
from core.ui.ordering.checkout import HandoverForm
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.view import OrderingView
from core.ui.text import _, money
from core.ui.theme import Theme
from core.ui.widgets.controls import label
from core.ui.widgets.notice import Notice
from pos_app.context import PosContext
from pos_app.new_order.cash_pad import CashPad
from pos_app.new_order.customer_field import CustomerField
from pos_app.new_order.presenter import TakeOrderPresenter, tenders

_FULFILMENTS = (Fulfilment.DINE_IN, Fulfilment.PICKUP, Fulfilment.DELIVERY)


class NewOrderPage(QWidget):
    """`clear()` it between customers. The menu is refreshed while the page is shown.

    Without the window's `notice` it has its own.
    """

    taken = Signal(object)
    """The server's `Order`. The page has been cleared, and the receipt is open."""
    failed = Signal(object)
    """A `SignedOut`, for the window. The form stays for the same cashier."""

    def __init__(self, context: PosContext, notice: Notice | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("new_order_page")
        self._theme = theme
        self._jobs = context.jobs
        self._presenter = TakeOrderPresenter(context.jobs, context.api, self)
        self._ordering = self._presenter.ordering
        self._receipt: QWidget | None = None
        self.notice = notice or Notice(theme)
        self._customer = CustomerField(self._presenter, theme)
        self._form = HandoverForm(theme, _FULFILMENTS, tenders, handing=_("Handover"), paying=_("Payment"))
        self._cash = CashPad(theme)
        self._checkout = CheckoutPane(
            self._ordering.basket, theme, _("Take payment"), self._questions(theme), "take_payment", brief=True
        )
        self.view = OrderingView(self._ordering, theme, self._checkout, self.notice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        if notice is None:
            column.addWidget(self.notice)
        column.addWidget(self.view, 1)
        self._connect()
        self._update_view()

    def _questions(self, theme: Theme) -> QWidget:
        questions = QWidget()
        column = QVBoxLayout(questions)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(label(_("For whom"), "small"))
        for part in (self._customer, self._form, self._cash, self._form.note):
            column.addWidget(part)
        column.addStretch(1)
        return questions

    def _connect(self) -> None:
        presenter = self._presenter
        self.view.completed.connect(self._on_take_wanted)
        self.view.checkout_shown.connect(self._on_checkout_shown)
        for asked in (self._ordering.basket.changed, self._form.changed, self._cash.changed):
            asked.connect(self._update_view)
        presenter.placed.connect(self._on_order_taken)
        presenter.refused.connect(self._on_order_refused)
        presenter.unknown.connect(self._on_outcome_unknown)
        presenter.address_missing.connect(self._form.complain_of_address)
        presenter.busy_changed.connect(self._update_view)

    @Slot(object)
    def set_menu(self, menu: Menu) -> None:
        """Use a new menu."""
        self._ordering.set_menu(menu)

    @Slot(object)
    def set_sync_status(self, sync_status: SyncStatus) -> None:
        """Changes of the menu are pushed like all events, so it is as fresh as they are."""
        age_s = sync_status.age_s(clock.now_s())
        if age_s is not None and sync_status.answering:
            self._ordering.menu.confirm(age_s)

    def clear(self) -> None:
        """Reset for the next customer or cashier."""
        self._presenter.clear()
        self._customer.clear()
        self._form.clear()
        self._cash.clear()
        self.view.clear()
        self.notice.clear()
        if self._receipt is not None:
            self._receipt.close()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ordering.menu.start()
        self.view.menu.search.setFocus()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._ordering.menu.stop()
        self._presenter.stop_looking()
        super().hideEvent(event)

    # -- taking it

    @Slot()
    def _on_take_wanted(self) -> None:
        if self._presenter.busy:
            return
        self.notice.clear()
        self.view.show_checkout()
        if not self.view.at_checkout:
            return
        if self._pays_cash and self._cash.given_minor is None:
            self._cash.complain()
            self.notice.show_message(_("The cash given does not cover the order"))
            return
        self._presenter.take(self._customer.walk, self._form.values)

    @property
    def _pays_cash(self) -> bool:
        return self._form.values.tender is Tender.CASH

    @Slot(object)
    def _on_order_taken(self, order: Order) -> None:
        given_minor = self._cash.given_minor if order.tender is Tender.CASH else None
        self.clear()
        self.taken.emit(order)
        self._open_receipt(order, given_minor)

    def _open_receipt(self, order: Order, given_minor: int | None) -> None:
        from core.ui.widgets.receipt import ReceiptDialog

        receipt = ReceiptDialog(order, self._ordering.shop_name, self._theme, self._jobs, given_minor, self.window())
        receipt.finished.connect(self._on_receipt_finished)
        self._receipt = receipt
        receipt.open()

    @Slot()
    def _on_receipt_finished(self) -> None:
        self._receipt = None

    @Slot(object)
    def _on_order_refused(self, error: ClientError) -> None:
        if self._ordering.basket.basket.troubled is not None:
            self.view.show_basket()
        self.notice.show_error(error)

    @Slot(object)
    def _on_outcome_unknown(self, error: ClientError) -> None:
        told = _("Nobody knows yet whether the order arrived. Try again: it will not be taken twice.")
        self.notice.show_error(ClientError(told, title=error.title), _("Try again"), self._on_take_wanted)
        if isinstance(error, SignedOut):
            self.failed.emit(error)

    @Slot(bool)
    def _on_checkout_shown(self, shown: bool) -> None:
        if shown:
            self._checkout.action.setFocus()
        else:
            self.view.menu.search.setFocus()
        self._update_view()

    @Slot()
    def _update_view(self) -> None:
        basket, busy = self._ordering.basket.basket, self._presenter.busy
        total_minor = basket.totals().total_minor
        self._cash.ask(total_minor, basket.currency)
        self._cash.setVisible(self._pays_cash)
        action = _("Sending…") if busy else self._take_text(money(total_minor, basket.currency))
        self._checkout.set_action(action, busy=busy)
        self.view.menu.setEnabled(not busy)

    def _take_text(self, amount: str) -> str:
        tender = self._form.values.tender
        if tender is Tender.CASH_ON_DELIVERY:
            return _("Place, paid on delivery · {amount}").format(amount=amount)
        text = _("Take cash · {amount}") if tender is Tender.CASH else _("Take card · {amount}")
        return text.format(amount=amount)
