"""The panel in which money is taken: what is due, a part of it, a tip, the amount, and the tenders."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QLineEdit,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.domain.coins import NO_COINS, Coins
from core.domain.commands import NewPayment
from core.domain.order import Order, OrderLine, PaymentState, Tender
from core.domain.payment import payments_of, to_pay_minor
from core.domain.tenders import ShopTender, not_withdrawn
from core.ui.ordering.checkout import tender_icon
from core.ui.ordering.item_dialog import Stepper
from core.ui.text import _, figure, literal, money, tender_label
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, button, label, restyle, set_icon
from core.ui.widgets.even_row import EvenRow
from core.ui.widgets.scroll import VerticalScroll
from pos_app.order.keypad import Keypad
from pos_app.order.split import ITEMS, Split

_SHARES: Final = (1, 2, 3, 4)
_PERCENTS: Final = (0, 10, 15, 20)
_TYPED: Final = -1
"""In place of a percentage: the amount that was typed is the tip."""
_REFERENCE_LENGTH: Final = 60
_REFERENCE: Final = 210
_HINT_LINES: Final = 2
"""They have their room before there is a hint, so that nothing moves under a finger."""
_IN_A_ROW: Final = 2
_IN_A_COLUMN: Final = 4
_BESIDE: Final = 560
"""The least width in which the tenders have a column of their own."""


class TakingKey(Button):
    """A key that takes money. The second half of a double click takes nothing: it was meant for what was there."""

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()


class PaymentPanel(QWidget):
    """The amount that is typed is what is handed over: less than is asked for is a part of it. Enter takes it by the
    likely tender; a key of a tender, or of a note, takes it at once. Nothing takes the keyboard from the amount but the
    number of a slip, where it is asked for."""

    taken = Signal(object)
    """The `NewPayment` that was taken: `show_order` follows it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("payment_panel")
        self._theme = theme
        self._order: Order | None = None
        self._split = Split()
        self._percent = 0
        self._own_tip_minor = 0
        self._coins = NO_COINS
        self._at_door = False
        self._avoided: Tender | None = None
        self._marked: Tender | None = None
        self._known: dict[Tender, ShopTender] = {}
        self._online = True
        self._ways: dict[int, Button] = {}
        self._tips: dict[int, Button] = {}
        self._counts: list[Stepper] = []
        self._tenders: dict[Tender, Button] = {}
        self._due = label("", "hero")
        self._due.setObjectName("payment_due")
        self.pad = Keypad(theme)
        self._items = QWidget()
        self._items_scroll = VerticalScroll(self._items, theme.touch_px)
        self._area = QStackedWidget()
        self._hint = label("", "error", wrap=True)
        self._hint.setObjectName("payment_hint")
        self._reference = QLineEdit()
        self._keys = EvenRow(theme)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._last = EvenRow(theme)
        self._others: list[Button] = []
        self._lay_out()
        self.pad.changed.connect(self._on_typed)
        self.pad.entered.connect(self.enter)
        self.pad.given.connect(self._on_note_given)

    def _lay_out(self) -> None:
        theme = self._theme
        for shares in (*_SHARES, ITEMS):
            share = _("{part} of {count}").format(part=figure(1), count=figure(shares))
            words = {1: _("All"), ITEMS: _("By items")}.get(shares, share)
            self._ways[shares] = self._choice(words, f"split_{shares or 'items'}", partial(self._choose_way, shares))
        for percent in (*_PERCENTS, _TYPED):
            words = {0: _("No tip"), _TYPED: _("Typed")}.get(percent, _("{percent} %").format(percent=figure(percent)))
            name = "tip_typed" if percent == _TYPED else f"tip_{percent}"
            self._tips[percent] = self._choice(words, name, partial(self._choose_tip, percent))
            self._tips[percent].setAccessibleName(_("Tip: {amount}").format(amount=words))
        self._reference.setObjectName("payment_reference")
        self._reference.setMaxLength(_REFERENCE_LENGTH)
        self._reference.setPlaceholderText(_("No. of voucher or slip"))
        self._reference.setAccessibleName(_("Number of the voucher or slip"))
        self._reference.setFocusPolicy(Qt.FocusPolicy.ClickFocus | Qt.FocusPolicy.TabFocus)
        self._reference.returnPressed.connect(self.enter)
        self._reference.textChanged.connect(self._on_reference_typed)
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._hint.setFixedHeight(theme.lines_px(_HINT_LINES))
        self._area.addWidget(self.pad.keys)
        self._area.addWidget(self._items_scroll)
        self._box.setSpacing(theme.space(3))
        self._box.addWidget(self._area, 3)
        self._box.addWidget(self._keys, 2)
        self._reference.setMinimumWidth(theme.px(_REFERENCE))
        self._last.use([self._reference])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(self._due)
        column.addWidget(self.pad)
        column.addWidget(self._hint)
        column.addLayout(self._box, 1)
        column.addWidget(EvenRow(theme, *self._ways.values()))
        column.addWidget(EvenRow(theme, *self._tips.values()))
        column.addWidget(self._last)

    def _choice(self, words: str, name: str, act: object) -> Button:
        choice = button(words, self._theme, "amount", name=name)
        choice.setCheckable(True)
        choice.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a finger leaves the keyboard where it is
        choice.clicked.connect(act)
        return choice

    def add_key(self, key: Button) -> None:
        """Add one that takes no money now, in the last row."""
        key.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._others.append(key)
        self._last.use([self._reference, *self._others])

    # -- what is asked for

    @property
    def order(self) -> Order | None:
        return self._order

    @property
    def split(self) -> Split:
        return self._split

    def use_tenders(self, tenders: Sequence[ShopTender], coins: Coins, *, online: bool) -> None:
        """All of the shop, how it rounds, and whether the server answers: without it some are not taken."""
        known = {each.id: each for each in not_withdrawn(tenders)}
        if known != self._known:
            self._known = known
            self._offer()
        self._coins, self._online = coins, online
        self._update()

    def begin(self, order: Order, split: Split | None = None) -> None:
        """Ask for an order anew; `split`: how it is divided already."""
        self.clear()
        self._split = split or Split()
        self._show(order)
        self._area.setCurrentIndex(1 if self._split.shares == ITEMS else 0)
        self.pad.focus()

    def clear(self) -> None:
        """Reset for the next order."""
        self._order = None
        self._lay_out_items(())
        self._split = Split()
        self._percent = self._own_tip_minor = 0
        self.pad.clear()
        self._reference.clear()
        self._show_hint("")
        self._area.setCurrentIndex(0)

    def show_order(self, order: Order) -> None:
        """Show what is due of the order as it is now. After a payment the next one is asked for."""
        before = self._order
        if before is None or before.id != order.id:
            self.begin(order)
        elif before is order:
            pass
        elif payments_of(before) == payments_of(order):
            self._show(order)
        else:
            self.begin(order, self._split.after(before, order))

    def show_change(self, change_minor: int) -> None:
        """Say the change of the payment that was taken last, until something is typed."""
        self.pad.show_last_change(change_minor)

    def avoid(self, tender: Tender | None) -> None:
        """Enter is not to take the next payment by what was the wrong way of paying; None: it may."""
        self._avoided = tender
        self._update()

    def set_delivery(self, *, is_delivery: bool) -> None:
        """Whether it may be left to whoever delivers it."""
        if is_delivery != self._at_door:
            self._at_door = is_delivery
            self._fold()
            self._update()

    def payment(self, tender: Tender, given_minor: int | None = None) -> NewPayment | None:
        """The payment by this tender, of the typed amount or `given_minor`; None where it is impossible."""
        order = self._order
        if order is None:
            return None
        part_minor, tip_minor = self._split.part_minor(order), self._tip_minor
        typed_minor = self.pad.typed_minor if given_minor is None else given_minor
        needed_minor = part_minor + tip_minor
        if not needed_minor and not order.number and not order.total_minor:
            return NewPayment(tender=tender, amount_minor=0)  # a new order that costs nothing
        if typed_minor is None or not needed_minor:
            return None
        given_minor = None
        enough_minor = needed_minor + self._coins.added_minor(tender, needed_minor)
        if typed_minor < min(needed_minor, enough_minor):
            part_minor = typed_minor - tip_minor
            if part_minor <= 0:
                return None
        elif tender in self._coins.tenders:
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

    @property
    def _tip_minor(self) -> int:
        assert self._order is not None
        return self._own_tip_minor if self._percent == _TYPED else self._split.tip_minor(self._order, self._percent)

    @property
    def _likely(self) -> Tender | None:
        """The tender that the order is to be paid by, where it is offered here; None where nothing can be taken now."""
        usable = [each for each in self._tenders if self._is_here(each) and each != self._avoided]
        asked = self._order.tender if self._order is not None else Tender.CASH
        return next((tender for tender in (asked, Tender.CASH, *usable) if tender in usable), None)

    def _is_offered(self, tender: Tender) -> bool:
        return self._at_door or tender != Tender.CASH_ON_DELIVERY

    def _is_here(self, tender: Tender) -> bool:
        """Whether it can be taken now."""
        return tender in self._known and self._is_offered(tender) and (self._online or self._known[tender].offline)

    # -- showing

    def _show(self, order: Order) -> None:
        lines, anew = order.lines, self._order is None or self._order.lines != order.lines
        self._order = order
        if anew:
            self._split = msgspec.structs.replace(self._split, chosen=())
            self._lay_out_items(lines, order.currency)
        for count, left, line in zip(self._counts, self._split.left(order), lines, strict=True):
            count.set_most(left)
            count.setEnabled(left > 0)
            count.setAccessibleName(line.name)
        for tender, key in self._tenders.items():  # as wide as all of it needs, whatever is typed
            key.setText(self._words_of(tender, order.total_minor))
            key.setMinimumWidth(0)
            key.setMinimumWidth(key.minimumSizeHint().width())
        self._update()

    def _lay_out_items(self, lines: Sequence[OrderLine], currency: str = "") -> None:
        self._counts.clear()
        self._items = QWidget()
        grid = QGridLayout(self._items)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(self._theme.space(3))
        grid.setVerticalSpacing(self._theme.space(1))
        grid.setColumnStretch(0, 1)
        for row, line in enumerate(lines):
            grid.addWidget(label(f"{figure(line.quantity)} × {line.name}", wrap=True), row, 0)
            worth = label(money(line.total_minor, currency), "muted")
            grid.addWidget(worth, row, 1, Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
            count = Stepper(self._theme, 0, least=0, most=line.quantity)
            count.setObjectName(f"split_line_{row}")
            count.take_no_keys()
            count.changed.connect(self._on_items_chosen)
            grid.addWidget(count, row, 2)
            self._counts.append(count)
        grid.setRowStretch(len(lines), 1)
        self._items_scroll.show_content(self._items)

    def _offer(self) -> None:
        """A key for each tender, in the shop's order; Tab goes to them from the amount."""
        for gone in self._tenders.values():
            gone.hide()
            gone.deleteLater()
        self._tenders = {}
        self._marked = None
        before: QWidget = self.pad.field
        for known in self._known.values():
            key = TakingKey(literal(tender_label(known.id)), self._keys)
            key.hide()
            key.setObjectName(f"payment_{known.id}")
            key.setCursor(Qt.CursorShape.PointingHandCursor)
            key.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            key.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
            set_icon(key, tender_icon(known), self._theme)
            key.clicked.connect(partial(self._take, known.id))
            self._tenders[known.id] = key
        self._fold()
        for each in self._tenders.values():
            QWidget.setTabOrder(before, each)
            before = each

    def _mark_likely(self) -> None:
        likely, marked = self._likely, self._marked
        for tender, key in self._tenders.items():
            if tender in (likely, marked):
                restyle(key, kind="primary" if tender == likely else "")
                colour = "brand_ink" if tender == likely else "text"
                set_icon(key, tender_icon(self._known[tender]), self._theme, colour)
        self._marked = likely

    def _fold(self) -> None:
        """The keys of the tenders beside those of the amount, or above them where that is too wide."""
        directions = QBoxLayout.Direction
        keys = [key for tender, key in self._tenders.items() if self._is_offered(tender)]
        wide = self.width() >= self._theme.px(_BESIDE)
        self._box.setDirection(directions.LeftToRight if wide else directions.BottomToTop)
        self._keys.use(keys, (1 if len(keys) <= _IN_A_COLUMN else 2) if wide else _IN_A_ROW)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _show_hint(self, hint: str) -> None:
        self._hint.setText(hint)

    @Slot()
    def _update(self) -> None:
        order = self._order
        if order is None:
            return
        due_minor = to_pay_minor(order)
        asked_minor = due_minor + self._tip_minor
        nothing = asked_minor == 0 and order.payment is not PaymentState.UNPAID
        due = _("To pay: {amount}").format(amount=money(asked_minor, order.currency))
        self._due.setText(_("Paid") if nothing else due)
        needed_minor = self._split.part_minor(order) + self._tip_minor
        coins_minor = needed_minor + self._coins.added_minor(Tender.CASH, needed_minor)
        self.pad.ask(needed_minor, order.currency, coins_minor, in_cash=self._is_here(Tender.CASH))
        for shares, way in self._ways.items():
            way.setChecked(shares == self._split.shares)
            way.setEnabled(due_minor > 0)
        for percent, tip in self._tips.items():
            tip.setChecked(percent == self._percent)
        typed = money(self._own_tip_minor, order.currency) if self._percent == _TYPED else _("Typed")
        self._tips[_TYPED].setText(typed)
        if self._likely != self._marked:
            self._mark_likely()
        self._update_tenders()

    def _update_tenders(self) -> None:
        assert self._order is not None
        off = [tender_label(each) for each, known in self._known.items() if not self._online and not known.offline]
        if off and not self._hint.text():
            self._show_hint(_("Not without the server: {tenders}").format(tenders=", ".join(off)))
        for tender, key in self._tenders.items():
            payment = self.payment(tender)
            if payment is None and key.hasFocus():  # or the keyboard would go to the next button
                self.pad.focus()
            here = self._is_here(tender)
            key.setEnabled(payment is not None and here)
            key.setAccessibleDescription("" if here else _("Not without the server"))
            paid_minor = self._split.part_minor(self._order) + self._tip_minor
            if payment is not None:
                paid_minor = (payment.amount_minor or 0) + payment.tip_minor
            key.setText(self._words_of(tender, paid_minor))

    def _words_of(self, tender: Tender, paid_minor: int) -> str:
        assert self._order is not None
        words = literal(tender_label(tender))
        if tender == Tender.CASH_ON_DELIVERY or not paid_minor:
            return words
        return f"{words} {money(paid_minor + self._coins.added_minor(tender, paid_minor), self._order.currency)}"

    # -- what is pressed

    def take_key(self, event: QKeyEvent) -> bool:
        """Whether a key that nothing else handled belongs to the amount."""
        return self.pad.take_key(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.take_key(event):
            super().keyPressEvent(event)

    def _take(self, tender: Tender, given_minor: int | None = None) -> None:
        payment = self.payment(tender, given_minor)
        if payment is None or not self._is_here(tender):
            return
        if self._known[tender].needs_reference and not payment.reference:
            self._show_hint(_("Type the number of the voucher or slip."))
            restyle(self._reference, invalid="true")
            self._reference.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._avoided = None
            self.taken.emit(payment)

    @Slot(int)
    def _on_note_given(self, given_minor: int) -> None:
        self._take(Tender.CASH, given_minor)

    @Slot()
    def enter(self) -> None:
        """Enter takes it by the likely tender; what needs the number that was typed, by that; what gives change, in
        cash."""
        named = [each for each, known in self._known.items() if known.needs_reference and self._reference.text()]
        for tender in (*named, self._likely, Tender.CASH):
            if tender in self._tenders and self.payment(tender) is not None:
                self._take(tender)
                return

    @Slot()
    def _on_typed(self) -> None:
        self._show_hint("")
        self._area.setCurrentIndex(0)
        self._update()

    @Slot()
    def _on_reference_typed(self) -> None:
        self._show_hint("")
        restyle(self._reference, invalid="")
        self._update()

    @Slot()
    def _on_items_chosen(self) -> None:
        self._split = msgspec.structs.replace(self._split, chosen=tuple(count.value for count in self._counts))
        self._update()

    def _choose_way(self, shares: int) -> None:
        self._split = msgspec.structs.replace(self._split, shares=shares, chosen=())
        for count in self._counts:
            count.value = 0
        self._area.setCurrentIndex(1 if shares == ITEMS else 0)
        self._update()
        self.pad.focus()

    def _choose_tip(self, percent: int) -> None:
        """A typed tip is taken out of the amount, which is typed after it."""
        if percent == _TYPED:
            typed_minor = self.pad.typed_minor if self.pad.is_typed else None
            if typed_minor is None:
                self._update()
                self._show_hint(_("Type the tip first, then press this."))
                return
            self._own_tip_minor = typed_minor
            self.pad.clear()
        self._percent = percent
        self._update()
        self.pad.focus()
