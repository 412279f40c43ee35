"""Pictures: what is made of a file, and what the server takes."""

import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QBuffer
from PySide6.QtGui import QColor, QImage

from core.client.errors import Refused
from core.domain.pictures import MAX_BYTES, MAX_SIDE, InvalidPicture, check_picture, picture_id
from core.server.endpoints.examples import KEEP_PICTURE
from core.ui.picture_file import small_picture

GREY = KEEP_PICTURE.content


def file(kind: str, width: int = 1200, height: int = 900, colour: str = "red") -> bytes:
    image = QImage(width, height, QImage.Format.Format_ARGB32)
    image.fill(QColor(colour))
    image.setText("Author", "Somebody, at 52.5 N 13.4 E")
    made = QBuffer()
    made.open(QBuffer.OpenModeFlag.WriteOnly)
    assert image.save(made, kind)  # type: ignore[call-overload]
    return bytes(made.data().data())


def jpeg_with(segment: bytes, kind: int = 0xE1) -> bytes:
    """A small picture with a segment of metadata."""
    return GREY[:2] + bytes((0xFF, kind)) + (len(segment) + 2).to_bytes(2) + segment + GREY[2:]


@pytest.mark.parametrize("kind", ["PNG", "JPG", "WEBP"])
def test_a_picture_becomes_a_small_one_without_what_else_the_file_says(qapp: object, kind: str) -> None:
    made = small_picture(file(kind))
    check_picture(made)
    shown = QImage.fromData(made)
    assert (shown.width(), shown.height()) == (MAX_SIDE, MAX_SIDE * 3 // 4)
    assert QColor(shown.pixel(100, 100)).red() > 240
    assert b"52.5" not in made
    assert shown.textKeys() == []


def test_what_is_small_already_keeps_its_size_and_what_is_seen_through_is_white(qapp: object) -> None:
    shown = QImage.fromData(small_picture(file("PNG", 40, 30, "transparent")))
    assert (shown.width(), shown.height()) == (40, 30)
    assert QColor(shown.pixel(5, 5)).lightness() > 250


def test_a_picture_of_noise_is_made_to_fit(qapp: object) -> None:
    state, rows = 1, bytearray()
    for _byte in range(800 * 800 * 4):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        rows.append(state >> 16 & 0xFF)
    image = QImage(bytes(rows), 800, 800, QImage.Format.Format_RGB32)
    made = QBuffer()
    made.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(made, "PNG")  # type: ignore[call-overload]
    small = small_picture(bytes(made.data().data()))
    assert len(small) <= MAX_BYTES
    check_picture(small)


def huge() -> bytes:
    """A PNG that says that it has ten thousand million pixels."""
    head = b"IHDR" + (100_000).to_bytes(4) * 2 + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + head + zlib.crc32(head).to_bytes(4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"GIF89a" + b"\0" * 40,
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"RIFF\0\0\0\0WEBP",
        huge(),
    ],
    ids=["nothing", "text", "svg", "gif", "pdf", "png", "jpeg", "webp", "huge"],
)
@pytest.mark.qt_log_ignore("JPEG|jpeg", extend=True)
def test_what_is_no_picture_of_the_three_kinds_is_refused(qapp: object, content: bytes) -> None:
    with pytest.raises(Refused):
        small_picture(content)


def test_what_the_server_takes() -> None:
    check_picture(GREY)
    assert picture_id(GREY) == picture_id(bytes(GREY))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        GREY[:-2],
        GREY + b"<script>",
        GREY + GREY,
        b"\x89PNG\r\n\x1a\n",
        jpeg_with(b"Exif\0\0GPS"),
        jpeg_with(b"a comment", 0xFE),
        jpeg_with(b"ICC_PROFILE\0", 0xE2),
        jpeg_with(b"JFIF\0" + b"\0" * 200, 0xE0),
        GREY.replace(b"\x08\x00\x08\x00\x08", b"\x08\x40\x00\x40\x00"),
        GREY.replace(b"\x08\x00\x08\x00\x08", b"\x08\x00\x00\x00\x08"),
        GREY[:-2] + b"\x00" * MAX_BYTES + GREY[-2:],
    ],
    ids=[
        "nothing",
        "cut-off",
        "more",
        "twice",
        "png",
        "exif",
        "comment",
        "profile",
        "thumbnail",
        "large",
        "none-high",
        "heavy",
    ],
)
def test_what_the_server_does_not_take(content: bytes) -> None:
    with pytest.raises(InvalidPicture):
        check_picture(content)


@given(st.integers(0, len(GREY) - 1), st.binary(min_size=0, max_size=6))
@settings(max_examples=500)
def test_whatever_is_changed_it_is_a_picture_or_refused(at: int, put: bytes) -> None:
    with suppress(InvalidPicture):
        check_picture(GREY[:at] + put + GREY[at + len(put) :])
