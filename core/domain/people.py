"""Who acts: a role, an identity, and the shop and device they act through."""

from enum import StrEnum

import msgspec

from core.domain.ids import CustomerId, DeviceId, ShopId, StaffId


class Role(StrEnum):
    CUSTOMER = "customer"
    CASHIER = "cashier"
    ADMIN = "admin"

    @property
    def is_staff(self) -> bool:
        return self is not Role.CUSTOMER


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
        """The customer this request belongs to. Raises `TypeError` for staff: their id is nobody's order history."""
        if self.role is not Role.CUSTOMER:
            raise TypeError(f"a {self.role} has no orders of their own")
        return CustomerId(self.subject)

    @property
    def staff_id(self) -> StaffId:
        if not self.role.is_staff:
            raise TypeError("a customer is no member of staff")
        return StaffId(self.subject)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in, as their own window shows them."""

    id: str
    role: Role
    name: str
    phone: str = ""
    email: str = ""


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A known customer, as staff find them at the counter."""

    id: CustomerId
    name: str
    phone: str = ""
    email: str = ""
