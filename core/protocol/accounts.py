"""Administration of accounts. Secrets are only ever sent to the server."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.domain.ids import CustomerId, StaffId
from core.domain.people import Role
from core.protocol.requests import Name, Password, Pin

ACCOUNTS_MOST = 200


class StaffAccount(msgspec.Struct, frozen=True, kw_only=True):
    id: StaffId
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None
    locked_until: datetime | None = None
    """Too many failed attempts, at one POS at least."""


class StaffList(msgspec.Struct, frozen=True, kw_only=True):
    """All current and former staff of the shop who were not removed, by name."""

    staff: tuple[StaffAccount, ...]


class AddStaff(msgspec.Struct, frozen=True, kw_only=True):
    name: Name
    pin: Pin
    role: Role = Role.CASHIER


class ChangeStaff(msgspec.Struct, frozen=True, kw_only=True):
    """The changes. Another name, role or PIN and being disabled end the person's sessions at once."""

    name: Name | None = None
    role: Role | None = None
    pin: Pin | None = None
    disabled: bool | None = None
    unlock: bool = False
    """Delete the failed attempts."""


class Unlock(msgspec.Struct, frozen=True, kw_only=True):
    """Where failed attempts are to be deleted: one of the two, or both."""

    address: Annotated[str, Meta(max_length=64, description="An IP address.")] = ""
    device: Annotated[str, Meta(max_length=20)] = ""


class CustomerAccount(msgspec.Struct, frozen=True, kw_only=True):
    id: CustomerId
    name: str
    phone: str
    email: str
    orders: int
    created_at: datetime
    disabled_at: datetime | None = None
    locked_until: datetime | None = None


class CustomerAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """By name; `more` when there are more than were asked for."""

    customers: tuple[CustomerAccount, ...]
    more: bool = False


class CustomerAccountQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Customers whose accounts were made in this shop: those whose phone number ends with, or whose name starts with,
    `q`."""

    q: Annotated[str, Meta(max_length=80)] = ""
    limit: Annotated[int, Meta(ge=1, le=ACCOUNTS_MOST)] = 50


class ChangeCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """The changes. Another password and being disabled end the customer's sessions at once."""

    password: Password | None = None
    disabled: bool | None = None
    unlock: bool = False
