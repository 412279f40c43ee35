"""Checks that every button is on the screen, and does not move when a notice is shown."""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QLineEdit,
    QListView,
    QScrollBar,
    QWidget,
)

from core.ui.widgets.connection_chip import ConnectionChip
from core.ui.widgets.strip import Strip
from tests.support.fits import named

_KINDS = QAbstractButton | QLineEdit | QListView


def settle() -> None:
    for _pass in range(3):  # a layout that folds needs another pass
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)


def _pressed(window: QWidget) -> list[QWidget]:
    """The controls of a window that are pressed or typed into, except in the strip at its foot."""
    strips = window.findChildren(Strip)
    return [
        each
        for each in window.findChildren(QWidget)
        if isinstance(each, _KINDS)
        and each.isVisible()
        and each.window() is window
        and not isinstance(each, ConnectionChip)  # its text counts seconds
        and not any(strip.isAncestorOf(each) for strip in strips)
    ]


def _place(part: QWidget) -> QRect:
    return QRect(part.mapTo(part.window(), QPoint()), part.size())


def _scrolled_to(part: QWidget, window: QWidget) -> bool:
    """Whether it can be scrolled to, with a visible scroll bar."""
    outer = part.parentWidget()
    while outer is not None and outer is not window:
        bar: QScrollBar | None = outer.verticalScrollBar() if isinstance(outer, QAbstractScrollArea) else None
        if bar is not None and bar.isVisible():
            return True
        outer = outer.parentWidget()
    return False


def off_screen(window: QWidget) -> list[str]:
    """The buttons of a window that cannot be pressed: they are outside of it, or it is outside of the screen."""
    beyond = [each for each in _pressed(window) if isinstance(each, QAbstractButton)]
    return [
        f"{named(each)} at {_place(each).getRect()} of {window.size().toTuple()}"
        for each in beyond
        if not window.rect().contains(_place(each)) and not _scrolled_to(each, window)
    ]


@contextmanager
def nothing_moves(window: QWidget, said: str) -> Iterator[None]:
    """Check that no control has moved during the block, in which notices are shown."""
    settle()
    before = {each: _place(each) for each in _pressed(window)}
    yield
    settle()
    visible = set(_pressed(window))
    moved = [
        f"{said}: {named(each)} from {place.getRect()} to {_place(each).getRect()}"
        for each, place in before.items()
        if each in visible and _place(each) != place
    ]
    assert not moved, "\n".join(moved)
