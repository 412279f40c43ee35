"""The POS's acts at its card terminal: pay, refund, and ask about unknown results."""

from datetime import datetime

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.client.errors import ClientError, Conflict
from core.client.terminals.attempt import Attempt
from core.client.terminals.driver import Word
from core.domain.commands import AmendOrder, NewPayment, RefundOrder
from core.domain.errors import DomainError
from core.domain.ids import OrderId
from core.domain.order import Order, Tender
from core.domain.order_rules import Offer, change
from core.domain.payment import needed_minor, payments_of
from core.domain.people import Role
from core.domain.refund import money_back, refunded
from core.ui.text import money
from core.ui.theme import Theme
from pos_app.order.card_payments import CardPayments
from pos_app.order.terminal_dialog import TerminalDialog, words_of


class CardActs(QObject):
    """Opens the terminal's dialog over `window`. An order with an attempt that is not known is paid by nothing else."""

    ended = Signal(object)
    """The `OrderId` of an attempt that is booked, or of which there is nothing to book."""
    amended = Signal(object)
    """The `OrderId` of an order that was changed, as the terminal has given back what that gave back."""

    refunded = Signal(str, str, object)
    """A refund is booked: the order's number, its currency, and the money that goes back by each tender."""

    def __init__(self, theme: Theme, cards: CardPayments, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._cards = cards
        self._window = window
        self._open: dict[OrderId, Attempt] = {}
        self._back: dict[OrderId, dict[Tender, int]] = {}
        """What a refund that is under way gives back by each tender."""
        self._dialog: TerminalDialog | None = None
        cards.changed.connect(self._on_changed)
        cards.found.connect(self._on_found)
        cards.failed.connect(self._on_failed)

    @property
    def is_there(self) -> bool:
        """Whether a terminal is connected."""
        return self._cards.is_there

    def takes(self, order: Order, payment: NewPayment, parent: QWidget | None = None) -> bool:
        """Whether the terminal is asked, or is to be asked first; else the payment is recorded at once."""
        known = self._open.get(order.id)
        if known is not None:
            self._show(words_of(known), known, parent)
            return True
        if not self._cards.is_there or payment.tender != Tender.CARD or self._cards.under_way:
            return self._cards.under_way
        self._cards.pay(order.id, payment)
        self._show(f"{order.number} · {money(needed_minor(order, payment), order.currency)}", None, parent)
        return True

    def gives_back(self, order: Order, refund: RefundOrder | None, reason: str) -> bool:
        """The same of a refund, of which a part goes to a card."""
        known = self._open.get(order.id)
        if known is not None:
            self._show(words_of(known), known, None)
            return True
        back = money_back(order, refunded(order, refund))
        amount_minor = back.get(Tender.CARD, 0)
        if not self._cards.is_there or not amount_minor or self._cards.under_way:
            return self._cards.under_way
        self._back[order.id] = back
        self._cards.give_back(order.id, amount_minor, refund, reason)
        self._show(f"{order.number} · {money(-amount_minor, order.currency)}", None, None)
        return True

    def amends(self, order: Order, request: AmendOrder, offer: Offer | None, at: datetime) -> bool:
        """The same of a change of the order, which gives a part back to a card. `offer` prices what is new."""
        known = self._open.get(order.id)
        if known is not None:
            self._show(words_of(known), known, None)
            return True
        if not self._cards.is_there or offer is None:
            return False
        try:
            after = change(order, request, Role.CASHIER, at, offer=offer)
        except DomainError:
            return False  # it is refused, and says why
        amount_minor = money_back(order, after).get(Tender.CARD, 0) if payments_of(order) else 0
        if not amount_minor or self._cards.under_way:
            return self._cards.under_way
        self._cards.amend(order.id, amount_minor, request)
        self._show(f"{order.number} · {money(-amount_minor, order.currency)}", None, None)
        return True

    def look(self) -> None:
        """Ask about what a window that ended has left unknown."""
        self._cards.look()

    def forget(self) -> None:
        """Another person begins: they are asked about it anew."""
        self._open.clear()
        self._back.clear()

    # -- inside

    def _show(self, words: str, attempt: Attempt | None, parent: QWidget | None) -> None:
        if self._dialog is not None:
            return
        dialog = TerminalDialog(self._theme, self._cards, words, attempt, parent or self._window)
        dialog.finished.connect(self._on_closed)
        dialog.finished.connect(dialog.deleteLater)
        self._dialog = dialog
        dialog.open()

    @Slot()
    def _on_closed(self) -> None:
        self._dialog = None

    @Slot(object)
    def _on_found(self, attempts: tuple[Attempt, ...]) -> None:
        self._open = {each.order_id: each for each in attempts}
        if attempts:
            self._show(words_of(attempts[0]), attempts[0], None)
            self._cards.ask(attempts[0].key)

    @Slot(object)
    def _on_changed(self, attempt: Attempt) -> None:
        if not attempt.ended:
            self._open[attempt.order_id] = attempt
            return
        self._open.pop(attempt.order_id, None)
        back = self._back.pop(attempt.order_id, {Tender.CARD: attempt.amount_minor})
        if attempt.gives_back and attempt.amend is None and attempt.reverses is None and attempt.word is Word.DONE:
            self.refunded.emit(attempt.number, attempt.currency, back)
        self.ended.emit(attempt.order_id)
        if attempt.amend is not None and attempt.word is Word.DONE:
            self.amended.emit(attempt.order_id)

    @Slot(object)
    def _on_failed(self, error: ClientError) -> None:
        """Another attempt is not known: it comes first."""
        if isinstance(error, Conflict) and not self._open:
            self._cards.look()
