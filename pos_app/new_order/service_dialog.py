"""The dialog of another service charge than the shop's: how much, none if 0 %, and why."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.errors import DomainError
from core.domain.sale.rounding import PERCENT
from core.domain.service import MAX_REASON, Service
from core.ui.ordering.basket import Basket
from core.ui.text import AMOUNT_LENGTH, _, parse_percentage, percentage
from core.ui.theme import Theme
from core.ui.widgets.controls import button, restyle
from pos_app.order.keypad import TypedField
from pos_app.order.reason_dialog import ReasonDialog


class ServiceChoice(QWidget):
    """The choice of a service charge: the present one, to be typed over; none, or the shop's, at one press."""

    usual = Signal()
    """It is to be the shop's again."""

    def __init__(self, theme: Theme, basket: Basket) -> None:
        super().__init__()
        self.value = TypedField()
        self.value.setText(percentage(basket.service.rate))
        self.value.setObjectName("service_value")
        self.value.setMaxLength(AMOUNT_LENGTH)
        self.value.setAccessibleName(_("Service charge in percent"))
        self.setFocusProxy(self.value)
        none = button(_("No service charge"), theme, name="service_none")
        none.clicked.connect(self._on_none)
        usual = button(
            _("As usual: {percent}").format(percent=percentage(basket.usual_service.rate)), theme, name="service_usual"
        )
        usual.setVisible(basket.service != basket.usual_service)
        usual.clicked.connect(self.usual)
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        for each in (none, usual):
            each.setAutoDefault(False)
            row.addWidget(each, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        column.addWidget(self.value)
        column.addLayout(row)

    @Slot()
    def _on_none(self) -> None:
        self.value.setText(percentage(0))

    @property
    def rate(self) -> int | None:
        """In 1/1000 %; None for what is no percentage."""
        try:
            rate = parse_percentage(self.value.text().strip())
        except DomainError:
            return None
        return rate if 0 <= rate <= PERCENT else None


class ServiceDialog(ReasonDialog):
    """Emits `chosen` with the `Service`; None stands for what the shop charges."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, basket: Basket, parent: QWidget | None = None) -> None:
        self._choice = ServiceChoice(theme, basket)
        super().__init__(
            theme,
            _("Service charge"),
            _("The reason stands on the receipt, and in the order's history with your name."),
            (_("Regular guest"), _("Something was wrong with it"), _("It took too long")),
            _("Service charge"),
            parent=parent,
            choice=self._choice,
        )
        self._reason.setMaxLength(MAX_REASON)
        restyle(self._confirm, kind="primary")
        self._choice.value.textChanged.connect(self._on_rate_changed)
        self._choice.value.returnPressed.connect(self._on_confirmed)
        self._choice.usual.connect(self._on_usual)
        self.given.connect(self._on_given)
        self._choice.value.setFocus()
        self._choice.value.selectAll()
        self._on_rate_changed()

    @property
    @override
    def is_ready(self) -> bool:
        return self._choice.rate is not None

    @Slot()
    def _on_rate_changed(self) -> None:
        rate = self._choice.rate
        shown = _("Service charge {percent}").format(percent=percentage(rate)) if rate else _("No service charge")
        self.set_action(_("Service charge") if rate is None else shown)

    @Slot(str)
    def _on_given(self, reason: str) -> None:
        rate = self._choice.rate
        if rate is not None:
            self.chosen.emit(Service(rate=rate, reason=reason))

    @Slot()
    def _on_usual(self) -> None:
        self.accept()
        self.chosen.emit(None)
