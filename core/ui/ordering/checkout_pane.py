"""The checkout's column: questions, lines, totals, and the button that places the order."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from core.ui.ordering.basket_list import BasketList
from core.ui.ordering.basket_model import BasketModel
from core.ui.ordering.basket_pane import TotalsTable
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, rule

_LEAST_LINES = 120
"""With less height than this left, the lines are hidden: they are one step back."""


class CheckoutPane(QWidget):
    """`questions` is the window's form; `name` is its button's."""

    back_asked = Signal()
    pressed = Signal()

    def __init__(self, basket: BasketModel, theme: Theme, title: str, questions: QWidget, name: str) -> None:
        super().__init__()
        self._basket = basket
        self._theme = theme
        self._questions = questions
        self._back = button(_("Back"), theme, "quiet", name="checkout_back")
        self._back.setAccessibleName(_("Back to the basket"))
        self.lines = BasketList(basket, theme, "checkout_lines")
        self._totals = TotalsTable(theme)
        self.action = button("", theme, "primary", name=name)
        self._scroll = QScrollArea()
        self._lay_out(title)
        questions.installEventFilter(self)
        self._back.clicked.connect(self.back_asked)
        self.action.clicked.connect(self.pressed)

    def _lay_out(self, title: str) -> None:
        theme, scroll = self._theme, self._scroll
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._questions)
        self.lines.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        head = QHBoxLayout()
        self.title = label(title, "title", wrap=True)
        head.addWidget(self.title, 1)
        head.addWidget(self._back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        column.addLayout(head)
        column.addWidget(scroll, 100)  # up to its greatest height, before the lines get any
        column.addWidget(self.lines, 1)
        column.addStretch()
        column.addWidget(rule())
        column.addWidget(self._totals)
        column.addWidget(self.action)

    def show_question(self, part: QWidget) -> None:
        """Scroll to a part of the questions, once it has its place."""
        QTimer.singleShot(0, part, lambda: self._scroll.ensureWidgetVisible(part, 0, self._theme.touch_px))

    def set_action(self, action: str, *, busy: bool) -> None:
        """Set the button's text; while `busy` nothing can be changed or pressed."""
        basket = self._basket.basket
        self._totals.show_amounts(basket.amounts(), basket.currency)
        self.action.setText(action)
        for part in (self.action, self._back, self._questions, self.lines):
            part.setEnabled(not busy)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_out()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        """Questions may have been hidden meanwhile."""
        super().showEvent(event)
        self._share_out()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:  # a question more, or one fewer
            self._share_out()
        return super().eventFilter(watched, event)

    def _share_out(self) -> None:
        """Give the questions the height they need; the lines the rest, when that is enough to be useful."""
        fixed = self.action.sizeHint().height() + self._back.sizeHint().height() + self._totals.sizeHint().height()
        room = self.height() - fixed - 6 * self._theme.space(3)
        wanted = max(self._questions.sizeHint().height(), 0)
        self._scroll.setMaximumHeight(wanted)
        self.lines.setVisible(room - wanted >= self._theme.px(_LEAST_LINES))
