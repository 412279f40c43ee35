"""Toasts: changes at the foot of the window, for as long as it takes to read them. A pointer on one holds them all.

They have a row of their own in the window's layout, since an overlay would sooner or later cover a button that is about
to be pressed.
"""

from typing import Final

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QEnterEvent, QHideEvent, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from core.ui import icons
from core.ui.theme import Theme
from core.ui.widgets.controls import label, set_margins

LIFE_MS: Final = 6000
MOST: Final = 3
_WIDTH: Final = 400
_WIDEST: Final = 700
_SHARE: Final = 1000
"""The stretch of toasts, against 0 of the room before them: they take the width up to their maximum."""


class Toast(QWidget):
    """One message. Pressing it dismisses it."""

    pressed = Signal()

    def __init__(self, theme: Theme, icon: str, title: str, message: str, about: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.about = about
        """The subject, such as an order's id; empty for none."""
        self.setAccessibleName(f"{title}. {message}")
        self._theme = theme
        self._icon = icon
        words = QVBoxLayout()
        words.setSpacing(0)
        for text, role in ((title, "strong"), (message, "body")):
            if text:
                words.addWidget(label(text, role, wrap=True))
        row = QHBoxLayout(self)
        pad = theme.space(4)
        set_margins(row, pad + theme.px(38), theme.space(1), pad, theme.space(1))
        row.addLayout(words)
        self.setMaximumWidth(theme.px(_WIDEST))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Ink and ground are exchanged, so that it stands out in every scheme."""
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
    """The toasts of one window, side by side, the newest last. Takes no room while there is none.

    A toast replaces an older one about the same thing: only an order's current status matters.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, life_ms: int = LIFE_MS) -> None:
        super().__init__(parent)
        self.setObjectName("toasts")
        self._theme = theme
        self._life_ms = life_ms
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.space(2))
        self._row.addStretch(1)
        self._shown: list[Toast] = []
        self._held = False
        self._life = QTimer(self)
        self._life.setSingleShot(True)
        self._life.timeout.connect(self._dismiss_oldest)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """The texts of the toasts, oldest first."""
        return [toast.accessibleName() for toast in self._shown]

    def show_toast(self, icon: str, title: str, message: str = "", *, about: str = "") -> None:
        """Show a message; an older one `about` the same is removed, and so are the oldest when there is no room."""
        for older in [toast for toast in self._shown if about and toast.about == about]:
            self._remove(older)
        while len(self._shown) >= self._room:
            self._remove(self._shown[0])
        toast = Toast(self._theme, icon, title, message, about, self)
        toast.pressed.connect(self._on_toast_pressed)
        self._shown.append(toast)
        self._row.addWidget(toast, _SHARE)
        self.show()
        self._count_down()

    def clear(self) -> None:
        """Remove all, for the next person."""
        for toast in tuple(self._shown):
            self._dismiss(toast)

    @property
    def _room(self) -> int:
        """The number of toasts that fit side by side, at their preferred width."""
        window = self.parentWidget() or self
        return min(MOST, max(1, window.width() // self._theme.px(_WIDTH)))

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
        self._remove(toast)
        if self._shown:
            self._count_down()
        else:
            self.hide()

    def _remove(self, toast: Toast) -> None:
        self._shown.remove(toast)
        self._row.removeWidget(toast)
        toast.hide()
        toast.deleteLater()
        self._life.stop()

    def _count_down(self) -> None:
        if self._shown and self.isVisible() and not self._held and not self._life.isActive():
            self._life.start(self._life_ms)

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
