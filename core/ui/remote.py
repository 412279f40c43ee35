"""Remote control of a window, for the unattended tour: one JSON command a line in, one answer a line out.

A command names a control by its `objectName` and sends it real mouse and key events, so that hidden, covered or
disabled controls cannot be used.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TextIO

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QWidget,
)

from core.ui.threads import Channel
from core.workers import keep_running


class NoSuchControl(Exception):
    """There is no usable control of that name."""


class RemoteControl(QObject):
    """Takes commands from `source` and answers on `sink` until `source` ends; then the program quits.

    Commands: `click`, `type`, `key`, `click_row`, `choose` (an entry of the open menu), `state`, `where`, `focus`,
    `grab`, `resize`.
    """

    def __init__(self, window: QWidget, source: TextIO | None = None, sink: TextIO | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._sink = sink or sys.stdout
        received: Channel[str] = Channel(self._on_line_received)
        keep_running(partial(_listen, source or sys.stdin, received), "remote").start()

    def _on_line_received(self, line: str) -> None:
        if not line:
            QApplication.quit()
            return
        command: dict[str, Any] = json.loads(line)
        try:
            value = _COMMANDS[command.pop("do")](self._window, **command)
            answer = {"ok": True, "value": value}
        except NoSuchControl as error:
            answer = {"ok": False, "value": str(error)}
        self._sink.write(json.dumps(answer) + "\n")
        self._sink.flush()


def _listen(source: TextIO, received: Channel[str]) -> None:
    """In a thread of its own: every line, and an empty text at the end."""
    for line in source:
        received.send(line)
    received.send("")


def find(name: str) -> QWidget:
    """The visible control of that name; the front window's first. Raises `NoSuchControl`."""
    front = QApplication.activeModalWidget()
    found = [widget for widget in QApplication.allWidgets() if widget.objectName() == name and widget.isVisible()]
    if front is not None:
        found = [widget for widget in found if widget is front or front.isAncestorOf(widget)]
    if not found:
        raise NoSuchControl(f"no visible control {name!r}" + (f" in {front.objectName()!r}" if front else ""))
    return found[0]


def _soon(act: Callable[[], None]) -> None:
    """Act after the answer is written: a click may open a dialog that blocks the event loop."""
    QTimer.singleShot(0, act)


def _click(_window: QWidget, name: str) -> None:
    widget = find(name)
    if not widget.isEnabled():
        raise NoSuchControl(f"{name!r} is disabled")
    _soon(lambda: QTest.mouseClick(widget, Qt.MouseButton.LeftButton))


def _type(_window: QWidget, name: str, text: str) -> None:
    widget = find(name)
    widget.setFocus()
    if isinstance(widget, QLineEdit | QPlainTextEdit):
        widget.clear()
    QTest.keyClicks(widget, text)


def _key(window: QWidget, key: str, name: str = "") -> None:
    widget = find(name) if name else QApplication.activePopupWidget() or QApplication.focusWidget() or window
    code = getattr(Qt.Key, f"Key_{key}")
    _soon(lambda: QTest.keyClick(widget, code))


def _index(view: QAbstractItemView, containing: str) -> QModelIndex:
    model = view.model()
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if containing in _words(model, index):
            return index
    raise NoSuchControl(f"{view.objectName()!r} has no row with {containing!r}")


def _click_row(_window: QWidget, name: str, containing: str = "", part: str = "", row: int | None = None) -> None:
    """Click the first row with the words, or the one of that number, or a painted `part` of it."""
    view = find(name)
    if not isinstance(view, QAbstractItemView):
        raise NoSuchControl(f"{name!r} is no list")
    index = _index(view, containing) if row is None else view.model().index(row, 0)
    if not index.isValid():
        raise NoSuchControl(f"{name!r} has no row {row}")
    view.scrollTo(index)
    target = _centre(view, index, part)
    accepts = getattr(view, "accepts", None)
    if accepts is not None and not accepts(target):
        raise NoSuchControl(f"{name!r} has just moved: a press counts for nothing yet")
    _soon(lambda: QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=target))


def _centre(view: QAbstractItemView, index: QModelIndex, part: str) -> QPoint:
    """The middle of a row, or of a painted part of it, placed by `part_rect(index, part)`; in the viewport."""
    rect = view.part_rect(index, part) if part else view.visualRect(index)  # type: ignore[attr-defined]
    centre: QPoint = rect.center()
    return centre


def _where(_window: QWidget, name: str, containing: str = "", part: str = "") -> list[int]:
    """The position on the screen of the control, or of that row or part of it. Nothing is scrolled."""
    surface = find(name)
    target = surface.rect().center()
    if containing and isinstance(surface, QAbstractItemView):
        target = _centre(surface, _index(surface, containing), part)
        surface = surface.viewport()
    at = surface.mapToGlobal(target)
    over = QApplication.widgetAt(at)
    if not surface.isEnabled() or over is None or not (over is surface or surface.isAncestorOf(over)):
        raise NoSuchControl(f"{name!r} {containing} is out of sight, covered or disabled")
    return [at.x(), at.y()]


def _focus(_window: QWidget) -> str:
    """The name of the control that has the keyboard."""
    focused = QApplication.focusWidget()
    return focused.objectName() if focused is not None else ""


def _choose(_window: QWidget, action: str) -> None:
    menu = QApplication.activePopupWidget()
    if not isinstance(menu, QMenu):
        raise NoSuchControl("no menu is open")
    found: list[QAction] = [each for each in menu.actions() if each.objectName() == action]
    if not found or not found[0].isEnabled():
        raise NoSuchControl(f"the menu has no entry {action!r} to choose")
    target = menu.actionGeometry(found[0]).center()
    _soon(lambda: QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=target))


def _words(model: QAbstractItemModel, index: QModelIndex) -> str:
    spoken = model.data(index, Qt.ItemDataRole.AccessibleTextRole)
    return str(spoken or model.data(index, Qt.ItemDataRole.DisplayRole) or "")


def _state(_window: QWidget, name: str) -> dict[str, Any]:
    """The visible state of a control: its text, its rows, whether it is enabled."""
    widget = find(name)
    state: dict[str, Any] = {"enabled": widget.isEnabled(), "text": ""}
    if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
        state["text"] = widget.text()
    elif isinstance(widget, QComboBox):
        state["text"] = widget.currentText()
    elif isinstance(widget, QAbstractItemView):
        model = widget.model()
        state["rows"] = [_words(model, model.index(row, 0)) for row in range(model.rowCount())]
    else:
        inner = [each.text() for each in widget.findChildren(QLabel) if each.isVisible()]
        state["text"] = " ".join([widget.accessibleName(), *inner]).strip()
    return state


def _grab(window: QWidget, path: str) -> None:
    """A picture of the window, with dialogs in front of it."""
    QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)  # or words that grew are cut off
    pixmap = window.grab()
    front = QApplication.activeModalWidget() or QApplication.activePopupWidget()
    if front is not None and front is not window:
        painter = QPainter(pixmap)
        painter.drawPixmap(window.mapFromGlobal(front.mapToGlobal(QPoint(0, 0))), front.grab())
        painter.end()
    if not pixmap.save(path):
        raise NoSuchControl(f"cannot write {path}")


def _resize(window: QWidget, width: int, height: int) -> None:
    window.resize(width, height)


_COMMANDS: Final[dict[str, Callable[..., Any]]] = {
    "click": _click,
    "type": _type,
    "key": _key,
    "click_row": _click_row,
    "choose": _choose,
    "state": _state,
    "where": _where,
    "focus": _focus,
    "grab": _grab,
    "resize": _resize,
}
