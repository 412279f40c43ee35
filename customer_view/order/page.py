"""The customer's Order page: choose, enter fulfilment and tender, place."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError
from core.domain.commands import AmendedLine
from core.domain.order import Order
from core.domain.status import Fulfilment
from core.protocol import routes
from core.ui.ordering.change_bar import ChangeBar
from core.ui.ordering.checkout import HandoverForm
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.page import OrderingPage
from core.ui.ordering.pictures import Pictures
from core.ui.text import _, money
from core.ui.theme import Theme
from core.ui.widgets.notice import Notice
from customer_view.context import CustomerContext
from customer_view.order.presenter import PlaceOrderPresenter, tenders
from customer_view.tracker.asking import Asking
from customer_view.words import for_customer

_FULFILMENTS = (Fulfilment.PICKUP, Fulfilment.DINE_IN, Fulfilment.DELIVERY)


class OrderPage(OrderingPage[PlaceOrderPresenter]):
    """Also where a change of a placed order is put together.

    `clear()` it between customers. The menu is refreshed while the page is shown."""

    placed = Signal(object)
    """The server's `Order`. The page has been cleared."""
    change_ended = Signal(object)
    """The `Order` of which a change was asked for, or is not to be. The page has been cleared."""

    def __init__(
        self,
        context: CustomerContext,
        asking: Asking | None = None,
        notice: Notice | None = None,
        parent: QWidget | None = None,
    ) -> None:
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
        self._store = context.store
        self._begun: tuple[AmendedLine, ...] = ()
        """The lines of the order that is being changed, as it was."""
        self._asking = asking or Asking(context, parent=self)
        self._change_bar = ChangeBar(theme)
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(0, self._change_bar)
        pictures = Pictures(context.jobs, lambda name: context.api.call(routes.PICTURE(name)), self)
        self.view.menu.tiles.show_pictures(pictures)
        self._ordering.menu_changed.connect(pictures.retry)
        self._connect()
        self._update_view()

    def _connect(self) -> None:
        presenter = self._presenter
        self.view.completed.connect(self._on_place_wanted)
        self.view.checkout_shown.connect(self._on_checkout_shown)
        self._ordering.basket.changed.connect(self._update_view)
        self._form.note.textChanged.connect(self._update_view)
        self._ordering.menu_changed.connect(self._on_menu_changed)
        presenter.placed.connect(self._on_order_placed)
        presenter.unknown.connect(self._on_outcome_unknown)
        presenter.busy_changed.connect(self._update_view)
        self._change_bar.left.connect(self._on_change_left)
        self._asking.busy_changed.connect(self._update_view)
        self._asking.asked.connect(self._on_change_asked)
        self._asking.failed.connect(self._on_asking_failed)

    def clear(self) -> None:
        """Reset for the next customer."""
        self._presenter.clear()
        self._form.clear()
        self.view.clear()
        self.notice.clear()

    @Slot()
    def _on_menu_changed(self) -> None:
        self._form.use_tenders(self._ordering.tenders)

    # -- asking for a change of a placed order

    @property
    def _changing(self) -> Order | None:
        """The order as it was when its change began."""
        return self._ordering.basket.basket.changes

    @property
    def _is_same(self) -> bool:
        """Whether the page says what the order is already."""
        order, basket = self._changing, self._ordering.basket.basket
        return order is not None and basket.amended == self._begun and self._form.note.text().strip() == order.note

    def change(self, order: Order) -> bool:
        """Begin to change a placed order. False while another basket is in progress."""
        if self._ordering.basket.basket.lines and self._changing is None:
            self.notice.show_message(
                _("There is a basket in progress."), _("Place or empty it. Then ask for the change.")
            )
            return False
        self.clear()
        self._ordering.basket.change(order)
        self._begun = self._ordering.basket.basket.amended
        self._form.fill(order.fulfilment, order.address, order.note)
        self._update_view()
        return True

    @Slot()
    def _on_change_left(self) -> None:
        order = self._changing
        self.clear()
        if order is not None:
            self.change_ended.emit(order)

    def _ask(self, begun: Order) -> None:
        """Ask for what is on the page, unless the order is another by now."""
        order = self._store.get(begun.id) or begun
        if order.amendments != begun.amendments or not self._asking.can_ask(order):
            told = _("The shop has changed it or gone on with it. Please look at the order again.")
            self.notice.show_message(_("{number} is not as you saw it").format(number=order.number), told)
            return
        self._asking.ask(order, self._ordering.basket.basket.amended, self._form.note.text().strip())

    @Slot(object)
    def _on_change_asked(self, order: Order) -> None:
        begun = self._changing
        if begun is not None and begun.id == order.id:
            self.clear()
            self.change_ended.emit(order)

    @Slot(object)
    def _on_asking_failed(self, error: ClientError) -> None:
        if self.isVisible():
            self._ordering.blame(error)
            self._on_order_refused(error)

    # -- placing

    @Slot()
    def _on_place_wanted(self) -> None:
        if self._presenter.busy or self._asking.busy:
            return
        self.notice.clear()
        self.view.show_checkout()
        if not self.view.at_checkout or self._is_same:
            return
        if self._changing is not None:
            self._ask(self._changing)
        else:
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
        basket, busy = self._ordering.basket.basket, self._presenter.busy or self._asking.busy
        total_minor, order = basket.amounts().total_minor, self._changing
        amount = money(total_minor, basket.currency)
        title = _("Asking for a change of {number}").format(number=order.number) if order is not None else ""
        self._change_bar.show_change(title, order, total_minor)
        self._form.setVisible(order is None)
        placing = _("Asking…") if order is not None else _("Placing…")
        words = _("Ask the shop · {amount}") if order is not None else _("Place order · {amount}")
        if self._is_same and not busy:
            words = _("Nothing is changed yet")
        self._checkout.set_action(placing if busy else words.format(amount=amount), busy=busy)
        self._checkout.action.setEnabled(not busy and not self._is_same)
        self.view.menu.setEnabled(not busy)


def _questions(form: HandoverForm, theme: Theme) -> QWidget:
    questions = QWidget()
    column = QVBoxLayout(questions)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.space(3))
    column.addWidget(form)
    column.addWidget(form.note)
    return questions
