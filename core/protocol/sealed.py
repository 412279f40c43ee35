"""Data that a window keeps sealed to the server's key (`Tokens.sealing_key`) after its person has left.

The server opens operations when the person is back, and only those that were sealed for them: person, shop and
operation are the sealing's context. A sign-out that the server was not notified of yet is sealed as well, so that this
machine keeps no usable token.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.ids import OpId, ShopId

MOST_AT_ONCE: Final = 100
BYTES_AT_ONCE: Final = 512 * 1024
"""Of sealed content in one request, unless a single one is larger."""
BODY_LIMIT: Final = 1024 * 1024


class SealedOperation(msgspec.Struct, frozen=True):
    op_id: Annotated[OpId, Meta(min_length=1, max_length=36)]
    content: Annotated[bytes, Meta(max_length=BODY_LIMIT)]


class OpenOperations(msgspec.Struct, frozen=True):
    operations: Annotated[tuple[SealedOperation, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class OpenedOperation(msgspec.Struct, frozen=True):
    op_id: OpId
    content: bytes | None
    """The content; None where it was sealed for somebody else or to another server's key."""


class OpenedOperations(msgspec.Struct, frozen=True):
    operations: tuple[OpenedOperation, ...]


def context(subject: str, shop: str, op_id: str) -> bytes:
    """The sealing's context of one operation."""
    return f"orderbell operation\0{subject}\0{shop}\0{op_id}".encode()


class SealedSignOut(msgspec.Struct, frozen=True):
    """A session of a shop is over."""

    shop: Annotated[ShopId, Meta(min_length=1, max_length=36)]
    content: Annotated[bytes, Meta(max_length=2048)]
    """Any refresh token of it, sealed in `sign_out_context`."""


def sign_out_context(shop: str) -> bytes:
    return f"orderbell sign-out\0{shop}".encode()
