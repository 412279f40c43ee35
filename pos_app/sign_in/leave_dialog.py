"""The question before leaving with unsent changes."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.client.sync.outbox import Counts
from core.ui.problems import outbox_words
from core.ui.text import _, ngettext
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label


class LeaveDialog(QDialog):
    """Asked only while this person has operations in the outbox. Esc and the first button stay."""

    confirmed = Signal()

    def __init__(self, theme: Theme, name: str, counts: Counts, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("leave_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Sign out"))
        self.setMinimumWidth(theme.px(460))
        self._name = name
        self._title = label(role="title", wrap=True)
        self._title.setObjectName("leave_title")
        self._what = label(role="remark", wrap=True)
        self._what.setObjectName("leave_what")
        self._kept = label(role="muted", wrap=True)
        self.set_counts(counts)
        stay = button(_("Stay signed in"), theme, "primary", name="leave_stay")
        stay.clicked.connect(self.reject)
        leave = button(_("Sign out"), theme, name="leave_confirm")
        leave.setAutoDefault(False)
        leave.clicked.connect(self._on_confirmed)
        row = QHBoxLayout()
        row.setSpacing(theme.space(2))
        row.addWidget(leave, 1)
        row.addWidget(stay, 1)
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(3))
        for words in (self._title, self._what, self._kept):
            column.addWidget(words)
        column.addLayout(row)
        stay.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_counts(self, counts: Counts) -> None:
        """Show the number of unsent changes."""
        if counts.open:
            title = ngettext(
                "{count} change has not reached the server", "{count} changes have not reached the server", counts.open
            )
            kept = _("They stay on this POS, safe, until {name} signs in here again. Nobody else sends them.")
        else:
            title = _("Everything has reached the server")
            kept = _("You can sign out now.")
        self._title.setText(title)
        self._what.setText(" · ".join(outbox_words(counts)))
        self._what.setVisible(bool(counts.open))
        self._kept.setText(kept.format(name=self._name))

    @Slot()
    def _on_confirmed(self) -> None:
        self.accept()
        self.confirmed.emit()
