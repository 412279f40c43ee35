"""The rights of a shop's roles, and approvals by managers."""

from typing import Annotated

import msgspec
from msgspec import Meta

from core.domain.acts import Act, Need
from core.domain.commands import APPROVAL_MOST
from core.domain.ids import OpId, StaffId
from core.domain.people import Role
from core.domain.rights import ACTS, Right, Roles
from core.protocol.requests import Name


class RoleList(msgspec.Struct, frozen=True, kw_only=True):
    """All roles of the shop's staff."""

    roles: Roles


class ChangeRole(msgspec.Struct, frozen=True, kw_only=True):
    """All rights of a role, in place of those that it had."""

    rights: Annotated[tuple[Right, ...], Meta(max_length=len(ACTS))]


class AskApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A manager allows one operation of the person who is signed in, before it is sent."""

    staff: Name
    """The manager."""
    pin: Annotated[str, Meta(max_length=128)]
    operation: Annotated[OpId, Meta(min_length=1, max_length=100)]
    """The `Idempotency-Key` that it will be sent under."""
    about: Annotated[str, Meta(max_length=36)] = ""
    """The id of the order or the drawer session that it changes or makes."""
    needs: Annotated[tuple[Need, ...], Meta(min_length=1, max_length=len(ACTS))]
    """What it needs, as a refusal has said or `core.domain.rights.needs_of` says."""

    @property
    def described(self) -> str:
        """The right in words, for the log: `discount 25000`."""
        return ", ".join(f"{need.act} {need.size or ''}".strip() for need in self.needs)


class ApproverQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The acts that an approval is asked for."""

    act: Annotated[tuple[Act, ...], Meta(max_length=len(ACTS))] = ()


class ApproverList(msgspec.Struct, frozen=True, kw_only=True):
    """The names of managers who may do that, and of nobody else."""

    names: tuple[str, ...]


class GivenApproval(msgspec.Struct, frozen=True, kw_only=True):
    """An approval; it is sent with the operation."""

    approval: Annotated[str, Meta(max_length=APPROVAL_MOST)]
    by: str
    """The manager's name, as the shop has it."""


ENROL_LEAST = 6
"""The least digits of a PIN that a POS keeps something by."""


class EnrolHere(msgspec.Struct, frozen=True, kw_only=True):
    """A manager enrols at the POS at which somebody is signed in, to allow things there without the server."""

    staff: Name
    pin: Annotated[str, Meta(min_length=ENROL_LEAST, max_length=128)]


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A manager's enrolment, as the POS keeps it, sealed by the PIN. Another PIN of the manager's, or pairing the POS
    anew, ends it."""

    staff: StaffId
    name: str
    role: Role
    key: str
    """Hexadecimal."""
