"""A cashier's rush on the real backend: orders by mouse only and by keyboard only, each press counted, and each order
compared with what the backend has. Ends with 1 when one differs or a press does not lead where it should.

Needs Xvfb and xdotool, so there is none on Windows.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from core.admin.demo.processes import Backend, ProcessFailed, Window, until
from core.admin.setup import DEMO_STAFF, DEVICE, demo_menu
from core.client.http.api import HttpApi
from core.domain.menu import Menu
from core.protocol.requests import StaffSignIn
from core.ui.preflight import missing_programs
from tests.rush.cashier import ByKeyboard, ByMouse, Cashier
from tests.rush.hands import Screen
from tests.rush.orders import Ordered, check, found, orders_of

_ARRIVED_S: Final = 10.0


class Presses(msgspec.Struct, frozen=True, kw_only=True):
    """What one order took: `taking` it, with its receipt, and the `steps` to its end."""

    number: str
    items: int
    options: int
    taking: int
    steps: int


def serve(cashier: Cashier, ordered: Ordered) -> Presses:
    begun = cashier.presses
    number = cashier.take(ordered)
    taken = cashier.presses
    cashier.complete(number)
    return Presses(
        number=number,
        items=sum(line.quantity for line in ordered.lines),
        options=sum(len(line.modifier_ids) for line in ordered.lines),
        taking=taken - begun,
        steps=cashier.presses - taken,
    )


def rush(home: Path, kind: type[ByMouse | ByKeyboard], places: Sequence[int], size: tuple[int, int]) -> list[str]:
    """The orders of these places, one after the other. Prints the presses; gives what is wrong in the backend."""
    menu = demo_menu()
    with (
        Screen(*size),
        Backend(home, home / "backend.log") as backend,
        Window("the POS window", "pos_app", backend.url, home / "pos.log", *_flags(home)) as window,
    ):
        window.act("resize", width=size[0], height=size[1])
        cashier = kind(window, menu)
        try:
            cashier.sign_in()
            print(f"{kind.__name__}, {size[0]}x{size[1]}: {cashier.presses} presses to sign in", flush=True)
            orders = orders_of(menu, max(places) + 1, named=cashier.names)
            served = [(orders[place], serve(cashier, orders[place])) for place in places]
        except ProcessFailed:
            window.grab(home / "stumbled.png")
            raise
        wrong = _compare(backend.url, menu, served)
    _print(cashier, [presses for _ordered, presses in served])
    return wrong


def _flags(home: Path) -> Sequence[str]:
    return ("--no-sounds", "--language", "en_US", "--data-dir", str(home / "pos"))


def _compare(url: str, menu: Menu, served: Sequence[tuple[Ordered, Presses]]) -> list[str]:
    """What is wrong in the backend, once it has had the time to get the last step."""
    api, wrong = HttpApi(url), []
    try:
        api.staff_sign_in(StaffSignIn(staff=DEMO_STAFF[0].name, pin=DEMO_STAFF[0].pin, device=DEVICE))
        for ordered, presses in served:
            try:
                until(partial(_check, api, menu, presses.number, ordered), _ARRIVED_S)
            except ProcessFailed as error:
                wrong.append(str(error))
    finally:
        api.sign_out()
        api.close()
    return wrong


def _check(api: HttpApi, menu: Menu, number: str, ordered: Ordered) -> None:
    check(found(api, number), ordered, menu)


def _print(cashier: Cashier, presses: Sequence[Presses]) -> None:
    for each in presses:
        print(f"  {each.number}: {each.items} items, {each.options} options: {each.taking} + {each.steps}")
    taking, steps = [each.taking for each in presses], [each.steps for each in presses]
    per_item = sum(taking) / sum(each.items for each in presses)
    turns = f"; {cashier.turns} turns of the wheel" if isinstance(cashier, ByMouse) else ""
    print(f"  taking: {min(taking)} to {max(taking)}, median {statistics.median(taking):g}, {per_item:.1f} an item")
    print(f"  to its end: {min(steps)} to {max(steps)}{turns}", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m tests.rush", description=__doc__)
    parser.add_argument("--orders", type=int, default=20, help="orders by each hand")
    parser.add_argument("--size", default="1280x800", help="of the screen, in pixels")
    parser.add_argument("--by", choices=("mouse", "keyboard"), help="one hand only")
    parser.add_argument("--keep", type=Path, help="a new folder for logs, and a picture of where it stumbled")
    given = parser.parse_args(argv)
    if lacking := missing_programs():
        print(f"There is no {' and no '.join(lacking)} here, without which there is no screen to press on.")
        return 2
    width, _x, height = given.size.partition("x")
    wrong: list[str] = []
    for kind, name in ((ByMouse, "mouse"), (ByKeyboard, "keyboard")):
        if given.by in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                home = (given.keep or Path(folder)) / name
                home.mkdir(parents=True)
                try:
                    wrong += rush(home, kind, range(given.orders), (int(width), int(height)))
                except ProcessFailed as error:
                    wrong.append(f"{name}: {error}")
    print("\n".join(wrong) or "Every order is in the backend as it was given.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
