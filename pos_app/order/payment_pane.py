"""What is paid next of an order: all that is due, an equal share, some of its items or an amount; and a tip."""

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from core.domain.coins import Coins
from core.domain.commands import NewPayment, RefundLine
from core.domain.errors import DomainError
from core.domain.order import Order, Tender
from core.domain.payment import payments_of, tip_of, to_pay_minor
from core.domain.refund import line_ids, value_of
from core.domain.sale.splits import equal_shares
from core.ui.ordering.item_dialog import Stepper
from core.ui.text import AMOUNT_LENGTH, _, figure, money, parse_amount
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, button, label
from pos_app.order.cash_pad import CashPad

_SHARES: Final = (1, 2, 3, 4)
_ITEMS: Final = 0
"""In place of a number of shares: by items."""
_PERCENTS: Final = (0, 10, 15, 20)
_REFERENCE_LENGTH: Final = 60


class PaymentPane(QWidget):
    """The amount that is typed is what is handed over: less than is asked for is a part of it."""

    changed = Signal()
    entered = Signal()
    """Enter was pressed in the amount."""
    grown = Signal()
    """There is more to choose among: the order's items."""

    def __init__(self, theme: Theme, order: Order, coins: Coins) -> None:
        super().__init__()
        self._order = order
        self._coins = coins
        self._shares = 1
        self._counts: list[Stepper] = []
        self._paid_items = [0] * len(order.lines)
        """Of each line, what was paid by items here."""
        self._ways: dict[int, Button] = {}
        self._tips: dict[int, Button] = {}
        self._percent: int | None = 0
        self.pad = CashPad(theme, in_parts=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(label(_("This payment"), "small"))
        column.addLayout(self._lay_out_ways(theme))
        self._items = self._lay_out_items(theme)
        column.addWidget(self._items)
        column.addWidget(label(_("Tip"), "small"))
        column.addLayout(self._lay_out_tips(theme))
        column.addWidget(self.pad)
        self._reference = QLineEdit()
        self._reference.setObjectName("payment_reference")
        self._reference.setMaxLength(_REFERENCE_LENGTH)
        self._reference.setPlaceholderText(_("Number of the voucher or slip"))
        self._reference.setAccessibleName(_("Number of the voucher or slip"))
        self._reference.returnPressed.connect(self.entered)
        column.addWidget(self._reference)
        self._missing = label(_("Type the number of the voucher or slip."), "error", wrap=True)
        self._missing.setObjectName("payment_reference_missing")
        self._missing.hide()
        self._reference.textChanged.connect(self._missing.hide)
        column.addWidget(self._missing)
        self.pad.changed.connect(self.changed)
        self.pad.entered.connect(self.entered)
        self.show_order(order)

    @property
    def part_minor(self) -> int:
        """What is asked for, without the tip."""
        due_minor = to_pay_minor(self._order)
        if self._shares != _ITEMS:
            return equal_shares(due_minor, self._shares)[0]
        return min(due_minor, self._value_of_items())

    @property
    def tip_minor(self) -> int:
        if self._percent is not None:
            return tip_of(self._order, self.part_minor or self._order.total_minor, self._percent)
        try:
            return parse_amount(self._own_tip.text(), self._order.currency)
        except DomainError:
            return 0

    def payment(self, tender: Tender) -> NewPayment | None:
        """What is paid if it is by this tender; None where it cannot be."""
        part_minor, tip_minor, typed_minor = self.part_minor, self.tip_minor, self.pad.typed_minor
        needed_minor = part_minor + tip_minor
        if typed_minor is None or not needed_minor:
            return None
        given_minor = None
        in_coins = tender in self._coins.tenders
        enough_minor = needed_minor + self._coins.added_minor(tender, needed_minor)
        if typed_minor < min(needed_minor, enough_minor):
            part_minor = typed_minor - tip_minor
            if part_minor <= 0:
                return None
        elif in_coins:
            given_minor = typed_minor if typed_minor >= enough_minor else None
        elif typed_minor > needed_minor:
            return None
        return NewPayment(
            tender=tender,
            amount_minor=part_minor,
            tip_minor=tip_minor,
            given_minor=given_minor,
            reference=self._reference.text().strip(),
        )

    def ask_for_reference(self) -> None:
        """The tender that was pressed needs one."""
        self._missing.show()
        self._reference.setFocus(Qt.FocusReason.OtherFocusReason)
        self.grown.emit()

    def show_order(self, order: Order) -> None:
        """The order, after a payment or another change. One share fewer is left, and the items that were paid are."""
        before, now = payments_of(self._order), payments_of(order)
        counts = [count.value for count in self._counts]
        if len(now) < len(before):  # one was taken back: nobody knows of which items
            self._paid_items = [0] * len(counts)
        elif now != before and self._shares == _ITEMS and now[-1].amount_minor == self.part_minor:
            self._paid_items = [paid + count for paid, count in zip(self._paid_items, counts, strict=True)]
        self._order = order
        took_a_share = len(now) > len(before) and self._shares > 1
        self._choose_way(self._shares - 1 if took_a_share else self._shares)
        if now != before:
            self.pad.clear()
            self._reference.clear()
            self._choose_tip(0)
        due_minor = to_pay_minor(order)
        for each in self._ways.values():
            each.setEnabled(due_minor > 0)

    # -- inside

    def _lay_out_ways(self, theme: Theme) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        for shares in (*_SHARES, _ITEMS):
            share = _("{part} of {count}").format(part=figure(1), count=figure(shares))
            words = {1: _("All"), _ITEMS: _("By items")}.get(shares, share)
            way = _choice(words, theme, f"split_{shares or 'items'}")
            way.clicked.connect(partial(self._choose_way, shares))
            self._ways[shares] = way
            row.addWidget(way, 1)
        return row

    def _lay_out_items(self, theme: Theme) -> QWidget:
        items = QWidget()
        grid = QGridLayout(items)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.space(3))
        grid.setVerticalSpacing(theme.space(1))
        grid.setColumnStretch(0, 1)
        for row, line in enumerate(self._order.lines):
            grid.addWidget(label(f"{figure(line.quantity)} × {line.name}", wrap=True), row, 0)
            worth = label(money(line.total_minor, self._order.currency), "muted")
            grid.addWidget(worth, row, 1, Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
            count = Stepper(theme, 0, least=0, most=line.quantity)
            count.setObjectName(f"split_line_{row}")
            count.setAccessibleName(line.name)
            count.changed.connect(self._on_changed)
            grid.addWidget(count, row, 2)
            self._counts.append(count)
        return items

    def _lay_out_tips(self, theme: Theme) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        for percent in _PERCENTS:
            words = _("{percent} %").format(percent=figure(percent)) if percent else _("None")
            tip = _choice(words, theme, f"tip_{percent}")
            tip.setAccessibleName(_("Tip: {amount}").format(amount=words))
            tip.clicked.connect(partial(self._choose_tip, percent))
            self._tips[percent] = tip
            row.addWidget(tip, 1)
        self._own_tip = QLineEdit()
        self._own_tip.setObjectName("tip_amount")
        self._own_tip.setMaxLength(AMOUNT_LENGTH)
        self._own_tip.setPlaceholderText(_("Tip"))
        self._own_tip.setAccessibleName(_("Tip"))
        self._own_tip.textEdited.connect(self._on_tip_typed)
        self._own_tip.returnPressed.connect(self.entered)
        row.addWidget(self._own_tip, 2)
        return row

    def _value_of_items(self) -> int:
        """Of the items chosen, beside those that were paid before: so the last ones get what cannot be divided."""
        before = self._lines([0] * len(self._counts))
        now = self._lines([count.value for count in self._counts])
        return value_of(self._order, now) - value_of(self._order, before)

    def _lines(self, more: list[int]) -> list[RefundLine]:
        counted = zip(line_ids(self._order), self._paid_items, more, strict=True)
        return [RefundLine(id=each, quantity=paid + new) for each, paid, new in counted if paid + new]

    def _choose_way(self, shares: int) -> None:
        self._shares = shares
        for each, way in self._ways.items():
            way.setChecked(each == shares)
        self._items.setVisible(shares == _ITEMS)
        for count in self._counts:
            count.value = 0
        for count, line, paid in zip(self._counts, self._order.lines, self._paid_items, strict=True):
            count.set_most(line.quantity - paid)
        self._on_changed()
        if shares == _ITEMS:
            self.grown.emit()

    def _choose_tip(self, percent: int) -> None:
        self._percent = percent
        self._own_tip.clear()
        self._mark_tip()

    @Slot()
    def _on_tip_typed(self) -> None:
        self._percent = None
        self._mark_tip()

    def _mark_tip(self) -> None:
        for each, tip in self._tips.items():
            tip.setChecked(each == self._percent)
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        needed_minor = self.part_minor + self.tip_minor
        added_minor = self._coins.added_minor(Tender.CASH, needed_minor)
        self.pad.ask(needed_minor, self._order.currency, needed_minor + added_minor)
        self.changed.emit()


def _choice(words: str, theme: Theme, name: str) -> Button:
    choice = button(words, theme, name=name)
    choice.setCheckable(True)
    choice.setAutoDefault(False)
    choice.setProperty("kind", "amount")
    return choice
