"""A manager allows somebody else one operation at that person's POS, or enrols there to do so without the server."""

from collections.abc import Callable
from typing import TypeVar

from core.domain.acts import Act, Need
from core.domain.digits import ascii_digits
from core.domain.people import Principal
from core.domain.rights import ACTS, lacking, rights_of
from core.protocol.approval import Claim
from core.protocol.rights import AskApproval, EnrolHere, Enrolment, GivenApproval
from core.protocol.security import SecurityEvent
from core.server.accounts import throttle
from core.server.http import problems
from core.server.services import Services
from core.store import devices, people, shops
from core.store.devices import Device
from core.store.people import StaffMember
from core.store.security_log import Actor
from core.store.sql.statements import Transaction

R = TypeVar("R")
_WRONG = "The name or the PIN is wrong."


async def approve(services: Services, by: Principal, asked: AskApproval, address: str) -> GivenApproval:
    """The approval of whoever `asked` names and proves by their PIN. Raises `Refusal`: 422 when they are not
    proven, 403 `right` when they may not do it themselves, 429 after too many wrong tries."""
    if any(not ACTS[need.act].at_till for need in asked.needs):
        raise problems.forbidden()

    def give(transaction: Transaction, member: StaffMember, device: Device) -> GivenApproval:
        _check(transaction, member, asked.needs)
        about = f"{asked.described} for {by.name}"
        services.security.record(transaction, _actor(by, member, address), SecurityEvent.APPROVED, about)
        claim = Claim(
            shop=by.shop_id,
            subject=by.subject,
            device=device.id,
            operation=asked.operation,
            about=asked.about,
            by=member.id,
            name=member.name,
            needs=asked.needs,
        )
        return GivenApproval(approval=services.approvals.give(claim), by=member.name)

    return await _proven(services, by, (asked.staff, asked.pin), address, give)


async def enrol(services: Services, by: Principal, asked: EnrolHere, address: str) -> Enrolment:
    """The key by which the POS of `by` proves what a manager allows there without the server. Raises `Refusal` as
    `approve` does, and 409 at a POS that is not paired."""

    def give(transaction: Transaction, member: StaffMember, device: Device) -> Enrolment:
        _check(transaction, member, (Need(Act.ALLOW_OFFLINE),))
        if device.secret_hash is None:
            raise problems.not_allowed_now("unpaired", "Managers enrol at a POS that is paired.")
        services.security.record(transaction, _actor(by, member, address), SecurityEvent.ENROLLED, f"for {device.id}")
        key = services.approvals.enrolment(member, device).hex()
        return Enrolment(staff=member.id, name=member.name, role=member.role, key=key)

    return await _proven(services, by, (asked.staff, asked.pin), address, give)


async def _proven(
    services: Services,
    by: Principal,
    who: tuple[str, str],
    address: str,
    work: Callable[[Transaction, StaffMember, Device], R],
) -> R:
    """The result of `work` for the named member of staff, who is proven by their PIN, at the POS of `by`."""
    name, pin = who
    device_id = by.device_id
    if device_id is None:
        raise problems.forbidden()

    def find(transaction: Transaction) -> tuple[StaffMember | None, Device | None]:
        return people.staff_member(transaction, by.shop_id, name), devices.get(transaction, by.shop_id, device_id)

    member, device = await services.database.read(find)
    if device is None:
        raise problems.forbidden()
    is_paired = device.secret_hash is not None
    counts = throttle.staff_counts(by.shop_id, name, address, device_id if is_paired else None, is_here=not is_paired)
    claimed = await throttle.claim(services, *counts)
    known_hash = member.pin_hash if member is not None else None
    if not await services.passwords.verify(known_hash, ascii_digits(pin), at_own_device=True):
        await services.security.failed(_actor(by, member, address), SecurityEvent.APPROVAL_FAILED, f"for {by.name}")
        raise problems.invalid(_WRONG, "pin")
    assert member is not None

    def once(transaction: Transaction) -> R:
        now_kept = people.still_proven(transaction, member)
        if now_kept is None:
            raise problems.invalid(_WRONG, "pin")
        throttle.take_back(transaction, claimed)
        return work(transaction, now_kept, device)

    return await services.database.write(once, by.shop_id)


def _check(transaction: Transaction, member: StaffMember, needs: tuple[Need, ...]) -> None:
    """Raises `Refusal` 403 for what their own role may not do."""
    if missing := lacking(rights_of(shops.roles(transaction, member.shop_id), member.role), needs):
        raise problems.no_right(missing)


def _actor(by: Principal, member: StaffMember | None, address: str) -> Actor:
    """The manager who was asked, at the device of the person who asked."""
    return Actor(
        shop_id=by.shop_id,
        id=member.id if member else "",
        name=member.name if member else "",
        role=member.role if member else "",
        device=by.device_id or "",
        address=address,
    )
