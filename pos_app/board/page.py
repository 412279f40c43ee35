"""The board: a column for each open status, side by side."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFont, QFontMetrics, QHideEvent, QResizeEvent, QShowEvent
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
from pos_app.board.shift import Shift
from pos_app.order.card import COLUMNS, Card, Thresholds, column_empty

_TICK_MS: Final = 1000
_NARROWEST: Final = 183
"""A column's least width at scale 1: two fit on the smallest screen in the largest letters."""
_LOWEST: Final = 120
_UNBOUND: Final = (1 << 24) - 1
"""Qt's own greatest width."""
_EMPTY_MS: Final = 3000
"""A column that is empty so long gives its room away: in a rush nothing is shifted to and fro."""
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
        self._slim: frozenset[OrderStatus] = frozenset()
        """Empty columns that have given their room away."""
        self._shift = Shift()
        self._laid_out: tuple[object, ...] = ()
        """Which columns are in sight, and which of them are slim."""
        self._empty = QTimer(self)
        self._empty.setSingleShot(True)
        self._empty.setInterval(_EMPTY_MS)
        self._empty.timeout.connect(self._on_empty_for_a_while)
        self._focused = COLUMNS[0]
        self._first = 0
        """The first visible one of the needed columns."""
        self._before = BoardEdge(theme, "board_before", after=False)
        self._before.clicked.connect(self._on_before_pressed)
        self._after = BoardEdge(theme, "board_after", after=True)
        self._after.clicked.connect(self._on_after_pressed)
        for edge in (self._before, self._after):
            edge.released.connect(self._share)
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
        delegate = CardDelegate(self._theme, self._thresholds, self._now)
        view = ColumnView(status, self._board.columns[status], delegate, self._shift.allows)
        view.released.connect(self._share)
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
        count.ensurePolished()
        title.setMinimumHeight(count.sizeHint().height())  # at one height in all columns, with a count or without
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
            self.views[status].set_empty(self._empty_words(status))
        self._share()

    def _empty_words(self, status: OrderStatus) -> str:
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

    @Slot()
    def _share(self, *, at_once: bool = False) -> None:
        """Let empty columns take their room back when they have a card, and give it away once they have been empty for
        a while, which is when the timer says `at_once`. A search, which empties most, moves nothing."""
        needed = self._needed
        filled = frozenset(each for each in needed if self._board.columns[each].rowCount())
        empty = frozenset(needed) - filled if filled else frozenset()
        if at_once:
            self._slim = empty
        elif not self._held:
            self._slim = self._slim - filled if self._board.is_narrowed else self._slim & empty
        if empty <= self._slim or self._board.is_narrowed or not self.isVisible():
            self._empty.stop()
        elif not self._empty.isActive():
            self._empty.start()
        self._fit(by_itself=True)

    @property
    def _held(self) -> bool:
        """Whether something on the board is pressed."""
        return any(view.is_held for view in self.views.values()) or self._before.isDown() or self._after.isDown()

    @Slot()
    def _on_empty_for_a_while(self) -> None:
        self._share(at_once=True)

    @property
    def _slim_px(self) -> int:
        """The width of an empty column: that of the longest word of the titles."""
        theme = self._theme
        metrics = QFontMetrics(theme.font("strong", QFont.Weight.Bold))
        words = " ".join(status_label(status) for status in COLUMNS).split()
        edges = theme.space(1) + theme.space(3) + theme.space(4)
        return min(max(map(metrics.horizontalAdvance, words)) + edges, theme.px(_NARROWEST))

    def _fits(self, columns: Sequence[OrderStatus], edges: int) -> bool:
        """Whether these columns and so many edges fit beside each other."""
        slim = sum(each in self._slim for each in columns)
        asked = slim * self._slim_px + (len(columns) - slim) * self._theme.px(_NARROWEST) + edges * EDGE_PX
        return asked + (len(columns) + edges - 1) * self._row.spacing() <= self.width()

    def _run(self, needed: Sequence[OrderStatus]) -> tuple[int, int]:
        """The visible columns: from the first to the one after the last."""
        count = len(needed)

        def fits(first: int, end: int) -> bool:
            return self._fits(needed[first:end], (first > 0) + (end < count))

        first = min(self._first, count - 1)
        end = max((end for end in range(first + 1, count + 1) if fits(first, end)), default=first + 1)
        while end == count and first > 0 and fits(first - 1, end):
            first -= 1
        return first, end

    @Slot()
    def _fit(self, *, by_itself: bool = False) -> None:
        """Show as many columns as fit; the edges name the others. Not while something is pressed: it would move.

        `by_itself`: by what happens in the shop, which a press on its way knows nothing of.
        """
        if self._held:
            return
        needed = self._needed
        self._first, end = self._run(needed)
        shown = needed[self._first : end]
        told = [(each, self._board.columns[each].rowCount()) for each in needed]
        wide = [each for each in shown if each not in self._slim] or shown
        laid_out = (tuple(shown), tuple(wide))
        if by_itself and laid_out != self._laid_out:
            self._shift.begin(self.views.values())
        self._laid_out = laid_out
        self._before.set_columns(told[: self._first])
        self._after.set_columns(told[end:])
        slim_px = self._slim_px
        for status, frame in self._frames.items():
            if frame.isHidden() is (status in shown):
                frame.setVisible(status in shown)
            slim = status in shown and status not in wide
            frame.setMinimumWidth(slim_px if slim else 0)
            frame.setMaximumWidth(slim_px if slim else _UNBOUND)
            self._counts[status].setHidden(slim)
        # The pixels that cannot be shared are left over: columns of one width set their cards alike.
        gap = self._row.spacing()
        edges = sum(not each.isHidden() for each in (self._before, self._after))
        taken = edges * (EDGE_PX + gap) + gap * (len(shown) - 1) + slim_px * (len(shown) - len(wide))
        self._row.setContentsMargins(0, 0, (self.width() - taken) % len(wide), 0)
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
        while self._run(needed)[1] <= at:
            self._first += 1
        self._fit()

    @Slot()
    def _on_before_pressed(self) -> None:
        needed = self._needed
        end = self._run(needed)[0]
        back = (first for first in range(end) if self._fits(needed[first:end], 1 + (first > 0)))
        self._turn_to(next(back, max(0, end - 1)))

    @Slot()
    def _on_after_pressed(self) -> None:
        self._turn_to(self._run(self._needed)[1])

    def _turn_to(self, first: int) -> None:
        """Begin with that column, and focus its first card."""
        needed = self._needed
        self._first = first
        self._fit()
        shown = needed[slice(*self._run(needed))]
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
        for view in self.views.values():
            view.is_held = False  # whatever became of the release
        self._share()
        super().showEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._ticker.stop()
        self._empty.stop()
        super().hideEvent(event)
