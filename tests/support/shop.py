"""The world of integration tests: two shops of a chain, their staff, and customers; always the same."""

import functools
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from core.domain.ids import CustomerId, ItemId, ModifierId, ShopId, StaffId
from core.domain.menu import Category, ChangesUntil, Menu, MenuItem, Modifier, ModifierGroup
from core.domain.money import Tax
from core.domain.people import Role
from core.server.setup import NewCustomer, NewDisplay, NewShop, NewStaff, create_shop
from core.store.engine.database import Database, file_url
from tests.support import databases, postgres

PASSWORD: Final = "s3cret-of-a-customer"
CASHIER_PIN: Final = "24681357"
MANAGER_PIN: Final = "75318642"
ADMIN_PIN: Final = "97531864"
OTHER_PIN: Final = "86429753"
DEVICE: Final = "POS1"
OTHER_DEVICE: Final = "POS9"
DISPLAY: Final = NewDisplay("BOARD1", "K7QF-2M9X-4TWB-HC3D")
OTHER_DISPLAY: Final = NewDisplay("BOARD1", "R5NP-8GVY-Z6JA-E2KS")
"""The other shop's, of the same name."""

ADA: Final = NewCustomer("Ada Lovelace", "+1 555 0100", PASSWORD, "ada@example.org")
GRACE: Final = NewCustomer("Grace Hopper", "+1 555 0101", PASSWORD, "grace@example.org")
KIM: Final = NewStaff("Kim", CASHIER_PIN, Role.CASHIER)
MAX: Final = NewStaff("Max", MANAGER_PIN, Role.MANAGER)
ALEX: Final = NewStaff("Alex", ADMIN_PIN, Role.ADMIN)
SAM: Final = NewStaff("Sam", OTHER_PIN, Role.CASHIER)

BOWL: Final = ItemId("bowl")
FRIES: Final = ItemId("fries")
SOLD_OUT: Final = ItemId("churros")
CHICKEN: Final = ModifierId("chicken")
GUACAMOLE: Final = ModifierId("guacamole")

MENU: Final = Menu(
    shop_name="Test Kitchen",
    currency="USD",
    tax=Tax(rate_bp=825, included=False),
    changes_until=ChangesUntil.PREPARING,
    categories=(
        Category(
            "mains",
            "Mains",
            (
                MenuItem(
                    BOWL,
                    "Bowl",
                    1000,
                    groups=(
                        ModifierGroup(
                            "protein",
                            "Protein",
                            (Modifier(CHICKEN, "Chicken"), Modifier(ModifierId("tofu"), "Tofu")),
                            0,
                            1,
                        ),
                        ModifierGroup("extras", "Extras", (Modifier(GUACAMOLE, "Guacamole", 200),)),
                    ),
                ),
            ),
        ),
        Category(
            "sides", "Sides", (MenuItem(FRIES, "Fries", 390), MenuItem(SOLD_OUT, "Churros", 480, available=False))
        ),
    ),
)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of the world: Kim (cashier), Alex (admin) and Max (manager) of `shop`, Sam (cashier) of `other_shop`,
    and the customers Ada and Grace."""

    shop: ShopId
    other_shop: ShopId
    kim: StaffId
    alex: StaffId
    max: StaffId
    sam: StaffId
    ada: CustomerId
    grace: CustomerId


def lay_out(path: Path) -> World:
    """Create the world's database: the file `path`, or the PostgreSQL database of that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if databases.kind() == "sqlite":
        content, world = _file()
        path.write_bytes(content)
    else:
        template, world = _template()
        databases.create(path, template)
    return world


@functools.cache
def _file() -> tuple[bytes, World]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "world.db"
        world = make(file_url(path))
        return path.read_bytes(), world


@functools.cache
def _template() -> tuple[str, World]:
    postgres.server().create("world")
    return "world", make(postgres.server().url("world"))


def make(url: str) -> World:
    """Set the world up in the empty database at `url`."""
    database = Database(url)
    try:
        first = create_shop(
            database,
            NewShop(menu=MENU, staff=(KIM, ALEX, MAX), customers=(ADA, GRACE), devices=(DEVICE,), displays=(DISPLAY,)),
        )
        elsewhere = msgspec.structs.replace(MENU, shop_name="Other Kitchen")
        second = create_shop(
            database,
            NewShop(menu=elsewhere, staff=(SAM,), devices=(OTHER_DEVICE,), displays=(OTHER_DISPLAY,)),
        )
    finally:
        database.close()
    return World(
        shop=first.id,
        other_shop=second.id,
        kim=first.staff[0],
        alex=first.staff[1],
        max=first.staff[2],
        sam=second.staff[0],
        ada=first.customers[0],
        grace=first.customers[1],
    )
