"""The pinned Qt binding does not lose references.

PySide6 6.12.0 on Python 3.11 drops a reference to `None` with every call that returns nothing, and one to `True` or
`False` with every signal that carries it: a window ends with "deallocating True or False" after some hours. Measured,
not read of; 6.11.3 is sound. This test says when a newer one may be pinned.
"""

import sys

from PySide6.QtCore import QObject, QTimer, Signal
from pytestqt.qtbot import QtBot

_CALLS = 1000


class _Sender(QObject):
    told = Signal(object)


def test_calls_and_signals_keep_their_references(qtbot: QtBot) -> None:
    timer = QTimer()
    sender = _Sender()
    heard: list[object] = []
    sender.told.connect(heard.append)
    before = [sys.getrefcount(each) for each in (None, True, False)]
    for _ in range(_CALLS):
        timer.setSingleShot(True)
        sender.told.emit(True)
        sender.told.emit(False)
        heard.clear()
    after = [sys.getrefcount(each) for each in (None, True, False)]
    lost = [one - other for one, other in zip(before, after, strict=True)]
    assert max(lost) < _CALLS // 2, f"references lost to None, True, False: {lost}"
