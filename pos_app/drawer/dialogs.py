"""The dialogs of the drawer: counting it, cash in and out, and closing a session."""

from collections.abc import Iterable

from PySide6.QtCore import QRegularExpression, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.denominations import coins_and_notes
from core.domain.drawers import CashFigures, Denomination, DrawerAct, needs_explanation
from core.domain.errors import DomainError
from core.domain.texts import is_blank
from core.ui.text import AMOUNT_LENGTH, _, drawer_act_label, money, parse_amount, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import button, fit_before, label
from core.ui.widgets.digits_validator import DigitsValidator
from core.ui.widgets.number_pad import beside_pad
from core.ui.widgets.overlay import PanelDialog
from pos_app.order.keypad import TypedField
from pos_app.order.reason_dialog import ReasonDialog, ReasonTiles

_COLUMNS = 2
_WIDE, _HIGH = 560, 640
_COUNT = QRegularExpression("[0-9]{0,5}")
_REASON_LENGTH = 300


class AmountLine(TypedField):
    """A field for an amount. `amount_minor` is None for what is none."""

    def __init__(self, name: str, spoken: str, currency: str) -> None:
        super().__init__()
        self._currency = currency
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setPlaceholderText(spoken)
        self.setMaxLength(AMOUNT_LENGTH)

    @property
    def amount_minor(self) -> int | None:
        """0 where nothing is typed."""
        if not self.text().strip():
            return 0
        try:
            return parse_amount(self.text(), self._currency)
        except DomainError:
            return None


