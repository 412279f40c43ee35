"""The dialog of a refund: items of the order's lines, or an amount, and why."""

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.coins import Coins
from core.domain.commands import RefundLine, RefundOrder
from core.domain.errors import DomainError
from core.domain.order import Order, Tender
from core.domain.refund import (
    back_by,
    by_tender,
    left_minor,
    left_of,
    line_ids,
    money_back,
    refundable_minor,
    refunded,
    value_of,
)
from core.ui.ordering.item_dialog import Stepper
from core.ui.text import AMOUNT_LENGTH, _, figure, money, parse_amount, tender_label, tenders_text
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, OptionButton, button, label
from pos_app.order.card import customer
from pos_app.order.keypad import TypedField
from pos_app.order.reason_dialog import ReasonDialog


class RefundChoice(QWidget):
    """The choice of a refund: nothing at first. A typed amount counts in place of the items."""

    changed = Signal()
    confirmed = Signal()
    """Enter, in the amount or on what is chosen already."""

    def __init__(self, theme: Theme, order: Order) -> None:
        super().__init__()
        self._order = order
        self._left_minor = refundable_minor(order)
        self._counts: list[Stepper] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.space(3))
        grid.setVerticalSpacing(theme.space(1))
        grid.setColumnStretch(0, 1)
        for row, (line, worth_minor) in enumerate(zip(order.lines, left_minor(order), strict=True)):
            left = left_of(line)
            count = Stepper(theme, 0, least=0, most=left)
            count.setObjectName(f"refund_line_{row}")
            count.setVisible(left > 0)
            count.changed.connect(self._on_changed)
            self._counts.append(count)
            words = f"{figure(left)} × {line.name}" if left else _("{name} (taken back)").format(name=line.name)
            grid.addWidget(label(words, "body" if left else "muted", wrap=True), row, 0)
            worth = label(money(worth_minor, order.currency), "muted")
            worth.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(worth, row, 1)
            grid.addWidget(count, row, 2)
        every = button(_("Everything"), theme, name="refund_all")
        every.clicked.connect(partial(self._set_all, True))
        none = button(_("Nothing"), theme, name="refund_none")
        none.clicked.connect(partial(self._set_all, False))
        self._amount = TypedField()
        self.setFocusProxy(self._amount)
        self._amount.setObjectName("refund_amount")
        self._amount.setMaxLength(AMOUNT_LENGTH)
        self._amount.setPlaceholderText(_("Or an amount"))
        self._amount.setAccessibleName(_("Or an amount"))
        hint = self._amount.fontMetrics().horizontalAdvance(self._amount.placeholderText())
        self._amount.setMinimumWidth(hint + 2 * theme.space(5))  # all of it can be read
        self._amount.textChanged.connect(self._on_changed)
        self._amount.returnPressed.connect(self.confirmed)
        other = QHBoxLayout()
        other.setSpacing(theme.space(2))
        for each in (every, none):
            each.setAutoDefault(False)
            other.addWidget(each)
        other.addWidget(self._amount, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        column.addLayout(grid)
        column.addLayout(other)
        self._first: dict[Tender, Button] = {}
        held = by_tender(order, self._left_minor)
        if len(held) > 1:
            column.addWidget(label(_("Give back first by"), "small"))
            column.addLayout(self._lay_out_tenders(theme, list(held)))

    def _lay_out_tenders(self, theme: Theme, tenders: list[Tender]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        for tender in tenders:
            first = OptionButton(tender_label(tender), f"refund_by_{tender}")
            first.confirmed.connect(self.confirmed)
            first.setAccessibleName(_("Give back first by {tender}").format(tender=tender_label(tender)))
            first.setChecked(tender is tenders[0])
            first.clicked.connect(partial(self._choose_first, tender))
            self._first[tender] = first
            row.addWidget(first, 1)
        return row

    def _choose_first(self, tender: Tender) -> None:
        for each, first in self._first.items():
            first.setChecked(each is tender)
        self.changed.emit()

    @property
    def first(self) -> Tender | None:
        """By which it goes back first, where several paid."""
        return next((tender for tender, first in self._first.items() if first.isChecked()), None)

    @property
    def is_everything(self) -> bool:
        """All that is left, so that nothing of the order stays paid."""
        return self.amount_minor == self._left_minor

    @property
    def amount_minor(self) -> int:
        """The amount of the refund, in minor units; 0 for none, an invalid amount, or more than is left."""
        if not self._amount.text().strip():
            return value_of(self._order, self._lines)
        try:
            typed_minor = parse_amount(self._amount.text(), self._order.currency)
        except DomainError:
            return 0
        return typed_minor if typed_minor <= self._left_minor else 0

    def request(self, reason: str) -> RefundOrder:
        """The command."""
        lines = () if self._amount.text().strip() else self._lines
        return RefundOrder(
            version=self._order.version,
            reason=reason,
            lines=lines,
            amount_minor=self.amount_minor,
            tender=self.first,
        )

    @property
    def _lines(self) -> tuple[RefundLine, ...]:
        counted = zip(line_ids(self._order), self._counts, strict=True)
        return tuple(RefundLine(id=each, quantity=count.value) for each, count in counted if count.value)

    def _set_all(self, chosen: bool) -> None:
        self._amount.clear()
        for line, count in zip(self._order.lines, self._counts, strict=True):
            count.value = left_of(line) if chosen else 0

    @Slot()
    def _on_changed(self) -> None:
        typed = bool(self._amount.text().strip())
        for count in self._counts:
            count.setDisabled(typed)
        self.changed.emit()


class RefundDialog(ReasonDialog):
    """Emits `refund` with the `RefundOrder`; None in place of it stands for all that is left. And the reason."""

    refund = Signal(object, str)

    def __init__(self, theme: Theme, order: Order, coins: Coins, parent: QWidget | None = None) -> None:
        self._coins = coins
        self._choice = RefundChoice(theme, order)
        self._order = order
        amount = money(refundable_minor(order), order.currency)
        super().__init__(
            theme,
            _("Refund"),
            _("{order}\nA refund cannot be taken back.").format(order=f"{order.number} · {customer(order)} · {amount}"),
            (_("Something was wrong with it"), _("It was not made"), _("Charged too much")),
            _("Refund"),
            parent=parent,
            choice=self._choice,
        )
        self._choice.changed.connect(self._on_choice_changed)
        self._choice.confirmed.connect(self._on_confirmed)
        self.given.connect(self._on_given)
        self._on_choice_changed()

    @property
    @override
    def is_ready(self) -> bool:
        return self._choice.amount_minor > 0

    @Slot()
    def _on_choice_changed(self) -> None:
        amount_minor = self._choice.amount_minor
        back = self._back() if amount_minor else {}
        if len(back) > 1:
            words = _("Refund {amounts}").format(amounts=tenders_text(back, self._order.currency))
        else:
            words = _("Refund {amount} ({tender})").format(
                amount=money(next(iter(back.values()), 0), self._order.currency),
                tender=tender_label(next(iter(back), self._order.tender)),
            )
        self.set_action(words if amount_minor else _("Refund"))

    def _back(self) -> dict[Tender, int]:
        """The money that goes back by each tender, in coins where it is cash."""
        request = self._coins.rounded(self._order, self._choice.request(""))
        money = money_back(self._order, refunded(self._order, request))
        return {tender: money[tender] for tender in back_by(self._order, request) if tender in money}

    @Slot(str)
    def _on_given(self, reason: str) -> None:
        self.refund.emit(None if self._choice.is_everything else self._choice.request(reason), reason)
