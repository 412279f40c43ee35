"""The cashier's New order page: choose items, customer and payment, and take the order."""

import contextlib

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError, SignedOut
from core.domain.commands import AmendOrder
from core.domain.discount import Discount
from core.domain.errors import InvalidOrder
from core.domain.ids import OrderId
from core.domain.order import Order, Tender, check_delivery
from core.domain.status import Fulfilment
from core.ui import keys
from core.ui.ordering.change_bar import ChangeBar
from core.ui.ordering.checkout import Handover, HandoverForm
from core.ui.ordering.checkout_pane import CheckoutPane
from core.ui.ordering.page import OrderingPage
from core.ui.pace import Pace
from core.ui.text import _, difference, difference_text, money
from core.ui.theme import Theme
from core.ui.widgets.controls import label
from core.ui.widgets.notice import Notice
from pos_app.context import PosContext
from pos_app.new_order.changing import Changing, change_title
from pos_app.new_order.customer_field import CustomerField
from pos_app.new_order.favourites import TillFavourites
from pos_app.new_order.held_stages import HeldStages
from pos_app.new_order.presenter import TakeOrderPresenter, tenders
from pos_app.order.cash_pad import CashPad
from pos_app.stock import Stock

_FULFILMENTS = (Fulfilment.DINE_IN, Fulfilment.PICKUP, Fulfilment.DELIVERY)


