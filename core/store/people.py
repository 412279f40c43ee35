"""Customers of the chain, and the staff of a shop."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, or_, select

from core.domain.ids import CustomerId, ShopId, StaffId
from core.domain.people import Customer, Role
from core.store.instants import now, to_us
from core.store.statements import Prepared, Transaction
from core.store.tables import customers, staff

_c = customers.c
_s = staff.c
FOUND_MOST: Final = 20


class Taken(Exception):
    """Another customer already signs in by this. `field` is `phone` or `email`."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class CustomerAccount(msgspec.Struct, frozen=True):
    customer: Customer
    password_hash: str


class StaffMember(msgspec.Struct, frozen=True):
    id: StaffId
    shop_id: ShopId
    name: str
    role: Role
    pin_hash: str


_CUSTOMER: Final = (_c.id, _c.name, _c.phone, _c.email)
_GET: Final = Prepared(select(*_CUSTOMER).where(_c.id == bindparam("customer_id")))
_BY_PHONE: Final = Prepared(select(*_CUSTOMER, _c.password_hash).where(_c.phone == bindparam("login")))
_BY_EMAIL: Final = Prepared(select(*_CUSTOMER, _c.password_hash).where(_c.email == bindparam("login")))
_INSERT: Final = Prepared.insert(customers)
_STAFF: Final = Prepared(
    select(_s.id, _s.shop_id, _s.name, _s.role, _s.pin_hash).where(
        _s.shop_id == bindparam("shop_id"), _s.name_key == bindparam("name_key")
    )
)
_INSERT_STAFF: Final = Prepared.insert(staff)


def digits(phone: str) -> str:
    """A phone number as it is kept and compared: `+49 (30) 1234` → `49301234`."""
    return "".join(filter(str.isdecimal, phone))


def insert_customer(transaction: Transaction, customer: Customer, password_hash: str) -> Customer:
    """Keep a new customer; gives them as they are kept. Raises `Taken`."""
    kept = msgspec.structs.replace(
        customer, name=customer.name.strip(), phone=digits(customer.phone), email=customer.email.strip().lower()
    )
    if transaction.first(_BY_PHONE, login=kept.phone):
        raise Taken("phone")
    if kept.email and transaction.first(_BY_EMAIL, login=kept.email):
        raise Taken("email")
    transaction.run(
        _INSERT,
        id=kept.id,
        name=kept.name,
        name_key=kept.name.casefold(),
        phone=kept.phone,
        email=kept.email or None,
        password_hash=password_hash,
        order_count=0,
        created_at=to_us(now()),
        disabled_at=None,
    )
    return kept


def customer(transaction: Transaction, customer_id: CustomerId) -> Customer | None:
    row = transaction.first(_GET, customer_id=customer_id)
    return Customer(id=row[0], name=row[1], phone=row[2], email=row[3] or "") if row else None


def account(transaction: Transaction, login: str) -> CustomerAccount | None:
    """The customer who signs in by this phone number or e-mail address."""
    if "@" in login:
        row = transaction.first(_BY_EMAIL, login=login.strip().lower())
    else:
        row = transaction.first(_BY_PHONE, login=digits(login))
    if row is None:
        return None
    return CustomerAccount(Customer(id=row[0], name=row[1], phone=row[2], email=row[3] or ""), row[4])


def find_customers(transaction: Transaction, q: str) -> Sequence[Customer]:
    """Up to 20 customers whose phone number ends with, or whose name starts with, `q`."""
    words = q.strip().casefold()
    matches = [_c.name_key.startswith(words, autoescape=True)] if words else []
    if number := digits(q):
        matches.append(_c.phone.endswith(number))
    if not matches:
        return ()
    found = transaction.search(select(*_CUSTOMER).where(or_(*matches)).order_by(_c.name_key, _c.id).limit(FOUND_MOST))
    return tuple(Customer(id=row[0], name=row[1], phone=row[2], email=row[3] or "") for row in found)


def insert_staff(transaction: Transaction, member: StaffMember) -> None:
    transaction.run(
        _INSERT_STAFF,
        id=member.id,
        shop_id=member.shop_id,
        name=member.name.strip(),
        name_key=member.name.strip().casefold(),
        role=member.role,
        pin_hash=member.pin_hash,
        created_at=to_us(now()),
        disabled_at=None,
    )


def staff_member(transaction: Transaction, shop_id: ShopId, name: str) -> StaffMember | None:
    row = transaction.first(_STAFF, shop_id=shop_id, name_key=name.strip().casefold())
    return StaffMember(row[0], row[1], row[2], Role(row[3]), row[4]) if row else None
