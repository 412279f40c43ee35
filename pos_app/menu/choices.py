"""The form of an item's choices: groups, and the choices in them."""

from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.domain.ids import ModifierId
from core.domain.menu import MAX_NAME, Modifier, ModifierGroup, new_id
from core.ui.text import _, figure
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, set_tip
from core.ui.widgets.fields import CheckBox, Picker
from pos_app.menu.price_field import PriceField

_PRICE: Final = 92
_USUALLY: Final = 12
"""The highest number that a field for a count offers at least."""
_LARGE: Final = 150
"""Per cent of text size, from which an option takes two lines."""
_WHOLE: Final = Qt.AlignmentFlag(0)


class Choices(QWidget):
    """The groups of one item. `changed` is emitted with every keystroke."""

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._currency = ""
        self._cards: list[_GroupCard] = []
        self._group_ids: set[str] = set()
        self._choice_ids: set[str] = set()
        add = button(_("Add an option group"), theme, icon="plus", name="menu_add_group")
        add.clicked.connect(self._on_add_pressed)
        self._column = QVBoxLayout()
        self._column.setSpacing(theme.space(3))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.space(3))
        outer.addLayout(self._column)
        outer.addWidget(add)

    def show_groups(self, groups: Sequence[ModifierGroup], currency: str) -> None:
        """Show these groups."""
        self._currency = currency
        for card in self._cards:
            self._forget(card)
        self._cards = []
        self._group_ids = {group.id for group in groups}
        self._choice_ids = {each.id for group in groups for each in group.modifiers}
        for group in groups:
            self._add(group)

    @property
    def groups(self) -> tuple[ModifierGroup, ...]:
        """The groups as typed. New ones get ids from their names."""
        groups: list[ModifierGroup] = []
        choices, taken = self._choice_ids.copy(), self._group_ids.copy()
        for card in self._cards:
            group = card.read(taken, choices)
            taken.add(group.id)
            groups.append(group)
        return tuple(groups)

    @property
    def complete(self) -> bool:
        """Whether every typed price is valid."""
        return all(card.complete for card in self._cards)

    def _add(self, group: ModifierGroup) -> "_GroupCard":
        card = _GroupCard(group, self._currency, self._theme)
        card.changed.connect(self.changed)
        card.removed.connect(self._on_removed)
        self._cards.append(card)
        self._column.addWidget(card)
        card.show()  # now, so that it can have the keyboard
        return card

    @Slot()
    def _on_add_pressed(self) -> None:
        card = self._add(ModifierGroup("", "", (Modifier(ModifierId(""), ""),)))
        card.name.setFocus()
        self.changed.emit()

    @Slot()
    def _on_removed(self) -> None:
        card = self.sender()
        if isinstance(card, _GroupCard):
            self._cards.remove(card)
            self._forget(card)
            self.changed.emit()

    def _forget(self, card: QWidget) -> None:
        self._column.removeWidget(card)
        card.hide()
        card.deleteLater()


class _Row:
    """The fields of one choice."""

    def __init__(
        self, choice: Modifier, name: QLineEdit, price: PriceField, default: CheckBox, remove: QPushButton
    ) -> None:
        self.choice = choice
        self.name = name
        self.price = price
        self.default = default
        self.remove = remove

    @property
    def is_default(self) -> bool | None:
        """The value for `Modifier.default`; False removes a default."""
        return self.default.isChecked() or (False if self.choice.default else None)

    @property
    def parts(self) -> tuple[QWidget, ...]:
        return self.name, self.price, self.default, self.remove


