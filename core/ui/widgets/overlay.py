"""A panel inside its window, before a backdrop: nothing of the system's opens in a sale."""

import contextlib
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QLineEdit, QVBoxLayout, QWidget
from typing_extensions import override

from core.ui.pace import Quiet
from core.ui.theme import Theme
from core.ui.widgets.controls import chip_place, panel

_BACKDROP = 0.55
"""The opacity of what lies over the window."""
_PILL_MARGIN: Final = 7
"""The connection chip's margin above and below, as the style sheet has it."""
SETTLE_S: Final = 0.4
"""So long after it opened, a press beside it was meant for what it covers, by somebody who had not seen it yet."""


class Overlay(QDialog):
    """A dialog that covers its window and has its content in `sheet`, in the middle. Escape and a press beside it close
    it, as `reject` does, the press not before the panel can have been seen, nor once something was typed into it; keys
    and Tab stay inside. `over` is the window, or something in it. Its connection chip at the top stays in sight."""

    def __init__(self, theme: Theme, over: QWidget) -> None:
        super().__init__(over.window())
        self.setWindowFlags(Qt.WindowType.Widget)  # a dialog that is made so would be a window all the same
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "overlay")
        self._theme = theme
        self._over = over.window()
        self._pressed_beside = False
        self._settling = Quiet(SETTLE_S, self)
        self.sheet: QFrame
        self.column: QVBoxLayout
        self.sheet, self.column = panel("card")
        self.sheet.setParent(self)
        self._over.installEventFilter(self)

    def wished(self, room: QSize) -> QSize:
        """The size that the sheet is to have, at most `room`."""
        return self.sheet.sizeHint().boundedTo(room)

    @override
    def open(self) -> None:
        self._place()
        self._settling.begin()
        self.show()
        self._place()  # by now the style sheet has had its say about sizes
        self.raise_()

    def _place(self) -> None:
        gap = self._theme.space(4)
        self.setGeometry(self._over.rect())
        room = self.rect().adjusted(gap, gap, -gap, -gap)
        room.setTop(max(room.top(), chip_place(self._over).bottom() + 1 + self._theme.space(1)))
        size = self.wished(room.size()).boundedTo(room.size())
        corner = room.center() - QPoint(size.width() // 2, size.height() // 2)
        self.sheet.setGeometry(QRect(corner, size))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and watched is self._over:
            self._place()
        return super().eventFilter(watched, event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._settling.stop()
        super().hideEvent(event)

    @override
    def event(self, event: QEvent) -> bool:
        # The shortcuts of the page behind are nobody's while the panel is open.
        if event.type() is QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        event.accept()

    @override
    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round inside."""
        if not super().focusNextPrevChild(forward):
            return False
        if not self.isAncestorOf(self._over.focusWidget()):
            stops = self._stops()
            if stops:
                reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
                stops[0 if forward else -1].setFocus(reason)
        return True

    def _stops(self) -> list[QWidget]:
        """The widgets at which Tab stops in it."""
        return [
            each
            for each in self.findChildren(QWidget)
            if each.isVisible() and each.isEnabled() and each.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_beside = self._is_beside(event) and not self._settling.isActive()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed_beside and self._is_beside(event) and not self._is_typed:
            self.reject()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second of two quick presses on what opened it closes nothing."""

    @property
    def _is_typed(self) -> bool:
        """Whether something stands in it that was typed, by hand or by keys on the screen."""
        return any(each.isModified() and each.text() for each in self.sheet.findChildren(QLineEdit))

    def _is_beside(self, event: QMouseEvent) -> bool:
        return not self.sheet.geometry().contains(event.position().toPoint())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        veil, hole = QPainterPath(), QPainterPath()
        veil.addRect(QRectF(self.rect()))
        pill = QRectF(chip_place(self._over)).adjusted(0, _PILL_MARGIN, 0, -_PILL_MARGIN)
        if not pill.isEmpty():
            hole.addRoundedRect(pill, pill.height() / 2, pill.height() / 2)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(_BACKDROP)
        painter.fillPath(veil.subtracted(hole), self._theme.colour("shadow"))
        painter.end()


class _Around(Overlay):
    """Around a dialog, as high as that needs now; never less high than it was, or buttons would jump."""

    def __init__(self, theme: Theme, over: QWidget) -> None:
        super().__init__(theme, over)
        self.column.setContentsMargins(0, 0, 0, 0)
        self._height = 0
        self.sheet.installEventFilter(self)

    @override
    def wished(self, room: QSize) -> QSize:
        size = self.sheet.sizeHint().boundedTo(room)
        needed = self.sheet.heightForWidth(size.width()) if self.sheet.hasHeightForWidth() else 0
        self._height = max(self._height, needed, size.height())
        return QSize(size.width(), self._height).boundedTo(room)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest and watched is self.sheet:
            self._place()
        return super().eventFilter(watched, event)


class PanelDialog(QDialog):
    """A dialog that opens as a panel inside the window of its parent, or inside a dialog in front of that window."""

    def __init__(self, theme: Theme, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._before = parent

    @override
    def open(self) -> None:
        front = QApplication.activeModalWidget() or self._before
        if front is None:
            super().open()
        else:
            _open_inside(self._theme, self, front)


def _open_inside(theme: Theme, dialog: QDialog, over: QWidget) -> None:
    around = _Around(theme, over)
    focused: QWidget | None = over.window().focusWidget()
    inner: QWidget | None = dialog.focusWidget()
    dialog.setParent(around.sheet, Qt.WindowType.Widget)
    around.column.addWidget(dialog)

    def end() -> None:
        if not around.isHidden():
            around.close()
            with contextlib.suppress(RuntimeError):  # what had the keyboard may be gone
                if focused is None or focused.isVisible():
                    (focused if focused is not None else over).setFocus(Qt.FocusReason.OtherFocusReason)
                # else another page is shown, which has the keyboard where it needs it

    def close() -> None:
        if not dialog.isHidden():  # else it is what ends
            dialog.reject()

    dialog.finished.connect(end)
    around.finished.connect(close)
    dialog.show()
    around.open()
    (inner if inner is not None else dialog).setFocus(Qt.FocusReason.OtherFocusReason)
