"""Pictures of items on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from core.domain.pictures import MAX_BYTES


class KeepPicture(msgspec.Struct, frozen=True):
    """A JPEG of `core.domain.pictures`."""

    content: Annotated[bytes, Meta(max_length=MAX_BYTES)]


class KeptPicture(msgspec.Struct, frozen=True):
    """The id that an item names as its `picture`: a hash of the content."""

    id: str


class Picture(msgspec.Struct, frozen=True):
    content: bytes
