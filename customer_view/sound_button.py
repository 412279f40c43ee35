"""The sound button in the header."""

from PySide6.QtCore import QSize, Slot

from core.ui import icons
from core.ui.sound import Sounds
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets.controls import Button, set_tip


class SoundButton(Button):
    """Shows by icon and name whether sounds are on, and toggles them."""

    def __init__(self, theme: Theme, sounds: Sounds) -> None:
        super().__init__()
        self.setObjectName("sound")
        self.setProperty("kind", "quiet")
        self._theme = theme
        self._sounds = sounds
        size = theme.px(20)
        self.setIconSize(QSize(size, size))
        self.clicked.connect(self._on_clicked)
        theme.changed.connect(self._update_view)
        self._update_view()

    @Slot()
    def _on_clicked(self) -> None:
        self._sounds.set_muted(not self._sounds.muted)
        self._update_view()

    @Slot()
    def _update_view(self) -> None:
        muted = self._sounds.muted
        name = "sound-off" if muted else "sound"
        self.setIcon(icons.icon(name, self._theme.colour("muted" if muted else "text"), self.iconSize().width()))
        words = _("Sounds are off. Turn them on.") if muted else _("Sounds are on. Turn them off.")
        self.setAccessibleName(words)
        set_tip(self, words)
