"""Approvals: a manager's word for one operation of somebody else. It names the operation, its person and device, and
what it allows, and is proven by a key of the server's: it is good for nothing else, however often it is sent.

A manager who has enrolled at a paired POS has a key of their own there, made of the server's and of what ends it: their
PIN's hash and the device's secret. With it the POS proves what they allow while no server answers.
"""

import hmac
from typing import Final

import msgspec

from core.domain.people import Approval, Principal
from core.protocol.approval import Claim, claimed, is_proven, proven
from core.server.auth.keys import Keys, approval_key
from core.store import devices, people
from core.store.devices import Device
from core.store.engine.database import Database
from core.store.people import StaffMember
from core.store.sql.statements import Transaction

_encode: Final = msgspec.json.Encoder().encode


class Approvals:
    """Makes and recognises them."""

    def __init__(self, keys: Keys) -> None:
        self._key = approval_key(keys)

    def give(self, claim: Claim) -> str:
        return proven(claim, self._key)

    def enrolment(self, member: StaffMember, device: Device) -> bytes:
        """The key of a manager at a paired POS. Another PIN, or pairing the POS anew, makes it another."""
        parts = (member.shop_id, member.id, member.pin_hash, device.id, device.secret_hash or "")
        return hmac.digest(self._key, _encode(("enrolment", *parts)), "sha256")

    async def with_shown(self, database: Database, bearer: Principal, text: str, operation: str) -> Principal:
        """The bearer, with the approval that came with their operation. One that is not genuine, or of something else,
        is none."""
        claim = claimed(text)
        ours = (bearer.shop_id, bearer.subject, bearer.device_id, operation)
        if claim is None or (claim.shop, claim.subject, claim.device, claim.operation) != ours:
            return bearer
        named: Claim = claim
        key: bytes | None = self._key
        if named.enrolled:
            key = await database.read(lambda transaction: self._enrolled(transaction, named))
        if key is None or not is_proven(text, key):
            return bearer
        approval = Approval(by=claim.by, needs=claim.needs, about=claim.about, offline=claim.enrolled)
        return msgspec.structs.replace(bearer, approval=approval)

    def _enrolled(self, transaction: Transaction, claim: Claim) -> bytes | None:
        device = devices.get(transaction, claim.shop, claim.device) if claim.device is not None else None
        member = people.staff_by_id(transaction, claim.shop, claim.by)
        if device is None or device.secret_hash is None or device.revoked_us is not None or member is None:
            return None
        return self.enrolment(member, device)
