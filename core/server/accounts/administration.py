"""Administration of accounts: an admin's changes to the staff of their shop and to its customers.

A change that reduces rights ends the person's sessions in the same transaction, with their refresh tokens; sockets are
closed within a tick of the hub. So no session keeps a role that its bearer has lost.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import msgspec

from core.domain.acts import Act, Need
from core.domain.credentials import check_password, check_pin
from core.domain.ids import CustomerId, DeviceId, ShopId, StaffId, uuid7
from core.domain.people import Principal, Role
from core.domain.rights import covers, rights_of
from core.instants import from_us, now, to_us
from core.protocol.accounts import (
    AddStaff,
    ChangeCustomer,
    ChangeStaff,
    CustomerAccountQuery,
    CustomerAccounts,
    StaffAccount,
    StaffList,
    Unlock,
)
from core.protocol.accounts import CustomerAccount as CustomerReply
from core.protocol.security import SecurityEvent
from core.server.accounts import throttle
from core.server.auth.operators import is_operator
from core.server.http import origin, problems
from core.server.services import Services
from core.store import devices, failed_attempts, people, sessions, shops
from core.store.people import CustomerAccount, StaffMember, Taken
from core.store.security_log import Actor
from core.store.sql.statements import Transaction

R = TypeVar("R")
_LAST_ADMIN: Final = "Somebody has to look after the shop: make somebody else an admin first."


async def staff(services: Services, shop_id: ShopId) -> StaffList:
    def find(transaction: Transaction) -> StaffList:
        members = people.staff_of_shop(transaction, shop_id)
        return StaffList(staff=tuple(_staff_reply(transaction, member) for member in members))

    return await services.database.search(find)


async def add_staff(services: Services, by: Actor, request: AddStaff) -> StaffAccount:
    """Add a member of staff. Raises `Refusal` 409 when the shop has, or had, one of that name."""
    name = _name(request.name)
    _check_role(request.role)
    check_pin(request.pin)
    shop_id = ShopId(by.shop_id)
    member = StaffMember(
        id=StaffId(uuid7()),
        shop_id=shop_id,
        name=name,
        role=request.role,
        pin_hash=await services.passwords.hash(request.pin),
        created_us=to_us(now()),
    )

    def work(transaction: Transaction) -> StaffAccount:
        _check_rank(transaction, by, member.role)
        try:
            people.insert_staff(transaction, member)
        except Taken as taken:
            raise problems.exists("somebody of this name", taken.field) from None
        services.security.record(transaction, by, SecurityEvent.ACCOUNT_ADDED, f"{member.role} {member.name}")
        return _staff_reply(transaction, member)

    return await services.database.write(work, shop_id)


async def change_staff(services: Services, by: Actor, staff_id: StaffId, request: ChangeStaff) -> StaffAccount:
    """Change a member of staff. Raises `Refusal`: 404, 409 `exists` when the name is somebody else's, and 409
    `last_admin` when the shop would have no admin left."""
    name = _name(request.name) if request.name is not None else None
    if request.role is not None:
        _check_role(request.role)
    pin_hash = await services.passwords.hash(check_pin(request.pin)) if request.pin is not None else None
    shop_id = ShopId(by.shop_id)

    def work(transaction: Transaction, at_us: int) -> tuple[StaffAccount, bool]:
        before = people.staff_by_id(transaction, shop_id, staff_id)
        if before is None or before.removed_us is not None:
            raise problems.not_found("member of staff")
        after = msgspec.structs.replace(
            before,
            name=name or before.name,
            role=request.role or before.role,
            pin_hash=pin_hash or before.pin_hash,
            disabled_us=_disabled(before.disabled_us, request.disabled, at_us),
        )
        _check_rank(transaction, by, before.role, after.role)
        _update(transaction, before, after)
        if request.unlock:
            failed_attempts.forget(transaction, throttle.staff_scope(shop_id, after.name))
        whom = f"{before.role} {before.name}"
        if after.name != before.name:
            services.security.record(transaction, by, SecurityEvent.ACCOUNT_RENAMED, f"{whom} to {after.name}")
        if after.role is not before.role:
            services.security.record(transaction, by, SecurityEvent.ROLE_CHANGED, f"{whom} to {after.role}")
        if pin_hash:
            services.security.record(transaction, by, SecurityEvent.PIN_CHANGED, whom)
        for event in _account_events(before.disabled_us, after.disabled_us, unlocked=request.unlock):
            services.security.record(transaction, by, event, whom)
        return _staff_reply(transaction, after), after != before

    return await _change(services, shop_id, staff_id, work)


async def remove_staff(services: Services, by: Actor, staff_id: StaffId) -> None:
    """Disable a member of staff for good, and list them no more: their name is free again, and history keeps it. Raises
    `Refusal`: 404, and 409 `last_admin`."""
    shop_id = ShopId(by.shop_id)

    def work(transaction: Transaction, at_us: int) -> tuple[None, bool]:
        before = people.staff_by_id(transaction, shop_id, staff_id)
        if before is None or before.removed_us is not None:
            raise problems.not_found("member of staff")
        _check_rank(transaction, by, before.role)
        disabled_us = before.disabled_us or at_us
        _update(transaction, before, msgspec.structs.replace(before, disabled_us=disabled_us, removed_us=at_us))
        services.security.record(transaction, by, SecurityEvent.ACCOUNT_REMOVED, f"{before.role} {before.name}")
        return None, True

    await _change(services, shop_id, staff_id, work)


async def customers(services: Services, principal: Principal, query: CustomerAccountQuery) -> CustomerAccounts:
    """The customers whose accounts the shop administers; all of the chain for the operator."""
    home = None if is_operator(principal) else principal.shop_id

    def find(transaction: Transaction) -> CustomerAccounts:
        found = people.accounts(
            transaction, home, query.q, query.limit + 1, shops.country(transaction, principal.shop_id)
        )
        shown = tuple(_customer_reply(transaction, account) for account in found[: query.limit])
        return CustomerAccounts(customers=shown, more=len(found) > query.limit)

    return await services.database.search(find)


async def change_customer(
    services: Services, by: Actor, customer_id: CustomerId, request: ChangeCustomer, *, everywhere: bool
) -> CustomerReply:
    """Change a customer. Raises `Refusal` 404 for one whose account another shop administers, unless `everywhere`."""
    shop_id, password = ShopId(by.shop_id), request.password
    password_hash = await services.passwords.hash(check_password(password)) if password is not None else None

    def work(transaction: Transaction, at_us: int) -> tuple[CustomerReply, bool]:
        before = people.account_by_id(transaction, customer_id)
        if before is None or not (everywhere or people.home_of(transaction, customer_id) == shop_id):
            raise problems.not_found("customer")
        if password is not None:
            check_password(password, before.customer.name, before.customer.phone, before.customer.email)
        after = msgspec.structs.replace(
            before,
            password_hash=password_hash or before.password_hash,
            disabled_us=_disabled(before.disabled_us, request.disabled, at_us),
        )
        people.update_account(transaction, after)
        if request.unlock:
            for scope in throttle.customer_scopes(before.customer):
                failed_attempts.forget(transaction, scope)
        if password is not None:
            services.security.record(transaction, by, SecurityEvent.PASSWORD_CHANGED, f"customer {customer_id}")
        for event in _account_events(before.disabled_us, after.disabled_us, unlocked=request.unlock):
            services.security.record(transaction, by, event, f"customer {customer_id}")
        return _customer_reply(transaction, after), after != before

    return await _change(services, shop_id, customer_id, work)


async def unlock(services: Services, by: Actor, request: Unlock, *, everywhere: bool) -> None:
    """Delete the failed attempts at a device of the shop, or from an address. Accounts have counts of their own.

    An address belongs to no shop: where there are several shops only the operator (`everywhere`) may unlock it. Raises
    `Refusal`: 422 for an invalid address, 404 for an unknown device, 403.
    """
    if not request.device and origin.parsed(request.address) is None:
        raise problems.invalid(f"{request.address!r} is no IP address.", "address")

    shop_id = ShopId(by.shop_id)

    def work(transaction: Transaction) -> None:
        if request.device:
            device = devices.get(transaction, shop_id, DeviceId(request.device))
            if device is None:
                raise problems.not_found("device")
            failed_attempts.forget(transaction, throttle.device_scope(shop_id, device.id))
            services.security.record(transaction, by, SecurityEvent.UNLOCKED, f"device {device.id}")
        if request.address:
            if not everywhere and len(shops.ids(transaction)) > 1:
                raise problems.operators_only()
            failed_attempts.forget(transaction, throttle.address_scope(request.address))
            services.security.record(transaction, by, SecurityEvent.UNLOCKED, f"address {request.address}")

    await services.database.write(work, shop_id)


async def _change(
    services: Services, shop_id: ShopId, subject: str, work: Callable[[Transaction, int], tuple[R, bool]]
) -> R:
    """The reply of `work`, which also returns whether the subject's sessions end, in the same transaction."""

    def once(transaction: Transaction) -> tuple[R, bool]:
        at_us = to_us(now())
        reply, ends = work(transaction, at_us)
        if ends:
            sessions.revoke_subject(transaction, subject, at_us)
        return reply, ends

    reply, ended = await services.database.write(once, shop_id)
    if ended:
        services.verified.forget_subject(subject)
    return reply


