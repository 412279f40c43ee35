"""Customers of the chain, and the staff of a shop."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from core.domain import phones
from core.domain.digits import digits_of
from core.domain.ids import CustomerId, ShopId, StaffId
from core.domain.people import Customer, Role
from core.domain.search import name_key
from core.instants import now, to_us
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import customers, staff

_c = customers.c
_s = staff.c
FOUND_MOST: Final = 20


class Taken(Exception):
    """Another account has this already. `field` is `phone` or `email`, or `name` among a shop's staff."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class CustomerAccount(msgspec.Struct, frozen=True):
    customer: Customer
    password_hash: str
    disabled_us: int | None = None
    created_us: int = 0
    orders: int = 0


class StaffMember(msgspec.Struct, frozen=True):
    id: StaffId
    shop_id: ShopId
    name: str
    role: Role
    pin_hash: str
    disabled_us: int | None = None
    created_us: int = 0
    removed_us: int | None = None
    """Disabled for good, and not listed any more."""


_CUSTOMER: Final = (_c.id, _c.name, _c.phone, _c.email)
_GET: Final = Prepared(select(*_CUSTOMER).where(_c.id == bindparam("customer_id")))
_ACCOUNT: Final = select(*_CUSTOMER, _c.password_hash, _c.disabled_at, _c.created_at, _c.order_count)
_BY_EMAIL: Final = Prepared(_ACCOUNT.where(_c.email == bindparam("login")))
_HOME: Final = Prepared(select(_c.home_shop_id).where(_c.id == bindparam("customer_id")))
_BY_ID: Final = Prepared(_ACCOUNT.where(_c.id == bindparam("customer_id")))
_INSERT: Final = Prepared.insert(customers)
_UPDATE: Final = Prepared(
    update(customers)
    .where(_c.id == bindparam("customer"))
    .values(password_hash=bindparam("password_hash"), disabled_at=bindparam("disabled_at"))
)
_STAFF: Final = select(
    _s.id, _s.shop_id, _s.name, _s.role, _s.pin_hash, _s.disabled_at, _s.created_at, _s.removed_at
).where(_s.shop_id == bindparam("shop"))
_STAFF_BY_NAME: Final = Prepared(_STAFF.where(_s.name_key == bindparam("key")))
_STAFF_BY_ID: Final = Prepared(_STAFF.where(_s.id == bindparam("staff_id")))
_STAFF_OF_SHOP: Final = Prepared(_STAFF.where(_s.removed_at.is_(None)).order_by(_s.name_key))
_FREE_NAME: Final = Prepared(
    update(staff).where(_s.id == bindparam("staff_id")).values(name_key=bindparam("other_key"))
)
_ADMINS: Final = Prepared(
    select(func.count()).where(_s.shop_id == bindparam("shop"), _s.role == Role.ADMIN.value, _s.disabled_at.is_(None))
)
_INSERT_STAFF: Final = Prepared.insert(staff)
_UPDATE_STAFF: Final = Prepared(
    update(staff)
    .where(_s.shop_id == bindparam("shop"), _s.id == bindparam("staff_id"))
    .values(
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        role=bindparam("new_role"),
        pin_hash=bindparam("new_pin_hash"),
        disabled_at=bindparam("new_disabled_at"),
        removed_at=bindparam("new_removed_at"),
    )
)


def insert_customer(
    transaction: Transaction, customer: Customer, password_hash: str, home: ShopId, country: str = ""
) -> Customer:
    """Insert a new customer, whose account the shop `home` administers; returns them as stored. Raises `Taken`.

    Args:
        country: The shop's: where the phone number was typed. Another account with any spelling of it has it.
    """
    kept = msgspec.structs.replace(
        customer,
        name=customer.name.strip(),
        phone=phones.normal(customer.phone, country),
        email=customer.email.strip().lower(),
    )
    if _of_phone(transaction, customer.phone, country) is not None:
        raise Taken("phone")
    if kept.email and transaction.first(_BY_EMAIL, login=kept.email):
        raise Taken("email")
    transaction.run(
        _INSERT,
        id=kept.id,
        name=kept.name,
        name_key=name_key(kept.name),
        phone=kept.phone,
        email=kept.email or None,
        password_hash=password_hash,
        order_count=0,
        created_at=to_us(now()),
        disabled_at=None,
        home_shop_id=home,
    )
    return kept


