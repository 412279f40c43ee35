"""Checks of rights, by the roles of the shop as they are now: inside the transaction of the act."""

from collections.abc import Iterable

import msgspec

from core.domain.acts import Act, Need
from core.domain.people import Approver, Principal
from core.domain.rights import ACTS, Rights, lacking, rights_of
from core.protocol.security import SecurityEvent
from core.server.http import problems
from core.store import people, security_log, shops
from core.store.security_log import Actor
from core.store.sql.statements import Transaction


def of(transaction: Transaction, by: Principal) -> Rights:
    """The rights of a person; none for those who are not of the staff."""
    return rights_of(shops.roles(transaction, by.shop_id), by.role)


def may(transaction: Transaction, by: Principal, act: Act) -> bool:
    return not lacking(of(transaction, by), [Need(act)])


def check(transaction: Transaction, by: Principal, needs: Iterable[Need], about: str = "") -> Principal:
    """The bearer, with who allowed what their own role does not, for the histories. `about`: the order or drawer
    session that they change. Raises `Refusal` 403 `right` for what nobody has allowed who may."""
    wanted = tuple(needs)
    missing = lacking(of(transaction, by), wanted) if wanted else ()
    if not missing:
        return by
    approver = _approver(transaction, by, missing, about)
    if approver is None:
        raise problems.no_right(missing)
    return msgspec.structs.replace(by, approver=approver)


def _approver(transaction: Transaction, by: Principal, missing: tuple[Need, ...], about: str) -> Approver | None:
    """The approver, if they may still do it."""
    approval = by.approval
    if approval is None or approval.about != about or not all(_is_within(need, approval.needs) for need in missing):
        return None
    member = people.staff_by_id(transaction, by.shop_id, approval.by)
    if member is None or member.disabled_us is not None:
        return None
    rights = rights_of(shops.roles(transaction, by.shop_id), member.role)
    needed = (*missing, Need(Act.ALLOW_OFFLINE)) if approval.offline else missing
    if lacking(rights, needed):
        return None
    if approval.offline:  # nobody else has seen it
        who = Actor(shop_id=by.shop_id, id=member.id, name=member.name, role=member.role, device=by.device_id or "")
        what = ", ".join(f"{need.act} {need.size or ''}".strip() for need in approval.needs)
        security_log.insert(transaction, who, SecurityEvent.APPROVED, f"{what} for {by.name}, without the server")
    return Approver(member.id, member.name)


def _is_within(need: Need, allowed: Iterable[Need]) -> bool:
    return ACTS[need.act].at_till and any(each.act is need.act and need.size <= each.size for each in allowed)
