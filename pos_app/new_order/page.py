"""The cashier's New order page: choose items, customer and payment, and take the order."""

import contextlib
from collections.abc import Callable
from functools import partial

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError, SignedOut
from core.domain.commands import AmendOrder, NewPayment
from core.domain.discount import Discount
from core.domain.errors import InvalidOrder
from core.domain.ids import OrderId
from core.domain.order import Order, Tender, check_delivery
from core.domain.payment import to_pay_minor
from core.domain.status import Fulfilment
from core.domain.tenders import TENDERS
from core.protocol import routes
from core.ui import keys
from core.ui.ordering.change_bar import ChangeBar
from core.ui.ordering.checkout import HandoverForm
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.page import OrderingPage
from core.ui.ordering.pictures import Pictures
from core.ui.text import _, difference, difference_text
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, panel
from core.ui.widgets.notice import Notice
from pos_app.context import PosContext
from pos_app.new_order.changing import Changing, change_title
from pos_app.new_order.customer_field import CustomerField
from pos_app.new_order.draft import draft
from pos_app.new_order.favourites import TillFavourites
from pos_app.new_order.held_stages import HeldStages
from pos_app.new_order.presenter import TakeOrderPresenter
from pos_app.order.payment_panel import PaymentPanel
from pos_app.order.sale_done import LastSale, SaleDone
from pos_app.stock import Stock

_FULFILMENTS = (Fulfilment.DINE_IN, Fulfilment.PICKUP, Fulfilment.DELIVERY)


