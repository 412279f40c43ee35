"""`orderbell demo`: a backend on a temporary database, a POS window and a customer window, ready to be played with."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.admin.demo import orders_file, samples, tour
from core.admin.demo.orders_file import OrdersFileError
from core.admin.demo.processes import Backend, Process, ProcessFailed
from core.admin.demo.replay import replay
from core.admin.setup import DEMO_CUSTOMERS, DEMO_PASSWORD, DEMO_STAFF, DEVICE, demo_menu, demo_shop
from core.client.errors import ClientError
from core.client.http import HttpApi
from core.protocol.requests import SignIn, StaffSignIn
from core.server.setup import create_shop
from core.store.database import Database, file_url
from core.ui.preflight import has_display

_TOUR_DIR: Final = Path("orderbell-tour")
_GREETING: Final = """\
Orderbell is running at {url}.

  the counter's window: {staff}, PIN {pin}, terminal {device}
  the customer's window: {customer}, {phone}, password {password}

Confirm an order at the counter and watch the customer's window follow. Close both windows to end the demo;
nothing is kept."""


def main(argv: Sequence[str]) -> int:
    """Gives the exit status: 0 when all went well, 1 when a step of the tour or a process failed, 2 for wrong use."""
    parser = argparse.ArgumentParser(prog="orderbell demo", description=__doc__)
    parser.add_argument("--tour", type=Path, metavar="DIR", help="unattended: pictures and report.json into DIR")
    parser.add_argument(
        "--orders", type=Path, metavar="FILE", help="replay the orders of this tab-separated file first"
    )
    options = parser.parse_args(argv)
    try:
        file = orders_file.read(options.orders) if options.orders else None
    except OrdersFileError as error:
        parser.error(str(error))
    if options.tour is None and has_display():
        return _play(file)
    if options.tour is None:
        print(f"There is no display here, so this is the unattended tour; its pictures go to {_TOUR_DIR}.", flush=True)
    return tour.run(options.tour or _TOUR_DIR, file)


def _play(file: orders_file.OrdersFile | None) -> int:
    menu = file.menu if file else demo_menu()
    orders = file.orders if file else samples.sample_orders(menu, 12)
    with tempfile.TemporaryDirectory(prefix="orderbell-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        make_shop(home, file)
        try:
            with Backend(home, home / "backend.log") as backend:
                fill(backend.url, orders)
                return _windows(backend, home)
        except (ProcessFailed, ClientError) as error:
            print(f"orderbell demo: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0


def _windows(backend: Backend, home: Path) -> int:
    cashier, customer = DEMO_STAFF[-1], DEMO_CUSTOMERS[0]
    print(
        _GREETING.format(
            url=backend.url,
            staff=cashier.name,
            pin=cashier.pin,
            device=DEVICE,
            customer=customer.name,
            phone=customer.phone,
            password=DEMO_PASSWORD,
        ),
        flush=True,
    )
    with (
        Process("the POS window", ["pos_app", "--server-url", backend.url], home / "pos.log") as pos,
        Process("the customer's window", ["customer_view", "--server-url", backend.url], home / "customer.log") as view,
    ):
        for window in (pos, view):
            status = window.wait()
            if status:
                raise ProcessFailed(f"{window.name} ended with status {status}. {window.last_words()}")
    return 0


def make_shop(home: Path, file: orders_file.OrdersFile | None) -> None:
    """A new database in `home` with the demo's people and the file's menu, or the demo's own."""
    database = Database(file_url(home / "orderbell.db"))
    try:
        create_shop(database, demo_shop(file.menu if file else None))
    finally:
        database.close()


def fill(url: str, orders: Sequence[tuple[orders_file.NewLine, ...]]) -> None:
    """Put `orders` through the backend as the demo's people."""
    cashier = HttpApi(url)
    customers = [HttpApi(url) for _each in DEMO_CUSTOMERS[:2]]
    try:
        cashier.staff_sign_in(StaffSignIn(staff=DEMO_STAFF[-1].name, pin=DEMO_STAFF[-1].pin, device=DEVICE))
        for api, known in zip(customers, DEMO_CUSTOMERS, strict=False):
            api.sign_in(SignIn(login=known.phone, password=DEMO_PASSWORD))
        replay(orders, cashier, customers)
    finally:
        for api in (cashier, *customers):
            api.sign_out()
            api.close()
