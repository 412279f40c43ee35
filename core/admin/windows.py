"""`orderbell pos`, `orderbell customer` and `orderbell board`: start the windows.

They are layers above this package: named here, not imported.
"""

import importlib
from collections.abc import Callable, Sequence


def pos(argv: Sequence[str]) -> int:
    return _run("pos_app", argv)


def customer(argv: Sequence[str]) -> int:
    return _run("customer_view", argv)


def board(argv: Sequence[str]) -> int:
    return _run("customer_view", ["--board", *argv])


def _run(package: str, argv: Sequence[str]) -> int:
    main: Callable[[Sequence[str]], int] = importlib.import_module(f"{package}.__main__").main
    return main(argv)
