"""The dialog of a discount: of a line or the whole order, how much, and why."""

from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.discount import MAX_REASON, Discount
from core.domain.errors import DomainError
from core.domain.sale.rounding import PERCENT
from core.ui.ordering.basket import Basket
from core.ui.ordering.segments import Option, Segments
from core.ui.text import AMOUNT_LENGTH, _, discount_text, figure, money, parse_amount, parse_percentage, percentage
from core.ui.theme import Theme
from core.ui.widgets.controls import button, restyle
from core.ui.widgets.fields import Picker
from pos_app.order.keypad import TypedField
from pos_app.order.reason_dialog import ReasonDialog


class Off(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"
    ALL = "all"


class DiscountChoice(QWidget):
    """The choice of a discount: of the whole order at first, unless a line is named."""

    changed = Signal()
    removed = Signal()

    def __init__(self, theme: Theme, basket: Basket, line_id: int | None) -> None:
        super().__init__()
        self._basket = basket
        self._currency = basket.currency
        self.target = Picker(theme, "discount_target", _("Off what"))
        whole = _("Whole order · {amount}").format(amount=money(basket.amounts().subtotal_minor, self._currency))
        self.target.addItem(whole, None)
        for line in basket.lines:
            words = f"{figure(line.wanted.quantity)} × {line.priced.name}"
            self.target.addItem(f"{words} · {money(line.priced.total_minor, self._currency)}", line.id)
        self.target.setCurrentIndex(max(0, self.target.findData(line_id)) if line_id is not None else 0)
        ways = (
            Option(Off.PERCENT, _("Percent"), "percent"),
            Option(Off.AMOUNT, _("Amount"), "cash"),
            Option(Off.ALL, _("On the house"), "check"),
        )
        self._way: Segments[Off] = Segments("discount_way", _("Discount"), ways, theme)
        self.value = TypedField()
        self.value.setObjectName("discount_value")
        self.value.setMaxLength(AMOUNT_LENGTH)
        self.value.setAccessibleName(_("How much is taken off"))
        self.setFocusProxy(self.value)
        self._remove = button(_("Remove the discount"), theme, "danger", "trash", name="discount_remove")
        self._remove.setAutoDefault(False)
        self._remove.clicked.connect(self.removed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        for part in (self.target, self._remove, self._way, self.value):
            column.addWidget(part)
        self.target.currentIndexChanged.connect(self._on_target_changed)
        self._way.changed.connect(self._on_way_changed)
        self.value.textChanged.connect(self.changed)
        self._on_target_changed()
        self._on_way_changed()

    @property
    def line_id(self) -> int | None:
        """The line's; None for the whole order."""
        found: int | None = self.target.currentData()
        return found

    def discount(self, reason: str) -> Discount | None:
        """As it was typed; None for what is none."""
        text = self.value.text().strip()
        try:
            match self._way.value:
                case Off.ALL:
                    return Discount(reason=reason, rate=PERCENT)
                case Off.PERCENT:
                    rate = parse_percentage(text)
                    return Discount(reason=reason, rate=rate) if 0 < rate <= PERCENT else None
                case Off.AMOUNT:
                    minor = parse_amount(text, self._currency)
                    return Discount(reason=reason, amount_minor=minor) if minor else None
        except DomainError:
            return None

    def show_discount(self, discount: Discount) -> None:
        """Choose one that the shop offers."""
        if discount.rate == PERCENT:
            self._way.choose(Off.ALL)
        elif discount.rate is not None:
            self._way.choose(Off.PERCENT)
            self.value.setText(percentage(discount.rate))
        else:
            self._way.choose(Off.AMOUNT)
            self.value.setText(money(discount.amount_minor or 0, self._currency))

    @Slot()
    def _on_target_changed(self) -> None:
        line_id, basket = self.line_id, self._basket
        now = basket.discount if line_id is None else basket.lines[basket.place(line_id)].wanted.discount
        self._remove.setVisible(now is not None)
        self.changed.emit()

    @Slot()
    def _on_way_changed(self) -> None:
        way = self._way.value
        self.value.setVisible(way is not Off.ALL)
        self.value.setPlaceholderText(_("Percent, as 10") if way is Off.PERCENT else _("Amount"))
        self.changed.emit()


class DiscountDialog(ReasonDialog):
    """Emits `chosen` with the id of a line, or None for the whole order, and the `Discount`; None takes it away."""

    chosen = Signal(object, object)

    def __init__(self, theme: Theme, basket: Basket, line_id: int | None = None, parent: QWidget | None = None) -> None:
        self._choice = DiscountChoice(theme, basket, line_id)
        self._currency = basket.currency
        self._offered = {each.reason: each for each in basket.offered_discounts}
        super().__init__(
            theme,
            _("Discount"),
            _("The reason stands on the receipt, and in the order's history with your name."),
            self._reasons(),
            _("Take off"),
            parent=parent,
            choice=self._choice,
        )
        self._reason.setMaxLength(MAX_REASON)
        restyle(self._confirm, kind="primary")
        self._reason.textChanged.connect(self._on_reason_named)
        self._choice.changed.connect(self._on_choice_changed)
        self._choice.value.returnPressed.connect(self._on_confirmed)
        self._choice.removed.connect(self._on_removed)
        self.given.connect(self._on_given)
        self._choice.value.setFocus()
        self._on_choice_changed()

    def _reasons(self) -> Sequence[str]:
        return (*self._offered, *(() if self._offered else (_("Regular guest"), _("Something was wrong with it"))))

    @property
    @override
    def is_ready(self) -> bool:
        return self._choice.discount("-") is not None

    @Slot()
    def _on_reason_named(self) -> None:
        offered = self._offered.get(self.reason)
        if offered is not None:
            self._choice.show_discount(offered)

    @Slot()
    def _on_choice_changed(self) -> None:
        discount = self._choice.discount(self.reason or "-")
        amount = discount_text(discount, self._currency).rpartition(" · ")[0] if discount is not None else ""
        self.set_action(_("Take off: {discount}").format(discount=amount) if amount else _("Take off"))

    @Slot(str)
    def _on_given(self, reason: str) -> None:
        self.chosen.emit(self._choice.line_id, self._choice.discount(reason))

    @Slot()
    def _on_removed(self) -> None:
        self.accept()
        self.chosen.emit(self._choice.line_id, None)
