"""A line with the age of what a page shows, while it may be outdated."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from core.ui.text import N_, _, age, clock, day
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import ConnectionChip
from core.ui.widgets.controls import label
from core.ui.widgets.titled_text import TitledText

MENU_KEPT: Final = N_("Prices, and what is sold out, may have changed since then.")
"""The consequence of an old menu."""


class AsOf(QFrame):
    """`As of 14:02, 12 min ago`, and what that means for the page. Hidden while the chip is good, and on pages without
    data that ages."""

    def __init__(
        self, theme: Theme, chip: ConnectionChip, now: Callable[[], datetime], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("as_of")
        self.setProperty("role", "notice")
        self.setProperty("tone", "old")
        self._chip = chip
        self._now = now
        self._meaning = ""
        self._title = label(role="strong", wrap=True)
        self._title.setObjectName("as_of_title")
        self._message = label(wrap=True)
        self._message.setObjectName("as_of_message")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(4), theme.space(1), theme.space(4), theme.space(1))
        column.setSpacing(0)
        column.addWidget(TitledText(theme, self._title, self._message))
        chip.updated.connect(self._update_text)
        self.hide()

    def set_meaning(self, meaning: str) -> None:
        """Set the sentence on what old data means for the shown page; empty: it shows no orders."""
        self._meaning = meaning
        self._message.setText(meaning)
        self._update_text()

    @Slot()
    def _update_text(self) -> None:
        age_s = self._chip.age_s
        old = bool(self._meaning) and age_s is not None and self._chip.state != "good"
        if age_s is not None and old:
            now = self._now()
            at = now - timedelta(seconds=age_s)
            time = clock(at) if age_s < 12 * 3600 else f"{day(at, now)} {clock(at)}"
            words = _("As of {time}, {age} ago").format(time=time, age=age(age_s))
            if words != self._title.text():
                self._title.setText(words)
                self.setAccessibleName(f"{words}. {self._meaning}")
        if self.isHidden() is old:
            self.setVisible(old)
