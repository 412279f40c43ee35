"""Sounds: one for each status. On a machine that cannot play them, silence and one notice."""

import importlib
import logging
from typing import Any, Final

from PySide6.QtCore import QObject, QUrl, Signal

import resources
from core.ui import preflight

log = logging.getLogger(__name__)

NEW_ORDER: Final = "new_order"


class Sounds(QObject):
    """Plays `resources/sounds/NAME.wav`. The player is loaded with the first sound, not with the window.

    QtMultimedia does not import where the system's audio library is missing (libpulse on Linux); then `unavailable`
    is emitted once and everything else goes on in silence.
    """

    unavailable = Signal(str)
    """The command for root that enables sounds, if known; else empty."""

    def __init__(self, *, volume: int = 70, muted: bool = False, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._volume = volume
        self._muted = muted
        self._effects: dict[str, Any] = {}
        self._effect_type: Any = None
        self._tried = False

    @property
    def muted(self) -> bool:
        return self._muted

    @property
    def volume(self) -> int:
        """In percent."""
        return self._volume

    def set_muted(self, muted: bool) -> None:
        self._muted = muted
        if muted:
            self.stop()

    def set_volume(self, volume: int) -> None:
        self._volume = max(0, min(100, volume))
        for effect in self._effects.values():
            effect.setVolume(self._volume / 100)

    def play(self, name: str, *, repeat: bool = False) -> None:
        """Play a sound once, or until `stop`; nothing when muted. Raises `FileNotFoundError` for an unknown name."""
        if self._muted:
            return
        effect = self._effect(name)
        if effect is not None:
            effect.setLoopCount(-2 if repeat else 1)  # QSoundEffect.Infinite
            effect.play()

    def stop(self) -> None:
        for effect in self._effects.values():
            effect.stop()

    def _effect(self, name: str) -> Any:
        if not self._load():
            return None
        if name not in self._effects:
            file = resources.ROOT.joinpath("sounds", f"{name}.wav")
            if not file.is_file():
                raise FileNotFoundError(f"there is no sound {name!r}")
            effect = self._effect_type(self)
            effect.setSource(QUrl.fromLocalFile(str(file)))
            effect.setVolume(self._volume / 100)
            self._effects[name] = effect
        return self._effects[name]

    def _load(self) -> bool:
        if not self._tried:
            self._tried = True
            try:
                self._effect_type = importlib.import_module("PySide6.QtMultimedia").QSoundEffect
            except ImportError as error:
                log.warning("this machine plays no sounds", extra={"cause": str(error)})
                self.unavailable.emit(preflight.silence_mended_by())
        return self._effect_type is not None
