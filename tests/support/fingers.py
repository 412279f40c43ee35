"""Fingers on a touch screen. A gesture is made of time: how fast it moves decides whether it scrolls or flicks."""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

_STEP_MS = 10


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
