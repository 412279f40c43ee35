"""Reports of changes: an undo for a successful step, a sentence for a failed one."""

from collections import Counter
from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError, Conflict, SignedOut
from core.domain.commands import AmendOrder, RefundOrder
from core.domain.ids import OrderId
from core.domain.order import Order, PaymentState, Tender
from core.domain.payment import payments_of, to_give_back_minor
from core.domain.refund import money_back
from core.domain.status import CALLED_OFF, Move
from core.ui.text import _, error_text, status_label
from core.ui.widgets.notice import Notice
from pos_app.order.card import Own, back_text, discount_grows, to_give_back
from pos_app.order.changes import Done, Failed, OrderChanges

_SHOWN_MS = 15_000


class ChangeReports(QObject):
    """Uses `notice` for failures and `undo` otherwise."""

    session_over = Signal(object)
    """The `SignedOut` that a change got."""

    def __init__(
        self, changes: OrderChanges, notice: Notice, undo: Notice, undo_s: float, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._changes = changes
        self._notice = notice
        self._undo = undo
        self._undo_ms = round(undo_s * 1000)
        self._about: OrderId | None = None
        """The order of the notice."""
        changes.done.connect(self._on_change_done)
        changes.failed.connect(self._on_change_failed)
        changes.to_give_back_changed.connect(self._show_to_give_back)

    def clear(self) -> None:
        self._about = None
        self._notice.clear()
        self._undo.clear()

    @Slot(object)
    def _on_change_done(self, done: Done) -> None:
        if self._about == done.order.id:
            self._about = None
            self._notice.clear()
        if to_give_back_minor(done.order) and done.change.move is not None:
            self._show_to_give_back(done.order)
            return
        if isinstance(done.change.request, AmendOrder):
            self._show_amended(done.change.order, done.order)
            return
        if isinstance(done.change.request, RefundOrder) or done.order.payment is PaymentState.REFUNDED:
            self._show_refunded(done.change.order, done.order)
            return
        if done.change.move not in (Move.ADVANCE, Move.RECALL):
            self._undo.clear()
            return
        waits = self._changes.own(done.order.id) is Own.WAITING
        self._undo.show_message(
            _("{number} is {status}").format(number=done.order.number, status=status_label(done.order.status)),
            _("It is kept here, and sent as soon as the server is back.") if waits else "",
            action=_("Undo"),
            act=partial(self._changes.undo, done),
            life_ms=self._undo_ms,
        )

    def _show_refunded(self, before: Order, order: Order) -> None:
        """Say until it is dismissed what the guest gets back. Of one that was called off it was said before."""
        back = money_back(before, order)
        if before.status in CALLED_OFF or not back:
            self._undo.clear()
            return
        told = _("Give back {amount}").format(amount=back_text(back, order.currency))
        self._undo.show_message(told, f"{order.number} · {_('Refunded')}")

    @Slot(str, str, object)
    def show_refunded_by_card(self, number: str, currency: str, back: Mapping[Tender, int]) -> None:
        """The terminal has given its part back. The rest of it, until it is dismissed, is the cashier's to give."""
        by_card: dict[Tender, int] = {tender: minor for tender, minor in back.items() if tender == Tender.CARD}
        by_hand: dict[Tender, int] = {tender: minor for tender, minor in back.items() if tender != Tender.CARD}
        done = _("Refunded {amount}").format(amount=back_text(by_card, currency))
        if by_hand:
            told = _("Give back {amount}").format(amount=back_text(by_hand, currency))
            self._undo.show_message(told, f"{number} · {done}")
        else:
            self._undo.show_message(done, number, life_ms=_SHOWN_MS)

    def _show_amended(self, before: Order, order: Order) -> None:
        """Say what the guest gets back until it is dismissed; what is to be paid is asked for."""
        then = Counter[Tender]()
        for each in payments_of(before):
            then[each.tender] += each.refunded_minor
        back = Counter[Tender]()
        for each in payments_of(order):
            back[each.tender] += each.refunded_minor
        back -= then
        title = _("{number} is changed").format(number=order.number)
        grown = discount_grows(before, order)
        if not back:
            self._undo.show_message(title, grown, life_ms=_SHOWN_MS if grown else self._undo_ms)
        elif grown:
            told = _("Give back {amount}").format(amount=back_text(dict(back), order.currency))
            self._undo.show_message(told, f"{title} · {grown}")
        else:
            self._undo.show_message(_("Give back {amount}").format(amount=back_text(dict(back), order.currency)), title)

    @Slot(object)
    def _show_to_give_back(self, order: Order) -> None:
        """Say until it is dismissed what a called-off order's customer gets back; a press records that they have it."""
        if not to_give_back_minor(order):
            self._undo.clear()
            return
        self._undo.show_message(
            _("Give back {amount}").format(amount=to_give_back(order)),
            _("{number} is {status}, and was paid.").format(number=order.number, status=status_label(order.status)),
            action=_("Given back"),
            act=partial(self._changes.give_back, order),
        )

    @Slot(object)
    def _on_change_failed(self, failed: Failed) -> None:
        error, order = failed.error, failed.change.order
        self._undo.clear()
        self._about = order.id
        if isinstance(error, SignedOut):
            self.session_over.emit(error)
        elif isinstance(error, Conflict) and error.order is not None:
            now = _("It is {status} now. {message}")
            self._notice.show_error(
                Conflict(
                    now.format(status=status_label(error.order.status), message=error_text(error)),
                    title=_("{number} was changed by somebody else").format(number=order.number),
                    order=error.order,
                )
            )
        elif failed.unsent:
            self._notice.show_error(
                ClientError(
                    _("{why}. Try again: it is never made twice.").format(why=_(error.title)),
                    title=_("{number} was not sent").format(number=order.number),
                ),
                _("Try again"),
                partial(self._changes.retry, order.id),
            )
        else:
            self._notice.show_error(error)
