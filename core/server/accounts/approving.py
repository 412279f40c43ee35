"""A manager allows somebody else one operation, at that person's POS."""

from core.domain.digits import ascii_digits
from core.domain.people import Principal
from core.domain.rights import ACTS, lacking, rights_of
from core.protocol.rights import AskApproval, GivenApproval
from core.protocol.security import SecurityEvent
from core.server.accounts import throttle
from core.server.auth.approvals import Claim
from core.server.http import problems
from core.server.services import Services
from core.store import devices, people, security_log, shops
from core.store.people import StaffMember
from core.store.security_log import Actor
from core.store.sql.statements import Transaction

_WRONG = "The name or the PIN is wrong."


async def approve(services: Services, by: Principal, asked: AskApproval, address: str) -> GivenApproval:
    """The approval of whoever `asked` names and proves by their PIN. Raises `Refusal`: 422 when they are not
    proven, 403 `right` when they may not do it themselves, 429 after too many wrong tries."""
    device_id = by.device_id
    if device_id is None or any(not ACTS[need.act].at_till for need in asked.needs if need.act in ACTS):
        raise problems.forbidden()

    def find(transaction: Transaction) -> tuple[StaffMember | None, bool]:
        device = devices.get(transaction, by.shop_id, device_id)
        proven = device is not None and device.secret_hash is not None
        return people.staff_member(transaction, by.shop_id, asked.staff), proven

    member, proven = await services.database.read(find)
    counts = throttle.staff_counts(by.shop_id, asked.staff, address, device_id if proven else None, is_here=not proven)
    claimed = await throttle.claim(services, *counts)
    known_hash = member.pin_hash if member is not None else None
    if not await services.passwords.verify(known_hash, ascii_digits(asked.pin), at_own_device=True):
        tried = _tried(by, member, address)
        await services.security.failed(tried, SecurityEvent.APPROVAL_FAILED, f"for {by.name}")
        raise problems.invalid(_WRONG, "pin")
    assert member is not None

    def work(transaction: Transaction) -> GivenApproval:
        now_kept = people.staff_by_id(transaction, by.shop_id, member.id)
        if now_kept is None or now_kept.disabled_us is not None or now_kept.pin_hash != member.pin_hash:
            raise problems.invalid(_WRONG, "pin")
        throttle.take_back(transaction, claimed)
        rights = rights_of(shops.roles(transaction, by.shop_id), now_kept.role)
        if missing := lacking(rights, asked.needs):
            raise problems.no_right(missing)
        services.security.record(
            transaction, _tried(by, now_kept, address), SecurityEvent.APPROVED, f"{asked.described} for {by.name}"
        )
        claim = Claim(
            shop=by.shop_id,
            subject=by.subject,
            device=device_id,
            operation=asked.operation,
            about=asked.about,
            by=now_kept.id,
            needs=asked.needs,
        )
        return GivenApproval(approval=services.approvals.give(claim), by=now_kept.name)

    return await services.database.write(work, by.shop_id)


def _tried(by: Principal, member: StaffMember | None, address: str) -> Actor:
    """Whoever was asked, at the device of whoever asked."""
    if member is None:
        return Actor(shop_id=by.shop_id or security_log.NO_SHOP, device=by.device_id or "", address=address)
    return Actor(
        shop_id=by.shop_id,
        id=member.id,
        name=member.name,
        role=member.role,
        device=by.device_id or "",
        address=address,
    )