class CountDialog(PanelDialog):
    """Emits `counted` with the amount and the coins and notes (none where a sum was typed)."""

    counted = Signal(int, object)

    def __init__(
        self, theme: Theme, currency: str, title: str, message: str, action: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent)
        self._currency = currency
        self.setObjectName("count_dialog")
        self.setWindowTitle(window_title(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fields: dict[int, QLineEdit] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.space(3))
        grid.setVerticalSpacing(theme.space(1))
        values = coins_and_notes(currency)
        rows = -(-len(values) // _COLUMNS)
        for at, value_minor in enumerate(values):
            field = QLineEdit()
            field.setObjectName(f"count_{value_minor}")
            field.setAccessibleName(_("How many of {amount}").format(amount=money(value_minor, currency)))
            field.setValidator(DigitsValidator(_COUNT, field))
            field.setPlaceholderText("0")
            field.textChanged.connect(self._on_changed)
            field.returnPressed.connect(self._on_entered)
            row, column = at % rows, at // rows * 2
            words = label(money(value_minor, currency), "body")
            words.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(words, row, column)
            grid.addWidget(field, row, column + 1)
            grid.setColumnStretch(column + 1, 1)
            self._fields[value_minor] = field
        self._sum = AmountLine("count_sum", _("Or the sum"), currency)
        self._sum.textChanged.connect(self._on_changed)
        self._sum.returnPressed.connect(self._on_entered)
        asked = QWidget()
        inner = QVBoxLayout(asked)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.space(3))
        inner.addWidget(label(message, "muted", wrap=True))
        inner.addLayout(grid)
        inner.addWidget(self._sum)
        inner.addStretch(1)
        self._total = label(role="hero")
        self._total.setObjectName("count_total")
        self._confirm = button(action, theme, "primary", name="count_confirm")
        self._confirm.setAutoDefault(False)
        self._confirm.clicked.connect(self._on_confirmed)
        back = button(_("Back"), theme, name="count_back")
        back.setAutoDefault(False)
        back.clicked.connect(self.reject)
        column_of = QVBoxLayout(self)
        margin = theme.space(5)
        column_of.setContentsMargins(margin, margin, margin, margin)
        column_of.setSpacing(theme.space(3))
        column_of.addWidget(label(title, "title", wrap=True))
        sign = self.locale().decimalPoint()
        column_of.addWidget(beside_pad(theme, asked, *self._fields.values(), self._sum, sign=sign), 1)
        column_of.addWidget(self._total)
        ends = QHBoxLayout()
        ends.addWidget(back, 1)
        ends.addWidget(self._confirm, 1)
        column_of.addLayout(ends)
        fit_before(self, parent, QSize(theme.px(_WIDE), theme.px(_HIGH)))
        self._on_changed()
        next(iter(self._fields.values())).setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def denominations(self) -> tuple[Denomination, ...]:
        """The counts of coins and notes."""
        counts = ((value, int(field.text() or 0)) for value, field in self._fields.items())
        return tuple(Denomination(value, count) for value, count in counts if count)

    @property
    def amount_minor(self) -> int | None:
        """The sum; None where the typed text is no amount."""
        if self._sum.text().strip():
            return self._sum.amount_minor
        return sum(each.value_minor * each.count for each in self.denominations)

    @Slot()
    def _on_changed(self) -> None:
        typed = bool(self._sum.text().strip())
        for field in self._fields.values():
            field.setDisabled(typed)
        amount_minor = self.amount_minor
        self._total.setText(_("Not an amount") if amount_minor is None else money(amount_minor, self._currency))
        self._confirm.setEnabled(amount_minor is not None)

    @Slot()
    def _on_entered(self) -> None:
        """Enter goes to the next field, and from the last one on confirms."""
        fields: list[QWidget] = [*self._fields.values(), self._sum]
        at = next((at for at, field in enumerate(fields) if field is self.sender()), len(fields) - 1)
        if at + 1 < len(fields):
            fields[at + 1].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self._on_confirmed()

    @Slot()
    def _on_confirmed(self) -> None:
        amount_minor = self.amount_minor
        if amount_minor is None:
            return
        pieces = () if self._sum.text().strip() else self.denominations
        self.accept()
        self.counted.emit(amount_minor, pieces)


class MoveDialog(ReasonDialog):
    """Emits `moved` with what is done, the amount and why."""

    moved = Signal(object, int, str)

    def __init__(
        self, theme: Theme, act: DrawerAct, currency: str, reasons: Iterable[str], parent: QWidget | None = None
    ) -> None:
        self._act = act
        self._currency = currency
        self._amount = AmountLine("move_amount", _("Amount"), currency) if act is not DrawerAct.NO_SALE else None
        super().__init__(
            theme,
            drawer_act_label(act),
            _("It is in the report of this session, with your name."),
            tuple(reasons),
            drawer_act_label(act),
            parent=parent,
            choice=self._amount,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.given.connect(self._on_given)
        if self._amount is not None:
            self._amount.textChanged.connect(self._on_amount_changed)
            self._amount.returnPressed.connect(self._on_confirmed)
            self._amount.setFocus(Qt.FocusReason.OtherFocusReason)
            self._on_amount_changed()

    @property
    @override
    def is_ready(self) -> bool:
        return self._amount is None or bool(self._amount.amount_minor)

    @Slot()
    def _on_amount_changed(self) -> None:
        amount_minor = self._amount.amount_minor if self._amount is not None else 0
        words = drawer_act_label(self._act)
        self.set_action(f"{words} · {money(amount_minor, self._currency)}" if amount_minor else words)

    @Slot(str)
    def _on_given(self, reason: str) -> None:
        amount_minor = self._amount.amount_minor if self._amount is not None else 0
        self.moved.emit(self._act, amount_minor or 0, reason)


class CloseDialog(PanelDialog):
    """Shows how the count differs, asks why where it differs much, and what is taken out. Emits `closed` with the
    amount taken out and the explanation."""

    closed = Signal(int, str)
    recount_wanted = Signal()

    def __init__(
        self, theme: Theme, cash: CashFigures, currency: str, *, predicted: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent)
        self._currency = currency
        self._counted_minor = cash.counted_minor or 0
        difference_minor = cash.difference_minor or 0
        self.setObjectName("close_dialog")
        self.setWindowTitle(window_title(_("Close the drawer")))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._asks = needs_explanation(difference_minor)
        told = label(difference_text(difference_minor, currency), "hero", wrap=True)
        told.setObjectName("close_difference")
        sums = QGridLayout()
        sums.setHorizontalSpacing(theme.space(3))
        sums.setColumnStretch(0, 1)
        for row, (words, minor) in enumerate(
            ((_("Should be there"), cash.expected_minor), (_("Counted"), self._counted_minor))
        ):
            sums.addWidget(label(words, "muted"), row, 0)
            amount = label(money(minor, currency), "strong")
            amount.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
            sums.addWidget(amount, row, 1)
        self._reason = QLineEdit()
        self._reason.setObjectName("close_reason")
        self._reason.setMaxLength(_REASON_LENGTH)
        self._reason.setPlaceholderText(_("Why it differs"))
        self._reason.setAccessibleName(_("Why it differs"))
        self._reason.setVisible(difference_minor != 0)
        usual = (_("Wrong change given"), _("Counted wrongly"), _("Tip in the drawer"), _("Cash out not entered"))
        tiles = ReasonTiles(theme, usual, self._reason)
        tiles.setVisible(difference_minor != 0)
        tiles.confirmed.connect(self._on_confirmed)
        self._deposit = AmountLine("close_deposit", _("Taken out of the drawer"), currency)
        self._left = label(role="muted")
        self._left.setObjectName("close_left")
        self._confirm = button(_("Close the drawer"), theme, "primary", name="close_confirm")
        again = button(_("Count again"), theme, name="close_again")
        again.clicked.connect(self._on_again)
        self._confirm.clicked.connect(self._on_confirmed)
        asked = QWidget()
        inner = QVBoxLayout(asked)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.space(3))
        inner.addLayout(sums)
        if predicted:
            inner.addWidget(label(_("As this POS knows it; the server has not answered yet."), "small", wrap=True))
        for part in (tiles, self._reason, self._deposit, self._left):
            inner.addWidget(part)
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(3))
        column.addWidget(label(_("Close the drawer"), "title", wrap=True))
        column.addWidget(told)
        inner.addStretch(1)
        column.addWidget(beside_pad(theme, asked, self._deposit, sign=self.locale().decimalPoint()), 1)
        ends = QHBoxLayout()
        for each in (again, self._confirm):
            each.setAutoDefault(False)
            ends.addWidget(each, 1)
        column.addLayout(ends)
        self.setMinimumWidth(theme.px(470))
        fit_before(self, parent)
        for field in (self._reason, self._deposit):
            field.textChanged.connect(self._on_changed)
            field.returnPressed.connect(self._on_confirmed)
        self._on_changed()
        first = self._reason if self._asks else self._deposit
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_changed(self) -> None:
        deposit_minor = self._deposit.amount_minor
        fits = deposit_minor is not None and deposit_minor <= self._counted_minor
        explained = not self._asks or not is_blank(self._reason.text())
        self._left.setText(
            _("Left in it: {amount}").format(amount=money(self._counted_minor - (deposit_minor or 0), self._currency))
            if fits
            else _("Not more can be taken out than was counted.")
        )
        self._confirm.setEnabled(fits and explained)

    @Slot()
    def _on_again(self) -> None:
        self.reject()
        self.recount_wanted.emit()

    @Slot()
    def _on_confirmed(self) -> None:
        deposit_minor = self._deposit.amount_minor
        if self._confirm.isEnabled() and deposit_minor is not None:
            reason = self._reason.text().strip()
            self.accept()
            self.closed.emit(deposit_minor, reason)


def difference_text(difference_minor: int, currency: str) -> str:
    """The difference of a count in words: it does not depend on a sign or a colour."""
    if not difference_minor:
        return _("It adds up")
    amount = money(abs(difference_minor), currency)
    words = _("{amount} too much") if difference_minor > 0 else _("{amount} too little")
    return words.format(amount=amount)
