"""The search field over the board: what Enter and Esc in it lead to."""

from PySide6.QtCore import QObject, Signal, Slot

from core.ui.theme import Theme
from pos_app.board.presenter import Board
from pos_app.board.search_hint import SearchHint
from pos_app.workspace import BoardSearch


class Search(QObject):
    """Filters the board by the typed text. Enter opens the order with exactly that number or id, or focuses a card with
    exactly that counter, or else the remaining cards; with no card left it searches the history."""

    meant = Signal(str)
    """The number or id of an order to open."""
    left = Signal()
    numbered = Signal(object)
    """The `OrderId` of the card with exactly the typed number."""
    everywhere_wanted = Signal(str)

    def __init__(self, theme: Theme, board: Board, field: BoardSearch, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._field = field
        self.hint = SearchHint(theme)
        self.hint.search_all.clicked.connect(self.search_all)
        board.changed.connect(self.update_hint)
        field.textChanged.connect(board.seek)
        field.entered.connect(self._on_entered)
        field.left.connect(self.left)
        field.left_down.connect(self.left)

    @Slot()
    def update_hint(self) -> None:
        """Update the hint; it is hidden while another page is shown."""
        sought = self._board.is_narrowed and self._field.isVisibleTo(self._field.window())
        self.hint.set_found(self._board.shown if sought else None)

    @Slot()
    def search_all(self) -> None:
        sought = self._field.text().strip()
        self._field.clear()
        self.everywhere_wanted.emit(sought)

    @Slot()
    def _on_entered(self) -> None:
        sought = self._field.text().strip()
        if not sought:
            self.left.emit()
        elif self._board.find(sought) is not None:
            self.meant.emit(sought)
        elif (order_id := self._board.exactly) is not None:
            self._field.clear()  # the whole board is shown again for the next search
            self.numbered.emit(order_id)
        elif self._board.shown:
            self.left.emit()
        else:
            self.search_all()
