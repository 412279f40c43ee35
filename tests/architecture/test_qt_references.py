"""The pinned Qt binding does not lose references.

PySide6 6.12.0 on Python 3.11 drops a reference to `None` with every call that returns nothing, and one to `True` or
`False` with every signal that carries it: a window ends with "deallocating True or False" after some hours. Measured,
not read of; 6.11.3 is sound. This test says when a newer one may be pinned.

From Python 3.12 on these three are immortal (PEP 683). Their counts are not kept: Python leaves them alone, while a
binding that is built for older ones as well still counts, so what `sys.getrefcount` says drifts and means nothing. And
nothing can be lost: one whose count comes to 0 all the same is made immortal again (`none_dealloc`, CPython's
Objects/object.c). There it is an object of our own that is counted, and a process that is tried with counts near 0.
"""

import subprocess
import sys

import pytest
from PySide6.QtCore import QObject, QTimer, Signal
from pytestqt.qtbot import QtBot

from core.own_process import python

_CALLS = 1000
_NEAR_NONE_LEFT = """
import ctypes, sys
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

class Sender(QObject):
    told = Signal(object)

app, timer, sender, heard = QCoreApplication([]), QTimer(), Sender(), []
sender.told.connect(heard.append)
for each in (None, True, False):
    ctypes.c_uint32.from_address(id(each)).value = 3
for _ in range(100_000):
    timer.setSingleShot(True)
    for each in (None, True, False):
        sender.told.emit(each)
    heard.clear()
print("survived")
"""


class _Sender(QObject):
    told = Signal(object)


def test_calls_and_signals_keep_their_references(qtbot: QtBot) -> None:
    timer = QTimer()
    sender = _Sender()
    heard: list[object] = []
    sender.told.connect(heard.append)
    own = object()
    counted = [own] if sys.version_info >= (3, 12) else [own, None, True, False]
    before = [sys.getrefcount(each) for each in counted]
    for _ in range(_CALLS):
        timer.setSingleShot(True)
        for each in (own, True, False):
            sender.told.emit(each)
        timer.setProperty("own", own)
        assert timer.property("own") is own
        timer.setProperty("own", None)
        heard.clear()
    after = [sys.getrefcount(each) for each in counted]
    lost = [one - other for one, other in zip(before, after, strict=True)]
    assert max(map(abs, lost)) < _CALLS // 2, f"references lost to {counted}: {lost}"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there None, True and False are counted, and can be lost")
def test_what_is_immortal_outlives_every_count() -> None:
    ended = subprocess.run(python("-c", _NEAR_NONE_LEFT), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "survived", "")
