"""The dialog of a reason: quick ones to press, or free text."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.domain.texts import is_blank
from core.ui.text import _, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import OptionButton, button, fit_before, label
from core.ui.widgets.scroll import VerticalScroll

_MOST = 300

_REASON = "reason"


class ReasonDialog(QDialog):
    """Emits `given` with the reason, which is never empty."""

    given = Signal(str)

    def __init__(
        self,
        theme: Theme,
        title: str,
        message: str,
        reasons: Sequence[str],
        action: str,
        parent: QWidget | None = None,
        choice: QWidget | None = None,
    ) -> None:
        """`choice`: what else is to be chosen, above the reasons."""
        super().__init__(parent)
        self.setObjectName("reason_dialog")
        self.setWindowTitle(window_title(title))
        self.setMinimumWidth(theme.px(440))
        self._reason = QLineEdit()
        self._reason.setObjectName("reason")
        self._reason.setMaxLength(_MOST)
        self._reason.setPlaceholderText(_("Another reason"))
        self._reason.setAccessibleName(_("Reason"))
        self._reason.textChanged.connect(self._on_reason_changed)
        self._reason.returnPressed.connect(self._on_confirmed)
        self._confirm = button(action, theme, "danger", name="reason_confirm")
        self._confirm.setAutoDefault(False)
        self._confirm.clicked.connect(self._on_confirmed)
        back = button(_("Back"), theme, name="reason_back")
        back.setAutoDefault(False)
        back.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(3))
        column.addWidget(label(title, "title", wrap=True))
        asked = QWidget()
        choices = QVBoxLayout(asked)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.setSpacing(theme.space(3))
        choices.addWidget(label(message, "muted", wrap=True))
        if choice is not None:
            choices.addWidget(choice)
        self._quick: list[QPushButton] = []
        for number, reason in enumerate(reasons):
            quick = OptionButton(reason, f"reason_{number}")
            quick.setProperty(_REASON, reason)
            quick.clicked.connect(self._on_quick_chosen)
            quick.confirmed.connect(self._on_confirmed)
            self._quick.append(quick)
            choices.addWidget(quick)
        column.addWidget(VerticalScroll(asked, theme.touch_px), 1)
        column.addWidget(self._reason)
        row = QHBoxLayout()
        row.addWidget(back, 1)
        row.addWidget(self._confirm, 1)
        column.addLayout(row)
        fit_before(self, parent)
        self._on_reason_changed()
        self._reason.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def reason(self) -> str:
        return self._reason.text().strip()

    @property
    def is_ready(self) -> bool:
        """Whether only the reason is missing."""
        return True

    def set_action(self, words: str) -> None:
        """Name what happens at *Confirm*, which may have changed whether it can."""
        self._confirm.setText(words)
        self._on_reason_changed()

    @Slot()
    def _on_quick_chosen(self) -> None:
        chosen = self.sender()
        if isinstance(chosen, QPushButton):
            self._reason.setText(str(chosen.property(_REASON)) if chosen.isChecked() else "")

    @Slot()
    def _on_reason_changed(self) -> None:
        for quick in self._quick:
            quick.setChecked(quick.property(_REASON) == self.reason)
        self._confirm.setEnabled(not is_blank(self.reason) and self.is_ready)

    @Slot()
    def _on_confirmed(self) -> None:
        if self._confirm.isEnabled():
            reason = self.reason
            self.accept()
            self.given.emit(reason)
