"""Keys on the screen: digits for a PIN, letters for a name. Who signs in for the first time may have no keyboard."""

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QWidget

from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, button

_ACROSS: Final = 6
_ACCENTED: Final = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖØÙÚÛÜÝŠŽŁŒß"
DIGITS, LETTERS, ACCENTED = range(3)


class Keys(QStackedWidget):
    """All pages are as high as the highest: nothing moves when another is shown. Keys take no focus."""

    typed = Signal(str)
    cleared = Signal()
    deleted = Signal()
    pin_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("sign_in_keys")
        self.addWidget(self._digits())
        # Translators: the letters of the language's alphabet, in their order
        alphabet = _("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        self.addWidget(
            self._letters(alphabet, "letters", self._turn("ÀÉ", _("Accented letters"), "accented", ACCENTED))
        )
        self.addWidget(self._letters(_ACCENTED, "accented", self._turn(alphabet[:2], _("Letters"), "letters", LETTERS)))

    def _digits(self) -> QWidget:
        keypad = QWidget()
        # A till's keypad is not mirrored where people read from right to left: neither are phones'.
        keypad.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        grid = self._grid(keypad)
        for position, digit in enumerate("123456789"):
            grid.addWidget(self._key(digit, f"key_{digit}"), position // 3, position % 3)
        clear = button("", self._theme, "key", "close", name="key_clear")
        clear.setAccessibleName(_("Clear"))
        clear.clicked.connect(self.cleared)
        clear.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        grid.addWidget(clear, 3, 0)
        grid.addWidget(self._key("0", "key_0"), 3, 1)
        grid.addWidget(self._back("key_back", _("Delete the last digit")), 3, 2)
        return keypad

    def _letters(self, letters: str, name: str, turn: Button) -> QWidget:
        keypad = QWidget()
        grid = self._grid(keypad)
        for position, letter in enumerate(letters):
            grid.addWidget(self._key(letter, f"key_{letter}"), position // _ACROSS, position % _ACROSS)
        last = (len(letters) - 1) // _ACROSS + 1
        digits = button("12", self._theme, "key", name=f"keys_digits_{name}")
        digits.setAccessibleName(_("Digits, for the PIN"))
        digits.clicked.connect(self.pin_wanted)
        space = self._key(" ", f"key_space_{name}", _("Space"))
        back = self._back(f"key_delete_{name}", _("Delete the last letter"))
        for key, at, across in ((turn, 0, 1), (digits, 1, 1), (space, 2, 2), (back, 4, 2)):
            grid.addWidget(key, last, at, 1, across)
        for key in keypad.findChildren(Button):
            key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            key.setProperty("narrow", "true")
        return keypad

    def _turn(self, words: str, spoken: str, name: str, page: int) -> Button:
        """The key that shows the page `page`."""
        turn = button(words, self._theme, "key", name=f"keys_{name}")
        turn.setAccessibleName(spoken)
        turn.clicked.connect(partial(self._show, page))
        return turn

    def _grid(self, keypad: QWidget) -> QGridLayout:
        grid = QGridLayout(keypad)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(self._theme.space(1))
        return grid

    def _key(self, sign: str, name: str, spoken: str = "") -> Button:
        key = button(sign, self._theme, "key", name=name)
        key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        key.setAccessibleName(spoken or sign)
        key.clicked.connect(self._on_pressed)
        return key

    def _back(self, name: str, spoken: str) -> Button:
        back = button("", self._theme, "key", "backspace", name=name)
        back.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        back.setAccessibleName(spoken)
        back.clicked.connect(self.deleted)
        return back

    @Slot()
    def _on_pressed(self) -> None:
        key = self.sender()
        if isinstance(key, Button):
            self.typed.emit(key.text())

    def _show(self, page: int) -> None:
        self.setCurrentIndex(page)
