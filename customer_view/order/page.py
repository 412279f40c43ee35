"""The customer's Order page: choose, enter fulfilment and tender, place."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError
from core.domain.order import Order
from core.domain.status import Fulfilment
from core.ui.ordering.checkout import HandoverForm
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.page import OrderingPage
from core.ui.text import _, money
from core.ui.theme import Theme
from core.ui.widgets.notice import Notice
from customer_view.context import CustomerContext
from customer_view.order.presenter import PlaceOrderPresenter, tenders
from customer_view.words import for_customer

_FULFILMENTS = (Fulfilment.PICKUP, Fulfilment.DINE_IN, Fulfilment.DELIVERY)


class OrderPage(OrderingPage[PlaceOrderPresenter]):
    """`clear()` it between customers. The menu is refreshed while the page is shown."""

    placed = Signal(object)
    """The server's `Order`. The page has been cleared."""

    def __init__(self, context: CustomerContext, notice: Notice | None = None, parent: QWidget | None = None) -> None:
        theme = context.theme
        presenter = PlaceOrderPresenter(context.jobs, context.api)
        form = HandoverForm(
            theme, _FULFILMENTS, tenders, handing=_("How would you like it?"), paying=_("How will you pay?")
        )
        checkout = CheckoutPane(
            presenter.ordering.basket, theme, _("Check out"), _questions(form, theme), "place_order"
        )
        super().__init__(theme, presenter, form, checkout, notice, parent)
        self.setObjectName("order_page")
        self._connect()
        self._update_view()

    def _connect(self) -> None:
        presenter = self._presenter
        self.view.completed.connect(self._on_place_wanted)
        self.view.checkout_shown.connect(self._on_checkout_shown)
        self._ordering.basket.changed.connect(self._update_view)
        self._ordering.menu_changed.connect(self._on_menu_changed)
        presenter.placed.connect(self._on_order_placed)
        presenter.unknown.connect(self._on_outcome_unknown)
        presenter.busy_changed.connect(self._update_view)

    def clear(self) -> None:
        """Reset for the next customer."""
        self._presenter.clear()
        self._form.clear()
        self.view.clear()
        self.notice.clear()

    @Slot()
    def _on_menu_changed(self) -> None:
        self._form.use_tenders(self._ordering.tenders)

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
    @override
    def _on_order_refused(self, error: ClientError) -> None:
        super()._on_order_refused(for_customer(error))

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
        amount = money(basket.amounts().total_minor, basket.currency)
        self._checkout.set_action(
            _("Placing…") if busy else _("Place order · {amount}").format(amount=amount), busy=busy
        )
        self.view.menu.setEnabled(not busy)


def _questions(form: HandoverForm, theme: Theme) -> QWidget:
    questions = QWidget()
    column = QVBoxLayout(questions)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.space(3))
    column.addWidget(form)
    column.addWidget(form.note)
    return questions
