"""Pictures of items: small plain JPEGs, and nothing else in them.

A window makes one of the file that somebody chooses (`core.ui.picture_file`); the server takes no other. It needs
no decoder for that: a picture is a few segments of known kinds, and its size is in one of them.
"""

from hashlib import blake2b
from typing import Final

from core.domain.errors import DomainError

MAX_SIDE: Final = 480
"""Pixels."""
MAX_BYTES: Final = 64 * 1024
NONE: Final = "none"
"""Where a menu is written: the item has no picture."""
_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_BASELINE, _PROGRESSIVE = 0xC0, 0xC2
_TABLES: Final = frozenset({0xC4, 0xDB, 0xDD})
"""Of Huffman, of quantisation, and how often a scan starts again."""
_JFIF: Final = b"JFIF\0"


class InvalidPicture(DomainError):
    """It is no picture that is kept."""

    def __init__(self, why: str) -> None:
        super().__init__(why, "content")


def picture_id(content: bytes) -> str:
    """A picture's name: a hash of its bytes."""
    return blake2b(content, digest_size=16).hexdigest()


def check_picture(content: bytes) -> None:
    """Raises `InvalidPicture` for all but a JPEG of at most `MAX_SIDE` by `MAX_SIDE` pixels and `MAX_BYTES`, without
    metadata, and with nothing before or after it."""
    if len(content) > MAX_BYTES:
        raise InvalidPicture(f"A picture has at most {MAX_BYTES // 1024} KiB.")
    if not content.startswith(_START) or not content.endswith(_END):
        raise InvalidPicture("A picture is a JPEG file, and nothing more.")
    sizes, at = list[tuple[int, int]](), len(_START)
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise InvalidPicture("The JPEG file is damaged.")
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        part = content[at + 4 : at + 2 + length]
        if len(part) != length - 2:
            raise InvalidPicture("The JPEG file is damaged.")
        if kind in (_BASELINE, _PROGRESSIVE):
            sizes.append((int.from_bytes(part[3:5]), int.from_bytes(part[1:3])))
        elif kind == _SCAN:
            break
        elif kind not in _TABLES and not (kind == 0xE0 and part.startswith(_JFIF) and len(part) == 14):
            raise InvalidPicture("A picture has no metadata: save it anew without.")
        at += 2 + length
    if len(sizes) != 1:
        raise InvalidPicture("The JPEG file is damaged.")
    if not all(1 <= side <= MAX_SIDE for side in sizes[0]):
        raise InvalidPicture(f"A picture has at most {MAX_SIDE} by {MAX_SIDE} pixels.")
    _check_scans(content, at)


def _check_scans(content: bytes, at: int) -> None:
    """Check the rest after the first scan: data and, if progressive, tables and scans; the end comes once, last."""
    while True:
        at = content.find(b"\xff", at)
        kind = content[at + 1] if 0 <= at < len(content) - 1 else -1
        if kind == 0xD9:
            if at + 2 != len(content):
                raise InvalidPicture("A picture is a JPEG file, and nothing more.")
            return
        if kind == 0 or 0xD0 <= kind <= 0xD7:
            at += 2
        elif kind == _SCAN or kind in _TABLES:
            at += 2 + int.from_bytes(content[at + 2 : at + 4])
        else:
            raise InvalidPicture("The JPEG file is damaged.")
