"""Approvals: a manager's word for one operation of somebody else. It names the operation, its person and device, and
what it allows, and is proven by a key of the server's: it is good for nothing else, however often it is sent."""

import base64
import hmac
from binascii import Error
from typing import Final

import msgspec

from core.decoding import decode
from core.domain.acts import Need
from core.domain.ids import DeviceId, OpId, ShopId, StaffId
from core.domain.people import Approval, Principal
from core.server.auth.keys import Keys, approval_key

_encode: Final = msgspec.json.Encoder().encode


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What an approval says."""

    shop: ShopId
    subject: str
    """Who was allowed."""
    device: DeviceId | None
    operation: OpId
    about: str
    by: StaffId
    needs: tuple[Need, ...]


class Approvals:
    """Makes and recognises them."""

    def __init__(self, keys: Keys) -> None:
        self._key = approval_key(keys)

    def give(self, claim: Claim) -> str:
        said = base64.urlsafe_b64encode(_encode(claim)).decode()
        return f"{said}.{self._proof(said)}"

    def with_shown(self, bearer: Principal, text: str, operation: str) -> Principal:
        """The bearer, with the approval that came with their operation. One that is not genuine, or of something else,
        is none."""
        claim = self._claim(text)
        ours = (bearer.shop_id, bearer.subject, bearer.device_id, operation)
        if claim is None or (claim.shop, claim.subject, claim.device, claim.operation) != ours:
            return bearer
        approval = Approval(by=claim.by, needs=claim.needs, about=claim.about)
        return msgspec.structs.replace(bearer, approval=approval)

    def _claim(self, text: str) -> Claim | None:
        said, _, proof = text.partition(".")
        if not hmac.compare_digest(proof.encode(), self._proof(said).encode()):
            return None
        try:
            return decode(base64.urlsafe_b64decode(said), Claim)
        except (Error, ValueError, msgspec.DecodeError):
            return None

    def _proof(self, said: str) -> str:
        return hmac.digest(self._key, said.encode(), "sha256").hex()
