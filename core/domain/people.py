"""Who acts: a role, an identity, and the shop and device they act through."""

from typing import Final

import msgspec

from core.domain.ids import CustomerId, DeviceId, ShopId, StaffId
from core.wire_enum import WireEnum


class Role(WireEnum):
    CUSTOMER = "customer"
    CASHIER = "cashier"
    ADMIN = "admin"
    DISPLAY = "display"
    """A screen over the counter: nobody stands behind it, and it may know numbers and statuses and nothing else."""

    @property
    def is_staff(self) -> bool:
        return self in (Role.CASHIER, Role.ADMIN) or not self.is_known

    @property
    def acts_as(self) -> "Role":
        """Whose moves these are, as far as this release knows: somebody of a role that a newer one has is staff, and at
        an older till may do what every cashier may. The server knows better, and judges."""
        return self if self.is_known else Role.CASHIER


class DeviceKind(WireEnum):
    TERMINAL = "terminal"
    """Staff sign in at it, and it gives numbers of its own series."""
    BOARD = "board"
    """Hangs over the counter. It signs in by itself, with a secret of its own."""
    DISPLAY = "display"
    """Any other screen in the shop; it may know what a board may."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The verified bearer of a request: what the token says, never what the body says."""

    subject: str
    role: Role
    name: str
    session_id: str
    shop_id: ShopId
    device_id: DeviceId | None = None

    @property
    def customer_id(self) -> CustomerId:
        """The customer this request belongs to. Raises `TypeError` for others: their id is nobody's order history."""
        if self.role is not Role.CUSTOMER:
            raise TypeError(f"a {self.role} has no orders of their own")
        return CustomerId(self.subject)

    @property
    def staff_id(self) -> StaffId:
        if not self.role.is_staff:
            raise TypeError(f"a {self.role} is no member of staff")
        return StaffId(self.subject)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in, as their own window shows them."""

    id: str
    role: Role
    name: str
    phone: str = ""
    email: str = ""


FIRST_NAME_MOST: Final = 20


def first_name(name: str) -> str:
    """What a room may be told of a name: its first word, of at most 20 letters."""
    words = name.split(maxsplit=1)
    return words[0][:FIRST_NAME_MOST] if words else ""


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A known customer, as staff find them at the counter."""

    id: CustomerId
    name: str
    phone: str = ""
    email: str = ""
