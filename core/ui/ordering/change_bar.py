"""The bar over an order page that changes a placed order: which one, and what the change comes to."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from core.domain.order import Order
from core.ui.text import _, difference_text
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, panel, restyle
from core.ui.widgets.pair import Pair


class ChangeBar(QWidget):
    """Hidden while no placed order is being changed."""

    left = Signal()
    """The change is not wanted after all."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("change_bar")
        self._theme = theme
        self._order = label("", "strong", wrap=True)
        self._difference = label("", "number")
        self._difference.setObjectName("change_difference")
        leave = button(_("Leave it as it was"), theme, "quiet", name="change_leave")
        leave.clicked.connect(self.left)
        self._order.setMinimumWidth(1)
        frame, column = panel("card")
        edge = theme.space(3)
        column.setContentsMargins(edge, theme.space(2), edge, theme.space(2))
        column.addWidget(Pair(theme, Pair(theme, self._order, self._difference), leave))
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(frame)
        self.hide()

    def show_change(self, title: str, order: Order | None = None, total_minor: int = 0) -> None:
        """`title` says what is being changed; empty for nothing. `total_minor` is what the basket of `order` comes
        to."""
        self.setVisible(bool(title))
        self._order.setText(title)
        self._difference.setVisible(order is not None)
        if order is not None:
            words, colour = difference_text(order, total_minor)
            self._difference.setText(words)
            restyle(self._difference, colour=colour)
