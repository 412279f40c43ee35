"""The result of the last payment: the change in large figures, then small, until the next order is begun."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.domain.order import Order
from core.domain.payment import payments_of
from core.ui.receipt import settlement
from core.ui.text import _, payment_text
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label
from core.ui.widgets.even_row import EvenRow
from pos_app.order.payment_panel import TakingKey


class SaleDone(QWidget):
    """In the place of what took the payment, until `next_wanted`."""

    next_wanted = Signal()
    receipt_wanted = Signal()

    def __init__(self, theme: Theme, next_words: str) -> None:
        super().__init__()
        self.setObjectName("sale_done")
        self._number = label("", "title", wrap=True)
        self._number.setObjectName("sale_number")
        self._settlement = label("", "figure", wrap=True)
        self._settlement.setObjectName("sale_settlement")
        self._payments = label("", "muted", wrap=True)
        self._payments.setObjectName("sale_payments")
        self.next = TakingKey(next_words)  # a double click on a tender presses it no more than once
        self.next.setObjectName("next_order")
        self.next.setProperty("kind", "primary")
        self.next.clicked.connect(self.next_wanted)
        receipt = button(_("Receipt"), theme, icon="receipt", name="sale_receipt")
        receipt.clicked.connect(self.receipt_wanted)
        column = QVBoxLayout(self)
        column.setSpacing(theme.space(3))
        column.addStretch(1)
        for part in (self._number, self._settlement, self._payments):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        column.addStretch(1)
        column.addWidget(EvenRow(theme, receipt, self.next))

    def show_order(self, order: Order, given_minor: int | None = None) -> None:
        self._number.setText(order.number)
        self._settlement.setText(settlement(order, given_minor))
        self._payments.setText("\n".join(payment_text(each, order.currency) for each in payments_of(order)))


class LastSale(QWidget):
    """In the empty basket, until the next order is begun."""

    receipt_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("last_sale")
        self._number = label("", "muted", wrap=True)
        self._settlement = label("", "title", wrap=True)
        self._settlement.setObjectName("last_settlement")
        receipt = button(_("Receipt"), theme, "quiet", "receipt", name="last_receipt")
        receipt.clicked.connect(self.receipt_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        for part in (self._number, self._settlement):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        column.addWidget(receipt, 0, Qt.AlignmentFlag.AlignHCenter)
        self.hide()

    def show_order(self, order: Order, given_minor: int | None) -> None:
        self._number.setText(order.number)
        self._settlement.setText(settlement(order, given_minor))
        self.show()
