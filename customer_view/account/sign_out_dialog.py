"""The question before signing out with unsent changes."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QWidget

from core.client.sync.outbox import Counts
from core.ui.problems import outbox_words
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets.controls import button, filled, fit_before, label

_WIDTH = 460.0


class SignOutDialog(QDialog):
    """Asked only while something of this person is in the outbox. Esc and the first button stay."""

    confirmed = Signal()

    def __init__(self, theme: Theme, counts: Counts, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sign_out_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Sign out"))
        self.setMinimumWidth(theme.px(_WIDTH))
        kept = _("It stays on this screen's computer, and goes on when you sign in here again. Nobody else sees it.")
        self._kept = kept
        self._title = label(role="title", wrap=True)
        self._title.setObjectName("sign_out_title")
        words = self._words = label(wrap=True)
        words.setObjectName("sign_out_words")
        self.set_counts(counts)
        stay = button(_("Stay signed in"), theme, "primary", name="sign_out_stay")
        stay.clicked.connect(self.reject)
        leave = button(_("Sign out"), theme, name="sign_out_confirm")
        leave.clicked.connect(self.confirmed)
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        row.addStretch(1)
        row.addWidget(leave)
        row.addWidget(stay)
        column = filled(self, theme, theme.space(3))
        column.addWidget(self._title)
        column.addWidget(words)
        column.addSpacing(theme.space(3))
        column.addLayout(row)
        stay.setFocus()
        fit_before(self, parent)

    def set_counts(self, counts: Counts) -> None:
        """Show the number of unsent changes."""
        if counts.open:
            self._title.setText(_("Not everything has reached the shop yet"))
            self._words.setText(f"{' · '.join(outbox_words(counts))}\n{self._kept}")
        else:
            self._title.setText(_("Everything has reached the shop"))
            self._words.setText(_("You can sign out now."))
