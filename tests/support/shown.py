"""A window on the screen for the length of a `with`, and gone afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.ui.jobs import Jobs


@contextmanager
def shown(qtbot: QtBot, window: QWidget, jobs: Jobs, closing: Callable[[], None] = lambda: None) -> Iterator[None]:
    """`closing` closes what is the window's own besides, when nothing of it runs any more."""
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    try:
        yield
    finally:
        window.close()
        jobs.close(wait_s=5)
        closing()
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
