"""The actions of an order, wherever it is shown: its menu and its dialogs."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPoint, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from core.client.operations import Operation
from core.client.sync.calls import offer_of
from core.domain import order_rules
from core.domain.change_request import granting
from core.domain.commands import AmendOrder, NewPayment, RefundOrder
from core.domain.errors import DomainError
from core.domain.ids import OrderId
from core.domain.order import Order, PaymentState, Tender
from core.domain.payment import gave_back, money_of, payments_of, to_pay_minor
from core.domain.people import Role
from core.domain.status import CALLED_OFF, Move
from core.domain.tenders import not_withdrawn
from core.ui.bridge import Bridge
from core.ui.text import N_, _, money, request_lines, status_label
from core.ui.theme import Theme
from pos_app.order.card import Card, Own, customer, discount_grows, target, to_give_back
from pos_app.order.card_acts import CardActs
from pos_app.order.card_payments import CardPayments
from pos_app.order.changes import Done, OrderChanges
from pos_app.order.paying import Paying
from pos_app.order.split import Split

if TYPE_CHECKING:
    from pos_app.order.refund_dialog import RefundDialog


_AT_ONCE: Final = (
    ("paid_cash", Tender.CASH, N_("Paid in cash")),
    ("paid_card", Tender.CARD, N_("Paid by card")),
)


class OrderActions(QObject):
    """Opens dialogs over `window`, and makes changes through `changes`. Impossible actions are not offered."""

    details_wanted = Signal(object)
    """An `Order`."""
    print_wanted = Signal(object)
    """An `Order`."""
    decision_wanted = Signal(object)
    """The `OrderId` of an order with a refused change."""
    change_wanted = Signal(object)
    """An `Order` that is to be opened again."""
    amended = Signal(object)
    """The `Order` as it was changed."""

    def __init__(
        self, theme: Theme, bridge: Bridge, changes: OrderChanges, cards: CardPayments, window: QWidget
    ) -> None:
        super().__init__(window)
        self._theme = theme
        self._bridge = bridge
        self._store = bridge.store
        self._changes = changes
        self._window = window
        self.cards = CardActs(theme, cards, window)
        self.paying = Paying(bridge, changes, self.cards, self)
        self.cards.amended.connect(self._on_card_amended)
        changes.done.connect(self._on_change_done)

    @Slot(str, object)
    def do(self, what: str, order_id: OrderId) -> None:
        """`step`, `recall`, `cancel`, `reject`, `details`, `print`, `payments`, `amend`, `accept`, `decline`, `refund`,
        `unpay`, `paid_cash` or `paid_card`. While a decision is needed, all but looking leads there."""
        order = self._store.get(order_id)
        if order is None:
            return
        held = Card(order, self.own(order_id)).held
        match what:
            case "details":
                self.details_wanted.emit(order)
            case "print":
                self.print_wanted.emit(order)
            case _ if held:
                self.decision_wanted.emit(order_id)
            case "step":
                self._changes.advance(order_id)
            case "payments":
                self.paying.begin(order)
            case "amend":
                self.change_wanted.emit(order)
            case "accept":
                self._accept(order)
            case "recall":
                self._changes.recall(order_id)
            case "paid_cash" | "paid_card" if order.payment is PaymentState.UNPAID:
                tender = Tender.CASH if what == "paid_cash" else Tender.CARD
                self._pay_whole(order, tender)
            case "paid_cash" | "paid_card":
                pass  # somebody else has taken the payment while the menu was open
            case _:
                self._ask(what, order)

    def _pay_whole(self, order: Order, tender: Tender) -> None:
        if self.cards.takes(order, NewPayment(tender=tender)):
            return
        if self._bridge.coins.added_minor(tender, order.total_minor):
            self._changes.take_payment(order.id, NewPayment(tender=tender))
        else:
            self._changes.pay(order.id, PaymentState.PAID, tender)

    @Slot(object, QPoint)
    def open_menu(self, order_id: OrderId, position: QPoint) -> None:
        order = self._store.get(order_id)
        if order is None:
            return
        menu = QMenu(self._window)
        menu.setObjectName("order_menu")
        self.fill_menu(menu, order)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)

    def fill_menu(self, menu: QMenu, order: Order, *, details: bool = True) -> None:
        """Fill `menu` with the actions of `order`; while a change of it is in progress, only looking."""
        if details:
            self._add(menu, "details", _("Details"), order, "Space")
        self._add(menu, "print", _("Print receipt"), order)
        card = Card(order, self.own(order.id))
        if card.held:
            self._add(menu, "decide", _("Decide…"), order)
        if card.held or card.sending:
            return
        if order.open_request is not None:
            self._add(menu, "accept", _("Accept the change"), order)
            self._add(menu, "decline", _("Decline the change…"), order)
        if order.status not in CALLED_OFF and order.payment is not PaymentState.REFUNDED:
            self._add(menu, "amend", _("Change order…"), order)
        before = target(order, Move.RECALL)
        if before is not None:
            menu.addSeparator()
            self._add(
                menu, "recall", _("Move back to {status}").format(status=status_label(before)), order, "Backspace"
            )
        menu.addSeparator()
        self._add_payments(menu, order)
        menu.addSeparator()
        if target(order, Move.REJECT) is not None:
            self._add(menu, "reject", _("Reject…"), order)
        if target(order, Move.CANCEL) is not None:
            self._add(menu, "cancel", _("Cancel order…"), order, "Delete")

    def _add_payments(self, menu: QMenu, order: Order) -> None:
        if order.payment is PaymentState.UNPAID:
            for what, words in self._at_once(order):
                self._add(menu, what, words, order)
            self._add(menu, "payments", _("Split, tip…"), order)
        elif order.payment is PaymentState.PAID:
            if not gave_back(order):
                self._add(menu, "unpay", _("Not paid after all"), order)
            self._add(menu, "payments", _("Payments, tip…"), order).setDisabled(order.refunded_minor > 0)
            self._add(menu, "refund", _("Refund…"), order)

    def own(self, order_id: OrderId) -> Own:
        """The state of this till's own change of an order."""
        return self._changes.own(order_id)

    def operations(self, order_id: OrderId) -> Sequence[Operation]:
        """The order's operations in the outbox."""
        return self._store.operations(order_id)

    # -- inside

    def _add(self, menu: QMenu, what: str, words: str, order: Order, key: str = "") -> QAction:
        action = QAction(f"{words}\t{_(key)}" if key else words, menu)
        action.setObjectName(f"menu_{what}")
        action.triggered.connect(partial(self.do, what, order.id))
        menu.addAction(action)
        return action

    def _ask(self, what: str, order: Order) -> None:
        """Ask before a change that cannot be undone."""
        from pos_app.order.reason_dialog import ReasonDialog

        amount = money(order.total_minor, order.currency)
        whose = f"{order.number} · {customer(order)} · {amount}"
        back: list[str] = []
        if order.payment is PaymentState.PAID:
            back = [_("It is paid. Give back {amount}.").format(amount=to_give_back(order))]
        elif order.payments:
            back = [_("A part of it is paid. Give back {amount}.").format(amount=to_give_back(order))]
        if what == "refund":
            dialog: ReasonDialog = self._refund_dialog(order)
        elif what == "decline":
            self._ask_declining(order)
            return
        elif what == "unpay":
            dialog = ReasonDialog(
                self._theme,
                _("Not paid after all?"),
                _("{order}\nIt is to be paid then. Who said so, and why, stays in its history.").format(order=whose),
                (_("Marked as paid by mistake"), _("The payment did not go through")),
                _("Not paid after all"),
                parent=self._window,
            )
            dialog.given.connect(partial(self._on_given, what, order, self._unpay))
        elif target(order, Move.REJECT if what == "reject" else Move.CANCEL) is None:
            return
        elif what == "reject":
            reasons = (_("Sold out"), _("We are closing"), _("Too busy at the moment"), _("Address is too far away"))
            dialog = ReasonDialog(
                self._theme,
                _("Reject this order?"),
                "\n".join((whose, *back, _("The customer reads the reason."))),
                reasons,
                _("Reject order"),
                parent=self._window,
            )
            dialog.given.connect(partial(self._on_given, what, order, self._changes.reject))
        else:
            reasons = (_("Customer changed their mind"), _("Nobody came for it"), _("Sold out"), _("Taken by mistake"))
            dialog = ReasonDialog(
                self._theme,
                _("Cancel this order?"),
                "\n".join((whose, *back, _("The customer reads the reason."))),
                reasons,
                _("Cancel order"),
                parent=self._window,
            )
            dialog.given.connect(partial(self._on_given, what, order, self._changes.cancel))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_declining(self, order: Order) -> None:
        from pos_app.order.reason_dialog import ReasonDialog

        request = order.open_request
        if request is None:
            return
        dialog = ReasonDialog(
            self._theme,
            _("Decline this change?"),
            "\n".join(
                (
                    f"{order.number} · {customer(order)}",
                    *request_lines(order, request),
                    _("The customer reads the reason."),
                )
            ),
            (_("It is being made already"), _("Sold out"), _("Too busy at the moment")),
            _("Decline"),
            parent=self._window,
        )
        dialog.given.connect(partial(self._changes.decline_request, order.id, request.version))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(object, object)
    def take_payments(self, order: Order, split: Split | None = None) -> None:
        """Take the payments of an order; `split`: how one is divided that was just taken."""
        self.paying.begin(order, split)
        by_card = order.tender is Tender.CARD and (split is None or not order.payments)
        if by_card and self.cards.is_there:  # it was chosen at the check-out
            self.paying.take(NewPayment(tender=Tender.CARD))

    def _at_once(self, order: Order) -> list[tuple[str, str]]:
        return [(what, _(words)) for what, tender, words in _AT_ONCE if tender in self._usable and not order.payments]

    @property
    def _usable(self) -> set[Tender]:
        """By which an order may be paid whole at one press."""
        online = self._bridge.sync_status.answering
        tenders = not_withdrawn(self._bridge.tenders)
        return {each.id for each in tenders if not each.needs_reference and (online or each.offline)}

    def _accept(self, order: Order) -> None:
        """Nothing where it was withdrawn meanwhile."""
        if order.open_request is not None:
            self.amend(order, granting(order, order.open_request))

    def discount_grows(self, order: Order) -> str:
        """A sentence about the discount that grows when an order's open request is accepted; empty where none does."""
        menu, request = self._bridge.menu, order.open_request
        if menu is None or request is None:
            return ""
        try:
            asked = granting(order, request)
            after = order_rules.change(order, asked, Role.CASHIER, order.updated_at, offer=offer_of(menu))
        except DomainError:
            return ""  # it is refused, and says why
        return discount_grows(order, after)

    @Slot(object, object)
    def amend(self, order: Order, request: AmendOrder) -> None:
        """Make of an order what was put together for it, or what its customer asks for."""
        menu = self._bridge.menu
        offer = offer_of(menu) if menu is not None else None
        if not self.cards.amends(order, request, offer, order.updated_at):
            self._changes.amend(order, request)

    @Slot(object)
    def _on_card_amended(self, order_id: OrderId) -> None:
        order = self._store.get(order_id)
        if order is not None:
            self.amended.emit(order)

    @Slot(object)
    def _on_change_done(self, done: Done) -> None:
        request = done.change.request
        if isinstance(request, AmendOrder):
            self.amended.emit(done.order)
            if not request.answers and payments_of(done.change.order) and to_pay_minor(done.order):
                self.take_payments(done.order)

    def _refund_dialog(self, order: Order) -> "RefundDialog":
        from pos_app.order.refund_dialog import RefundDialog

        dialog = RefundDialog(self._theme, order, self._bridge.coins, self._window)
        dialog.refund.connect(partial(self._on_given, "refund", order, self._refund))
        return dialog

    def _on_given(self, what: str, asked: Order, act: Callable[..., None], *given: object) -> None:
        """Do what was answered. When the money of the order has changed while the dialog was open, its amounts were
        wrong: ask again."""
        order = self._store.get(asked.id)
        if order is None:
            return
        if money_of(order) != money_of(asked):
            self.do(what, asked.id)
        else:
            act(asked.id, *given)

    def _refund(self, order_id: OrderId, request: RefundOrder | None, reason: str) -> None:
        order = self._store.get(order_id)
        if order is not None and self.cards.gives_back(order, request, reason):
            return
        if request is None:
            self._changes.pay(order_id, PaymentState.REFUNDED, reason=reason)
        else:
            self._changes.refund(order_id, request)

    def _unpay(self, order_id: OrderId, reason: str) -> None:
        self._changes.pay(order_id, PaymentState.UNPAID, reason=reason)
