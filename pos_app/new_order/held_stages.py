"""Held baskets on the New page: two buttons under the basket, and the stages that they open."""

from functools import partial

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QWidget

from core.client.errors import ClientError, SignedOut
from core.domain.held_baskets import HeldBasket, HoldBasket
from core.domain.people import Customer, Guest
from core.ui.ordering.checkout import HandoverForm
from core.ui.ordering.view import OrderingView
from core.ui.text import _, clock, figure, money, ngettext
from core.ui.widgets.controls import button
from core.ui.widgets.notice import Notice
from pos_app.context import PosContext
from pos_app.new_order.customer_field import CustomerField
from pos_app.new_order.held_pane import HeldPane, HoldPane
from pos_app.new_order.holding import Holding, name_of
from pos_app.new_order.presenter import TakeOrderPresenter, Whom

_SHOWN_MS = 6_000


class HeldStages(QObject):
    """F8 holds the basket; Ctrl+F8 shows what is held."""

    freed = Signal()
    """The basket is held: the page is to be cleared."""
    failed = Signal(object)
    """A `SignedOut`, for the window."""

    def __init__(
        self,
        context: PosContext,
        view: OrderingView,
        presenter: TakeOrderPresenter,
        form: HandoverForm,
        customer: CustomerField,
        notice: Notice,
    ) -> None:
        super().__init__(view)
        theme = context.theme
        self._context = context
        self._view, self._presenter, self._form, self._customer, self._notice = view, presenter, form, customer, notice
        self._basket = presenter.ordering.basket
        self.holding = Holding(context.jobs, context.api, context.bridge, self._basket, self)
        self.hold_pane = HoldPane(theme)
        self.held_pane = HeldPane(theme, self._total_of, context.now)
        self._hold = button(_("Hold"), theme, name="hold")
        self._held = button("", theme, name="held")
        row = QWidget()
        buttons = QHBoxLayout(row)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(theme.space(2))
        for each in (self._hold, self._held):
            buttons.addWidget(each)
        view.basket.add_below(row)
        for stage in (self.hold_pane, self.held_pane):
            view.add_stage(stage)
            stage.back_asked.connect(view.show_basket)
        self._connect()
        self._update()

    def _connect(self) -> None:
        self._hold.clicked.connect(self.ask)
        self._held.clicked.connect(self.show_held)
        for keys, act in (("F8", self.ask), ("Ctrl+F8", self.show_held)):
            shortcut = QShortcut(QKeySequence(keys), self._view)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        self.hold_pane.entered.connect(self._on_entered)
        self.held_pane.open_asked.connect(self.holding.take)
        self.held_pane.hold_asked.connect(self._on_hold_first)
        self.held_pane.drop_asked.connect(self.holding.drop)
        self.held_pane.days.begun.connect(self._update)
        self.holding.held.connect(self._on_held)
        self.holding.taken.connect(self._on_taken)
        self.holding.page_shared.connect(self._on_page_shared)
        self.holding.failed.connect(self._on_failed)
        self.holding.changed.connect(self._update)
        self._basket.changed.connect(self._update)
        self._presenter.busy_changed.connect(self._update)

    @Slot()
    def ask(self) -> None:
        """Ask under which name the basket is held."""
        if self._hold.isEnabled():
            self._view.show_stage(self.hold_pane)
            self.hold_pane.ask(self._likely)

    @Slot()
    def show_held(self) -> None:
        if self._held.isEnabled():
            self._view.show_stage(self.held_pane)
            self.held_pane.focus_first()

    @Slot(str)
    def _on_entered(self, label: str) -> None:
        self.holding.hold(self._request(label))

    @Slot(object)
    def _on_hold_first(self, then: HeldBasket) -> None:
        open_here = self.holding.open_here
        label = open_here.label if open_here is not None else ""
        self.holding.hold(self._request(label), partial(self.holding.take, then))

    def _request(self, label: str) -> HoldBasket:
        return self.holding.request(label, self._customer.whom, self._form.values)

    def set_aside(self, name: str) -> HoldBasket | None:
        """The command that holds the basket of a cashier who leaves: under its name, else theirs. None for an empty
        one, and for a placed order that is being changed."""
        basket = self._basket.basket
        if not basket.lines or basket.changes is not None or self._presenter.busy:
            return None
        return self._request(self._likely or name)

    @property
    def _likely(self) -> str:
        open_here = self.holding.open_here
        return open_here.label if open_here is not None else _name(self._customer.whom)

    @Slot(object)
    def _on_held(self, basket: HeldBasket) -> None:
        self.freed.emit()
        words = _("Held: {name}").format(name=name_of(basket, clock(basket.held.done_at)))
        self._notice.show_message(words, life_ms=_SHOWN_MS)

    @Slot(object)
    def _on_taken(self, basket: HeldBasket) -> None:
        """It is as it was, at the prices of now."""
        self._notice.clear()
        whom = Whom(guest=Guest(name=basket.customer_name, phone=basket.customer_phone))
        if basket.customer_id is not None:
            customer = Customer(id=basket.customer_id, name=basket.customer_name, phone=basket.customer_phone)
            whom = Whom(customer=customer)
        self._form.fill(basket.fulfilment, basket.address, basket.note)
        self._customer.fill(whom)
        self._basket.load(basket.lines)
        self._basket.reduce(None, basket.discount)
        self._basket.charge(basket.service)
        self.holding.loaded(basket, frozenset(line.id for line in self._basket.basket.lines))
        self._view.show_basket()
        self._view.show_troubled()

    @Slot(str)
    def _on_page_shared(self, words: str) -> None:
        if not self._presenter.busy:
            self._notice.show_message(words, _("What is on the page stays as it is."))

    @Slot(object)
    def _on_failed(self, error: ClientError) -> None:
        if isinstance(error, SignedOut):
            self.failed.emit(error)
        else:
            self._notice.show_error(error)

    def _total_of(self, basket: HeldBasket) -> str:
        priced = self._basket.basket.alike(basket.lines, basket.fulfilment)
        priced.reduce(None, basket.discount)
        priced.own_service = basket.service
        return money(priced.amounts().total_minor, priced.currency)

    @Slot()
    def _update(self) -> None:
        free, busy = not self._basket.basket.lines, self.holding.busy or self._presenter.busy
        baskets = self.holding.baskets
        self._hold.setEnabled(not free and not busy and self._basket.basket.changes is None)
        count = len(baskets)
        words = ngettext("Held ({count})", "Held ({count})", count).format(count=figure(count))
        self._held.setText(words if baskets else _("Held"))
        self._held.setEnabled(bool(baskets) and self._basket.basket.changes is None)
        self.held_pane.show_baskets(baskets, self._context.settings.device, busy=busy, free=free)
        if not baskets and self._view.stage is self.held_pane:
            self._view.show_basket()
        if free and self._view.stage is self.hold_pane:
            self._view.show_basket()


def _name(whom: Whom) -> str:
    return whom.customer.name if whom.customer else whom.guest.name