class _GroupCard(QFrame):
    changed = Signal()
    removed = Signal()

    def __init__(self, group: ModifierGroup, currency: str, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setObjectName(f"menu_group_{group.id}")
        self._theme = theme
        self._currency = currency
        self.group_id = group.id
        self._rows: list[_Row] = []
        self.name = _field("menu_group_name", _("What is chosen: Sauce, Size"), group.name)
        self.name.textEdited.connect(self.changed)
        remove = button("", theme, "quiet", "trash", name="menu_remove_group")
        remove.setAccessibleName(_("Remove the option group {name}").format(name=group.name))
        remove.clicked.connect(self.removed)
        head = QHBoxLayout()
        head.setSpacing(theme.space(2))
        head.addWidget(self.name, 1)
        head.addWidget(remove)
        self._least = self._count("menu_group_least", _("Minimum"), group.least)
        self._most = self._count("menu_group_most", _("Maximum"), group.most or 0, nothing=_("any number"))
        bounds = QGridLayout()
        bounds.setHorizontalSpacing(theme.space(2))
        bounds.setVerticalSpacing(theme.space(1))
        for at, (words, box) in enumerate(((_("Minimum"), self._least), (_("Maximum"), self._most))):
            bounds.addWidget(label(words, "small"), 0, at)
            bounds.addWidget(box, 1, at)
            bounds.setColumnStretch(at, 1)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.space(1))
        self._grid.setVerticalSpacing(theme.space(2))
        self._grid.setColumnStretch(0, 1)
        heads = (_("Option"), _("Adds"), _("Default"))
        for widget, row, place, columns in self._placed(0, *(label(words, "small") for words in heads)):
            self._grid.addWidget(widget, row, place, 1, columns)
        add = button(_("Add an option"), theme, "quiet", "plus", name="menu_add_choice")
        add.clicked.connect(self._on_add_pressed)
        column = QVBoxLayout(self)
        edge = theme.space(3)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(theme.space(2))
        column.addLayout(head)
        column.addLayout(bounds)
        column.addLayout(self._grid)
        column.addWidget(add)
        for choice in group.modifiers:
            self._add(choice)

    def _placed(self, row: int, *parts: QWidget) -> Iterator[tuple[QWidget, int, int, int]]:
        """The places of an option's parts: row, column and columns. In large letters price and default stand below."""
        if self._theme.text_scale < _LARGE:
            yield from ((part, row, place, 1) for place, part in enumerate(parts))
            return
        name, price, default, *remove = parts
        yield name, row, 0, 2
        yield price, row + 1, 0, 1
        yield default, row + 1, 1, 1
        yield from ((part, row, 2, 1) for part in remove)

    def _count(self, name: str, spoken: str, value: int, nothing: str = "") -> Picker:
        box = Picker(self._theme, name, spoken)
        for count in range(max(_USUALLY, value) + 1):
            box.addItem(figure(count) if count or not nothing else nothing, count)
        box.setCurrentIndex(value)
        box.currentIndexChanged.connect(self.changed)
        return box

    @property
    def complete(self) -> bool:
        return all(row.price.price_minor is not None for row in self._rows)

    def read(self, groups: set[str], choices: set[str]) -> ModifierGroup:
        """As it is typed. New ids are none of `groups` and `choices`, to which those of the choices are added."""
        name = self.name.text().strip()
        found = []
        for row in self._rows:
            called = row.name.text().strip()
            choice_id = row.choice.id or new_id(called, choices)
            choices.add(choice_id)
            price_minor = row.price.price_minor
            found.append(
                Modifier(
                    ModifierId(choice_id),
                    called,
                    row.choice.price_minor if price_minor is None else price_minor,
                    row.is_default,
                )
            )
        return ModifierGroup(
            self.group_id or new_id(name, groups),
            name,
            tuple(found),
            self._least.currentData(),
            self._most.currentData() or None,
        )

    def _add(self, choice: Modifier) -> _Row:
        name = _field("menu_choice_name", _("Option"), choice.name)
        price = PriceField(_("Adds"), self._theme, empty_is_nothing=True, signed=True)
        price.setObjectName("menu_choice_price")
        price.setFixedWidth(self._theme.px(_PRICE))
        price.show_price(choice.price_minor, self._currency)
        remove = button("", self._theme, "quiet", "close", name="menu_remove_choice")
        remove.setAccessibleName(_("Remove the option {name}").format(name=choice.name))
        default = CheckBox(self._theme, "menu_choice_default", "")
        default.setAccessibleName(_("{name} is taken unless somebody chooses otherwise").format(name=choice.name))
        set_tip(default, _("Taken unless somebody chooses otherwise"))
        default.setChecked(bool(choice.default))
        row = _Row(choice, name, price, default, remove)
        for widget, at, place, columns in self._placed(self._grid.rowCount(), *row.parts):
            middle = Qt.AlignmentFlag.AlignCenter if widget is default else _WHOLE
            self._grid.addWidget(widget, at, place, 1, columns, middle)
            widget.show()
        default.clicked.connect(self._on_default_pressed)
        name.textEdited.connect(self.changed)
        price.textEdited.connect(self.changed)
        remove.clicked.connect(self._on_remove_pressed)
        self._rows.append(row)
        return row

    @Slot()
    def _on_add_pressed(self) -> None:
        self._add(Modifier(ModifierId(""), "")).name.setFocus()
        self.changed.emit()

    @Slot()
    def _on_default_pressed(self) -> None:
        """Keep one default where only one option is taken."""
        pressed = self.sender()
        if self._most.currentData() == 1:
            for row in self._rows:
                if row.default is not pressed:
                    row.default.setChecked(False)
        self.changed.emit()

    @Slot()
    def _on_remove_pressed(self) -> None:
        pressed = self.sender()
        for row in [each for each in self._rows if each.remove is pressed]:
            self._rows.remove(row)
            for widget in row.parts:
                self._grid.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
            self.changed.emit()


def _field(name: str, placeholder: str, text: str) -> QLineEdit:
    field = QLineEdit(text)
    field.setObjectName(name)
    field.setPlaceholderText(placeholder)
    field.setAccessibleName(placeholder)
    field.setMaxLength(MAX_NAME)
    field.setCursorPosition(0)
    return field
