"""A list whose rows, and the painted buttons on them, are pressed by finger, mouse or keys."""

from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QTouchEvent
from PySide6.QtWidgets import QListView, QScroller, QWidget
from typing_extensions import override

from core.ui import keys
from core.ui.pace import Quiet
from core.ui.widgets.finger import scroll_by_finger

BODY = ""
"""The part of a row that is not a button."""
_OWN: Final = Qt.MouseEventSource.MouseEventNotSynthesized
_LONG_S: Final = 0.6
"""How long a row is held until that is no longer a press."""


class PressList(QListView):
    """Two quick presses are two presses. The focus ring shows only after use of keys."""

    pressed_part = Signal(QModelIndex, str)
    held_long = Signal(QModelIndex)
    """With `can_hold`: a row was held down, or pressed with the right button, or the menu key was pressed on it. Its
    release presses nothing."""
    typed = Signal(object)
    """A `QKeyEvent` that types a letter, which the list does not handle."""

    can_hold = False
    parts: tuple[str, ...] = ()
    """The painted buttons of a row, by name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.held: tuple[QPersistentModelIndex, str] | None = None
        """The pressed row and part."""
        self.by_keys = False
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self._long = Quiet(_LONG_S, self)
        self._long.passed.connect(self._on_held_long)
        self._right: tuple[QPersistentModelIndex, str] | None = None
        """What the right button was pressed on. A finger that rests presses it in some systems: those presses are not
        the mouse's own."""
        self._moving = False
        self._stopping = False
        scroll_by_finger(self).stateChanged.connect(self._on_scroller_state_changed)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    def part_rect(self, index: QModelIndex | QPersistentModelIndex, _part: str) -> QRect:
        """The rectangle of a painted button of a row."""
        return self.visualRect(self.model().index(index.row(), 0))

    def rings(self, index: QModelIndex | QPersistentModelIndex) -> bool:
        """Whether this row has the focus ring."""
        return self.by_keys and self.hasFocus() and index == self.currentIndex()

    def holds(self, index: QModelIndex | QPersistentModelIndex, part: str = BODY) -> bool:
        return self.held is not None and self.held[0] == index and self.held[1] == part

    @override
    def event(self, event: QEvent) -> bool:
        # A letter typed here is searched in the menu, even if it is a shortcut elsewhere in the window.
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and keys.typed(event):
            event.accept()
            return True
        return super().event(event)

    @Slot(QScroller.State)
    def _on_scroller_state_changed(self, state: QScroller.State) -> None:
        # A finger put on a list that is rolling stops it; it does not press what happens to be there.
        if state is QScroller.State.Pressed:
            self._stopping = self._moving
        elif state is QScroller.State.Inactive:
            self._stopping = False
        self._moving = state is QScroller.State.Scrolling

    @Slot()
    def _on_scrolled(self) -> None:
        self._hold(None)

    def _hold(self, held: tuple[QPersistentModelIndex, str] | None) -> None:
        self.held = held
        if self.can_hold and held is not None and held[1] == BODY:
            self._long.begin()
        else:
            self._long.stop()

    @Slot()
    def _on_held_long(self) -> None:
        held, self.held = self.held, None
        self.viewport().update()
        if held is not None and held[0].isValid():
            self.held_long.emit(self.model().index(held[0].row(), 0))

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        # The touch itself is the press: of two quick taps the scroller lets no second press through, only its release.
        if event.type() is QEvent.Type.TouchBegin and isinstance(event, QTouchEvent):
            self._hold(None if self._stopping else self._at(event.points()[0].position().toPoint()))
        return super().viewportEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.by_keys = False
        self._right = None
        if event.button() is Qt.MouseButton.RightButton and event.source() is _OWN:
            self._right = self._at(event.position().toPoint())
        if event.source() is _OWN:
            self._hold(self._under(event))
        super().mousePressEvent(event)
        self.viewport().update()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if self.held is not None and self._at(event.position().toPoint()) != self.held:
            self._long.stop()  # whoever slides off a row does not hold it

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, right = self.held, self._right
        self._hold(None)
        self._right = None
        super().mouseReleaseEvent(event)
        self.viewport().update()
        under = self._under(event)
        if self.can_hold and right is not None and right == self._at(event.position().toPoint()):
            self.held_long.emit(self.model().index(right[0].row(), 0))
        if under is not None and held == under:
            self.pressed_part.emit(self.indexAt(event.position().toPoint()), under[1])

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.by_keys = True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if not keys.is_alone(event) or not self.currentIndex().isValid():
                event.ignore()
            else:
                self.pressed_part.emit(self.currentIndex(), BODY)
        elif self.can_hold and _asks_for_more(event) and self.currentIndex().isValid():
            self.held_long.emit(self.currentIndex())
        elif keys.typed(event):
            self.typed.emit(event)
        else:
            super().keyPressEvent(event)
            self.viewport().update()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        by_tab = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.by_keys = by_tab or event.reason() is Qt.FocusReason.OtherFocusReason
        if self.by_keys and not self.currentIndex().isValid() and self.model() is not None:
            self.setCurrentIndex(self.model().index(0, 0))
        super().focusInEvent(event)

    def _under(self, event: QMouseEvent) -> tuple[QPersistentModelIndex, str] | None:
        return self._at(event.position().toPoint()) if event.button() is Qt.MouseButton.LeftButton else None

    def _at(self, point: QPoint) -> tuple[QPersistentModelIndex, str] | None:
        index = self.indexAt(point)
        if not index.isValid():
            return None
        part = next((part for part in self.parts if self.part_rect(index, part).contains(point)), BODY)
        return QPersistentModelIndex(index), part


def _asks_for_more(event: QKeyEvent) -> bool:
    """The menu key, or Shift+F10 where keyboards have none."""
    shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
    return event.key() == Qt.Key.Key_Menu or (event.key() == Qt.Key.Key_F10 and shift)
