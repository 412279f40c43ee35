"""The unattended tour: the shop as real processes, driven through its main job by its windows' own controls."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import msgspec

from core.admin import terminal
from core.admin.demo import money, scenes, shop
from core.admin.demo.orders_file import OrdersFile
from core.admin.demo.processes import Backend, ProcessFailed, Window
from core.admin.demo.samples import sample_orders
from core.admin.demo.shop import Sums
from core.admin.demo.steps import Album, Step, StepFailed
from core.admin.setup import DEMO_DISPLAYS, demo_menu
from core.protocol.drawers import ZReport
from core.ui.preflight import has_display

LOOK_EVERY_S: Final = "1"
"""The windows' refresh interval in the tour, seconds instead of the shop's half minute."""
_REPORT: Final = "report.json"
_SAMPLES: Final = 40
_BOARD: Final = ("--board", "--no-full-screen", "--secret", DEMO_DISPLAYS[0].secret)
_SIZE: Final = {"width": 1280, "height": 800}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The tour's result. `orders`, `lines` and `total_minor` are read from the database after the replay, before the
    steps."""

    ok: bool
    orders: int
    lines: int
    total_minor: int
    currency: str
    z: ZReport | None
    """The Z of the cashier's day; None when the tour has not come so far."""
    steps: tuple[Step, ...]


def run(folder: Path, file: OrdersFile | None) -> int:
    """Tour the shop and write pictures, logs and report into `folder`. Returns the exit status: 0 if every step
    succeeded."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / _REPORT).exists():  # of an earlier tour; other pictures are not this command's
        for old in folder.glob("[0-9][0-9]-*.png"):
            old.unlink()
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    tour = Tour(folder, file)
    with tempfile.TemporaryDirectory(prefix="orderbell-", ignore_cleanup_errors=True) as home, suppress(StepFailed):
        tour.take(Path(home))
    report = tour.report()
    path = folder / _REPORT
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    held = sum(step.ok for step in report.steps)
    terminal.lines(
        (
            f"{report.orders} orders, {report.lines} lines, {report.total_minor} {report.currency} in minor units.",
            f"{held} of {len(report.steps)} steps held{'.' if report.ok else '; the tour ended there.'} Report: {path}",
        )
    )
    return 0 if report.ok else 1


class Tour:
    """One run over one new shop."""

    def __init__(self, folder: Path, file: OrdersFile | None) -> None:
        self._album = Album(folder)
        self._menu = file.menu if file else demo_menu()
        self._orders = file.orders if file else sample_orders(self._menu, _SAMPLES)
        self._file = file
        self._sums = Sums(0, 0, 0)
        self._z: ZReport | None = None

    def report(self) -> Report:
        steps = tuple(self._album.steps)
        return Report(
            ok=bool(steps) and all(step.ok for step in steps),
            orders=self._sums.orders,
            lines=self._sums.lines,
            total_minor=self._sums.total_minor,
            currency=self._menu.currency,
            z=self._z,
            steps=steps,
        )

    def take(self, home: Path) -> None:
        """Run every step; raises `StepFailed` at the first that fails. Ends every process it started."""
        step = self._album.step
        with ExitStack() as processes:
            with step("the backend starts on a new database"):
                shop.make(home, self._menu)
                backend = processes.enter_context(self._serve(home))
            with step(f"{len(self._orders)} orders are replayed through the API, and the database agrees with them"):
                shop.fill(backend.url, self._orders)
                self._sums = shop.count(home)
                self._compare()
            with step("both windows open"):
                polling = processes.enter_context(ExitStack())
                pos = self._open(
                    polling, "pos_app", backend.url, home, ("--no-push", "--board-refresh-s", LOOK_EVERY_S)
                )
                refresh = ("--no-push", "--history-refresh-s", LOOK_EVERY_S, "--tracker-refresh-s", LOOK_EVERY_S)
                customer = self._open(polling, "customer_view", backend.url, home, refresh)
            ready = scenes.play(self._album, pos, customer, self._menu)
            self._z = money.day(self._album, pos, backend.url, self._menu)
            with step("the same in the dark, with push"):
                polling.close()
                pos = self._open(processes, "pos_app", backend.url, home, ("--theme", "dark"), "dark")
                customer = self._open(processes, "customer_view", backend.url, home, ("--theme", "dark"), "dark")
            scenes.show_dark(self._album, pos, customer, ready)
            with step("an order status display is opened"):
                board = self._open(processes, "customer_view", backend.url, home, _BOARD, "board")
            scenes.push(self._album, pos, customer, board, self._menu)
            number = scenes.go_offline(self._album, backend, customer, self._menu)
            with step("the backend is back, and the order is there once, with its number", customer, "customer-back"):
                processes.enter_context(self._serve(home, backend.port))
                scenes.come_back(customer, number)

    def _serve(self, home: Path, port: int = 0) -> Backend:
        return Backend(home, self._album.folder / ("backend-again.log" if port else "backend.log"), port)

    def _open(
        self, processes: ExitStack, module: str, url: str, home: Path, flags: Sequence[str], name: str = "light"
    ) -> Window:
        title = "the POS window" if module == "pos_app" else "the customer's window"
        log = self._album.folder / f"{module}-{name}.log"
        own = () if flags is _BOARD else ("--data-dir", str(home))
        # The steps read the windows' texts, whatever the desktop's language.
        window = Window(title, module, url, log, "--no-sounds", "--language", "en_US", *own, *flags)
        processes.enter_context(window)
        window.act("resize", **_SIZE)
        return window

    def _compare(self) -> None:
        """Raises `ProcessFailed` when the database differs from what was sent."""
        if self._file is None:
            expected = Sums(len(self._orders), sum(map(len, self._orders)), self._sums.total_minor)
        else:
            expected = Sums(len(self._file.orders), self._file.lines, self._file.total_minor)
        if self._sums != expected:
            raise ProcessFailed(f"The database holds {self._sums}, the orders were {expected}.")
