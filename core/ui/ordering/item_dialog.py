"""The dialog of one item: choices, note, quantity, and price."""

from PySide6.QtCore import QRegularExpression, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.domain.errors import InvalidOrder
from core.domain.ids import ModifierId
from core.domain.menu import MenuItem
from core.domain.order import MAX_QUANTITY, NewLine, price_lines
from core.ui.ordering.basket import BasketLine
from core.ui.ordering.choices import ChoiceGroup
from core.ui.text import _, money, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import button, keep_room, label
from core.ui.widgets.digits_validator import DigitsValidator

_NOTE_LENGTH = 500
_FROM_ONE = QRegularExpression("[1-9][0-9]{0,2}")
_FROM_NONE = QRegularExpression("0|[1-9][0-9]{0,2}")
_WIDTH = 640


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


class ItemDialog(QDialog):
    """`chosen` carries the `NewLine`. Without required choices it names them and stays open."""

    chosen = Signal(object)

    def __init__(
        self, item: MenuItem, currency: str, theme: Theme, line: BasketLine | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("item_dialog")
        self.setWindowTitle(window_title(item.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._item = item
        self._theme = theme
        self._currency = currency
        self._editing = line is not None
        chosen: frozenset[ModifierId] = frozenset(line.wanted.modifier_ids if line else ())
        self._groups = [ChoiceGroup(group, currency, theme, chosen) for group in item.groups]
        self._note = QLineEdit(line.wanted.note if line else "")
        self._note.setObjectName("item_note")
        self._note.setMaxLength(_NOTE_LENGTH)
        self._note.setPlaceholderText(_("Note for the kitchen: no onions, sauce apart…"))
        self._note.setAccessibleName(_("Note for the kitchen"))
        self._stepper = Stepper(theme, line.wanted.quantity if line else 1)
        self._why = label(role="error", wrap=True)
        self._why.setObjectName("item_error")
        keep_room(self._why, theme.lines_px(1))
        self._why.hide()
        self._add = button("", theme, "primary", name="item_add")
        self._add.setDefault(True)
        self._add.clicked.connect(self._on_add_clicked)
        self._cancel = button(_("Cancel"), theme, name="item_cancel")
        self._cancel.setAutoDefault(False)
        self._cancel.clicked.connect(self.reject)
        self._content = QWidget()
        self._scroll = self._body(theme)
        self._lay_out(theme)
        for group in self._groups:
            group.changed.connect(self._on_changed)
        self._stepper.changed.connect(self._on_changed)
        self._on_changed()
        # Enter adds what needs nothing more, and else chooses.
        incomplete = next((group for group in self._groups if not group.complete), None)
        (incomplete.focus if incomplete is not None else self._add.setFocus)()

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

    def _body(self, theme: Theme) -> QScrollArea:
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, theme.space(2), 0)
        column.setSpacing(theme.space(2))
        for group in self._groups:
            column.addWidget(group)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._content)
        return scroll

    def _lay_out(self, theme: Theme) -> None:
        column = QVBoxLayout(self)
        edge = theme.space(5)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(theme.space(3))
        head = QHBoxLayout()
        head.addWidget(label(self._item.name, "title", wrap=True), 1)
        head.addWidget(label(money(self._item.price_minor, self._currency), "number"), 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        if self._item.description:
            column.addWidget(label(self._item.description, "muted", wrap=True))
        if self._groups:
            column.addWidget(self._scroll, 1)
        column.addWidget(self._note)
        column.addWidget(self._why)
        foot = QHBoxLayout()
        foot.setSpacing(theme.space(3))
        foot.addWidget(self._stepper)
        foot.addStretch(1)
        foot.addWidget(self._cancel)
        foot.addWidget(self._add)
        column.addLayout(foot)
        self._fit()

    def _fit(self) -> None:
        """Fit the height to the choices, at most that of the window behind."""
        theme, over = self._theme, self.parentWidget()
        most = over.window().height() - 2 * theme.space(6) if over is not None else theme.px(720)
        wanted = self.sizeHint().height()
        if self._groups:
            wanted += self._content.sizeHint().height() + theme.space(1) - self._scroll.sizeHint().height()
        widest = over.window().width() - 2 * theme.space(6) if over is not None else theme.px(_WIDTH)
        self.resize(min(theme.px(_WIDTH), widest), min(wanted, max(most, theme.px(360))))

    def _price_minor(self) -> int:
        prices = {modifier.id: modifier.price_minor for group in self._item.groups for modifier in group.modifiers}
        wanted = self.wanted
        return (self._item.price_minor + sum(prices[each] for each in wanted.modifier_ids)) * wanted.quantity

    @Slot()
    def _on_changed(self) -> None:
        amount = money(self._price_minor(), self._currency)
        text = _("Save · {amount}") if self._editing else _("Add · {amount}")
        self._add.setText(text.format(amount=amount))
        if all(group.complete for group in self._groups):
            self._why.hide()

    @Slot()
    def _on_add_clicked(self) -> None:
        wanted = self.wanted
        incomplete = [group for group in self._groups if not group.complete]
        for group in reversed(incomplete):
            group.complain()
        if incomplete:
            self._scroll.ensureWidgetVisible(incomplete[0], 0, 0)
            names = ", ".join(group.group.name for group in incomplete)
            self._show_error(_("Please choose: {groups}.").format(groups=names))
            return
        try:
            price_lines({self._item.id: self._item}, (wanted,))
        except InvalidOrder as error:
            self._show_error(_(error.message))
            return
        self.chosen.emit(wanted)
        self.accept()

    def _show_error(self, why: str) -> None:
        self._why.setText(why)
        self._why.show()
