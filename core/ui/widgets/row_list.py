"""A list whose rows are opened."""

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QListView, QWidget
from typing_extensions import override

from core.ui import keys
from core.ui.rows import ROW
from core.ui.widgets.finger import FingerScroll
from core.ui.widgets.scroll import SteadyList


class RowList(SteadyList):
    """Opens a row that is pressed, or on which Enter or Space is; what a finger scrolls by is not pressed. Other keys
    that are typed or scanned are the window's."""

    opened = Signal(object)
    """The row."""

    def __init__(self, name: str, spoken: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._finger = FingerScroll(self)
        self.clicked.connect(self._on_row_pressed)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._finger.press()
        super().mousePressEvent(event)

    @Slot(QModelIndex)
    def _on_row_pressed(self, index: QModelIndex) -> None:
        if not self._finger.scrolled:
            self.opened.emit(index.data(ROW))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        opens = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and keys.is_alone(event)
        if opens and index.isValid():
            self.opened.emit(index.data(ROW))
        elif keys.typed(event):
            event.ignore()
        else:
            super().keyPressEvent(event)
