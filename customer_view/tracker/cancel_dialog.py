"""The confirmation of a cancellation, with an optional reason."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QWidget

from core.domain.order import Order, PaymentState
from core.ui.text import _, money
from core.ui.theme import Theme
from core.ui.widgets.controls import button, filled, fit_before, label
from customer_view.tracker.presenter import Tracker

_REASON_LENGTH = 300
_WIDTH = 440.0


class CancelDialog(QDialog):
    """Asks before an order is cancelled. Esc and the first button keep it."""

    confirmed = Signal(str)
    """The reason; empty when none was given."""
    overtaken = Signal()
    """The order can no longer be cancelled: it changed while the question was asked."""

    def __init__(self, theme: Theme, tracker: Tracker, order: Order, parent: QWidget) -> None:
        super().__init__(parent)
        self._tracker = tracker
        tracker.shown.connect(self._on_order_shown)
        self.setObjectName("cancel_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Cancel order"))
        self.setMinimumWidth(theme.px(_WIDTH))
        question = label(
            _("Cancel {number}?").format(number=order.number) if order.number else _("Cancel this order?"),
            "title",
            wrap=True,
        )
        self._reason = QLineEdit()
        self._reason.setObjectName("cancel_reason")
        self._reason.setMaxLength(_REASON_LENGTH)
        reason_label = label(_("Reason (optional)"), "strong")
        reason_label.setBuddy(self._reason)
        self._reason.setAccessibleName(reason_label.text())
        keep = button(_("Keep order"), theme, name="cancel_keep")
        keep.clicked.connect(self.reject)
        confirm = button(_("Cancel order"), theme, "danger", name="cancel_confirm")
        confirm.setDefault(True)
        confirm.clicked.connect(self._on_confirm_clicked)
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        row.addStretch(1)
        row.addWidget(keep)
        row.addWidget(confirm)
        column = filled(self, theme, theme.space(2))
        column.addWidget(question)
        column.addWidget(label(_("The shop has not confirmed it yet. This cannot be undone."), "muted", wrap=True))
        if order.payment is PaymentState.PAID:
            amount = money(order.total_minor, order.currency)
            told = _("You have paid {amount}. The shop gives it back to you.").format(amount=amount)
            column.addWidget(label(told, "strong", wrap=True))
        column.addSpacing(theme.space(2))
        column.addWidget(reason_label)
        column.addWidget(self._reason)
        column.addSpacing(theme.space(4))
        column.addLayout(row)
        self._reason.setFocus()
        fit_before(self, parent)

    @Slot()
    def _on_order_shown(self) -> None:
        """The order has moved on: close the question."""
        if not self._tracker.can_cancel:
            self.overtaken.emit()
            self.reject()

    @Slot()
    def _on_confirm_clicked(self) -> None:
        self.confirmed.emit(self._reason.text())
        self.accept()
