"""Principals: a role, an identity, and the shop and device that is used."""

from typing import Final

import msgspec

from core.domain import phones
from core.domain.acts import Need
from core.domain.digits import digits_of
from core.domain.ids import CustomerId, DeviceId, ShopId, StaffId
from core.domain.texts import N_
from core.wire_enum import WireEnum


class Role(WireEnum):
    CUSTOMER = "customer"
    CASHIER = "cashier"
    MANAGER = "manager"
    ADMIN = "admin"
    DISPLAY = "display"
    """A status display, which has no user. It may read numbers and statuses and nothing else."""

    @property
    def is_staff(self) -> bool:
        return self in (Role.CASHIER, Role.MANAGER, Role.ADMIN) or not self.is_known

    @property
    def acts_as(self) -> "Role":
        """The role whose moves apply in this release: an unknown role of a newer release is staff and treated as a
        cashier here. The server decides."""
        return self if self.is_known else Role.CASHIER


class DeviceKind(WireEnum):
    """Values on the wire are those of the first release: windows in use know no others."""

    POS = "terminal"
    """Staff sign in at it, and it has a number series of its own."""
    STATUS_DISPLAY = "board"
    """It signs in by itself, with its own secret, in `Role.DISPLAY`."""
    KIOSK = "display"
    """A customer kiosk: customers sign in at it."""

    @property
    def label(self) -> str:
        """Its name for people, in English; windows translate it."""
        return _DEVICES.get(self, self.readable)

    @property
    def a_label(self) -> str:
        """Its name in an English sentence: `a status display`."""
        return f"a {_SHORT.get(self, self.label.lower())}"

    @property
    def word(self) -> str:
        """Its name in commands: `--kind display`."""
        return _WORDS.get(self, self.value)

    @property
    def example(self) -> str:
        """The name that a first device of this kind is suggested: `POS1`."""
        return f"{self.word.upper()}1"


_DEVICES: Final = {
    DeviceKind.POS: N_("POS"),
    DeviceKind.STATUS_DISPLAY: N_("Status display"),
    DeviceKind.KIOSK: N_("Customer kiosk"),
}
_SHORT: Final = {DeviceKind.POS: "POS"}
_WORDS: Final = {
    DeviceKind.POS: "pos",
    DeviceKind.STATUS_DISPLAY: "display",
    DeviceKind.KIOSK: "kiosk",
}


class Approver(msgspec.Struct, frozen=True):
    """The person who allowed somebody else's act."""

    id: StaffId
    name: str


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A manager's word for one operation, as it came with it: genuine, and for this operation of this person."""

    by: StaffId
    needs: tuple[Need, ...]
    """What it allows, and how much of it."""
    about: str
    """The order or drawer session that it is about."""
    offline: bool = False
    """Whether a POS has proven it, where they have enrolled, while no server answered."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The verified bearer of a request, from its access token, never from its body."""

    subject: str
    role: Role
    name: str
    session_id: str
    shop_id: ShopId
    device_id: DeviceId | None = None
    approval: Approval | None = None
    """What came with the request; whether its author may allow that is judged where it is needed."""
    approver: Approver | None = None
    """Who allowed what is done now; None where the bearer's own role does."""

    @property
    def author_values(self) -> dict[str, str]:
        """The columns of histories for the author of an entry."""
        return {"by_id": self.subject, "by_name": self.name, "by_role": self.role}

    @property
    def approver_values(self) -> dict[str, str]:
        """The columns of histories for the approver, empty without one."""
        approver = self.approver
        return {"approver_id": approver.id if approver else "", "approver_name": approver.name if approver else ""}

    @property
    def customer_id(self) -> CustomerId:
        """The customer of this request. Raises `TypeError` for staff and devices, who have no orders of their own."""
        if self.role is not Role.CUSTOMER:
            raise TypeError(f"a {self.role} has no orders of their own")
        return CustomerId(self.subject)

    @property
    def staff_id(self) -> StaffId:
        if not self.role.is_staff:
            raise TypeError(f"a {self.role} is no member of staff")
        return StaffId(self.subject)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in person, as shown in their own window."""

    id: str
    role: Role
    name: str
    phone: str = ""
    email: str = ""


FIRST_NAME_MOST: Final = 20


def first_name(name: str) -> str:
    """The part of a name that others may read, at most 20 letters: the first word of a person's, all of a table's or a
    pager's (`Table 7`, `#12`). A longer number is somebody's phone, and left out."""
    words = name.split()
    digits = sum(map(str.isdecimal, name))
    if digits >= LEAST_PHONE:
        words = [word for word in words if not any(map(str.isdecimal, word))]
    return (" ".join(words) if 0 < digits < LEAST_PHONE else next(iter(words), ""))[:FIRST_NAME_MOST].rstrip()


_PLUS: Final = ("+", "\uff0b")
LEAST_PHONE: Final = 6
"""The least digits of a phone number. A shorter number is a table, a pager or a room."""


class Guest(msgspec.Struct, frozen=True):
    """Whom an order is for, without an account: a name (of a person, a table, a pager), a phone number, or both."""

    name: str = ""
    phone: str = ""
    """In digits, with a plus sign before them where one was typed."""

    @classmethod
    def of(cls, typed: str) -> "Guest":
        """The guest in a typed text: a phone number at its end is the phone (`Jo 555-0142 77`), the rest is the
        name."""
        typed = " ".join(typed.split())
        start = end = len(typed)
        for at in reversed(range(end)):
            if typed[at].isdecimal():
                start = at
            elif typed[at] in _PLUS or not phones.is_separator(typed[at]):
                break
        digits = digits_of(typed[start:])
        if not LEAST_PHONE <= len(digits) <= phones.MOST:
            return cls(typed)
        name = typed[:start].rstrip(f" ({phones.MARKS}")
        plus = "+" if name.endswith(_PLUS) else ""
        return cls(name.rstrip("".join(_PLUS)).rstrip(f" ,;:/·({phones.MARKS}"), plus + digits)


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A known customer, as staff find them at the counter."""

    id: CustomerId
    name: str
    phone: str = ""
    email: str = ""