def _account_events(before_us: int | None, after_us: int | None, *, unlocked: bool) -> Iterator[SecurityEvent]:
    """The security events of an account that was enabled or disabled."""
    if after_us != before_us:
        yield SecurityEvent.ACCOUNT_ENABLED if after_us is None else SecurityEvent.ACCOUNT_DISABLED
    if unlocked:
        yield SecurityEvent.UNLOCKED


def _update(transaction: Transaction, before: StaffMember, after: StaffMember) -> None:
    """Store the change. Raises `Refusal` 409: `exists`, and `last_admin`."""
    try:
        people.update_staff(transaction, after)
    except Taken as taken:
        raise problems.exists("somebody of this name", taken.field) from None
    if _is_admin(before) and not _is_admin(after) and not people.active_admins(transaction, before.shop_id):
        raise problems.not_allowed_now("last_admin", _LAST_ADMIN)


def _name(typed: str) -> str:
    """The typed name without surrounding spaces. Raises `Refusal` 422."""
    if not typed.strip():
        raise problems.invalid("A name has at least one letter.", "name")
    return typed.strip()


def _check_role(role: Role) -> None:
    if not role.is_staff:
        raise problems.invalid(f"Staff are {Role.CASHIER}, {Role.MANAGER} or {Role.ADMIN}.", "role")


