"""The amount that is handed over: typed, by keys on the screen, or one of the likely notes; and the change."""

from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.errors import DomainError
from core.domain.money import exponent
from core.ui import keys
from core.ui.pace import Pace, Pressed, pressed
from core.ui.text import AMOUNT_LENGTH, _, figure, money, parse_amount
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, ElidedLabel, button, label, restyle
from core.ui.widgets.number_pad import NumberPad

_CODE: Final = 8
"""So many characters at once are no amount that a person typed."""
_PAUSE_S: Final = 1.0
_NOTES: Final = (1, 5, 10, 20, 50, 100, 200, 500)
_QUICK: Final = 6
_ACROSS: Final = 2


def quick_amounts(total_minor: int, currency: str) -> tuple[int, ...]:
    """Likely amounts for `total_minor`, which is one of coins: the next ones in notes, at most six."""
    unit: int = 10 ** exponent(currency)
    if exponent(currency) == 0:
        unit = 100  # ¥100 and ₩100 are the coins that $1 is elsewhere
    least = max((note for note in _NOTES if 10 * note * unit <= total_minor), default=1)
    rounded = {-(-total_minor // (note * unit)) * note * unit for note in _NOTES if note >= least}
    return tuple(sorted(rounded - {total_minor})[:_QUICK]) if total_minor else ()


class TypedField(QLineEdit):
    """A field for what a person types. A scanned code is ignored, and the previous text stays."""

    def __init__(self) -> None:
        super().__init__()
        self._pace = Pace()
        self._before = ""
        self._last = Pressed()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._remember(event)
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and (
            event.isAutoRepeat() or self._drop_code(event)
        ):  # held down, it would take the next part as well
            event.accept()
            return
        self._pace.note(event)
        super().keyPressEvent(event)

    def begin(self, event: QKeyEvent) -> None:
        """Type the sign that was typed outside of the field, in place of the selection."""
        self._remember(event)
        self._pace.note(event)
        self.insert(keys.typed(event))

    def _remember(self, event: QKeyEvent) -> None:
        """Keep the text as it is before somebody types. The first sign of a code may be long on its way: where the
        system does not say when it was pressed, a busy window takes longer over it than a scanner over the next."""
        now = pressed(event)
        if now.since_s(self._last) > _PAUSE_S:
            self._before = self.text()
        self._last = now

    @override
    def event(self, event: QEvent) -> bool:
        if keys.is_tab(event) and self._drop_code(event):
            return True
        return super().event(event)

    def _drop_code(self, event: QKeyEvent) -> bool:
        """Whether a code was scanned right before `event`."""
        scanned = self._pace.count(event) >= _CODE
        if scanned:
            self.setText(self._before)
        return scanned


class Keypad(QWidget):
    """Empty means exactly what is asked for. `keys` are what a finger presses; they take no focus, so that a keyboard
    stays in the field."""

    changed = Signal()
    entered = Signal()
    """Enter was pressed."""
    given = Signal(int)
    """A likely amount in notes was pressed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._asked_minor = self._coins_minor = self._told_minor = 0
        self._currency = ""
        self._notes: tuple[int, ...] = ()
        self._pace = Pace()
        self.field = TypedField()
        self.field.setObjectName("cash_given")
        name = _("Amount, or cash given")
        self.field.setPlaceholderText(name)
        self.field.setAccessibleName(name)
        self.field.setMaxLength(AMOUNT_LENGTH)
        self._pad = NumberPad(theme, "pad", self.field)
        self._name = ElidedLabel("", "muted", 6)
        self._change = label(role="hero")
        self._change.setObjectName("cash_change")
        self._quick: list[Button] = []
        self.keys = QWidget()
        self._lay_out()
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self.entered)

    def _lay_out(self) -> None:
        theme = self._theme
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(4))
        row.addWidget(self.field, 1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._name)
        words.addWidget(self._change)
        row.addLayout(words, 1)
        notes = QWidget()
        others = QGridLayout(notes)
        others.setContentsMargins(0, 0, 0, 0)
        others.setSpacing(theme.space(1))
        for at in range(_QUICK):
            note = button("", theme, "amount", name=f"cash_quick_{at}")
            note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
            note.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            note.clicked.connect(partial(self._on_note_pressed, at))
            keep = note.sizePolicy()
            keep.setRetainSizeWhenHidden(True)  # nothing moves under a finger
            note.setSizePolicy(keep)
            others.addWidget(note, at // _ACROSS, at % _ACROSS)
            self._quick.append(note)
        for column in range(_ACROSS):
            others.setColumnStretch(column, 1)
        both = QHBoxLayout(self.keys)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(theme.space(3))
        both.addWidget(self._pad, 1)
        both.addWidget(notes, 1)

    @property
    def is_typed(self) -> bool:
        return bool(self.field.text().strip())

    @property
    def typed_minor(self) -> int | None:
        """The amount, be it less than what is asked for; None for what is no amount."""
        typed = self.field.text().strip()
        if not typed:
            return self._asked_minor
        try:
            return parse_amount(typed, self._currency)
        except DomainError:
            return None

    def ask(self, asked_minor: int, currency: str, coins_minor: int, *, in_cash: bool) -> None:
        """Set what is asked for, and what that comes to in coins. `in_cash`: notes can be given."""
        self._asked_minor, self._coins_minor, self._currency = asked_minor, coins_minor, currency
        self._notes = quick_amounts(coins_minor, currency) if in_cash else ()
        for at, note in enumerate(self._quick):
            amount = money(self._notes[at], currency) if at < len(self._notes) else ""
            note.setText(amount)
            note.setAccessibleName(_("Cash given: {amount}").format(amount=amount) if amount else "")
            note.setVisible(bool(amount))
        self._pad.set_sign(self.locale().decimalPoint() if exponent(currency) else figure(0) * 2)
        self._update_view()

    def show_last_change(self, change_minor: int) -> None:
        """The change of the last payment, which is shown while nothing is typed."""
        self._told_minor = change_minor
        self._update_view()

    def focus(self) -> None:
        """Focus the amount, selected, so that typing replaces it."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()

    @Slot(object)
    def type(self, event: QKeyEvent) -> None:
        """Begin an amount with a digit that was typed elsewhere."""
        self.focus()
        self.field.begin(event)

    def take_key(self, event: QKeyEvent) -> bool:
        """Whether a key that nothing else handled belongs to the amount: a digit, which begins one, or Enter; but what
        is scanned does not."""
        sign, scanned = keys.typed(event), self._pace.count(event)
        is_code = self._pace.is_code(event)
        self._pace.note(event)
        if sign.isdecimal() and not scanned:
            self.type(event)
            return True
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and keys.is_alone(event)
        # A field passes its Enter on.
        if (
            is_enter
            and not event.isAutoRepeat()
            and not is_code
            and not isinstance(QApplication.focusWidget(), QLineEdit)
        ):
            self.entered.emit()
            return True
        return False

    def clear(self) -> None:
        self.field.clear()

    def _on_note_pressed(self, at: int) -> None:
        self.given.emit(self._notes[at])

    @Slot()
    def _on_text_changed(self) -> None:
        self._update_view()
        self.changed.emit()

    def _update_view(self) -> None:
        typed_minor = self.typed_minor if self.is_typed else self._coins_minor
        enough_minor = min(self._asked_minor, self._coins_minor)
        words = _("Change")
        if typed_minor is None:
            words = _("Not an amount")
        elif typed_minor < enough_minor:
            words = _("Left to pay")
        self._name.set_text(words)
        asked_minor = self._asked_minor if (typed_minor or 0) < enough_minor else self._coins_minor
        left_minor = abs((typed_minor or 0) - asked_minor) if self.is_typed else self._told_minor
        self._change.setText("—" if typed_minor is None else money(left_minor, self._currency))
        state = "true" if typed_minor is None else ""
        if (self.field.property("invalid") or "") != state:
            restyle(self.field, invalid=state)
