"""The panel of one item: choices, note, quantity, and price."""

from typing import Final

from PySide6.QtCore import QPoint, QRegularExpression, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.digits import ascii_digits
from core.domain.errors import InvalidOrder
from core.domain.menu import MenuItem
from core.domain.order import MAX_QUANTITY, NewLine, price_lines
from core.ui import keys
from core.ui.ordering.basket import BasketLine
from core.ui.ordering.choices import ChoiceGroup
from core.ui.pace import GAP_S, Pace, Quiet
from core.ui.text import _, money
from core.ui.theme import Theme
from core.ui.widgets.controls import ElidedLabel, button, label
from core.ui.widgets.digits_validator import DigitsValidator
from core.ui.widgets.finger import scroll_by_finger
from core.ui.widgets.overlay import Overlay
from core.ui.widgets.scroll import VerticalScroll

_NOTE_LENGTH = 500
_FROM_ONE = QRegularExpression("[1-9][0-9]{0,2}")
_FROM_NONE = QRegularExpression("0|[1-9][0-9]{0,2}")
_WIDTH = 640
_ARROWS: Final = {
    Qt.Key.Key_Left: QPoint(-1, 0),
    Qt.Key.Key_Right: QPoint(1, 0),
    Qt.Key.Key_Up: QPoint(0, -1),
    Qt.Key.Key_Down: QPoint(0, 1),
}


class Stepper(QWidget):
    """A quantity from `least` to `most`, by presses or typed. Invalid text counts as the least."""

    changed = Signal(int)

    def __init__(self, theme: Theme, value: int = 1, *, least: int = 1, most: int = MAX_QUANTITY) -> None:
        super().__init__()
        self._least = least
        self._most = most
        self._fewer = button("", theme, icon="minus", name="fewer")
        self._fewer.setAccessibleName(_("One fewer"))
        self._more = button("", theme, icon="plus", name="more")
        self._more.setAccessibleName(_("One more"))
        self._field = QLineEdit()
        self._field.setObjectName("quantity")
        self._field.setAccessibleName(_("Quantity"))
        self._field.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._field.setValidator(DigitsValidator(_FROM_ONE if least else _FROM_NONE, self))
        self._field.setFixedWidth(theme.px(84))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(1))
        for part in (self._fewer, self._field, self._more):
            row.addWidget(part)
        for step in (self._fewer, self._more):
            step.setFixedWidth(theme.touch_px + theme.space(2))
            step.setAutoDefault(False)
            step.clicked.connect(self._on_step_clicked)
        self._field.textChanged.connect(self._on_text_changed)
        self._field.setText(str(value))

    @property
    def value(self) -> int:
        typed = self._field.text()
        return int(typed) if self._field.hasAcceptableInput() else self._least

    @value.setter
    def value(self, value: int) -> None:
        self._field.setText(str(value))

    def set_most(self, most: int) -> None:
        self._most = most
        self._on_text_changed()

    def take_no_keys(self) -> None:
        """Leave the keyboard where it is: what is typed is not meant for this. Tab goes to its buttons."""
        for step in (self._fewer, self._more):
            step.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._field.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._field.setReadOnly(True)

    @Slot()
    def _on_step_clicked(self) -> None:
        self.value += 1 if self.sender() is self._more else -1

    @Slot()
    def _on_text_changed(self) -> None:
        if self.value > self._most:
            self.value = self._most
            return
        self._fewer.setEnabled(self.value > self._least)
        self._more.setEnabled(self.value < self._most)
        self.changed.emit(self.value)


class _Body(VerticalScroll):
    """The scrolled part. Keys are the panel's: arrows lead from option to option."""

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()


