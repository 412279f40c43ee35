"""The first start: keys, a shop, its staff, and a summary of what was made."""

import secrets
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Final

from core.decoding import decode
from core.domain.credentials import TooCommon, check_pin
from core.domain.menu import Menu
from core.domain.people import Role
from core.server.auth import keys
from core.server.auth.keys import Keys
from core.server.setup import AlreadySetUp, NewCustomer, NewDisplay, NewShop, NewStaff, create_shop, is_set_up
from core.store.engine.database import Database

DEVICE: Final = "POS1"
DISPLAY: Final = "BOARD1"
_PIN_DIGITS: Final = 6
_TYPED: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
DEMO_PASSWORD: Final = "orderbell"  # noqa: S105 - printed for everybody to play with
DEMO_STAFF: Final = (NewStaff("Alex", "1357", Role.ADMIN), NewStaff("Kim", "2468", Role.CASHIER))
DEMO_DISPLAYS: Final = (NewDisplay(DISPLAY, "DEMO-DEMO-DEMO-DEMO"),)
DEMO_CUSTOMERS: Final = (
    NewCustomer("Ada Lovelace", "+1 555 0100", DEMO_PASSWORD, "ada@example.org"),
    NewCustomer("Grace Hopper", "+1 555 0101", DEMO_PASSWORD, "grace@example.org"),
    NewCustomer("Edsger Dijkstra", "+1 555 0102", DEMO_PASSWORD, "edsger@example.org"),
)
_ADVICE: Final = """
Write the PINs and the code down: they are kept only as hashes and are not shown again.
This is a shop to try things with. For one of your own, in another data directory: orderbell init"""


def demo_menu() -> Menu:
    """The menu that every new shop starts with."""
    return decode(files("resources").joinpath("demo_menu.json").read_bytes(), Menu)


def demo_shop(menu: Menu | None = None) -> NewShop:
    """A demonstration shop with public PINs and passwords."""
    return NewShop(
        menu=menu or demo_menu(),
        staff=DEMO_STAFF,
        customers=DEMO_CUSTOMERS,
        devices=(DEVICE,),
        displays=DEMO_DISPLAYS,
    )


def open_keys(path: Path) -> tuple[Keys, bool]:
    """The server's keys, and whether they were made now."""
    try:
        return keys.read(path), False
    except FileNotFoundError:
        made = keys.make()
        keys.write(path, made)
        return made, True


def set_up(database: Database, *, demo: bool) -> str:
    """Make the default shop if there is none. Returns a summary to print once; empty if nothing was made."""
    if is_set_up(database):
        return ""
    shop = demo_shop() if demo else _first_shop()
    try:
        create_shop(database, shop, only=True)
    except AlreadySetUp:  # by another process, just now
        return ""
    people = [f"  {member.role:8} {member.name}, PIN {member.pin}" for member in shop.staff]
    people += [f"  display  {display.name}, code {display.secret}" for display in shop.displays]
    people += [f"  customer {new.name}, {new.phone}, password {new.password}" for new in shop.customers]
    advice = "" if demo else _ADVICE
    return "\n".join((f"Made the shop {shop.menu.shop_name!r} with POS {DEVICE}.", *people)) + advice


def _first_shop() -> NewShop:
    return NewShop(
        menu=demo_menu(), staff=_staff(), devices=(DEVICE,), displays=(NewDisplay(DISPLAY, new_device_secret()),)
    )


def new_device_secret() -> str:
    """A code of 80 random bits, to be copied by hand: no 0 or O, no 1, I or L."""
    return "-".join("".join(secrets.choice(_TYPED) for _ in range(4)) for _ in range(4))


def made_up_pin() -> str:
    """Six random digits that are not among the first guesses."""
    while True:
        made = f"{secrets.randbelow(10**_PIN_DIGITS):0{_PIN_DIGITS}d}"
        with suppress(TooCommon):
            return check_pin(made)


def _staff() -> tuple[NewStaff, ...]:
    return tuple(
        NewStaff(name, made_up_pin(), role) for name, role in (("Admin", Role.ADMIN), ("Cashier", Role.CASHIER))
    )