class NewOrderPage(OrderingPage[TakeOrderPresenter]):
    """`clear()` it between customers."""

    taken = Signal(object)
    """The server's `Order`. The page has been cleared, and the receipt is open."""
    change_wanted = Signal(object, object)
    """An `Order`, and the `AmendOrder` that is to be made of it."""
    split_wanted = Signal(object)
    """An `Order` that was taken to be paid in parts. `show_receipt` follows."""
    failed = Signal(object)
    """A `SignedOut`, for the window. The form stays for the same cashier."""

    def __init__(self, context: PosContext, notice: Notice | None = None, parent: QWidget | None = None) -> None:
        theme = context.theme
        presenter = TakeOrderPresenter(context.jobs, context.api)
        form = HandoverForm(theme, _FULFILMENTS, tenders, handing=_("Handover"), paying=_("Payment"))
        customer, cash = CustomerField(presenter, theme), CashPad(theme)
        questions = _questions(theme, customer, form, cash, form.note)
        checkout = CheckoutPane(
            presenter.ordering.basket, theme, _("Take payment"), questions, "take_payment", brief=True
        )
        super().__init__(theme, presenter, form, checkout, notice, parent)
        self.setObjectName("new_order_page")
        self._theme = theme
        self._jobs = context.jobs
        self._bridge = context.bridge
        self._has_terminal = bool(context.settings.card_terminal)
        self._pace = Pace()
        self._receipt: QWidget | None = None
        self._discount: QWidget | None = None
        self._splitting: OrderId | None = None
        self._customer, self._cash = customer, cash
        self.stock = Stock(context.jobs, context.api, self)
        """Switches the item whose tile is held down."""
        self.view.menu.tiles.can_hold = True
        self._favourites = TillFavourites(context, self)
        self.view.menu.offer_stars()
        self.view.basket.can_discount = True
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
        for asked in (self._ordering.basket.changed, self._form.changed, self._cash.changed):
            asked.connect(self._update_view)
        self._cash.entered.connect(self._on_take_wanted)
        self._cash.typed.connect(self._on_cash_typed)
        self.view.digit_typed.connect(self._on_digit_typed)
        self._customer.entered.connect(self._focus_payment)
        self.view.basket.discount_asked.connect(self._open_discount)
        shortcut = QShortcut(QKeySequence("Ctrl+D"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
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
        """Reset for the next customer or cashier."""
        self._presenter.clear()
        self.held.holding.clear()
        self._customer.clear()
        self._form.clear()
        self._cash.clear()
        self.view.clear()
        self.notice.clear()
        for dialog in (self._receipt, self._discount):
            if dialog is not None:
                dialog.close()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._favourites.read()
        self.view.menu.search.setFocus()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._presenter.stop_looking()
        super().hideEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """At the checkout a digit that no field handled begins the amount of cash, unless it is part of a scanned
        code."""
        scanned, sign = self._pace.count, keys.typed(event)
        self._pace.note(event.text())
        if self.view.at_checkout and sign.isdecimal() and not scanned and self._pays_cash:
            self._on_digit_typed(sign)
        else:
            super().keyPressEvent(event)

    @Slot(str)
    def _on_digit_typed(self, digit: str) -> None:
        if self._pays_cash and not self._presenter.busy:
            self._cash.type(digit)
            self._on_cash_typed()

    @Slot()
    def _on_cash_typed(self) -> None:
        """Who types the cash sees it, and the change."""
        self._checkout.show_question(self._cash.field)

    # -- discounts

    @Slot()
    def _on_discount_key(self) -> None:
        """Of the current line, where the keyboard is in the basket; else of the whole order."""
        lines = self.view.basket.lines
        line = lines.current if lines.hasFocus() else None
        self._open_discount(line.id if line is not None else None)

    @Slot()
    def _open_discount(self, line_id: int | None = None) -> None:
        from pos_app.new_order.discount_dialog import DiscountDialog

        basket = self._ordering.basket
        if not basket.basket.lines or self._presenter.busy:
            return
        dialog = DiscountDialog(self._theme, basket.basket, line_id, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._on_discount_chosen)
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
        if self.changing.order is not None:
            try:
                check_delivery(self._form.values.fulfilment, self._form.values.address)
            except InvalidOrder:
                self._form.complain_of_address()
            else:
                self.changing.save(self._customer.whom, self._form.values)
            return
        if self._pays_cash and self._cash.given_minor is None:
            self._cash.focus()
            self.notice.show_message(_("The cash given does not cover the order"))
            return
        given_minor = self._cash.given_minor if self._pays_cash else None
        self._presenter.take(self._customer.whom, self._paying, given_minor, self.held.holding.id_of_page)

    @property
    def _paying(self) -> Handover:
        """By a card that the terminal is to be asked about, it is taken unpaid, and paid when the terminal says so."""
        paying = self._form.values
        if paying.tender is Tender.CARD and not paying.later and self._has_terminal:
            return msgspec.structs.replace(paying, later=True, split=True)
        return paying

    @property
    def _pays_cash(self) -> bool:
        paying = self._form.values
        if self.changing.order is not None:
            return False
        return paying.tender is Tender.CASH and not paying.later  # other coins: in the dialog of payments

    @Slot(object)
    def _on_order_taken(self, order: Order) -> None:
        given_minor = self._cash.given_minor if self._pays_cash else None
        split = self._paying.split
        self.clear()
        self.taken.emit(order)
        if split:
            self._splitting = order.id
            self.split_wanted.emit(order)
        else:
            self._open_receipt(order, given_minor)

    @Slot(object)
    def show_receipt(self, order: Order) -> None:
        """The receipt of an order that was taken here, now that its parts are paid."""
        if order.id == self._splitting:
            self._splitting = None
            self._open_receipt(order, None)

    def _open_receipt(self, order: Order, given_minor: int | None) -> None:
        from core.ui.widgets.receipt import ReceiptDialog

        receipt = ReceiptDialog(order, self._ordering.shop_name, self._theme, self._jobs, given_minor, self.window())
        receipt.finished.connect(self._on_receipt_finished)
        self._receipt = receipt
        receipt.open()

    @Slot()
    def _on_receipt_finished(self) -> None:
        self._receipt = None

    @Slot()
    def _update_tenders(self) -> None:
        self._form.use_tenders(self._ordering.tenders, online=self._bridge.sync_status.answering)

    @Slot(object)
    def _on_outcome_unknown(self, error: ClientError) -> None:
        told = _("Nobody knows yet whether the order arrived. Try again: it will not be taken twice.")
        self.notice.show_error(ClientError(told, title=error.title), _("Try again"), self._on_take_wanted)
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
        """Focus the last step: the cash given, or the button."""
        if self._pays_cash:
            self._cash.focus()
        else:
            self._checkout.action.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _update_view(self) -> None:
        basket, busy = self._ordering.basket.basket, self._presenter.busy
        total_minor = basket.amounts().total_minor
        self.change_bar.show_change(change_title(basket.changes, basket.follows), basket.changes, total_minor)
        self._form.ask_payment(asked=basket.changes is None)
        self._checkout.title.setText(_("Take payment") if basket.changes is None else _("Change order"))
        coins_minor = total_minor + self._ordering.coins.added_minor(Tender.CASH, total_minor)
        self._cash.ask(coins_minor, basket.currency)
        focused: QWidget | None = self.focusWidget()
        leaves = not self._pays_cash and focused is not None and self._cash.isAncestorOf(focused)
        self._cash.setVisible(self._pays_cash)
        if leaves:
            self._focus_payment()
        asked_minor = coins_minor if self._pays_cash else total_minor
        action = _("Sending…") if busy else self._take_text(money(asked_minor, basket.currency))
        self._checkout.set_action(action, busy=busy)
        self.view.menu.setEnabled(not busy)

    def _take_text(self, amount: str) -> str:
        paying, changed = self._form.values, self.changing.order
        if changed is not None:
            more = difference(changed, self._ordering.basket.basket.amounts().total_minor)
            return _("Save · {difference}").format(difference=more) if more else _("Save")
        if paying.split:
            return _("Place, then split {amount}").format(amount=amount)
        return _("Place unpaid") if paying.later else _("Take {amount}").format(amount=amount)


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