class ItemDialog(Overlay):
    """The options of an item, in a panel of the window. `chosen` carries the `NewLine`. Without required choices it
    names them and stays open. Its button stays where it is, whatever is chosen and however many options there are.

    Keys: a digit chooses in the group that has the keyboard, arrows go from option to option and choose where one is
    to be chosen, Space chooses, `+` and `-` change the quantity, and Enter adds, or says what is missing.
    """

    chosen = Signal(object)

    def __init__(
        self,
        item: MenuItem,
        currency: str,
        theme: Theme,
        line: BasketLine | None,
        window: QWidget,
        *,
        by_keys: bool = False,
    ) -> None:
        super().__init__(theme, window)
        self.setObjectName("item_dialog")
        self.setAccessibleName(item.name)
        self._item = item
        self._currency = currency
        self._editing = line is not None
        self._by_keys = by_keys
        self._pace = Pace()
        self._digit = Quiet(GAP_S, self)
        """Runs until a digit is known to be none of a scanned code."""
        self._digit.passed.connect(self._on_digit)
        self._typed = 0
        taken = line.wanted.modifier_ids if line else [each for group in item.groups for each in group.defaults]
        self._groups = [ChoiceGroup(group, currency, theme, frozenset(taken)) for group in item.groups]
        self._note = QLineEdit(line.wanted.note if line else "")
        self._note.setObjectName("item_note")
        self._note.setMaxLength(_NOTE_LENGTH)
        self._note.setPlaceholderText(_("Note for the kitchen: no onions, sauce apart…"))
        self._note.setAccessibleName(_("Note for the kitchen"))
        self._stepper = Stepper(theme, line.wanted.quantity if line else 1)
        self._why = ElidedLabel("", "error", 1)
        self._why.setObjectName("item_error")
        self._add = button("", theme, "primary", name="item_add")
        self._add.setDefault(True)
        self._add.clicked.connect(self._on_add_clicked)
        self._cancel = button("", theme, "quiet", "close", name="item_cancel")
        self._cancel.setAccessibleName(_("Cancel"))
        self._cancel.setAutoDefault(False)
        self._cancel.clicked.connect(self.reject)
        self._scroll = self._body()
        self._lay_out()
        for group in self._groups:
            group.changed.connect(self._on_changed)
        self._stepper.changed.connect(self._on_changed)
        QApplication.instance().focusChanged.connect(self._show_digits)  # type: ignore[union-attr]
        self._on_changed()

    @override
    def open(self) -> None:
        """The keyboard is where something is missing, else where the choices begin."""
        super().open()
        incomplete = self._incomplete
        if incomplete:
            incomplete[0].focus()
        elif self._groups:
            self._groups[0].focus()
        else:
            self._add.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def wanted(self) -> NewLine:
        """The current choices."""
        modifier_ids = tuple(modifier_id for group in self._groups for modifier_id in group.chosen)
        return NewLine(
            item_id=self._item.id,
            quantity=self._stepper.value,
            modifier_ids=modifier_ids,
            note=self._note.text().strip(),
        )

    @property
    def _incomplete(self) -> list[ChoiceGroup]:
        return [group for group in self._groups if not group.complete]

    # -- what it looks like

    def _body(self) -> VerticalScroll:
        """The part that scrolls where there is too little room."""
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, self._theme.space(2), 0)
        column.setSpacing(self._theme.space(2))
        if self._item.description:
            column.addWidget(label(self._item.description, "muted", wrap=True))
        for group in self._groups:
            column.addWidget(group)
        column.addWidget(self._note)
        column.addStretch(1)
        scroll = _Body(content, self._theme.touch_px)
        scroll_by_finger(scroll)
        return scroll

    def _lay_out(self) -> None:
        theme = self._theme
        edge = theme.space(5)
        self.column.setContentsMargins(edge, edge, edge, edge)
        self.column.setSpacing(theme.space(2))
        head = QHBoxLayout()
        head.setSpacing(theme.space(3))
        head.addWidget(label(self._item.name, "title", wrap=True), 1)
        head.addWidget(self._cancel, 0, Qt.AlignmentFlag.AlignTop)
        foot = QHBoxLayout()
        foot.setSpacing(theme.space(3))
        foot.addWidget(self._stepper)
        foot.addWidget(self._add, 1)
        self.column.addLayout(head)
        self.column.addWidget(self._scroll, 1)
        self.column.addWidget(self._why)
        self.column.addLayout(foot)

    @override
    def wished(self, room: QSize) -> QSize:
        """As high as its choices, where the window is."""
        width = min(self._theme.px(_WIDTH), room.width())
        self.sheet.resize(width, room.height())
        self.column.activate()
        spare = self._scroll.height() - self._scroll.sizeHint().height()
        return QSize(width, room.height() - max(0, spare))

    def _price_minor(self) -> int:
        prices = {modifier.id: modifier.price_minor for group in self._item.groups for modifier in group.modifiers}
        wanted = self.wanted
        return (self._item.price_minor + sum(prices[each] for each in wanted.modifier_ids)) * wanted.quantity

    @Slot()
    def _on_changed(self) -> None:
        amount = money(self._price_minor(), self._currency)
        text = _("Save · {amount}") if self._editing else _("Add · {amount}")
        self._add.setText(text.format(amount=amount))
        if not self._incomplete:
            self._why.set_text("")

    # -- keys

    @property
    def _current(self) -> ChoiceGroup | None:
        """The group that has the keyboard."""
        focused = self._over.focusWidget()
        return next((group for group in self._groups if group.isAncestorOf(focused)), None)

    @Slot()
    def _show_digits(self) -> None:
        if not self.isVisible():
            return
        current = self._current
        for group in self._groups:
            group.show_digits(shown=self._by_keys and group is current)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle keys that no option or field has taken. A code that is scanned meanwhile chooses and adds nothing."""
        self._by_keys = True
        self._show_digits()
        is_scanned, sign = self._pace.count(event) > 0, ascii_digits(keys.typed(event))
        is_code = self._pace.is_code(event)
        self._pace.note(event)
        if self._digit.isActive():
            self._digit.stop()
            if not is_scanned or not sign:
                self._on_digit()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if keys.is_alone(event) and not is_code and not event.isAutoRepeat():
                self._on_add_clicked()
        elif event.key() in _ARROWS and keys.is_alone(event):
            self._on_arrow(_ARROWS[Qt.Key(event.key())])
        elif sign.isdecimal() and not is_scanned:
            self._typed = int(sign)
            self._digit.begin()
        elif sign in keys.STEPS and not is_scanned:
            self._stepper.value += keys.STEPS[sign]
        else:
            super().keyPressEvent(event)
        event.accept()

    @Slot()
    def _on_digit(self) -> None:
        """Choose in the group that has the keyboard. Once that is complete, the next that is not has it."""
        group = self._current or next(iter(self._incomplete or self._groups), None)
        if group is not None and group.choose(self._typed) and group.complete and group.group.most == 1:
            for following in self._incomplete[:1]:
                following.focus()
                self._scroll.ensureWidgetVisible(following, 0, 0)

    def _on_arrow(self, towards: QPoint) -> None:
        """To the nearest option in that direction; in a group of one, from outside, to what is chosen."""
        focused, current = self._over.focusWidget(), self._current
        boxes = [box for group in self._groups for box in group.boxes if box.isEnabled()]
        if focused not in boxes:
            return
        places = {box: box.mapTo(self, box.rect().center()) for box in boxes}
        here = places[focused]
        found = [box for box in boxes if QPoint.dotProduct(places[box] - here, towards) > 0]
        if towards.x():
            found = [box for box in found if abs(places[box].y() - here.y()) < box.height()]
        if found:
            nearest = min(found, key=lambda box: (places[box] - here).manhattanLength())
            group = next(each for each in self._groups if nearest in each.boxes)
            if group is current:
                group.lead_to(nearest)
            else:
                nearest = group.one or nearest
                nearest.setFocus(Qt.FocusReason.OtherFocusReason)
            self._scroll.ensureWidgetVisible(nearest, 0, self._theme.space(2))

    # -- adding it

    @Slot()
    def _on_add_clicked(self) -> None:
        wanted, incomplete = self.wanted, self._incomplete
        for group in reversed(incomplete):
            group.complain()
        if incomplete:
            self._scroll.ensureWidgetVisible(incomplete[0], 0, 0)
            names = ", ".join(group.group.name for group in incomplete)
            self._why.set_text(_("Please choose: {groups}.").format(groups=names))
            return
        try:
            price_lines({self._item.id: self._item}, (wanted,))
        except InvalidOrder as error:
            self._why.set_text(_(error.message))
            return
        self.chosen.emit(wanted)
        self.accept()
