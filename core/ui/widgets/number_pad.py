"""Keys on the screen for numbers: whoever has no keyboard types with them."""

from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy, QWidget
from typing_extensions import override

from core.ui.text import _, figure
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, button
from core.ui.widgets.pair import Pair
from core.ui.widgets.scroll import VerticalScroll

_WIDE: Final = 60
"""Pixels that are enough for a finger, in letters of every size."""
_MOST: Final = 5
"""Keys that are higher are no easier to press: so many times that of a finger in all."""


class NumberPad(QWidget):
    """Types into the one of its fields that had the keyboard last, in place of what is selected there. Its keys are
    named `<name>_7`, and take no focus, so that a keyboard stays in the field."""

    def __init__(self, theme: Theme, name: str, *fields: QLineEdit, sign: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._fields = fields
        self._field = fields[0]
        # A till's keypad is not mirrored where people read from right to left: neither are phones'.
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(theme.space(1))
        for column in range(3):
            grid.setColumnStretch(column, 1)
            grid.setColumnMinimumWidth(column, min(theme.touch_px, _WIDE))
        for at, digit in enumerate("789456123"):
            grid.addWidget(self._digit(digit), at // 3, at % 3)
        self._sign = self._key("", "sign", self._on_sign_pressed)
        keep = self._sign.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._sign.setSizePolicy(keep)
        back = self._key("", "back", self._on_back_pressed, "backspace")
        back.setAccessibleName(_("Delete the last digit"))
        back.setAutoRepeat(True)
        for at, key in enumerate((self._sign, self._digit("0"), back)):
            grid.addWidget(key, 3, at)
        self.set_sign(sign)
        for field in fields:
            field.installEventFilter(self)

    def set_sign(self, sign: str) -> None:
        """Set the text that the key beside 0 types: a decimal point or two zeros. Empty hides the key."""
        self._sign.setText(sign)
        self._sign.setAccessibleName("")
        self._sign.setVisible(bool(sign))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusIn and isinstance(watched, QLineEdit):
            self._field = watched
        return super().eventFilter(watched, event)

    @property
    def _into(self) -> QLineEdit:
        """A field that is not asked for any more is left to the first that is."""
        asked = (each for each in (self._field, *self._fields) if each.isEnabled() and not each.isHidden())
        return next(asked, self._field)

    def _digit(self, digit: str) -> Button:
        sign = figure(int(digit))
        return self._key(sign, digit, partial(self._insert, sign))

    def _key(self, sign: str, name: str, act: object, icon: str = "") -> Button:
        key = button(sign, self._theme, "key", icon, name=f"{self._name}_{name}")
        key.setProperty("narrow", "true")
        key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        key.setAutoDefault(False)
        key.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        key.clicked.connect(act)
        return key

    def _insert(self, text: str, _checked: bool = False) -> None:
        self._into.insert(text)

    @Slot()
    def _on_sign_pressed(self) -> None:
        self._insert(self._sign.text())

    @Slot()
    def _on_back_pressed(self) -> None:
        self._into.backspace()


def beside_pad(theme: Theme, asked: QWidget, *fields: QLineEdit, sign: str = "") -> Pair:
    """A form, which scrolls where there is too little room, beside the keys for its fields, always in sight."""
    pad = NumberPad(theme, "digits", *fields, sign=sign)
    pad.setMaximumHeight(round(_MOST * theme.touch_px))
    return Pair(theme, VerticalScroll(asked, theme.touch_px), pad)
