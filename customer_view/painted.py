"""Base of painted widgets: text laid out to a width, and a height that follows from it."""

from abc import abstractmethod

from PySide6.QtCore import QPointF, QRect, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from core.ui.theme import Theme


class TextBlock:
    """A text with its `room` and its `height`, both in pixels. Words wrap; a word that is too long for a line
    breaks."""

    def __init__(self, text: str, font: QFont, room: float, align: Qt.AlignmentFlag) -> None:
        option = QTextOption(align | Qt.AlignmentFlag.AlignAbsolute)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        self.room = max(1.0, room)
        self.height = 0.0
        self._layout = QTextLayout(text.replace("\n", "\N{LINE SEPARATOR}"), font)
        self._layout.setTextOption(option)
        self._layout.beginLayout()
        while (line := self._layout.createLine()).isValid():
            line.setLineWidth(self.room)
            line.setPosition(QPointF(0, self.height))
            self.height += line.height()
        self._layout.endLayout()

    def paint(self, painter: QPainter, top_left: QPointF, colour: QColor) -> None:
        painter.setPen(colour)
        self._layout.draw(painter, top_left)


class Painted(QWidget):
    """A widget whose height follows from its width. It is laid out for a new width, or when its content has `changed`,
    and never just to be painted again."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.theme = theme
        self._heights: dict[int, int] = {}
        self._laid_out_for = -1
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.changed)

    @abstractmethod
    def lay_out(self, width: int) -> float:
        """Lay everything out in `width` pixels. Returns its height."""

    @abstractmethod
    def paint(self, painter: QPainter, dirty: QRect) -> None:
        """Paint the layout, at least where it is `dirty`."""

    @Slot()
    def changed(self) -> None:
        """The content, or its look, has changed."""
        self._heights.clear()
        self._laid_out_for = -1
        self.updateGeometry()
        self.update()

    @property
    def rtl(self) -> bool:
        return self.layoutDirection() is Qt.LayoutDirection.RightToLeft

    @property
    def start(self) -> Qt.AlignmentFlag:
        """The leading side."""
        return Qt.AlignmentFlag.AlignRight if self.rtl else Qt.AlignmentFlag.AlignLeft

    @property
    def end(self) -> Qt.AlignmentFlag:
        return Qt.AlignmentFlag.AlignLeft if self.rtl else Qt.AlignmentFlag.AlignRight

    def _fit(self, width: int) -> None:
        self._heights[width] = round(self.lay_out(width))
        self._laid_out_for = width

    @override
    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._fit(width)
        return self._heights[width]

    @override
    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(320), self.heightForWidth(self.width()))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._laid_out_for != self.width():
            self._fit(self.width())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(painter, event.rect())
        painter.end()
