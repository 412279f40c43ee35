"""The dialog of the till's volume."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from core.ui.sound import NEW_ORDER, Sounds
from core.ui.text import _, figure
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label
from core.ui.widgets.fields import CheckBox


class SoundDialog(QDialog):
    """On or off, the volume, and a test. It lasts until the window is closed; the settings have the default."""

    def __init__(self, theme: Theme, sounds: Sounds, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sound_dialog")
        self.setWindowTitle(_("Sound"))
        self.setMinimumWidth(theme.px(400))
        self._sounds = sounds
        self._on = CheckBox(theme, "sound_on", _("Ring for new orders"))
        self._on.setChecked(not sounds.muted)
        self._on.toggled.connect(self._on_switched)
        self._volume = QSlider(Qt.Orientation.Horizontal)
        self._volume.setObjectName("sound_volume")
        self._volume.setAccessibleName(_("Volume"))
        self._volume.setRange(0, 100)
        self._volume.setPageStep(10)
        self._volume.setMinimumHeight(theme.touch_px)
        self._volume.setValue(sounds.volume)
        self._volume.valueChanged.connect(self._on_volume_changed)
        self._percent = label(role="strong")
        self._percent.setMinimumWidth(theme.px(56))
        self._try = button(_("Try it"), theme, icon="sound", name="sound_test")
        self._try.setAutoDefault(False)
        self._try.clicked.connect(self._on_try_pressed)
        self._trouble = label(role="error", wrap=True)
        self._trouble.setObjectName("sound_trouble")
        self._trouble.hide()
        close = button(_("Done"), theme, "primary", name="sound_close")
        close.clicked.connect(self.accept)
        loud = QHBoxLayout()
        loud.setSpacing(theme.space(3))
        loud.addWidget(label(_("Volume")))
        loud.addWidget(self._volume, 1)
        loud.addWidget(self._percent)
        row = QHBoxLayout()
        row.addWidget(self._try, 1)
        row.addWidget(close, 1)
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(3))
        column.addWidget(label(_("Sound"), "title"))
        column.addWidget(self._on)
        column.addLayout(loud)
        column.addWidget(self._trouble)
        column.addLayout(row)
        sounds.unavailable.connect(self._on_unavailable)
        self._update_view()

    @Slot()
    def _update_view(self) -> None:
        muted = self._sounds.muted
        self._percent.setText(_("{percent} %").format(percent=figure(self._sounds.volume)))
        self._volume.setDisabled(muted)
        self._try.setDisabled(muted)

    @Slot(bool)
    def _on_switched(self, on: bool) -> None:
        self._sounds.set_muted(not on)
        self._update_view()

    @Slot(int)
    def _on_volume_changed(self, volume: int) -> None:
        self._sounds.set_volume(volume)
        self._update_view()

    @Slot()
    def _on_try_pressed(self) -> None:
        self._sounds.play(NEW_ORDER)

    @Slot(str)
    def _on_unavailable(self, _cause: str) -> None:
        self._trouble.setText(_("This machine cannot play sounds: its audio library is missing."))
        self._trouble.show()
