"""The number of orders that a search has found on the board, and a button to search all orders. In the strip, so that
it moves no card."""

from PySide6.QtWidgets import QFrame, QHBoxLayout

from core.ui.text import _, ngettext
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, set_margins


class SearchHint(QFrame):
    """Hidden without a search."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("search_hint")
        self.setProperty("role", "card")
        self._found = label(role="strong", wrap=True)
        self.search_all = button(_("Search all orders"), theme, "quiet", "history", name="search_all")
        row = QHBoxLayout(self)
        set_margins(row, theme.space(4), 1, 1, 1)
        row.addWidget(self._found, 1)
        row.addWidget(self.search_all)
        self.hide()

    def set_found(self, count: int | None) -> None:
        """Show the number of found orders; None: there is no search."""
        self.setVisible(count is not None)
        if count:
            self._found.setText(ngettext("{count} order on the board", "{count} orders on the board", count))
        else:
            self._found.setText(_("Nothing on the board matches."))
