"""The countdown before an abandoned session ends."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QProgressBar, QWidget

from core.ui.text import _, ngettext
from core.ui.theme import Theme
from core.ui.widgets.controls import button, filled, fit_before, label

_WIDTH = 420.0


class StillThere(QDialog):
    """Counts down. Any input is seen by `IdleWatch`, and the window closes this."""

    def __init__(self, theme: Theme, seconds: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("still_there")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Still there?"))
        self.setMinimumWidth(theme.px(_WIDTH))
        self._words = label("", wrap=True)
        self._words.setObjectName("still_there_words")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, seconds)
        self._bar.setAccessibleName(_("Time left"))
        stay = button(_("I am still here"), theme, "primary", name="stay")
        stay.clicked.connect(self.accept)
        column = filled(self, theme, theme.space(4))
        column.addWidget(label(_("Still there?"), "hero"))
        column.addWidget(self._words)
        column.addWidget(self._bar)
        column.addWidget(stay)
        self.count_down(seconds)
        fit_before(self, parent)

    @Slot(int)
    def count_down(self, seconds: int) -> None:
        words = ngettext(
            "You will be signed out in {count} second.", "You will be signed out in {count} seconds.", seconds
        )
        self._words.setText(_("{words} Touch the screen or press any key to stay.").format(words=words))
        self._bar.setValue(seconds)
