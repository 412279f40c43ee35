"""The form of an approval: what it says, and its proof by a key, as one text."""

import base64
import hmac
from binascii import Error
from datetime import datetime
from typing import Final

import msgspec

from core.decoding import decode
from core.domain.acts import Need
from core.domain.ids import DeviceId, OpId, ShopId, StaffId

_encode: Final = msgspec.json.Encoder().encode


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The content of an approval."""

    shop: ShopId
    subject: str
    """Who was allowed."""
    device: DeviceId | None
    operation: OpId
    about: str
    """The order or drawer session that it changes or makes."""
    by: StaffId
    name: str = ""
    """Of whoever allows it, for the POS; the server knows better."""
    needs: tuple[Need, ...]
    enrolled: bool = False
    """Whether a POS has proven it, by the key of a manager who has enrolled there."""
    at: datetime | None = None
    """When, by the clock of the POS."""


def proven(claim: Claim, key: bytes) -> str:
    """The claim with its proof."""
    said = base64.urlsafe_b64encode(_encode(claim)).decode()
    return f"{said}.{_proof(said, key)}"


def is_proven(text: str, key: bytes) -> bool:
    said, _, proof = text.partition(".")
    return hmac.compare_digest(proof.encode(), _proof(said, key).encode())


def claimed(text: str) -> Claim | None:
    """The content of an approval, proven or not; None for any other text."""
    try:
        return decode(base64.urlsafe_b64decode(text.partition(".")[0]), Claim)
    except (Error, ValueError, msgspec.DecodeError):
        return None


def _proof(said: str, key: bytes) -> str:
    return hmac.digest(key, said.encode(), "sha256").hex()
