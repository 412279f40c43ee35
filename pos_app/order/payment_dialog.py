"""The question before an unpaid order is handed over: how it is paid now, or that it is not."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.domain.order import Order, Tender
from core.ui.text import _, money, tender_label, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import button, fit_before, label
from pos_app.order.card import customer

_ASKED = ((Tender.CASH, "cash"), (Tender.CARD, "card"))


class PaymentDialog(QDialog):
    """Esc and *Back* leave the order where it is."""

    given = Signal(object)
    """The `Tender` that it is paid by; None: it is handed over unpaid."""

    def __init__(self, theme: Theme, order: Order, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        amount = money(order.total_minor, order.currency)
        self.setObjectName("payment_dialog")
        self.setWindowTitle(window_title(order.number))
        self.setMinimumWidth(theme.px(440))
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(3))
        title = label(_("To pay: {amount}").format(amount=amount), "hero", wrap=True)
        title.setObjectName("payment_due")
        column.addWidget(title)
        asked = _("It is not paid yet. Is it paid now?")
        column.addWidget(label(f"{order.number} · {customer(order)}\n{asked}", "muted", wrap=True))
        tenders = QHBoxLayout()
        tenders.setSpacing(theme.space(2))
        likely = Tender.CARD if order.tender is Tender.CARD else Tender.CASH
        for tender, icon in _ASKED:
            kind = "primary" if tender is likely else ""
            pays = button(tender_label(tender), theme, kind, icon, name=f"payment_{tender}")
            pays.clicked.connect(partial(self._answer, tender))
            tenders.addWidget(pays, 1)
            if tender is likely:
                first = pays
        column.addLayout(tenders)
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        back = button(_("Back"), theme, name="payment_back")
        back.clicked.connect(self.reject)
        unpaid = button(_("Hand over unpaid"), theme, name="payment_none")
        unpaid.clicked.connect(partial(self._answer, None))
        row.addWidget(back, 1)
        row.addWidget(unpaid, 1)
        column.addLayout(row)
        for each in self.findChildren(type(back)):
            each.setAutoDefault(False)
        fit_before(self, parent)
        first.setFocus(Qt.FocusReason.OtherFocusReason)  # in the dialog by now, or another one would get it

    def _answer(self, tender: Tender | None) -> None:
        self.accept()
        self.given.emit(tender)
