"""Input fields: search, drop-down, day, and check box."""

from PySide6.QtCore import QDate, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QLineEdit,
    QListView,
    QStyle,
    QStyleOptionButton,
    QToolButton,
    QWidget,
)
from typing_extensions import override

from core.instants import now
from core.ui import icons, keys
from core.ui.days import local_date
from core.ui.text import _
from core.ui.theme import Theme

_MOST = 80


class SearchField(QLineEdit):
    """A text field with a lens, and a clear button as big as a finger. Escape clears too."""

    left_down = Signal()
    """Down was pressed: to the results."""

    def __init__(self, theme: Theme, name: str, spoken: str, hint: str = "") -> None:
        """`spoken` is the accessible name, and the hint unless `hint` is given."""
        super().__init__()
        self._theme = theme
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setPlaceholderText(hint or spoken)
        self.setMaxLength(_MOST)
        self._empty = QToolButton(self)
        self._empty.setObjectName(f"{name}_clear")
        self._empty.setProperty("kind", "inset")
        self._empty.setAccessibleName(_("Clear the search"))
        self._empty.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._empty.setCursor(Qt.CursorShape.PointingHandCursor)
        self._empty.clicked.connect(self.clear)
        self.textChanged.connect(self._place)
        theme.changed.connect(self._draw)
        self._draw()

    @override
    def minimumSizeHint(self) -> QSize:
        """Wide enough for its hint."""
        hint = super().minimumSizeHint()
        around = hint.width() - (self.height() if self.text() else 0)  # with text there is a clear button as well
        return QSize(around + self.fontMetrics().horizontalAdvance(self.placeholderText()), hint.height())

    @Slot()
    def _draw(self) -> None:
        size = self._theme.px(18)
        self._empty.setIconSize(QSize(size, size))
        self._empty.setIcon(icons.icon("close", self._theme.colour("muted"), size))

    @Slot()
    def _place(self) -> None:
        lens, empty, sought = self._theme.px(30), self.height(), bool(self.text())
        rtl = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        beside = empty if sought else 0
        self.setTextMargins(beside if rtl else lens, 0, lens if rtl else beside, 0)
        self._empty.setGeometry(0 if rtl else self.width() - empty, 0, empty, empty)
        self._empty.setVisible(sought)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _paint_icon(self, "search", self._theme, self._theme.space(4))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and keys.is_alone(event):
            self.left_down.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class Picker(QComboBox):
    """A drop-down. It ignores the wheel, so that the page around it scrolls."""

    def __init__(self, theme: Theme, name: str, spoken: str) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setView(QListView())  # the style sheet makes its rows as high as a finger, but not those of Qt's own view

        self.currentTextChanged.connect(self._on_chosen)

    @Slot()
    def _on_chosen(self) -> None:
        self.updateGeometry()

    @override
    def minimumSizeHint(self) -> QSize:
        """Wide enough for the chosen entry."""
        metrics, hint = self.fontMetrics(), super().minimumSizeHint()
        widest = max((metrics.horizontalAdvance(self.itemText(at)) for at in range(self.count())), default=0)
        return QSize(hint.width() - widest + metrics.horizontalAdvance(self.currentText()), hint.height())

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _paint_chevron(self, self._theme)


class DayField(QDateEdit):
    """A day, typed or picked from a calendar; initially the shop's today."""

    def __init__(self, theme: Theme, name: str, spoken: str) -> None:
        today = local_date(now())
        super().__init__(QDate(today.year, today.month, today.day))
        self._theme = theme
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setCalendarPopup(True)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _paint_chevron(self, self._theme)


class CheckBox(QCheckBox):
    """A check box with a visible tick."""

    def __init__(self, theme: Theme, name: str, words: str) -> None:
        super().__init__(words)
        self._theme = theme
        self.setObjectName(name)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            option = QStyleOptionButton()
            self.initStyleOption(option)
            place = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
            painter = QPainter(self)
            icons.paint(painter, "check", QRectF(place).adjusted(3, 3, -3, -3), self._theme.colour("brand_ink"))
            painter.end()


def _paint_chevron(field: QWidget, theme: Theme) -> None:
    _paint_icon(field, "chevron", theme, field.width() - theme.px(18) - theme.space(3))


def _paint_icon(field: QWidget, icon: str, theme: Theme, at: int) -> None:
    """Paint it vertically centred, `at` pixels from the leading edge."""
    size = theme.px(18)
    place = field.style().visualRect(
        field.layoutDirection(), field.rect(), QRect(at, (field.height() - size) // 2, size, size)
    )
    painter = QPainter(field)
    icons.paint(painter, icon, QRectF(place), theme.colour("muted"))
    painter.end()
