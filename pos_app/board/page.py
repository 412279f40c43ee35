"""The board: a column for each open status, side by side."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.ids import OrderId
from core.domain.status import Fulfilment, OrderStatus, look, steps_of
from core.ui.text import _, figure, ngettext, status_label
from core.ui.theme import Theme
from core.ui.widgets.controls import label
from pos_app.board.card_delegate import CardDelegate
from pos_app.board.column_view import ColumnView
from pos_app.board.edge import EDGE_PX, BoardEdge
from pos_app.board.presenter import Board
from pos_app.order.card import COLUMNS, Card, Thresholds, column_empty

_TICK_MS: Final = 1000
_NARROWEST: Final = 183
"""A column's least width at scale 1: two fit on the smallest screen in the largest letters."""
_LOWEST: Final = 120
_ALWAYS: Final = frozenset.intersection(*(frozenset(steps_of(fulfilment)) for fulfilment in Fulfilment))
"""Statuses of every order: their columns are shown while they are empty, too."""


class BoardPage(QWidget):
    """Shows a `Board`, keeps the focus on a card, and emits what a person wants done with one."""

    wanted = Signal(str, object)
    """The action (step, details) and the `OrderId`."""
    menu_wanted = Signal(object, QPoint)
    noticed = Signal()
    """Somebody pressed a new order's card."""

    def __init__(
        self,
        theme: Theme,
        board: Board,
        thresholds: Thresholds,
        now: Callable[[], datetime],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("board_page")
        self._theme = theme
        self._board = board
        self.views: dict[OrderStatus, ColumnView] = {}
        self._frames: dict[OrderStatus, QFrame] = {}
        self._counts: dict[OrderStatus, QLabel] = {}
        self._focused = COLUMNS[0]
        self._first = 0
        """The first visible one of the needed columns."""
        self._before = BoardEdge(theme, "board_before", after=False)
        self._before.clicked.connect(self._on_before_pressed)
        self._after = BoardEdge(theme, "board_after", after=True)
        self._after.clicked.connect(self._on_after_pressed)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.space(2))
        self._row.addWidget(self._before)
        self._row.addWidget(self._after)
        self._thresholds, self._now = thresholds, now
        for status in COLUMNS:
            self._add_column(status)
        self.views[OrderStatus.PENDING].pressed.connect(self.noticed)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(theme.space(2))
        page.addLayout(self._row, 1)
        self._filled = False
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._on_second_passed)
        board.changed.connect(self._on_board_changed)
        for told in (board.refresher.started, board.refresher.succeeded, board.refresher.failed):
            told.connect(self._on_board_changed)
        self._on_board_changed()

    def _add_column(self, status: OrderStatus) -> None:
        view = ColumnView(status, self._board.columns[status], CardDelegate(self._theme, self._thresholds, self._now))
        frame = self._column(status, view)
        frame.hide()
        self._row.insertWidget(self._row.count() - 1, frame, 1)

    def _column(self, status: OrderStatus, view: ColumnView) -> QFrame:
        theme = self._theme
        frame = QFrame()
        frame.setProperty("role", "sunken")
        view.wanted.connect(self.wanted)
        view.menu_wanted.connect(self.menu_wanted)
        view.left.connect(self._on_column_left)
        view.entered.connect(self._on_column_entered)
        count = label("0", "count")
        count.setProperty("colour", look(status).colour)
        count.setObjectName(f"count_{status}")
        count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = label(status_label(status), "strong", wrap=True)
        title.setBuddy(view)
        head = QHBoxLayout()
        head.setContentsMargins(theme.space(3), theme.space(2), theme.space(4), 0)
        head.addWidget(title, 1)
        head.addWidget(count, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(frame)
        column.setContentsMargins(theme.space(1), theme.space(1), 0, theme.space(2))
        column.setSpacing(theme.space(1))
        column.addLayout(head)
        column.addWidget(view, 1)
        self.views[status], self._frames[status], self._counts[status] = view, frame, count
        return frame

    # -- the keyboard's card

    @property
    def current(self) -> Card | None:
        """The card with the keyboard's focus."""
        return self.views[self._focused].current

    @property
    def has_cards_focus(self) -> bool:
        """Whether a card has the focus, and not a button or a field."""
        return self.views[self._focused].hasFocus()

    def focus_cards(self) -> None:
        """Focus the cards: the last column with focus, or the first with a card."""
        for status in (self._focused, *self._frames):
            if self._board.columns[status].rowCount():
                self._reveal(status)
                self.views[status].setFocus(Qt.FocusReason.OtherFocusReason)
                return
        self._reveal(self._focused)
        self.views[self._focused].setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_order(self, order_id: OrderId) -> bool:
        """Focus an order's card. False when the board does not show it."""
        status = self._board.column_of(order_id)
        if status is None:
            return False
        self._reveal(status)
        view = self.views[status]
        view.setFocus(Qt.FocusReason.OtherFocusReason)
        view.select(self._board.columns[status].index_of(order_id))
        return True

    @Slot(object)
    def _on_column_entered(self, status: OrderStatus) -> None:
        self._focused = status

    @Slot(object, int)
    def _on_column_left(self, status: OrderStatus, step: int) -> None:
        view = self.views[status]
        index = view.currentIndex()
        top = view.visualRect(index).center().y() if index.isValid() else 8
        needed = self._needed
        here = needed.index(status)
        for other in needed[here + 1 :] if step > 0 else reversed(needed[:here]):
            if self._board.columns[other].rowCount():
                self._reveal(other)
                self.views[other].select_near(top)
                self.views[other].setFocus(Qt.FocusReason.OtherFocusReason)
                return

    # -- following the board

    @Slot()
    def _on_board_changed(self) -> None:
        if not self._filled and self._board.shown:
            self._filled = True
            if self.has_cards_focus:  # of a column that may be empty
                self.focus_cards()
        for status, model in self._board.columns.items():
            if status not in self._frames:
                self._add_column(status)
            words = figure(model.rowCount())
            if self._counts[status].text() != words:
                self._counts[status].setText(words)
                self._counts[status].setAccessibleName(ngettext("{count} order", "{count} orders", model.rowCount()))
            self.views[status].set_empty(self._empty(status))
        self._fit()

    def _empty(self, status: OrderStatus) -> str:
        """Why a column is empty. Says nothing about orders before they were read."""
        refresher = self._board.refresher
        if refresher.age_s is None:
            return _("Loading…") if refresher.running else _("Not loaded yet.")
        return "" if self._board.is_narrowed else column_empty(status)

    # -- which columns are in sight

    @property
    def _needed(self) -> list[OrderStatus]:
        """The columns that have cards, or are always shown."""
        columns = self._board.columns.items()
        return [each for each, model in columns if model.rowCount() or each in _ALWAYS]

    def _room(self, edges: int) -> int:
        """How many columns fit beside the given number of edges."""
        gap = self._row.spacing()
        return (self.width() - edges * (EDGE_PX + gap) + gap) // (self._theme.px(_NARROWEST) + gap)

    def _run(self, count: int) -> tuple[int, int]:
        """The visible ones of `count` columns: from the first to the one after the last."""
        if self._room(0) >= count:
            return 0, count
        shown = max(1, self._room(1))
        first = max(0, min(self._first, count - shown))
        if 0 < first < count - shown:
            shown = max(1, self._room(2))
        return first, first + shown

    def _fit(self) -> None:
        """Show as many columns as fit; the edges name the others."""
        needed = self._needed
        self._first, end = self._run(len(needed))
        shown = needed[self._first : end]
        told = [(each, self._board.columns[each].rowCount()) for each in needed]
        self._before.set_columns(told[: self._first])
        self._after.set_columns(told[end:])
        for status, frame in self._frames.items():
            if frame.isHidden() is (status in shown):
                frame.setVisible(status in shown)
        # The pixels that cannot be shared are left over: columns of one width set their cards alike.
        gap = self._row.spacing()
        edges = sum(not each.isHidden() for each in (self._before, self._after))
        over = (self.width() - edges * (EDGE_PX + gap) - gap * (len(shown) - 1)) % len(shown)
        self._row.setContentsMargins(0, 0, over, 0)
        page = self.layout()
        assert page is not None
        page.activate()  # at once, or cards are laid out in between for columns of another width

    def _reveal(self, status: OrderStatus) -> None:
        """Scroll to a column."""
        needed = self._needed
        if status not in needed:
            return
        at = needed.index(status)
        self._first = min(self._first, at)
        while self._run(len(needed))[1] <= at:
            self._first += 1
        self._fit()

    @Slot()
    def _on_before_pressed(self) -> None:
        shown = self._run(len(self._needed))
        self._turn_to(max(0, shown[0] - max(1, self._room(1))))

    @Slot()
    def _on_after_pressed(self) -> None:
        self._turn_to(self._run(len(self._needed))[1])

    def _turn_to(self, first: int) -> None:
        """Begin with that column, and focus its first card."""
        needed = self._needed
        self._first = first
        self._fit()
        shown = needed[slice(*self._run(len(needed)))]
        filled = [each for each in shown if self._board.columns[each].rowCount()] or shown
        self.views[filled[0]].setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def minimumSizeHint(self) -> QSize:
        """One column between two edges."""
        gap = self._row.spacing()
        return QSize(self._theme.px(_NARROWEST) + 2 * (EDGE_PX + gap), self._theme.px(_LOWEST))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.has_cards_focus:
            self._reveal(self._focused)
        else:
            self._fit()

    @Slot()
    def _on_second_passed(self) -> None:
        for view in self.views.values():
            if view.isVisible():
                view.tick()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._ticker.start()
        super().showEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._ticker.stop()
        super().hideEvent(event)
