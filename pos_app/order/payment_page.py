"""The page on which the payments of an order are taken, until nothing is due."""

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.commands import UndoPayment
from core.domain.errors import DomainError
from core.domain.order import Order, Payment
from core.domain.payment import check_undo, paid_minor, payments_of, to_pay_minor
from core.ui.text import _, figure, money, payment_text
from core.ui.widgets.controls import button, label, panel, rule
from core.ui.widgets.scroll import VerticalScroll
from pos_app.context import PosContext
from pos_app.order.card import customer, sums_of
from pos_app.order.paying import Paying
from pos_app.order.payment_panel import PaymentPanel
from pos_app.order.sale_done import SaleDone

_NARROW_SIDE = 280
_SIDE = 360
_SHARE = 0.3
_LEAST_LINES = 200


class PaymentPage(QWidget):
    """Esc and *Back* leave the order where it is. Digits go to the amount, whatever has the keyboard. Where there is
    change to hand out at the end, it stands here alone until it was seen."""

    receipt_wanted = Signal(object)
    """The `Order` that was paid."""

    def __init__(self, context: PosContext, paying: Paying, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("payment_page")
        self._theme = theme
        self._bridge = context.bridge
        self._paying = paying
        self.panel = PaymentPanel(theme)
        self.done = SaleDone(theme, _("Done"))
        self._number = label("", "title", wrap=True)
        self._whose = label("", "strong", wrap=True)
        self._asked = label("", "muted", wrap=True)
        self._asked.setObjectName("payment_asked")
        self._lines, self._payments = QVBoxLayout(), QVBoxLayout()
        self._unpaid = button(_("Hand over unpaid"), theme, name="payment_none")
        self._lay_out()
        self.panel.taken.connect(paying.take)
        self.done.next_wanted.connect(paying.leave)
        self.done.receipt_wanted.connect(self._on_receipt_wanted)
        self._unpaid.clicked.connect(paying.hand_over_unpaid)
        paying.wanted.connect(self._on_begun)
        paying.changed.connect(self._on_changed)
        for told in (self._bridge.sync_status_changed, self._bridge.menu_changed):
            told.connect(self._use_tenders)
        self._use_tenders()
        self._on_begun()

    def _lay_out(self) -> None:
        theme = self._theme
        self.panel.add_key(self._unpaid)
        back = button(_("Back"), theme, name="payment_back")
        back.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        back.clicked.connect(self._paying.leave)
        inside = QWidget()
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.space(2))
        for each in (self._lines, self._payments):
            each.setSpacing(theme.space(1))
        for part in (self._number, self._whose, self._asked):
            inner.addWidget(part)
        inner.addLayout(self._lines)
        inner.addWidget(rule())
        inner.addLayout(self._payments)
        inner.addStretch(1)
        edge = theme.space(4)
        main, column = panel()
        column.addWidget(self.panel)
        column.addWidget(self.done)
        self.done.hide()
        self._side, side = panel()
        for each in (column, side):
            each.setContentsMargins(edge, theme.space(3), edge, edge)
        side.setSpacing(theme.space(2))
        side.addWidget(VerticalScroll(inside, theme.px(_LEAST_LINES)), 1)
        side.addWidget(back)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(theme.space(4))
        self._box.addWidget(main, 1)
        self._box.addWidget(self._side)

    @override
    def minimumSizeHint(self) -> QSize:
        """The two stand below each other where the page is too narrow."""
        shown = self.panel if self.done.isHidden() else self.done
        least = max(shown.minimumSizeHint().width() + 2 * self._theme.space(4), self._theme.px(_NARROW_SIDE))
        return QSize(least, super().minimumSizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        px, needed = self._theme.px, self.panel.minimumSizeHint().width() + 3 * self._theme.space(4)
        side = min(px(_SIDE), max(px(_NARROW_SIDE), round(self.width() * _SHARE)))
        alone = needed + side > self.width()
        directions = QBoxLayout.Direction
        self._box.setDirection(directions.TopToBottom if alone else directions.LeftToRight)
        self._side.setMinimumWidth(0 if alone else side)
        self._side.setMaximumWidth(self.width() if alone else side)

    @Slot()
    def _use_tenders(self) -> None:
        bridge = self._bridge
        self.panel.use_tenders(bridge.tenders, bridge.coins, online=bridge.sync_status.answering)

    @Slot()
    def _on_begun(self) -> None:
        if self._paying.order is not None:
            self._show_done(False)
            self.panel.avoid(None)
            self.panel.begin(self._paying.order, self._paying.split)
            self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        if self._paying.order is None:
            return
        if self._paying.settled:
            self.done.show_order(self._paying.order)
            self._show_done(True)
        else:
            self.panel.show_order(self._paying.order)
            self.panel.show_change(self._paying.change_minor)
            self._show(self._paying.order)

    def _show_done(self, shown: bool) -> None:
        for part in (self.panel, self._side):
            part.setHidden(shown)
        self.done.setVisible(shown)
        if shown:
            self.done.next.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_receipt_wanted(self) -> None:
        if self._paying.order is not None:
            self.receipt_wanted.emit(self._paying.order)

    def _show(self, order: Order) -> None:
        self._number.setText(order.number)
        self._whose.setText(customer(order))
        due_minor = to_pay_minor(order)
        asked = _("It is not paid yet. Is it paid now?") if due_minor else ""
        if order.payments and due_minor:
            paid, total = (money(minor, order.currency) for minor in (paid_minor(order), order.total_minor))
            asked = _("{paid} of {total} is paid.").format(paid=paid, total=total)
        back_minor = max(order.refunded_minor, sum(each.refunded_minor for each in order.payments))
        if back_minor:
            back = _("Given back: {amount}").format(amount=money(back_minor, order.currency))
            asked = "\n".join(filter(None, (asked, back)))
        self._asked.setText(asked)
        self._unpaid.setVisible(self._paying.handing_over)
        self._show_lines(order)
        self._show_payments(order)

    def _show_lines(self, order: Order) -> None:
        _empty(self._lines)
        rows = [(f"{figure(line.quantity)} × {line.name}", line.total_minor, "body") for line in order.lines]
        rows += [(words, minor, "muted") for words, minor in sums_of(order)]
        for words, minor, role in (*rows, (_("Total"), order.total_minor, "number")):
            row = QWidget()
            told = QHBoxLayout(row)
            told.setContentsMargins(0, 0, 0, 0)
            told.addWidget(label(words, role, wrap=True), 1)
            worth = label(money(minor, order.currency), role if role == "number" else "muted")
            told.addWidget(worth, 0, Qt.AlignmentFlag.AlignTop)
            self._lines.addWidget(row)

    def _show_payments(self, order: Order) -> None:
        _empty(self._payments)
        for place, each in enumerate(payments_of(order)):
            words: QLabel = label(payment_text(each, order.currency), wrap=True)
            words.setObjectName(f"payment_line_{place}")
            self._payments.addWidget(words)
            if not _may_undo(order, each):
                continue
            undo = button(_("Take back"), self._theme, "quiet", name=f"payment_undo_{place}")
            undo.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            undo.setAccessibleName(_("Take back: {payment}").format(payment=words.text()))
            undo.clicked.connect(partial(self._ask_undo, order, each))
            self._payments.addWidget(undo, 0, Qt.AlignmentFlag.AlignLeading)

    def _ask_undo(self, order: Order, payment: Payment) -> None:
        from pos_app.order.reason_dialog import ReasonDialog

        asked = ReasonDialog(
            self._theme,
            _("Take this payment back?"),
            payment_text(payment, order.currency),
            (_("Another way of paying"), _("The wrong amount"), _("The payment did not go through")),
            _("Take back"),
            parent=self.window(),
        )
        asked.given.connect(partial(self._undo, payment))
        asked.open()

    def _undo(self, payment: Payment, reason: str) -> None:
        self.panel.avoid(payment.tender if reason == _("Another way of paying") else None)
        self._paying.undo(payment, reason)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._paying.settled:
            self.done.next.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.panel.pad.focus()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._paying.leave()
        elif self._paying.settled or not self.panel.take_key(event):
            super().keyPressEvent(event)


def _may_undo(order: Order, payment: Payment) -> bool:
    """Whether the payment may be taken back, with a reason."""
    asked = UndoPayment(
        version=order.version,
        reason="?",
        tender=payment.tender,
        amount_minor=payment.amount_minor,
        tip_minor=payment.tip_minor,
    )
    try:
        check_undo(order, asked)
    except DomainError:
        return False
    return True


def _empty(column: QVBoxLayout) -> None:
    while (item := column.takeAt(0)) is not None:
        if (gone := item.widget()) is not None:
            gone.hide()
            gone.deleteLater()