def customer(transaction: Transaction, customer_id: CustomerId) -> Customer | None:
    row = transaction.first(_GET, customer_id=customer_id)
    return Customer(id=row[0], name=row[1], phone=row[2], email=row[3] or "") if row else None


def account(transaction: Transaction, login: str, country: str) -> CustomerAccount | None:
    """The customer who signs in by this phone number, in any spelling that means it in `country`, or e-mail address."""
    if "@" not in login:
        return _of_phone(transaction, login, country)
    row = transaction.first(_BY_EMAIL, login=login.strip().lower())
    return _account(row) if row else None


def _of_phone(transaction: Transaction, phone: str, country: str) -> CustomerAccount | None:
    """The account with this number. Of two that an earlier release made of one number, the one that was typed."""
    ways = phones.spellings(phone, country)
    if not ways:
        return None
    rows = transaction.all(_by_phones(len(ways)), **{f"way{n}": way for n, way in enumerate(ways)})
    found = sorted(map(_account, rows), key=lambda each: ways.index(each.customer.phone))
    return found[0] if found else None


@cache
def _by_phones(count: int) -> Prepared:
    return Prepared(_ACCOUNT.where(_c.phone.in_([bindparam(f"way{n}") for n in range(count)])))


def account_by_id(transaction: Transaction, customer_id: CustomerId) -> CustomerAccount | None:
    row = transaction.first(_BY_ID, customer_id=customer_id)
    return _account(row) if row else None


def home_of(transaction: Transaction, customer_id: CustomerId) -> ShopId | None:
    """The shop that administers a customer's account; None for none, and for an unknown customer."""
    row = transaction.first(_HOME, customer_id=customer_id)
    return ShopId(row[0]) if row and row[0] else None


def accounts(transaction: Transaction, home: ShopId | None, q: str, limit: int, country: str) -> list[CustomerAccount]:
    """Up to `limit` accounts that the shop `home` (None: any) administers, by name, whose phone number is or ends with,
    or name starts with, `q`."""
    wanted = _ACCOUNT.order_by(_c.name_key, _c.id).limit(limit)
    if home is not None:
        wanted = wanted.where(_c.home_shop_id == home)
    if q.strip():
        wanted = wanted.where(or_(*_matches(q, country)))
    return [_account(row) for row in transaction.search(wanted)]


def update_account(transaction: Transaction, account: CustomerAccount) -> None:
    """Update a customer's password, and whether they are disabled."""
    transaction.run(
        _UPDATE, customer=account.customer.id, password_hash=account.password_hash, disabled_at=account.disabled_us
    )


def find_customers(transaction: Transaction, q: str, country: str) -> Sequence[Customer]:
    """Up to 20 customers whose phone number is `q`, or whose name is `q` or begins with all of its words.

    Staff can search the whole chain, so part of a number or of a word finds nobody, and e-mail addresses are left out.
    """
    words, ways = name_key(q), phones.spellings(q, country)
    if any(letter.isalpha() for letter in words):
        wanted = or_(_c.name_key == words, _c.name_key.startswith(f"{words} ", autoescape=True))
    elif any(len(way) >= phones.LEAST for way in ways):
        wanted = _c.phone.in_(ways)
    else:
        return ()
    found = transaction.search(select(*_CUSTOMER).where(wanted).order_by(_c.name_key, _c.id).limit(FOUND_MOST))
    return tuple(Customer(id=row[0], name=row[1], phone=row[2], email="") for row in found)


