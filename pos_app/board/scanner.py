"""Distinguishes a scanner from typing: a scanner types a whole code at once and ends it with Enter or Tab."""

from typing import Final

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent

from core.ui import keys
from core.ui.pace import GAP_S, SHORTEST, Pressed, Quiet, pressed

_ENTER: Final = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class Scanner(QObject):
    """Emits scanned codes, and single typed characters, from keys that no text field handled."""

    scanned = Signal(str)
    typed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._held = ""
        self._last = Pressed()
        self._silence = Quiet(GAP_S, self)
        self._silence.passed.connect(self._on_silence)

    def take(self, event: QKeyEvent) -> bool:
        """True when the key was part of a code or a typed character, and is handled."""
        now = pressed(event)
        if self._held and now.since_s(self._last) > GAP_S:  # the silence is not over yet in a window that was busy
            self._silence.stop()
            self._on_silence()
        if event.key() in _ENTER:
            return self.end()
        text = keys.typed(event)
        if not text or text.isspace():
            return False
        if not self._held and not text.isalnum():
            self.typed.emit(text)  # No code begins like this, so there is nothing to wait for.
            return True
        if not event.isAutoRepeat():
            self._held += text
            self._last = now
            self._silence.begin()
        return True

    def end(self) -> bool:
        """Enter, or Tab as some scanners have it: True when it ends a code."""
        code, self._held = self._held, ""
        self._silence.stop()
        if len(code) < SHORTEST:
            return False
        self.scanned.emit(code)
        return True

    def stop(self) -> None:
        """Discard pending keys."""
        self._held = ""
        self._silence.stop()

    @Slot()
    def _on_silence(self) -> None:
        held, self._held = self._held, ""
        if len(held) == 1:
            self.typed.emit(held)
