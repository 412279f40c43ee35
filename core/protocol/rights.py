"""What the roles of a shop's staff may do."""

from typing import Annotated

import msgspec
from msgspec import Meta

from core.domain.rights import ACTS, Right, Roles


class RoleList(msgspec.Struct, frozen=True, kw_only=True):
    """All roles of the shop's staff."""

    roles: Roles


class ChangeRole(msgspec.Struct, frozen=True, kw_only=True):
    """All rights of a role, in place of those that it had."""

    rights: Annotated[tuple[Right, ...], Meta(max_length=len(ACTS))]
