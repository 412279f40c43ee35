"""`orderbell demo`: a backend on a temporary database, a POS window and a customer window, ready to be played with."""

import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.admin import terminal
from core.admin.command import Parser
from core.admin.demo import orders_file, shop, tour
from core.admin.demo.orders_file import OrdersFile, OrdersFileError
from core.admin.demo.processes import Backend, Process, ProcessFailed
from core.admin.demo.samples import sample_orders
from core.admin.setup import DEMO_PASSWORD, DEVICE, demo_menu
from core.client.errors import ClientError
from core.ui.preflight import has_display

_TOUR_DIR: Final = Path("orderbell-tour")
_EXAMPLES: Final = """examples:
  orderbell demo                             a shop to play with; nothing of it is kept
  orderbell demo --tour out                  unattended: pictures and out/report.json
  orderbell demo --orders orders.tsv         real orders first"""
_GREETING: Final = """\
Orderbell is running at {url}.

  the POS window: {staff}, PIN {pin}, POS {device}
  the customer window: {customer}, {phone}, password {password}

Confirm an order in the POS window and watch the customer window follow. Close both windows to end the demo;
nothing is kept."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status: 0 when all went well, 1 when a step of the tour or a process failed, 2 for wrong use."""
    parser = Parser("orderbell demo", __doc__, _EXAMPLES)
    parser.add_argument("--tour", type=Path, metavar="DIR", help="unattended: pictures and report.json into DIR")
    parser.add_argument(
        "--orders", type=Path, metavar="FILE", help="replay the orders of this tab-separated file first"
    )
    options = parser.parse_args(argv)
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        file = orders_file.read(options.orders) if options.orders else None
    except OrdersFileError as error:
        parser.error(str(error))
    if options.tour is None and has_display():
        return _play(file)
    if options.tour is None:
        terminal.lines([f"There is no display here, so this is the unattended tour; its pictures go to {_TOUR_DIR}."])
    return tour.run(options.tour or _TOUR_DIR, file)


def _play(file: OrdersFile | None) -> int:
    menu = file.menu if file else demo_menu()
    orders = file.orders if file else sample_orders(menu, 12)
    with tempfile.TemporaryDirectory(prefix="orderbell-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        shop.make(home, menu)
        try:
            with Backend(home, home / "backend.log") as backend:
                shop.fill(backend.url, orders)
                return _windows(backend, home)
        except (ProcessFailed, ClientError) as error:
            terminal.lines([f"orderbell demo: {error}"], error=True)
            return 1
        except KeyboardInterrupt:
            return 0


def _windows(backend: Backend, home: Path) -> int:
    terminal.whole(
        _GREETING.format(
            url=backend.url,
            staff=shop.CASHIER.name,
            pin=shop.CASHIER.pin,
            device=DEVICE,
            customer=shop.CUSTOMER.name,
            phone=shop.CUSTOMER.phone,
            password=DEMO_PASSWORD,
        )
        + "\n"
    )
    place = ["--server-url", backend.url, "--data-dir", str(home)]
    with (
        Process("the POS window", ["pos_app", *place, "--half", "left"], home / "pos.log") as pos,
        Process("the customer's window", ["customer_view", *place, "--half", "right"], home / "customer.log") as view,
    ):
        for window in (pos, view):
            status = window.wait()
            if status:
                raise ProcessFailed(f"{window.name} ended with status {status}. {window.log_tail()}")
    return 0
