"""The order whose payments are being taken, one after the other."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from core.domain.commands import NewPayment
from core.domain.ids import OrderId
from core.domain.order import Order, Payment, PaymentState
from core.domain.payment import money_of, payments_of, to_pay_minor
from core.ui.bridge import Bridge
from pos_app.order.card_acts import CardActs
from pos_app.order.changes import Done, OrderChanges
from pos_app.order.split import Split


class Paying(QObject):
    """Each payment is accepted before the next one is asked for."""

    wanted = Signal()
    """The payments of `order` are to be taken: the page is to be shown."""
    changed = Signal()
    """`order` as it is now."""
    left = Signal()
    """The page is no longer wanted. The order stays where it is."""
    ended = Signal(object)
    """An `Order`, of which nothing is due any more. `left` follows, at once or when its change was seen."""

    def __init__(self, bridge: Bridge, changes: OrderChanges, cards: CardActs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = bridge.store
        self._changes = changes
        self._cards = cards
        self._decide: Callable[[NewPayment | None], object] | None = None
        self.order: Order | None = None
        """As it is shown; None while none is being paid."""
        self.split = Split()
        """How it is divided where it begins."""
        self.handing_over = False
        """Whether it is handed over once it is paid."""
        self.change_minor = 0
        """The change of the payment that was taken last."""
        self.settled = False
        """Whether nothing is due of `order` any more, and the page says what change is handed out."""
        self._just_taken = False
        changes.payment_wanted.connect(self._on_payment_wanted)
        changes.done.connect(self._on_change_done)
        cards.ended.connect(self._on_card_ended)

    def begin(self, order: Order, split: Split | None = None, *, handing_over: bool = False) -> None:
        """Take the payments of an order; `split`: how one is divided that was just taken, whose last change is told.
        Where that was says itself what became of it."""
        if self._store.get(order.id) is None:
            self._store.put(order)
        payments = payments_of(order)
        self._just_taken = split is not None
        change_minor = payments[-1].change_minor if split is not None and payments else 0
        self._begin(order, split or Split(), handing_over=handing_over, change_minor=change_minor)

    @Slot(object, object)
    def decide(self, order: Order, decide: Callable[[NewPayment | None], object]) -> None:
        """Ask once how an order is paid that is to be handed over; None: not at all."""
        self._just_taken = False
        self._begin(order, Split(), handing_over=True, decide=decide)

    def _begin(
        self,
        order: Order,
        split: Split,
        *,
        handing_over: bool,
        change_minor: int = 0,
        decide: Callable[[NewPayment | None], object] | None = None,
    ) -> None:
        self.order, self.split, self.handing_over, self.change_minor = order, split, handing_over, change_minor
        self._decide, self.settled = decide, False
        self.wanted.emit()

    @Slot(object)
    def take(self, payment: NewPayment) -> None:
        """Nothing is taken when the money of the order has changed since it was shown: its amounts were wrong, and are
        shown anew."""
        if self.order is None:
            return
        if self._decide is not None:
            self._end(self._decide, payment)
            return
        order = self._store.get(self.order.id)
        if order is None:
            return
        if money_of(order) != money_of(self.order):
            self._show(order)
        elif not self._cards.takes(order, payment):
            self._changes.take_payment(order.id, payment)

    def undo(self, payment: Payment, reason: str) -> None:
        """Take a payment back."""
        if self.order is not None:
            self._changes.undo_payment(self.order.id, payment, reason)

    @Slot()
    def hand_over_unpaid(self) -> None:
        """It is handed over unpaid, or as far as it is paid."""
        if self.order is None:
            return
        order_id, decide = self.order.id, self._decide
        if decide is not None:
            self._end(decide, None)
        else:
            self.leave()
            self._changes.hand_over_unpaid(order_id)

    @Slot()
    def leave(self) -> None:
        if self.order is not None:
            self.drop()
            self.left.emit()

    def drop(self) -> None:
        """Another page is shown, or somebody else is here."""
        self.order, self._decide, self.settled = None, None, False

    # -- inside

    def _end(self, decide: Callable[[NewPayment | None], object], payment: NewPayment | None) -> None:
        self.leave()
        decide(payment)

    def _show(self, order: Order) -> None:
        assert self.order is not None
        was_due, before = to_pay_minor(self.order), payments_of(self.order)
        payments = payments_of(order)
        if len(payments) > len(before):
            self.change_minor = payments[-1].change_minor
        elif len(payments) < len(before):
            self.change_minor = 0
        self.order = order
        if was_due and not to_pay_minor(order) and order.payment is PaymentState.PAID:
            self.settled = True
            if self.handing_over:
                self._changes.advance(order.id)
            self.ended.emit(order)
            if self.change_minor and not self._just_taken:
                self.changed.emit()
            else:
                self.leave()
        else:
            self.changed.emit()

    @Slot(object)
    def _on_payment_wanted(self, order: Order) -> None:
        self.begin(order, handing_over=True)

    @Slot(object)
    def _on_change_done(self, done: Done) -> None:
        if self._awaits(done.order.id) and self._decide is None:
            self._show(done.order)

    @Slot(object)
    def _on_card_ended(self, order_id: OrderId) -> None:
        order = self._store.get(order_id)
        if order is not None and self._awaits(order_id):
            self._show(order)

    def _awaits(self, order_id: OrderId) -> bool:
        return self.order is not None and self.order.id == order_id and not self.settled
