"""Creates a shop with its menu, devices and people: for the first run, the demonstration and tests."""

from collections.abc import Sequence

import msgspec

from core.domain.ids import CustomerId, DeviceId, ShopId, StaffId, uuid7
from core.domain.menu import Menu
from core.domain.people import Customer, DeviceKind, Role
from core.server.auth.passwords import hash_secret
from core.store import devices, menus, people, shops
from core.store.engine.database import Database
from core.store.people import StaffMember
from core.store.sql.statements import Transaction


class NewStaff(msgspec.Struct, frozen=True):
    name: str
    pin: str
    role: Role = Role.CASHIER


class NewCustomer(msgspec.Struct, frozen=True):
    name: str
    phone: str
    password: str
    email: str = ""


class NewDisplay(msgspec.Struct, frozen=True):
    name: str
    secret: str


class NewShop(msgspec.Struct, frozen=True, kw_only=True):
    menu: Menu
    staff: Sequence[NewStaff] = ()
    customers: Sequence[NewCustomer] = ()
    devices: Sequence[str] = ("POS1",)
    displays: Sequence[NewDisplay] = ()
    time_zone: str = "UTC"
    """An IANA name."""


class MadeShop(msgspec.Struct, frozen=True):
    """The ids, in the order that was asked for."""

    id: ShopId
    staff: tuple[StaffId, ...]
    customers: tuple[CustomerId, ...]


class AlreadySetUp(Exception):
    """The database has a shop."""


def is_set_up(database: Database) -> bool:
    """Whether the database has a shop."""
    return database.read_blocking(shops.default) is not None


def create_shop(database: Database, wanted: NewShop, *, only: bool = False) -> MadeShop:
    """Create a shop with all that belongs to it, or nothing. Blocks; each secret takes 25 ms of hashing.

    Raises `core.store.people.Taken` when a customer exists in the chain already, and `AlreadySetUp` when it is to be
    the `only` shop and another process was quicker.
    """
    shop_id = ShopId(uuid7())
    staff = [
        StaffMember(StaffId(uuid7()), shop_id, member.name, member.role, hash_secret(member.pin))
        for member in wanted.staff
    ]
    customers = [
        (Customer(id=CustomerId(uuid7()), name=new.name, phone=new.phone, email=new.email), hash_secret(new.password))
        for new in wanted.customers
    ]

    displays = [(DeviceId(new.name), hash_secret(new.secret)) for new in wanted.displays]

    def work(transaction: Transaction) -> None:
        if only and not shops.is_none_yet(transaction):
            raise AlreadySetUp
        shops.insert(transaction, shop_id, wanted.menu, wanted.time_zone)
        menus.insert(transaction, shop_id, wanted.menu.categories)
        for device in wanted.devices:
            devices.insert(transaction, shop_id, DeviceId(device))
        for display, secret_hash in displays:
            devices.insert(transaction, shop_id, display, DeviceKind.STATUS_DISPLAY, secret_hash)
        for member in staff:
            people.insert_staff(transaction, member)
        for customer, password_hash in customers:
            people.insert_customer(transaction, customer, password_hash, shop_id, wanted.menu.country)

    database.write_blocking(work)
    return MadeShop(shop_id, tuple(member.id for member in staff), tuple(customer.id for customer, _ in customers))