class NewOrderPage(OrderingPage[TakeOrderPresenter]):
    """`clear()` it between customers."""

    taken = Signal(object)
    """The server's `Order`. The page has been cleared, and the receipt is open."""
    change_wanted = Signal(object, object)
    """An `Order`, and the `AmendOrder` that is to be made of it."""
    payments_wanted = Signal(object, object)
    """An `Order` that was taken and is still to be paid, in parts or at the card terminal, and how it is divided (a
    `Split`). `show_done` follows."""
    titled = Signal(str)
    """What the page is called; empty for as usual."""
    failed = Signal(object)
    """A `SignedOut`, for the window. The form stays for the same cashier."""

    def __init__(self, context: PosContext, notice: Notice | None = None, parent: QWidget | None = None) -> None:
        theme = context.theme
        presenter = TakeOrderPresenter(context.jobs, context.api)
        form = HandoverForm(theme, _FULFILMENTS, handing=_("Handover"))
        customer = CustomerField(presenter, theme)
        questions = _questions(theme, customer, form, form.note)
        checkout = CheckoutPane(presenter.ordering.basket, theme, _("Take payment"), questions, "save_change")
        super().__init__(theme, presenter, form, checkout, notice, parent)
        self.setObjectName("new_order_page")
        self._theme = theme
        self._jobs = context.jobs
        self._bridge = context.bridge
        self._has_terminal = bool(context.settings.card_terminal)
        self._receipt: QWidget | None = None
        self._draft = draft(presenter.ordering.basket.basket)
        self._to_be_paid = False
        self._given_minor: int | None = None
        self._discount: QWidget | None = None
        self._again: Callable[[], None] | None = None
        """Takes the order as it was taken last, whose outcome is unknown."""
        self._paying: OrderId | None = None
        self._last: tuple[Order, int | None] | None = None
        """The order that was taken last, and the cash given for it."""
        self._customer = customer
        self.panel = PaymentPanel(theme)
        self._later = button(_("Pay later"), theme, icon="waiting", name="payment_later")
        take_off = button(_("Discount"), theme, icon="percent", name="payment_discount")
        take_off.clicked.connect(self.view.basket.discount_asked)
        for key in (take_off, self._later):
            self.panel.add_key(key)
        self.done, self.last_sale = SaleDone(theme, _("Next order")), LastSale(theme)
        self.stock = Stock(context.jobs, context.api, self)
        """Switches the item whose tile is held down."""
        self.view.menu.tiles.can_hold = True
        self._favourites = TillFavourites(context, self)
        self.view.menu.offer_stars()
        pictures = Pictures(context.jobs, lambda name: context.api.call(routes.PICTURE(name)), self)
        self.view.menu.tiles.show_pictures(pictures)
        self._ordering.menu_changed.connect(pictures.retry)
        self.view.basket.can_discount = True
        self.view.basket.add_to_empty(self.last_sale)
        self._paying_main, self._done_main = _framed(theme, self.panel), _framed(theme, self.done)
        self.view.add_main(self._paying_main)
        self.view.add_main(self._done_main, sole=True)
        self.held = HeldStages(context, self.view, presenter, form, customer, self.notice)
        self.changing = Changing(context, self._ordering.basket, self)
        self.change_bar = ChangeBar(theme)
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(0, self.change_bar)
        self._connect()
        self._update_view()

    def _connect(self) -> None:
        presenter = self._presenter
        self.view.completed.connect(self._on_take_wanted)
        self.view.checkout_shown.connect(self._on_checkout_shown)
        for asked in (self._ordering.basket.changed, self._form.changed):
            asked.connect(self._update_view)
        self._ordering.basket.changed.connect(self._on_basket_changed)
        self.panel.taken.connect(self._on_payment_taken)
        self.view.digit_typed.connect(self.panel.pad.type)
        self._later.clicked.connect(self._on_later_pressed)
        self.done.next_wanted.connect(self.begin_next)
        for each in (self.done, self.last_sale):
            each.receipt_wanted.connect(self._open_receipt)
        self._customer.entered.connect(self._focus_payment)
        self.view.basket.discount_asked.connect(self._open_discount)
        self.view.basket.service_asked.connect(self._open_service)
        shortcut = QShortcut(QKeySequence("Ctrl+D"), self)
        shortcut.activated.connect(self._on_discount_key)
        self.view.menu.held.connect(self.stock.switch)
        self.stock.failed.connect(self._on_not_switched)
        self.view.menu.starred.connect(self._favourites.switch)
        self._favourites.changed.connect(self._ordering.set_favourites)
        self._favourites.failed.connect(self._on_not_switched)
        self._ordering.menu_changed.connect(self._update_tenders)
        self._bridge.sync_status_changed.connect(self._update_tenders)
        self.change_bar.left.connect(self.clear)
        self.changing.wanted.connect(self.change_wanted)
        self.changing.reason_wanted.connect(self._ask_reason)
        self.changing.refused.connect(self._on_change_refused)
        self.changing.outdated.connect(self._on_outdated)
        self.changing.ended.connect(self._on_day_ended)
        self.held.freed.connect(self.clear)
        self.held.failed.connect(self.failed)
        presenter.placed.connect(self._on_order_taken)
        presenter.unknown.connect(self._on_outcome_unknown)
        presenter.busy_changed.connect(self._update_view)
        self._bridge.sync_status_changed.connect(presenter.set_sync_status)

    @Slot()
    def clear(self) -> None:
        """Reset for the next customer or cashier. What is said of the last order is gone with it."""
        self._last = self._again = None
        self.last_sale.hide()
        self._presenter.clear()
        self.held.holding.clear()
        self._customer.clear()
        self._form.clear()
        self.panel.clear()
        self.view.clear()
        self.notice.clear()
        for dialog in (self._receipt, self._discount):
            if dialog is not None:
                dialog.close()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._favourites.read()
        (self.view.menu.search if self._done_main.isHidden() else self.done.next).setFocus()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        """Return to the menu; the last change stays in the empty basket."""
        self._presenter.stop_looking()
        if not self._done_main.isHidden() and not event.spontaneous():
            self.begin_next()
        super().hideEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """At the checkout, keys that no field handled: Esc goes back to the basket, and digits begin an amount. After a
        payment, what is typed begins the next order."""
        if self.view.at_checkout and event.key() == Qt.Key.Key_Escape and not self._presenter.busy:
            self.view.show_basket()
        elif self._is_paying and self.view.at_checkout and not self._presenter.busy and self.panel.take_key(event):
            pass
        elif self._done_main.isVisible() and event.key() == Qt.Key.Key_Escape:
            self.begin_next()
        elif self._done_main.isVisible() and keys.typed(event).isalnum():
            self.begin_next()
            self.view.menu.take_typed(keys.typed(event))
        else:
            super().keyPressEvent(event)

    # -- discounts

    @Slot()
    def _on_discount_key(self) -> None:
        """Open the discount of the current line, where the basket has the focus and it is not fixed; else of the whole
        order."""
        lines = self.view.basket.lines
        line = lines.current if lines.hasFocus() else None
        self._open_discount(line.id if line is not None and not line.is_fixed else None)

    @Slot()
    def _open_discount(self, line_id: int | None = None) -> None:
        from pos_app.new_order.discount_dialog import DiscountDialog

        basket = self._ordering.basket
        if not basket.basket.lines or self._presenter.busy:
            return
        dialog = DiscountDialog(self._theme, basket.basket, line_id, self.window())
        dialog.chosen.connect(self._on_discount_chosen)
        self._open_of_price(dialog)

    @Slot()
    def _open_service(self) -> None:
        from pos_app.new_order.service_dialog import ServiceDialog

        basket = self._ordering.basket
        if basket.basket.lines and not self._presenter.busy:
            dialog = ServiceDialog(self._theme, basket.basket, self.window())
            dialog.chosen.connect(basket.charge)
            self._open_of_price(dialog)

    def _open_of_price(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._discount = dialog
        dialog.finished.connect(self._on_discount_finished)
        dialog.open()

    @Slot(object, object)
    def _on_discount_chosen(self, line_id: int | None, discount: Discount | None) -> None:
        with contextlib.suppress(KeyError):  # the line went away meanwhile
            self._ordering.basket.reduce(line_id, discount)

    @Slot()
    def _on_discount_finished(self) -> None:
        self._discount = None

    # -- changing a placed order

    @Slot(object)
    def change(self, order: Order) -> None:
        """Begin to change a placed order, unless another basket is in progress."""
        if self._ordering.basket.basket.lines:
            self.notice.show_message(
                _("There is a basket in progress."), _("Place, hold or empty it. Then change the order.")
            )
            return
        self.clear()
        if self.changing.begin(order):
            self._form.fill(order.fulfilment, order.address, order.note)
            self._customer.fill(self.changing.whom(order))
            self.view.show_basket()
            self._update_view()

    def set_aside(self) -> Callable[[], None] | None:
        """A function that restores the unsaved change of an order. None without one."""
        put_back = self.changing.set_aside()
        if put_back is None:
            return None
        whom, form = self._customer.whom, self._form.values

        def again() -> None:
            self.clear()
            put_back()
            self._form.fill(form.fulfilment, form.address, form.note)
            self._customer.fill(whom)
            self.view.show_basket()
            self._update_view()

        return again

    @Slot(object)
    def changed(self, order: Order) -> None:
        """The order that is being changed is what the page says."""
        if self.changing.order is not None and self.changing.order.id == order.id:
            self.clear()

    @Slot(object, object)
    def _ask_reason(self, order: Order, request: AmendOrder) -> None:
        from pos_app.order.reason_dialog import ReasonDialog

        words, _colour = difference_text(order, self._ordering.basket.basket.amounts().total_minor)
        reasons = (_("Customer changed their mind"), _("Typed by mistake"), _("Sold out"))
        dialog = ReasonDialog(
            self._theme,
            _("Change this order?"),
            f"{order.number} · {words}",
            reasons,
            _("Change order"),
            parent=self.window(),
        )

        def given(reason: str) -> None:
            self.change_wanted.emit(order, msgspec.structs.replace(request, reason=reason))

        dialog.given.connect(given)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(object)
    def _on_day_ended(self, order: Order) -> None:
        """Offer a new order that names it, with what is in it."""

        def take_anew() -> None:
            self.clear()
            self._form.fill(order.fulfilment, order.address, order.note)
            self._customer.fill(self.changing.whom(order))
            self._ordering.basket.repeat(order)
            self.view.show_basket()
            self.view.show_troubled()

        told = _("Its business day has ended. Refund what is wrong, and take a new order.")
        title = _("{number} stays as it is").format(number=order.number)
        self.notice.show_message(title, told, _("New order in its place"), take_anew)

    @Slot(object)
    def _on_change_refused(self, error: ClientError) -> None:
        self.notice.show_error(error)

    @Slot(object)
    def _on_outdated(self, order: Order) -> None:
        def open_again() -> None:
            self.clear()
            self.change(order)

        told = _("Somebody else has changed it, or its payment, meanwhile. What is on the page was not saved.")
        title = _("{number} was changed by somebody else").format(number=order.number)
        self.notice.show_message(title, told, _("Open it again"), open_again)

    # -- taking it

    @Slot()
    def _on_take_wanted(self) -> None:
        if self._presenter.busy:
            return
        self.notice.clear()
        self.view.show_checkout()
        if not self.view.at_checkout:
            return
        if self.changing.order is None:
            self.panel.enter()
            return
        try:
            check_delivery(self._form.values.fulfilment, self._form.values.address)
        except InvalidOrder:
            self._form.complain_of_address()
        else:
            self.changing.save(self._customer.whom, self._form.values)

    @Slot(object)
    def _on_payment_taken(self, payment: NewPayment) -> None:
        """By a card that the terminal is to be asked about, it is taken unpaid, and paid when the terminal says so."""
        at_terminal = payment.tender is Tender.CARD and self._has_terminal
        unpaid = at_terminal or payment.tender is Tender.CASH_ON_DELIVERY
        self._take(payment.tender, None if unpaid else payment, to_be_paid=at_terminal)

    @Slot()
    def _on_later_pressed(self) -> None:
        self._take(Tender.CASH, None)

    def _take(self, tender: Tender, payment: NewPayment | None, *, to_be_paid: bool = False) -> None:
        if self._presenter.busy or self.changing.order is not None:
            return
        self.notice.clear()
        self.view.show_checkout()
        if not self.view.at_checkout:
            return
        self._to_be_paid = to_be_paid or payment is not None
        self._given_minor = payment.given_minor if payment is not None else None
        self._again = partial(self._take, tender, payment, to_be_paid=to_be_paid)
        self._presenter.take(self._customer.whom, self._form.values, tender, payment, self.held.holding.id_of_page)

    @property
    def _is_paying(self) -> bool:
        """Whether the checkout asks for a payment; else it changes a placed order."""
        return self._ordering.basket.basket.changes is None

    @Slot(object)
    def _on_order_taken(self, order: Order) -> None:
        drafted, split, given_minor, to_be_paid = self._draft, self.panel.split, self._given_minor, self._to_be_paid
        self.clear()
        self.taken.emit(order)
        if to_be_paid and to_pay_minor(order):
            self._paying = order.id
            self.payments_wanted.emit(order, split.after(drafted, order))
        else:
            self._show_done(order, given_minor)

    @Slot(object)
    def show_done(self, order: Order) -> None:
        """Show the result of an order that was taken here, once the last of its parts is paid."""
        if order.id == self._paying:
            self._paying = None
            self._show_done(order, None)

    def _show_done(self, order: Order, given_minor: int | None) -> None:
        self._last = order, given_minor
        self.done.show_order(order, given_minor)
        self.view.show_main(self._done_main)
        self.done.next.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def begin_next(self) -> None:
        """The next order; the change of the last one is seen until something is in it."""
        if self._last is not None:
            self.last_sale.show_order(*self._last)
        self.view.show_main()
        self.view.menu.search.setFocus()

    @Slot()
    def _on_basket_changed(self) -> None:
        if self._last is not None and self._ordering.basket.basket.lines:
            self._last = None
            self.last_sale.hide()
            self.view.show_main()

    @Slot()
    def _open_receipt(self) -> None:
        from core.ui.widgets.receipt import ReceiptDialog

        if self._last is None:
            return
        order, given_minor = self._last
        receipt = ReceiptDialog(order, self._ordering.shop_name, self._theme, self._jobs, given_minor, self.window())
        receipt.finished.connect(self._on_receipt_finished)
        self._receipt = receipt
        receipt.open()

    @Slot()
    def _on_receipt_finished(self) -> None:
        self._receipt = None

    @Slot()
    def _update_tenders(self) -> None:
        online = self._bridge.sync_status.answering
        self.panel.use_tenders(self._ordering.tenders or TENDERS, self._ordering.coins, online=online)

    @Slot(object)
    def _on_outcome_unknown(self, error: ClientError) -> None:
        told = _("Nobody knows yet whether the order arrived. Try again: it will not be taken twice.")
        again = self._again
        if again is not None:
            self.notice.show_error(ClientError(told, title=error.title), _("Try again"), again)
        if isinstance(error, SignedOut):
            self.failed.emit(error)

    @Slot(object)
    def _on_not_switched(self, error: ClientError) -> None:
        if isinstance(error, SignedOut):
            self.failed.emit(error)
        else:
            self.notice.show_error(error)

    @Slot(bool)
    def _on_checkout_shown(self, shown: bool) -> None:
        if shown:
            self._focus_payment()
        else:
            self.view.menu.search.setFocus()
        self._update_view()

    @Slot()
    def _focus_payment(self) -> None:
        """Focus the last step: the amount, or the button that saves a change."""
        if self._is_paying:
            self.panel.pad.focus()
        else:
            self._checkout.action.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _update_view(self) -> None:
        basket, busy = self._ordering.basket.basket, self._presenter.busy
        total_minor = basket.amounts().total_minor
        self.change_bar.show_change(change_title(basket.changes, basket.follows), basket.changes, total_minor)
        self._checkout.title.setText(_("Take payment") if self._is_paying else _("Change order"))
        self._checkout.action.setVisible(not self._is_paying)
        changed = self.changing.order
        self.titled.emit(_("Change {number}").format(number=changed.number) if changed is not None else "")
        more = difference(changed, total_minor) if changed is not None else ""
        save = _("Save · {difference}").format(difference=more) if more else _("Save")
        self._checkout.set_action(_("Sending…") if busy else save, busy=busy)
        self.view.menu.setEnabled(not busy)
        self.panel.setEnabled(not busy)
        if self.view.at_checkout and basket.lines and self._is_paying:
            self._draft = draft(basket)
            delivered = basket.fulfilment is Fulfilment.DELIVERY
            self._later.setVisible(not delivered)
            self.panel.set_delivery(is_delivery=delivered)
            self.panel.show_order(self._draft)
        if self.view.at_checkout or self._paying_main.isVisible():
            self.view.show_main(self._paying_main if self.view.at_checkout and self._is_paying else None)


def _framed(theme: Theme, inside: QWidget) -> QWidget:
    frame, column = panel()
    edge = theme.space(4)
    column.setContentsMargins(edge, theme.space(3), edge, edge)
    column.addWidget(inside)
    return frame


def _questions(theme: Theme, *parts: QWidget) -> QWidget:
    questions = QWidget()
    column = QVBoxLayout(questions)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.space(2))
    column.addWidget(label(_("For whom"), "small"))
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    return questions