def _check_rank(transaction: Transaction, by: Actor, *whose: Role) -> None:
    """Nobody changes somebody who may do what they may not, or makes them such. Raises `Refusal` 403."""
    if by.role == Role.ADMIN:
        return
    roles = shops.roles(transaction, ShopId(by.shop_id))
    own = rights_of(roles, Role(by.role))
    for role in whose:
        others = rights_of(roles, role)
        if role is Role.ADMIN or not covers(own, others):
            missing = [Need(each.act) for each in others if not covers(own, (each,))]
            raise problems.no_right(missing or [Need(Act.PEOPLE)])


def _is_admin(member: StaffMember) -> bool:
    return member.role is Role.ADMIN and member.disabled_us is None


def _disabled(before_us: int | None, wanted: bool | None, at_us: int) -> int | None:
    if wanted is None:
        return before_us
    return (before_us or at_us) if wanted else None


def _staff_reply(transaction: Transaction, member: StaffMember) -> StaffAccount:
    locked_us = throttle.locked_until_us(transaction, throttle.staff_scope(member.shop_id, member.name))
    return StaffAccount(
        id=member.id,
        name=member.name,
        role=member.role,
        created_at=from_us(member.created_us),
        disabled_at=from_us(member.disabled_us) if member.disabled_us is not None else None,
        locked_until=from_us(locked_us) if locked_us is not None else None,
    )


def _customer_reply(transaction: Transaction, account: CustomerAccount) -> CustomerReply:
    who = account.customer
    locked_us = throttle.locked_until_us(transaction, *throttle.customer_scopes(who))
    return CustomerReply(
        id=who.id,
        name=who.name,
        phone=who.phone,
        email=who.email,
        orders=account.orders,
        created_at=from_us(account.created_us),
        disabled_at=from_us(account.disabled_us) if account.disabled_us is not None else None,
        locked_until=from_us(locked_us) if locked_us is not None else None,
    )
