"""Classify a key press: a typed character, a key by itself, or a shortcut with Ctrl, Alt or Meta."""

from typing import Final, TypeGuard

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

_M: Final = Qt.KeyboardModifier
COMMANDS: Final = _M.ControlModifier | _M.AltModifier | _M.MetaModifier
_ALT_GR: Final = _M.ControlModifier | _M.AltModifier
"""What Windows makes of AltGr, with which signs are typed."""
STEPS: Final = {"+": 1, "=": 1, "-": -1, "−": -1}
"""The signs that change a quantity, and by how many."""


def is_alone(event: QKeyEvent) -> bool:
    """Whether the key was pressed without Ctrl, Alt and Meta. Who types capitals may still hold Shift."""
    return not event.modifiers() & COMMANDS


def typed(event: QKeyEvent) -> str:
    """The sign that the key types; empty when it types none, or is a command, which may have a text, too."""
    text = event.text()
    command = event.modifiers() & COMMANDS not in (_M.NoModifier, _ALT_GR)
    return text if text.isprintable() and not command else ""


def is_tab(event: QEvent) -> TypeGuard[QKeyEvent]:
    """Whether Tab was pressed, forwards or back, which `keyPressEvent` does not see."""
    if not isinstance(event, QKeyEvent) or event.type() is not QEvent.Type.KeyPress:
        return False
    return event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
