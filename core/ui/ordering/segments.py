"""A row of exclusive options."""

from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QSizePolicy, QToolButton, QWidget
from typing_extensions import override

from core.ui import icons
from core.ui.theme import Theme
from core.ui.widgets.controls import pressed_by_enter

T = TypeVar("T", bound=Hashable)


class Option(NamedTuple, Generic[T]):
    value: T
    text: str
    icon: str


class _Segment(QToolButton):
    @override
    def sizeHint(self) -> QSize:
        """As high as the style sheet says: Qt would like three pixels more, and gives them where there is room."""
        hint = super().sizeHint()
        return QSize(hint.width(), self.minimumHeight() or hint.height())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not pressed_by_enter(self, event):
            super().keyPressEvent(event)


class Segments(QWidget, Generic[T]):
    """`value` is always one of the offered ones. Each button is named `<name>_<value>`."""

    changed = Signal()

    def __init__(self, name: str, title: str, options: Sequence[Option[T]], theme: Theme) -> None:
        super().__init__()
        self.setObjectName(name)
        self._theme = theme
        self._title = title
        self._options: tuple[Option[T], ...] = ()
        self._buttons: dict[T, _Segment] = {}
        self._offered: set[T] = set()
        self._group = QButtonGroup(self)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.space(2))
        self._set_options(options)
        self._lay_out(len(options), list(self._buttons.values()))
        self._group.buttonClicked.connect(self.changed)
        self._first.setChecked(True)
        theme.changed.connect(self._draw)
        self._group.buttonToggled.connect(self._draw)
        self._draw()

    def use(self, options: Sequence[Option[T]], offered: Sequence[T]) -> None:
        """Other options, in their order, of which these are shown. The chosen one stays, where it is offered."""
        former, chosen = self._buttons, self.value
        self._set_options(options)
        self._offered = set(offered)
        for value, button in former.items():
            if value not in self._buttons:
                self._group.removeButton(button)
                button.hide()
                button.deleteLater()
        for value, button in self._buttons.items():
            button.setVisible(value in self._offered)
        if chosen not in self._offered:
            self._buttons[offered[0]].setChecked(True)
        self._draw()
        self._fold()

    def _set_options(self, options: Sequence[Option[T]]) -> None:
        self._options = tuple(options)
        former = self._buttons
        self._buttons = {option.value: former.get(option.value) or self._make(option) for option in options}

    def _make(self, option: Option[T]) -> _Segment:
        button = _Segment(self)
        button.setObjectName(f"{self.objectName()}_{option.value}")
        button.setProperty("kind", "segment")
        button.setText(option.text)
        button.setAccessibleName(f"{self._title}: {option.text}")
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._group.addButton(button)
        return button

    @property
    def value(self) -> T:
        return next(value for value, button in self._buttons.items() if button.isChecked())

    def choose(self, value: T) -> None:
        if value != self.value:
            self._buttons[value].setChecked(True)
            self.changed.emit()

    def offer(self, values: Sequence[T]) -> None:
        """Show only these. If the current value is not among them, the first is chosen."""
        if self._offered == set(values):
            return
        self._offered = set(values)
        for value, button in self._buttons.items():
            button.setVisible(value in self._offered)
        self.choose(values[0])

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fold()
        return super().event(event)

    def _fold(self) -> None:
        """Side by side; in two rows or below each other where the text does not fit."""
        shown = [button for value, button in self._buttons.items() if value in (self._offered or self._buttons)]
        half = (len(shown) + 1) // 2
        columns = next((columns for columns in (len(shown), half) if self._fits(shown, columns)), 1)
        if (columns, shown) != self._laid_out:
            self._lay_out(columns, shown)

    def _lay_out(self, columns: int, shown: list[_Segment]) -> None:
        for column in range(max(self._grid.columnCount(), columns)):
            self._grid.setColumnStretch(column, column < columns)
        for at, button in enumerate(shown):
            self._grid.addWidget(button, at // columns, at % columns)
            styles = Qt.ToolButtonStyle
            button.setToolButtonStyle(
                styles.ToolButtonTextBesideIcon if columns == 1 else styles.ToolButtonTextUnderIcon
            )
        self._laid_out = columns, shown

    def _fits(self, shown: Sequence[_Segment], columns: int) -> bool:
        share = (self.width() - self._grid.spacing() * (columns - 1)) / max(1, columns)
        edge = self._theme.space(2)
        return all(button.fontMetrics().horizontalAdvance(button.text()) + edge <= share for button in shown)

    @property
    def _first(self) -> _Segment:
        return next(iter(self._buttons.values()))

    @Slot()
    def _draw(self) -> None:
        size = self._theme.px(20)
        for option in self._options:
            button = self._buttons[option.value]
            colour = self._theme.colour("brand" if button.isChecked() else "text")
            # Tab goes to the chosen option, and Space presses it again: Qt does so only after a choice by keyboard.
            policies = Qt.FocusPolicy
            button.setFocusPolicy(policies.TabFocus if button.isChecked() else policies.NoFocus)
            button.setIconSize(QSize(size, size))
            button.setIcon(icons.icon(option.icon, colour, size))
