"""Toasts: a change in a corner of the window, for as long as it takes to read it. A pointer on one holds them all."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QEnterEvent, QHideEvent, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from core.ui import icons
from core.ui.controls import label, set_margins
from core.ui.theme import Theme

LIFE_MS: Final = 6000
MOST: Final = 3
_WIDTH: Final = 400


class Toast(QWidget):
    """One message. Pressing it dismisses it."""

    pressed = Signal()

    def __init__(self, theme: Theme, icon: str, title: str, message: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setAccessibleName(f"{title}. {message}")
        self._theme = theme
        self._icon = icon
        words = QVBoxLayout()
        words.setSpacing(2)
        for text, role in ((title, "strong"), (message, "body")):
            if text:
                words.addWidget(label(text, role, wrap=True))
        row = QHBoxLayout(self)
        pad = theme.space(4)
        set_margins(row, pad + theme.px(38), pad, pad, pad)
        row.addLayout(words)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Ink and ground changed places, so that it stands out from the page in every scheme."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("text"))
        radius = self._theme.radius("card")
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        size = self._theme.px(22)
        left = self._theme.space(4)
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            left = self.width() - left - size
        ink: QColor = self._theme.colour("surface")
        icons.paint(painter, self._icon, QRectF(left, (self.height() - size) / 2, size, size), ink)
        painter.end()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()


class Toasts(QWidget):
    """The toasts of one window, newest at the bottom, in the corner where reading ends."""

    def __init__(
        self, theme: Theme, window: QWidget, life_ms: int = LIFE_MS, *, lift: int = 0, at_start: bool = False
    ) -> None:
        """`lift` pixels above the corner, or in the other one (`at_start`), where buttons would be covered."""
        super().__init__(window)
        self.setObjectName("toasts")
        self._theme = theme
        self._window = window
        self._life_ms = life_ms
        self._lift = lift
        self._at_start = at_start
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.space(2))
        self._shown: list[Toast] = []
        self._held = False
        self._life = QTimer(self)
        self._life.setSingleShot(True)
        self._life.timeout.connect(self._dismiss_oldest)
        window.installEventFilter(self)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """What the toasts say, oldest first."""
        return [toast.accessibleName() for toast in self._shown]

    def show_toast(self, icon: str, title: str, message: str = "") -> None:
        """Show a message; the oldest makes room when there are too many."""
        if len(self._shown) >= MOST:
            self._dismiss(self._shown[0])
        toast = Toast(self._theme, icon, title, message, self)
        toast.pressed.connect(self._on_toast_pressed)
        self._shown.append(toast)
        self._column.addWidget(toast)
        self._place()  # before it is shown: a pointer that rests where it was made would hold it
        toast.show()
        self.show()
        self.raise_()
        self._place()
        self._count_down()

    def clear(self) -> None:
        """Nothing of one person is left for the next."""
        for toast in tuple(self._shown):
            self._dismiss(toast)

    @Slot()
    def _on_toast_pressed(self) -> None:
        toast = self.sender()
        if isinstance(toast, Toast):
            self._dismiss(toast)

    @Slot()
    def _dismiss_oldest(self) -> None:
        if self._shown:
            self._dismiss(self._shown[0])

    def _dismiss(self, toast: Toast) -> None:
        self._shown.remove(toast)
        self._column.removeWidget(toast)
        toast.hide()
        toast.deleteLater()
        self._life.stop()
        if self._shown:
            self._place()
            self._count_down()
        else:
            self.hide()

    def _count_down(self) -> None:
        if self._shown and self.isVisible() and not self._held and not self._life.isActive():
            self._life.start(self._life_ms)

    def _place(self) -> None:
        window = self._window
        margin = self._theme.space(6)
        width = min(self._theme.px(_WIDTH), window.width() - 2 * margin)
        self.setFixedWidth(width)
        height = self._column.heightForWidth(width) if self._column.hasHeightForWidth() else self.sizeHint().height()
        rtl = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        left = margin if rtl is not self._at_start else window.width() - width - margin
        self.setGeometry(left, window.height() - height - margin - self._lift, width, height)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and self._shown:
            self._place()
        return False

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        self._held = True
        self._life.stop()

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._held = False
        self._count_down()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._count_down()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._held = False
        self._life.stop()
