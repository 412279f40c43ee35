"""Telling a scanner from fingers: a scanner types a whole code within a blink and ends it with Enter."""

from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent

_GAP_MS: Final = 60
"""Scanners leave 1 to 20 ms between two characters; a person at their fastest about 80."""
_SHORTEST: Final = 4
_ENTER: Final = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class Scanner(QObject):
    """Gives codes that were scanned, and single characters that were typed, from keys that no text field wanted."""

    scanned = Signal(str)
    typed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._held = ""
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(_GAP_MS)
        self._silence.timeout.connect(self._on_silence)

    def take(self, event: QKeyEvent) -> bool:
        """True when the key was part of a code or a typed character, and nobody else is to act on it."""
        if event.key() in _ENTER:
            code, self._held = self._held, ""
            self._silence.stop()
            if len(code) >= _SHORTEST:
                self.scanned.emit(code)
                return True
            return False
        text = event.text()
        control = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        if not text.isprintable() or text.isspace() or not text or event.modifiers() & control:
            return False
        if not self._held and not text.isalnum():
            self.typed.emit(text)  # No code begins like this, so there is nothing to wait for.
            return True
        if not event.isAutoRepeat():
            self._held += text
            self._silence.start()
        return True

    def stop(self) -> None:
        """Forget what is held."""
        self._held = ""
        self._silence.stop()

    @Slot()
    def _on_silence(self) -> None:
        held, self._held = self._held, ""
        if len(held) == 1:
            self.typed.emit(held)
