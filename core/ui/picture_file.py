"""A picture of an item, made of a file that somebody chooses."""

from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter

from core.client.errors import Refused
from core.domain.pictures import MAX_BYTES, MAX_SIDE
from core.ui.text import _

MAX_FILE_BYTES: Final = 32 * 1024 * 1024
MAX_PIXELS: Final = 64_000_000
"""Of the file's picture. A camera's has 12 to 50 million."""
_BEGIN: Final = ((b"\x89PNG\r\n\x1a\n", b"png"), (b"\xff\xd8\xff", b"jpeg"))
_PAPER: Final = 0xFFFFFFFF
"""What a picture lies on that can be seen through: white, in every look."""
_QUALITIES: Final = (85, 70, 55, 40, 25)
_kept: Final[list[QCoreApplication]] = []


def for_command(content: bytes) -> bytes:
    """`small_picture` in a process without a window."""
    if QCoreApplication.instance() is None:
        _kept.append(QCoreApplication(["orderbell"]))
    return small_picture(content)


def small_picture(content: bytes) -> bytes:
    """A small JPEG of a PNG, JPEG or WebP file, upright, on white, and without what else the file says.

    No other kind of file is read, whatever its name. Raises `Refused`.
    """
    kind = _kind(content)
    if not kind or len(content) > MAX_FILE_BYTES:
        raise _refused(_("Choose a PNG, JPEG or WebP file of at most 32 MB."))
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind))
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > MAX_PIXELS:
        raise _refused(_("The file is damaged, or its picture is too large."))
    most = QSize(MAX_SIDE, MAX_SIDE)
    if size.width() > MAX_SIDE or size.height() > MAX_SIDE:
        reader.setScaledSize(size.scaled(most, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1)))
    reader.setAutoTransform(True)
    image = reader.read()
    if image.isNull():
        raise _refused(_("The file is damaged, or its picture is too large."))
    plain = QImage(image.size(), QImage.Format.Format_RGB32)
    plain.fill(_PAPER)
    painter = QPainter(plain)
    painter.drawImage(0, 0, image)
    painter.end()
    return next(made for made in (_jpeg(plain, quality) for quality in _QUALITIES) if len(made) <= MAX_BYTES)


def _kind(content: bytes) -> bytes:
    """The kind by its first bytes; empty for another kind of file."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return b"webp"
    return next((kind for begin, kind in _BEGIN if content.startswith(begin)), b"")


def _jpeg(image: QImage, quality: int) -> bytes:
    made = QBuffer()
    made.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(made, "JPEG", quality)  # type: ignore[call-overload]  # the stub wants bytes
    return bytes(made.data().data())


def _refused(told: str) -> Refused:
    return Refused(told, title=_("That is no picture that can be used"))
