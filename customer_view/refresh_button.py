"""A button for a manual refresh."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QWidget

from core.ui.refresh import Refresher
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, set_icon


class RefreshButton(Button):
    """Refreshes, and is disabled until the answer. Silent refreshes do not change it; pressed during one, it waits for
    its answer. It gets the focus back afterwards."""

    pressed_by_hand = Signal()

    def __init__(self, text: str, refresher: Refresher, theme: Theme, name: str) -> None:
        super().__init__(text)
        self.setObjectName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        set_icon(self, "refresh", theme)
        self._refresher = refresher
        self._successor: QWidget | None = None
        self.clicked.connect(self._on_clicked)
        refresher.ended.connect(self._on_refresh_ended)

    @Slot()
    def _on_clicked(self) -> None:
        had_focus = self.hasFocus()
        self.setEnabled(False)
        self._successor = QApplication.focusWidget() if had_focus else None
        self.pressed_by_hand.emit()
        self._refresher.refresh()
        if not self._refresher.running:
            self._on_refresh_ended()

    @Slot()
    def _on_refresh_ended(self) -> None:
        if self.isEnabled():
            return
        self.setEnabled(True)
        if self._successor is not None and self._successor is QApplication.focusWidget():
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._successor = None
