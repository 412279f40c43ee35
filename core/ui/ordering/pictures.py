"""The pictures of items, as they are shown: fetched once, by their hash, and decoded here."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from core.client.errors import ClientError
from core.domain.pictures import InvalidPicture, check_picture
from core.protocol.pictures import Picture
from core.ui.jobs import Jobs


class Pictures(QObject):
    """The pictures of a window. `read` fetches one by its id: it blocks, raises `ClientError`, and runs in `jobs`. What
    cannot be fetched is asked for again after `retry`."""

    changed = Signal()
    """One more can be shown."""

    def __init__(self, jobs: Jobs, read: Callable[[str], Picture], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._read = read
        self._known: dict[str, QPixmap | None] = {}

    def get(self, name: str) -> QPixmap | None:
        """The picture of this id; None where there is none yet: then it is fetched."""
        if not name:
            return None
        if name not in self._known:
            self._known[name] = None
            self._jobs.ask(partial(self._read, name), partial(self._on_read, name), self._on_failed)
        return self._known[name]

    @Slot()
    def retry(self) -> None:
        """Ask again for what could not be fetched."""
        self._known = {name: shown for name, shown in self._known.items() if shown is not None}

    def _on_read(self, name: str, picture: Picture) -> None:
        """A damaged one is none: only what the server would take is decoded."""
        try:
            check_picture(picture.content)
        except InvalidPicture:
            return
        image = QImage.fromData(picture.content, "JPG")  # type: ignore[arg-type]  # the stub is wrong
        if not image.isNull():
            self._known[name] = QPixmap.fromImage(image)
            self.changed.emit()

    def _on_failed(self, error: ClientError) -> None:
        """A tile without its picture is a tile; the connection is shown elsewhere."""
