"""Presses as a person makes them, who waits until there is something to press; and fingers on a touch screen.

Qt takes a press of a control that is hidden or disabled and does nothing, so a test that is too early would see nothing
happen, or not fail at all. A gesture is made of time: how fast it moves decides whether it scrolls or flicks.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

_STEP_MS = 10


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    """Press it once it can be seen and pressed; one that cannot be within pytest-qt's wait is named."""
    _await(qtbot, button)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def click_disabled(qtbot: QtBot, button: QAbstractButton) -> None:
    """Press what can be seen and is disabled."""
    assert button.isVisible(), f"{button.objectName()!r} is not on screen"
    assert not button.isEnabled(), f"{button.objectName()!r} can be pressed"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def type_into(qtbot: QtBot, field: QLineEdit, text: str) -> None:
    """Write `text` in place of what is there, once that can be done."""
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
    """Two presses inside are two, however close they are."""
    interval = QApplication.doubleClickInterval()
    QApplication.setDoubleClickInterval(0)
    try:
        yield
    finally:
        QApplication.setDoubleClickInterval(interval)


def swipe_up(qtbot: QtBot, surface: QWidget, start: QPoint, steps: int = 10, step_px: int = 15) -> None:
    """One finger goes down at `start`, up the screen, and off it again."""
    screen, at = QTest.createTouchDevice(), start
    QTest.touchEvent(surface, screen).press(1, at, surface).commit()
    for _ in range(steps):
        at -= QPoint(0, step_px)
        qtbot.wait(_STEP_MS)
        QTest.touchEvent(surface, screen).move(1, at, surface).commit()
    QTest.touchEvent(surface, screen).release(1, at, surface).commit()
