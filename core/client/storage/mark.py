"""The mark of a window's file: its number of commits, stored in a folder of its own, under the window's id.

A file behind its mark was put back from a copy, or has lost the end of its log. SQLite accepts both silently: of a
damaged log it reads what lies before the damage (docs/adr/0023).
"""

import contextlib
import logging
import os
import zlib
from typing import BinaryIO, Final

from core import settings
from core.logs import Repeats

log = logging.getLogger(__name__)

_repeats: Final = Repeats()
_SLOT: Final = 512
"""Two counts are written alternately, each in a sector of its own: a torn write leaves the other."""
_COUNT: Final = 20
_sync: Final = getattr(os, "fdatasync", os.fsync)


class Mark:
    """The mark of one window. Used by one thread at a time: the one that holds the window's file."""

    def __init__(self, window: str) -> None:
        self.window = window
        self._path = settings.state_dir() / "windows" / window
        self._file: BinaryIO | None = None

    def read(self) -> int | None:
        """The least number of commits of the window's file; None when unknown."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return None
        counts = (_count(content[at : at + _COUNT + 8]) for at in (0, _SLOT))
        return max((count for count in counts if count is not None), default=None)

    def keep(self, count: int, *, synced: bool = True) -> bool:
        """Store `count`, on the disk when this returns if `synced`. False when it cannot be written: the window goes on
        without."""
        text = b"%0*d" % (_COUNT, count)
        try:
            if self._file is None:
                self._file = self._opened()
            self._file.seek(count % 2 * _SLOT)
            self._file.write(text + b"%08x" % zlib.crc32(text))
            if synced:
                _sync(self._file.fileno())
        except OSError as error:
            self.close()
            if (times := _repeats.due(str(error))) is not None:
                log.warning("the mark of the file cannot be written: %s", error, extra={"times": times})
            return False
        return True

    def close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self._path, flags, 0o600), "r+b", buffering=0)


def _count(slot: bytes) -> int | None:
    text, check = slot[:_COUNT], slot[_COUNT:]
    return int(text) if text.isdigit() and check == b"%08x" % zlib.crc32(text) else None
