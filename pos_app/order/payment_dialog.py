"""The payment of an order: one after the other, until nothing is due."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.coins import Coins
from core.domain.order import Order, Payment, Tender
from core.domain.payment import paid_minor, payments_of, to_pay_minor
from core.domain.tenders import TENDERS, ShopTender, not_withdrawn
from core.ui import keys
from core.ui.ordering.checkout import tender_icon
from core.ui.text import _, money, payment_text, tender_label, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, button, fit_before, label
from core.ui.widgets.even_row import EvenRow
from core.ui.widgets.scroll import VerticalScroll
from pos_app.order.card import customer
from pos_app.order.payment_pane import PaymentPane

_IN_A_ROW: Final = 3


class PaymentDialog(QDialog):
    """Esc and *Back* leave the order where it is. Digits go to the amount, whatever has the keyboard."""

    taken = Signal(object)
    """The `NewPayment` that was taken: `show_order` follows it."""
    undo_wanted = Signal(object)
    """A `Payment` that is to be taken back."""
    unpaid_wanted = Signal()
    """It is handed over unpaid, or as far as it is paid."""

    def __init__(
        self,
        theme: Theme,
        order: Order,
        parent: QWidget | None = None,
        *,
        handing_over: bool = True,
        tenders: Sequence[ShopTender] = TENDERS,
        coins: Coins | None = None,
        online: bool = True,
    ) -> None:
        """`tenders`: all of the shop; `coins`: how it rounds. Without a server (not `online`) some are not taken."""
        super().__init__(parent)
        self.order = order
        self._keys: dict[Tender, ShopTender] = {
            each.id: each for each in not_withdrawn(tenders) if each.id != Tender.CASH_ON_DELIVERY
        }
        self._online = online
        self._coins = Coins.of(tenders, ()) if coins is None else coins
        self.handing_over = handing_over
        self._theme = theme
        self.setObjectName("payment_dialog")
        self.setWindowTitle(window_title(order.number))
        self.setMinimumWidth(theme.px(480))
        self._due = label("", "hero", wrap=True)
        self._due.setObjectName("payment_due")
        self._whose = label("", "muted", wrap=True)
        self._asked = label("", "muted", wrap=True)
        self._told = label("", "number", wrap=True)
        self._told.setObjectName("payment_told")
        self._off = label("", "small", wrap=True)
        self._off.setObjectName("payment_off")
        self._payments = QVBoxLayout()
        self._pane = PaymentPane(theme, order, self._coins)
        self._tenders: dict[Tender, Button] = {}
        self._lay_out()
        self._pane.changed.connect(self._update_tenders)
        self._pane.entered.connect(self._on_entered)
        self._pane.grown.connect(self._on_grown)
        self.show_order(order)
        fit_before(self, parent)
        if self._likely is not None:
            self._tenders[self._likely].setFocus(Qt.FocusReason.OtherFocusReason)  # in the dialog by now

    def _lay_out(self) -> None:
        theme = self._theme
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(3))
        column.addWidget(self._due)
        asked = QWidget()
        inner = QVBoxLayout(asked)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.space(3))
        whose = QVBoxLayout()
        whose.setSpacing(0)
        whose.addWidget(self._whose)
        whose.addWidget(self._asked)
        inner.addLayout(whose)
        inner.addWidget(self._told)
        self._payments.setSpacing(theme.space(1))
        inner.addLayout(self._payments)
        inner.addWidget(self._pane)
        inner.addStretch(1)
        column.addWidget(VerticalScroll(asked, theme.touch_px), 1)
        for tender, known in self._keys.items():
            pays = button(tender_label(tender), theme, "primary" if tender == self._likely else "", tender_icon(known))
            pays.setObjectName(f"payment_{tender}")
            pays.clicked.connect(partial(self._take, tender))
            self._tenders[tender] = pays
        keys_of_all = list(self._tenders.values())
        for first in range(0, len(keys_of_all), _IN_A_ROW):
            column.addWidget(EvenRow(theme, *keys_of_all[first : first + _IN_A_ROW]))
        column.addWidget(self._off)
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        back = button(_("Back"), theme, name="payment_back")
        back.clicked.connect(self.reject)
        row.addWidget(back, 1)
        if self.handing_over:
            unpaid = button(_("Hand over unpaid"), theme, name="payment_none")
            unpaid.clicked.connect(self._on_unpaid_pressed)
            row.addWidget(unpaid, 1)
        column.addLayout(row)
        for each in self.findChildren(Button):
            each.setAutoDefault(False)

    @property
    def _likely(self) -> Tender | None:
        """What the order is to be paid by, where it is taken here; None where nothing can be taken now."""
        usable = [each.id for each in self._keys.values() if self._online or each.offline]
        return next((tender for tender in (self.order.tender, Tender.CASH, *usable) if tender in usable), None)

    def set_online(self, online: bool) -> None:
        """Some tenders are not taken without a server."""
        self._online = online
        self._update_tenders()

    def show_order(self, order: Order) -> None:
        """Show what is due of the order as it is now, and the change of the payment that was taken last."""
        last = order.payments[-1] if len(order.payments) > len(self.order.payments) else None
        self.order = order
        due_minor = to_pay_minor(order)
        due = _("To pay: {amount}").format(amount=money(due_minor, order.currency))
        self._due.setText(due if due_minor else _("Paid"))
        asked = _("It is not paid yet. Is it paid now?")
        if order.payments and due_minor:
            paid, total = (money(minor, order.currency) for minor in (paid_minor(order), order.total_minor))
            asked = _("{paid} of {total} is paid.").format(paid=paid, total=total)
        self._whose.setText(f"{order.number} · {customer(order)}")
        self._asked.setText(asked)
        self._asked.setVisible(due_minor > 0)
        change_minor = last.change_minor if last is not None else 0
        self._told.setText(_("Change: {amount}").format(amount=money(change_minor, order.currency)))
        self._told.setVisible(change_minor > 0)
        self._show_payments()
        self._pane.show_order(order)
        self._update_tenders()

    def _show_payments(self) -> None:
        while (item := self._payments.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        for place, each in enumerate(payments_of(self.order)):
            line = QWidget()
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            words: QLabel = label(payment_text(each, self.order.currency), wrap=True)
            words.setObjectName(f"payment_line_{place}")
            row.addWidget(words, 1)
            undo = button(_("Take back"), self._theme, "quiet", name=f"payment_undo_{place}")
            undo.setAutoDefault(False)
            undo.setAccessibleName(_("Take back: {payment}").format(payment=words.text()))
            undo.clicked.connect(partial(self._on_undo_pressed, each))
            row.addWidget(undo)
            self._payments.addWidget(line)

    @Slot()
    def _update_tenders(self) -> None:
        off = [] if self._online else [tender_label(each.id) for each in self._keys.values() if not each.offline]
        self._off.setText(_("Not without the server: {tenders}").format(tenders=", ".join(off)))
        self._off.setVisible(bool(off))
        payments = {tender: self._pane.payment(tender) for tender in self._tenders}
        for tender, pays in self._tenders.items():
            payment = payments[tender]
            if payment is None and pays.hasFocus():  # or the keyboard would go to the next button
                self._pane.pad.focus()
            here = self._online or self._keys[tender].offline
            pays.setEnabled(payment is not None and here)
            pays.setAccessibleDescription("" if here else _("Not without the server"))
            paid_minor = (payment.amount_minor or 0) + payment.tip_minor if payment is not None else 0
            paid_minor += self._coins.added_minor(tender, paid_minor)
            words = [tender_label(tender)]
            if paid_minor not in (0, self.order.total_minor):
                words.append(money(paid_minor, self.order.currency))
            pays.setText(" ".join(words))

    def _take(self, tender: Tender) -> None:
        payment = self._pane.payment(tender)
        if payment is None or not (self._online or self._keys[tender].offline):
            return
        if self._keys[tender].needs_reference and not payment.reference:
            self._pane.ask_for_reference()
        else:
            self.taken.emit(payment)

    @Slot()
    def _on_grown(self) -> None:
        """As high as it needs now, where the window has room; never less high, or buttons would jump."""
        QTimer.singleShot(0, self, self._fit)  # once the layout knows

    def _fit(self) -> None:
        if self.sizeHint().height() > self.height():
            fit_before(self, self.parentWidget())

    @Slot()
    def _on_entered(self) -> None:
        """Enter takes it by the likely tender; what gives change, in cash."""
        for tender in (self._likely, Tender.CASH):
            if tender in self._keys and self._pane.payment(tender) is not None:
                self._take(tender)
                return

    def _on_undo_pressed(self, payment: Payment) -> None:
        self.undo_wanted.emit(payment)

    @Slot()
    def _on_unpaid_pressed(self) -> None:
        self.accept()
        self.unpaid_wanted.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if keys.typed(event).isdecimal():
            self._pane.pad.type(keys.typed(event))
        else:
            super().keyPressEvent(event)
