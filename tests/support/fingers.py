"""Presses that wait for their control, and touch gestures.

Qt accepts presses of hidden or disabled controls and ignores them, so a test that is too early would see no effect, or
not fail at all. The speed of a touch gesture decides whether it scrolls or flicks.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

_STEP_MS = 10


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    """Press a button once it is visible and enabled. The failure names one that is not in time."""
    _await(qtbot, button)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def click_disabled(qtbot: QtBot, button: QAbstractButton) -> None:
    """Press a visible, disabled button."""
    assert button.isVisible(), f"{button.objectName()!r} is not on screen"
    assert not button.isEnabled(), f"{button.objectName()!r} can be pressed"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def type_into(qtbot: QtBot, field: QLineEdit, text: str) -> None:
    """Replace the field's text by `text`, once it is enabled."""
    _await(qtbot, field)
    assert not field.isReadOnly(), f"{field.objectName()!r} is for reading only"
    field.clear()
    qtbot.keyClicks(field, text)


def _await(qtbot: QtBot, control: QWidget) -> None:
    def ready() -> None:
        assert control.isVisible(), f"{control.objectName()!r} is not on screen"
        assert control.isEnabled(), f"{control.objectName()!r} is disabled"

    qtbot.waitUntil(ready)


@contextmanager
def single_presses() -> Iterator[None]:
    """In the block, quick presses are no double clicks."""
    interval = QApplication.doubleClickInterval()
    QApplication.setDoubleClickInterval(0)
    try:
        yield
    finally:
        QApplication.setDoubleClickInterval(interval)


def swipe_up(qtbot: QtBot, surface: QWidget, start: QPoint, steps: int = 10, step_px: int = 15) -> None:
    """Swipe up with one finger, from `start`."""
    screen, at = QTest.createTouchDevice(), start
    QTest.touchEvent(surface, screen).press(1, at, surface).commit()
    for _ in range(steps):
        at -= QPoint(0, step_px)
        qtbot.wait(_STEP_MS)
        QTest.touchEvent(surface, screen).move(1, at, surface).commit()
    QTest.touchEvent(surface, screen).release(1, at, surface).commit()
