"""For widgets that paint themselves: text laid out in a width, and a height that follows from the width."""

from abc import abstractmethod

from PySide6.QtCore import QPointF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFont, QPainter, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from core.ui.theme import Theme


class TextBlock:
    """A text in its `room`, both that and its `height` in pixels. Words wrap; one too long for a line breaks."""

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
    """As high as its contents are in its width. `lay_out` places them; it is asked anew when the width or the look has
    changed, and by `changed`."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.theme = theme
        self._height = 0
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.changed)

    @abstractmethod
    def lay_out(self, width: int) -> float:
        """Place everything in `width` pixels. Gives the height that it takes."""

    @Slot()
    def changed(self) -> None:
        """The contents are others now."""
        self._height = round(self.lay_out(self.width()))
        self.updateGeometry()
        self.update()

    @property
    def rtl(self) -> bool:
        return self.layoutDirection() is Qt.LayoutDirection.RightToLeft

    @property
    def start(self) -> Qt.AlignmentFlag:
        """The side that reading begins at."""
        return Qt.AlignmentFlag.AlignRight if self.rtl else Qt.AlignmentFlag.AlignLeft

    @property
    def end(self) -> Qt.AlignmentFlag:
        return Qt.AlignmentFlag.AlignLeft if self.rtl else Qt.AlignmentFlag.AlignRight

    @override
    def heightForWidth(self, width: int) -> int:
        height = round(self.lay_out(width))
        if width != self.width():
            self.lay_out(self.width())
        return height

    @override
    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(320), self._height)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._height = round(self.lay_out(self.width()))
        super().resizeEvent(event)
