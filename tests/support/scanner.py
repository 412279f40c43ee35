"""Keys as a system delivers them: each says when it was pressed, and a busy window handles it later."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

SCANNED_MS = 5
"""Between two signs of a scanner."""
TYPED_MS = 200
"""Between two keys of a person."""
LATE_S = 0.25
"""So long a busy window takes over one key."""
_stamps_ms = itertools.count(1_000_000, 60_000)


@contextmanager
def handled(every_s: float) -> Iterator[None]:
    """For the window, `every_s` pass from one key to the next."""
    moments_s = itertools.count(1_000.0, every_s) if every_s else itertools.repeat(1_000.0)
    with patch("core.ui.pace.time", SimpleNamespace(monotonic=lambda: next(moments_s))):
        yield


def scan(
    code: str, end: Qt.Key | None = Qt.Key.Key_Return, *, every_ms: int = SCANNED_MS, handled_every_s: float = LATE_S
) -> None:
    """Press the keys of `code`, and `end`, `every_ms` after each other, in whatever has the keyboard."""
    stamp_ms = next(_stamps_ms)
    with handled(handled_every_s):
        for sign in code:
            press(ord(sign.upper()), sign, stamp_ms)
            stamp_ms += every_ms
        if end is not None:
            press(end, "\r" if end is Qt.Key.Key_Return else "\t", stamp_ms)


def press(key: int, text: str, stamp_ms: int) -> None:
    """Press a key that the system says was pressed at `stamp_ms`."""
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        part = QApplication.focusWidget() or QApplication.activeWindow()
        assert part is not None
        event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text)
        event.setTimestamp(stamp_ms)
        QApplication.sendEvent(part, event)
