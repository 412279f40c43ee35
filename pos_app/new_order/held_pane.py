"""The baskets that the shop holds, and the question under which name one is held: both in place of the basket."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.held_baskets import LABEL_LENGTH, HeldBasket
from core.ui import keys
from core.ui.days import Days
from core.ui.text import _, ngettext, time_of_day
from core.ui.theme import Theme
from core.ui.widgets.controls import ElidedLabel, button, label, panel
from core.ui.widgets.pair import Pair
from core.ui.widgets.scroll import VerticalScroll
from pos_app.new_order.holding import name_of, taken_text

_LEAST_LETTERS = 6


class _Stage(QWidget):
    """A title with a way back, which Escape goes as well."""

    back_asked = Signal()

    def __init__(self, theme: Theme, title: str, name: str) -> None:
        super().__init__()
        self._back = button(_("Back"), theme, "quiet", name=f"{name}_back")
        self._back.setAccessibleName(_("Back to the basket"))
        self._back.clicked.connect(self.back_asked)
        head = QHBoxLayout()
        head.addWidget(label(title, "title", wrap=True), 1)
        head.addWidget(self._back)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.space(3))
        self._column.addLayout(head)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and keys.is_alone(event):
            self.back_asked.emit()
        else:
            super().keyPressEvent(event)


class HoldPane(_Stage):
    """Under which name, table or number the basket is held."""

    entered = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, _("Hold basket"), "hold")
        self.field = QLineEdit()
        self.field.setObjectName("hold_label")
        self.field.setPlaceholderText(_("Name, table or number"))
        self.field.setAccessibleName(_("Name, table or number of the held basket"))
        self.field.setMaxLength(LABEL_LENGTH)
        self._hold = button(_("Hold"), theme, "primary", name="hold_confirm")
        self._column.addWidget(self.field)
        self._column.addWidget(label(_("Empty: it is known by its time."), "muted", wrap=True))
        self._column.addWidget(self._hold)
        self._column.addStretch(1)
        self.field.returnPressed.connect(self._on_entered)
        self._hold.clicked.connect(self._on_entered)

    def ask(self, likely: str) -> None:
        """Ask anew; `likely` is the name that it had."""
        self.field.setText(likely[:LABEL_LENGTH])
        self.field.selectAll()
        self.field.setFocus()

    @Slot()
    def _on_entered(self) -> None:
        self.entered.emit(self.field.text())


class HeldPane(_Stage):
    """The oldest first, so that nothing moves when another is held. `total_of` gives the amount of a basket as text."""

    open_asked = Signal(object)
    hold_asked = Signal(object)
    """Hold the basket that is on the page, then open this `HeldBasket`."""
    drop_asked = Signal(object)

    def __init__(self, theme: Theme, total_of: Callable[[HeldBasket], str], now: Callable[[], datetime]) -> None:
        super().__init__(theme, _("Held baskets"), "held")
        self.now = now
        self.days = Days(now, self)
        """Whoever shows baskets shows them again when another day has begun."""
        self._theme = theme
        self._total_of = total_of
        self._rows: dict[str, _Row] = {}
        self._nothing = label(_("No basket is held."), "muted", wrap=True)
        inside = QWidget()
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(theme.space(2))
        self._list.addWidget(self._nothing)
        self._list.addStretch(1)
        self._scroll = VerticalScroll(inside, theme.touch_px)
        self._column.addWidget(self._scroll, 1)

    def show_baskets(self, baskets: tuple[HeldBasket, ...], device: str, *, busy: bool, free: bool) -> None:
        """`device` is this POS; `free`: nothing is on the page."""
        there = {each.id for each in baskets}
        for gone in self._rows.keys() - there:
            row = self._rows.pop(gone)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        for at, basket in enumerate(baskets):
            found = self._rows.get(basket.id)
            if found is None:
                found = self._rows[basket.id] = _Row(self, self._theme)
                self._list.insertWidget(at + 1, found)
            found.show_basket(basket, self._total_of(basket), device, busy=busy, free=free)
        self._nothing.setHidden(bool(baskets))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.days.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self.days.stop()
        super().hideEvent(event)

    def focus_first(self) -> None:
        """Focus what opens the first basket, or the way back."""
        opens = [row.open for row in self._rows.values() if row.open.isEnabled()]
        target = opens[0] if opens else self._back
        target.setFocus(Qt.FocusReason.OtherFocusReason)


class _Row(QFrame):
    """One basket, with what can be done about it; a question stands in place of the buttons."""

    def __init__(self, pane: HeldPane, theme: Theme) -> None:
        super().__init__()
        self._pane = pane
        self._theme = theme
        self._basket: HeldBasket | None = None
        self._is_free = True
        self._name = ElidedLabel("", "strong", _LEAST_LETTERS)
        self._total = label(role="strong")
        self._facts, self._state = label(role="muted", wrap=True), label(role="small", wrap=True)
        self.open = button(_("Open"), theme, name="held_open")
        self._delete = button(_("Delete it"), theme, "quiet", name="held_delete")
        self._question = QWidget()
        self._asked = label(wrap=True)
        self._yes = button("", theme, "danger", name="held_yes")
        self._hold = button(_("Hold it, then open"), theme, name="held_hold")
        self._no = button(_("Cancel"), theme, "quiet", name="held_no")
        self._lay_out()
        self.open.clicked.connect(self._on_open)
        self._delete.clicked.connect(self._on_delete)
        self._yes.clicked.connect(self._on_yes)
        self._hold.clicked.connect(self._on_hold)
        self._no.clicked.connect(self._on_no)

    def _lay_out(self) -> None:
        theme = self._theme
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        card, column = panel("card")
        edge = theme.space(3)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(theme.space(1))
        title = QHBoxLayout()
        title.addWidget(self._name, 1)
        title.addWidget(self._total)
        asks = QVBoxLayout(self._question)
        asks.setContentsMargins(0, 0, 0, 0)
        asks.setSpacing(theme.space(1))
        answers = QWidget()
        line = QVBoxLayout(answers)
        line.setContentsMargins(0, 0, 0, 0)
        for each in (self._yes, self._hold):
            line.addWidget(each)
        asks.addWidget(self._asked)
        asks.addWidget(Pair(theme, answers, self._no))
        self._acts = Pair(theme, self.open, self._delete)
        self._question.hide()
        column.addLayout(title)
        column.addWidget(self._facts)
        column.addWidget(self._state)
        column.addWidget(self._acts)
        column.addWidget(self._question)
        whole.addWidget(card)

    def show_basket(self, basket: HeldBasket, total: str, device: str, *, busy: bool, free: bool) -> None:
        self._basket, self._is_free = basket, free
        when = time_of_day(basket.held.done_at, self._pane.now())
        name = name_of(basket, when)
        count = ngettext("{count} item", "{count} items", sum(line.quantity for line in basket.lines))
        self._name.set_text(name)
        self._total.setText(total)
        self._facts.setText(f"{count} · {basket.held.by} · {basket.held.device} · {when}")
        taken = basket.taken
        elsewhere = taken is not None and taken.device != device
        self._state.setText(taken_text(basket) if elsewhere else _("Open at this POS") if taken is not None else "")
        self._state.setVisible(bool(self._state.text()))
        self.open.setAccessibleName(_("Open {name}").format(name=name))
        self._delete.setAccessibleName(_("Delete {name}").format(name=name))
        for each in (self.open, self._delete, self._yes, self._hold):
            each.setEnabled(not busy and not elsewhere)

    def _ask(self, question: str, answer: QWidget) -> None:
        self._asked.setText(question)
        for each in (self._yes, self._hold):
            each.setVisible(each is answer)
        self._question.show()
        self._acts.hide()
        self._no.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_open(self) -> None:
        if self._is_free:
            self._pane.open_asked.emit(self._basket)
        else:
            self._ask(_("There is a basket in progress."), self._hold)
            self._hold.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_delete(self) -> None:
        self._yes.setText(_("Delete it"))
        self._ask(_("Delete it with all that is in it?"), self._yes)

    @Slot()
    def _on_yes(self) -> None:
        self._on_no()
        self._pane.drop_asked.emit(self._basket)

    @Slot()
    def _on_hold(self) -> None:
        self._on_no()
        self._pane.hold_asked.emit(self._basket)

    @Slot()
    def _on_no(self) -> None:
        self._acts.show()
        self._question.hide()
        self.open.setFocus(Qt.FocusReason.OtherFocusReason)
