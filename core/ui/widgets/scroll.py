"""Scroll areas: one that never squeezes its content or cuts it at the sides, and a list that stays in place."""

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QListView, QScrollArea, QStackedWidget, QWidget
from typing_extensions import override


class SteadyList(QListView):
    """Rows of one height. The view stays in place when rows come above it; at the top they are shown."""

    @override
    def rowsInserted(self, parent: QModelIndex | QPersistentModelIndex, start: int, end: int) -> None:
        bar, height = self.verticalScrollBar(), self.sizeHintForRow(0)
        above = 0 < bar.value() >= start * height
        super().rowsInserted(parent, start, end)
        if above:
            self.executeDelayedItemsLayout()
            bar.setValue(bar.value() + (end - start + 1) * height)


class VerticalScroll(QScrollArea):
    """At least as wide as its content, with the scroll bar beside it. As high as the content where there is room, and
    at least `least` pixels; the rest is scrolled. Of a stack, the shown page counts. The focused child is scrolled into
    view."""

    def __init__(self, content: QWidget, least: int = 0) -> None:
        super().__init__()
        self._least = least
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.show_content(content)
        if isinstance(content, QStackedWidget):
            content.currentChanged.connect(self._fit)

    def show_content(self, content: QWidget) -> None:
        """Replace the content."""
        self._content = content
        self.setWidget(content)
        self._fit()

    @property
    def _page(self) -> QWidget:
        content = self._content
        return (content.currentWidget() or content) if isinstance(content, QStackedWidget) else content

    def _needed(self, width: int) -> int:
        """The least height in which all of the page is visible."""
        page, layout = self._page, self._page.layout()
        least = page.minimumSizeHint().height()
        if layout is not None and layout.hasHeightForWidth():
            return max(least, layout.minimumHeightForWidth(width))
        return least

    @Slot()
    def _fit(self) -> None:
        # Qt's own way gives the content the height that it would like: more than it needs where there are lists.
        width, height = self.viewport().width(), self.viewport().height()
        self._content.resize(width, max(height, self._needed(width)))

    @override
    def sizeHint(self) -> QSize:
        wished = self._page.sizeHint()
        width = wished.width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, max(wished.height(), self._needed(self.viewport().width()), self._least))

    @override
    def minimumSizeHint(self) -> QSize:
        width = self._page.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, self._least)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        done = super().eventFilter(watched, event)
        if watched is self._content and event.type() is QEvent.Type.LayoutRequest:
            self._fit()
            self.updateGeometry()
        return done