def insert_staff(transaction: Transaction, member: StaffMember) -> None:
    """Insert a new member of staff. Raises `Taken`."""
    _take_name(transaction, member)
    transaction.run(
        _INSERT_STAFF,
        id=member.id,
        shop_id=member.shop_id,
        name=member.name.strip(),
        name_key=staff_key(member.name),
        role=member.role,
        pin_hash=member.pin_hash,
        created_at=to_us(now()),
        disabled_at=None,
        removed_at=None,
    )


def staff_member(transaction: Transaction, shop_id: ShopId, name: str) -> StaffMember | None:
    row = transaction.first(_STAFF_BY_NAME, shop=shop_id, key=staff_key(name))
    return _member(row) if row else None


def staff_by_id(transaction: Transaction, shop_id: ShopId, staff_id: StaffId) -> StaffMember | None:
    row = transaction.first(_STAFF_BY_ID, shop=shop_id, staff_id=staff_id)
    return _member(row) if row else None


def still_proven(transaction: Transaction, member: StaffMember) -> StaffMember | None:
    """A member of staff as they are now, whose PIN was checked against `member`, which was read before; None when they
    have been disabled since, or have another PIN."""
    now_kept = staff_by_id(transaction, member.shop_id, member.id)
    is_same = now_kept is not None and now_kept.disabled_us is None and now_kept.pin_hash == member.pin_hash
    return now_kept if is_same else None


def staff_of_shop(transaction: Transaction, shop_id: ShopId) -> list[StaffMember]:
    """All current and former staff who were not removed, by name."""
    return [_member(row) for row in transaction.all(_STAFF_OF_SHOP, shop=shop_id)]


def active_admins(transaction: Transaction, shop_id: ShopId) -> int:
    """The number of admins of the shop who can sign in."""
    row = transaction.first(_ADMINS, shop=shop_id)
    return int(row[0]) if row else 0


def update_staff(transaction: Transaction, member: StaffMember) -> None:
    """Update a member's name, role, PIN, and whether they are disabled or removed. Raises `Taken`."""
    _take_name(transaction, member)
    transaction.run(
        _UPDATE_STAFF,
        shop=member.shop_id,
        staff_id=member.id,
        new_name=member.name,
        new_name_key=staff_key(member.name),
        new_role=member.role,
        new_pin_hash=member.pin_hash,
        new_disabled_at=member.disabled_us,
        new_removed_at=member.removed_us,
    )


def _take_name(transaction: Transaction, member: StaffMember) -> None:
    """Make the member's name theirs. Somebody who was removed gives it up. Raises `Taken`."""
    known = staff_member(transaction, member.shop_id, member.name)
    if known is None or known.id == member.id:
        return
    if known.removed_us is None:
        raise Taken("name")
    transaction.run(_FREE_NAME, staff_id=known.id, other_key=f"{staff_key(known.name)} {known.id}")


def staff_key(name: str) -> str:
    """A name as it is compared: case and spaces do not distinguish two people."""
    return name.strip().casefold()


def _matches(q: str, country: str) -> list[ColumnElement[bool]]:
    words = name_key(q)
    matches = [_c.name_key.startswith(words, autoescape=True)] if words else []
    if number := digits_of(q):
        matches += [_c.phone.endswith(number), _c.phone.in_(phones.spellings(q, country))]
    return matches


def _account(row: tuple[Any, ...]) -> CustomerAccount:
    customer_id, name, phone, email, password_hash, disabled_us, created_us, orders = row
    who = Customer(id=customer_id, name=name, phone=phone, email=email or "")
    return CustomerAccount(who, password_hash, disabled_us, created_us, orders)


def _member(row: tuple[Any, ...]) -> StaffMember:
    staff_id, shop_id, name, role, pin_hash, disabled_us, created_us, removed_us = row
    return StaffMember(staff_id, shop_id, name, Role(role), pin_hash, disabled_us, created_us, removed_us)
