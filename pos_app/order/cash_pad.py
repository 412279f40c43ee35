"""The amount that is handed over, and the change."""

from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.errors import DomainError
from core.domain.money import exponent
from core.ui.pace import Pace
from core.ui.text import AMOUNT_LENGTH, _, money, parse_amount
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, restyle

_COLUMNS = 3
_BUTTONS = 6
_CODE = 8
"""So many characters at once are no amount that a person typed."""
_NOTES: Final = (1, 5, 10, 20, 50, 100, 200, 500)
_QUICK: Final = 5


def quick_amounts(total_minor: int, currency: str) -> tuple[int, ...]:
    """Likely amounts for `total_minor`: exactly that, then the next ones in notes, at most six."""
    unit: int = 10 ** exponent(currency)
    if exponent(currency) == 0:
        unit = 100  # ¥100 and ₩100 are the coins that $1 is elsewhere
    least = max((note for note in _NOTES if 10 * note * unit <= total_minor), default=1)
    rounded = {-(-total_minor // (note * unit)) * note * unit for note in _NOTES if note >= least}
    return (total_minor, *sorted(rounded - {total_minor})[:_QUICK])


class AmountField(QLineEdit):
    """A field for an amount. A scanned code is ignored, and the previous text stays."""

    def __init__(self) -> None:
        super().__init__()
        self._pace = Pace()
        self._before = ""

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._pace.count:
            self._before = self.text()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._drop_code():
            event.accept()
            return
        self._pace.note(event.text())
        super().keyPressEvent(event)

    def begin(self, sign: str) -> None:
        """Type `sign`, which was typed outside of the field, in place of the selection."""
        self._before = self.text()
        self._pace.note(sign)
        self.insert(sign)

    @override
    def focusNextPrevChild(self, next: bool) -> bool:
        return self._drop_code() or super().focusNextPrevChild(next)

    def _drop_code(self) -> bool:
        """Whether a code has just been scanned."""
        scanned = self._pace.count >= _CODE
        if scanned:
            self.setText(self._before)
        return scanned


class CashPad(QWidget):
    """Empty means exactly the total. `given_minor` is None while the text is not an amount, or too little; `in_parts`:
    less than the total is a part of it."""

    changed = Signal()
    typed = Signal()
    """By a person, into the field."""
    entered = Signal()
    """Enter was pressed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, in_parts: bool = False) -> None:
        super().__init__(parent)
        self._in_parts = in_parts
        self._total_minor = self._coins_minor = 0
        self._currency = ""
        self._amounts: tuple[int, ...] = ()
        self.field = AmountField()
        self.field.setObjectName("cash_given")
        name = _("Amount, or cash given") if in_parts else _("Cash given")
        self.field.setPlaceholderText(name)
        self.field.setAccessibleName(name)
        self.field.setMaxLength(AMOUNT_LENGTH)
        self._name = label(_("Change"), "muted")
        self._change = label(role="number")
        self._change.setObjectName("cash_change")
        self._buttons: list[QPushButton] = []
        grid = QGridLayout()
        grid.setSpacing(theme.space(2))
        for at in range(_BUTTONS):
            quick = button("", theme, name=f"cash_quick_{at}")
            quick.setProperty("kind", "amount")
            quick.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            # For fingers. They take no focus, so that a keyboard stays in the field.
            quick.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            quick.clicked.connect(self._on_quick_clicked)
            grid.addWidget(quick, at // _COLUMNS, at % _COLUMNS)
            self._buttons.append(quick)
        for column in range(_COLUMNS):
            grid.setColumnStretch(column, 1)
        row = QHBoxLayout()
        row.setSpacing(theme.space(3))
        row.addWidget(self.field, 1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._name)
        words.addWidget(self._change)
        row.addLayout(words, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.space(2))
        box.addLayout(row)
        box.addLayout(grid)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.textEdited.connect(self.typed)
        self.field.returnPressed.connect(self.entered)

    @property
    def given_minor(self) -> int | None:
        given = self.typed_minor
        return given if given is not None and given >= self._total_minor else None

    @property
    def typed_minor(self) -> int | None:
        """The amount, be it less than the total; None for what is no amount."""
        typed = self.field.text().strip()
        if not typed:
            return self._total_minor
        try:
            return parse_amount(typed, self._currency)
        except DomainError:
            return None

    def ask(self, total_minor: int, currency: str, coins_minor: int | None = None) -> None:
        """Set the total, and what it comes to in coins, if that is another."""
        coins_minor = total_minor if coins_minor is None else coins_minor
        if (total_minor, coins_minor, currency) == (self._total_minor, self._coins_minor, self._currency):
            return
        self._total_minor, self._coins_minor, self._currency = total_minor, coins_minor, currency
        self._amounts = quick_amounts(coins_minor, currency)
        for at, quick in enumerate(self._buttons):
            quick.setVisible(at < len(self._amounts))
            if at < len(self._amounts):
                amount = money(self._amounts[at], currency)
                quick.setText(_("Exact") if at == 0 else amount)
                quick.setAccessibleName(_("Given: {amount}").format(amount=amount))
        self._update_view()

    def focus(self) -> None:
        """Focus the amount, selected, so that typing replaces it."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()

    def type(self, digit: str) -> None:
        """Begin an amount with `digit`, which was typed elsewhere."""
        self.focus()
        self.field.begin(digit)

    def clear(self) -> None:
        self.field.clear()

    @Slot()
    def _on_quick_clicked(self) -> None:
        amount = self._amounts[self._buttons.index(self.sender())]  # type: ignore[arg-type]
        self.field.setText(money(amount, self._currency) if amount != self._coins_minor else "")

    @Slot()
    def _on_text_changed(self) -> None:
        self._update_view()
        self.changed.emit()

    def _update_view(self) -> None:
        typed_minor = self.typed_minor if self.field.text().strip() else self._coins_minor
        enough_minor = min(self._total_minor, self._coins_minor)
        self._name.setText(_("Change"))
        if typed_minor is None:
            self._name.setText(_("Not an amount"))
        elif typed_minor < enough_minor:
            self._name.setText(_("Left to pay") if self._in_parts else _("Too little"))
        is_good = typed_minor is not None and (self._in_parts or typed_minor >= enough_minor)
        asked_minor = self._total_minor if (typed_minor or 0) < enough_minor else self._coins_minor
        self._change.setText(money(abs((typed_minor or 0) - asked_minor), self._currency) if is_good else "—")
        state = "" if is_good else "true"
        if (self.field.property("invalid") or "") != state:
            restyle(self.field, invalid=state)
