"""The demo's shop: made in a folder of its own, filled through the API, and counted in the database itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import func, select

from core.admin.demo.replay import replay
from core.admin.setup import DEMO_CUSTOMERS, DEMO_PASSWORD, DEMO_STAFF, DEVICE, demo_shop
from core.client.http.api import HttpApi
from core.domain.menu import Menu
from core.domain.order import NewLine
from core.protocol.requests import SignIn, StaffSignIn
from core.server.setup import create_shop
from core.store.engine.database import Database, file_url
from core.store.sql.statements import Transaction
from core.store.tables import order_lines, orders

CASHIER: Final = DEMO_STAFF[-1]
CUSTOMER: Final = DEMO_CUSTOMERS[0]
OTHER_CUSTOMER: Final = DEMO_CUSTOMERS[-1]
"""A customer without replayed orders."""


class Sums(msgspec.Struct, frozen=True):
    """The numbers of a shop's orders and lines, and the orders' total in minor units."""

    orders: int
    lines: int
    total_minor: int


def make(home: Path, menu: Menu) -> None:
    """A new database in `home` with `menu` and the demo's people."""
    database = Database(_url(home))
    try:
        create_shop(database, demo_shop(menu))
    finally:
        database.close()


def fill(url: str, wanted: Sequence[tuple[NewLine, ...]]) -> None:
    """Send `wanted` through the backend as the demo's people. Raises `ClientError`."""
    cashier = HttpApi(url)
    customers = [HttpApi(url) for known in DEMO_CUSTOMERS if known is not OTHER_CUSTOMER]
    try:
        cashier.staff_sign_in(StaffSignIn(staff=CASHIER.name, pin=CASHIER.pin, device=DEVICE))
        for api, known in zip(customers, DEMO_CUSTOMERS, strict=False):
            api.sign_in(SignIn(login=known.phone, password=DEMO_PASSWORD))
        replay(wanted, cashier, customers)
    finally:
        for api in (cashier, *customers):
            api.sign_out()
            api.close()


def count(home: Path) -> Sums:
    """The sums of the database in `home`."""

    def work(transaction: Transaction) -> Sums:
        totals = transaction.search(select(func.count(), func.coalesce(func.sum(orders.c.total_minor), 0)))[0]
        lines = transaction.search(select(func.count()).select_from(order_lines))[0][0]
        return Sums(totals[0], lines, totals[1])

    database = Database(_url(home))
    try:
        return database.read_blocking(work)
    finally:
        database.close()


def _url(home: Path) -> str:
    return file_url(home / "orderbell.db")
