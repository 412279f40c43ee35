"""`orderbell COMMAND`: looks up the command in one table and passes the remaining arguments to it."""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from io import TextIOWrapper
from typing import Final, NamedTuple

from core.admin import terminal

INTERRUPTED: Final = 130
"""The exit status after Ctrl+C, as in shells: 128 and the signal."""


class Command(NamedTuple):
    """`module:function`, imported only when called, so that `orderbell --help` is quick."""

    target: str
    summary: str


COMMANDS: Final = {
    "demo": Command("core.admin.demo.command:main", "show the whole shop at work on this machine"),
    "init": Command("core.admin.init:main", "set a shop up: database, keys, first admin, currency, tax, menu"),
    "config": Command("core.admin.config:main", "show every setting and where it came from; check the file"),
    "tls": Command("core.admin.tls:main", "make, renew and show the certificates that screens know the server by"),
    "serve": Command("core.admin.serve:main", "run the backend"),
    "shop": Command("core.admin.shop:main", "show and change the shop: name, currency, tax, time zone, country"),
    "tenders": Command("core.admin.tenders:main", "show and change by what the shop is paid"),
    "users": Command("core.admin.users:main", "add, disable, reset and unlock staff and customers; their roles"),
    "roles": Command("core.admin.roles:main", "show and change what each role of the staff may do"),
    "devices": Command("core.admin.devices:main", "pair, list and revoke POS, status displays and kiosks"),
    "keys": Command("core.admin.keys:main", "list, rotate and prune the keys that sign"),
    "menu": Command("core.admin.menu:main", "write the menu to a CSV file, and read it from one"),
    "orders": Command("core.admin.orders:main", "write orders to a CSV file"),
    "report": Command("core.admin.report:main", "show what was sold and given back, by day, item, tender and others"),
    "security-log": Command("core.admin.security:main", "show who came in or failed to, and who changed what"),
    "backup": Command("core.admin.backup:main", "make, list, verify and restore backups"),
    "db": Command("core.admin.db:main", "upgrade, check and copy the database"),
    "doctor": Command("core.admin.doctor.command:main", "look at everything, and say what to do"),
    "pos": Command("core.admin.windows:pos", "open the POS window"),
    "customer": Command("core.admin.windows:customer", "open the customer window"),
    "board": Command("core.admin.windows:board", "open the order status display"),
    "card-terminal": Command("core.admin.card_terminal:main", "simulate a card terminal, to try one out"),
    "sync": Command("core.admin.sync:main", "send what waits in a window's file, fetch what it missed"),
}

GROUPS: Final = {
    "Try it": ("demo", "card-terminal"),
    "Set a shop up": ("init", "config", "tls"),
    "Run it": ("serve", "pos", "customer", "board", "sync"),
    "Look after it": (
        "shop",
        "tenders",
        "users",
        "roles",
        "devices",
        "menu",
        "orders",
        "report",
        "keys",
        "security-log",
    ),
    "Keep it safe": ("doctor", "backup", "db"),
}
"""The commands that `orderbell --help` lists together."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names (the process's own arguments by default), and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")  # a pipe's encoding on Windows lacks most characters
    if arguments[:1] in (["--version"], ["-V"]):
        from importlib.metadata import version  # 10 ms that no other command needs

        terminal.lines([f"orderbell {version('orderbell')}"])
        return 0
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        terminal.whole(_usage())
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        close = get_close_matches(arguments[0], COMMANDS, 1)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        terminal.lines([f"orderbell: there is no command {arguments[0]!r}.{meant} See: orderbell --help"], error=True)
        return 2
    try:
        return _imported(command.target)(arguments[1:])
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            terminal.lines([""], error=True)  # end the prompt's line
        return INTERRUPTED
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from core.admin.refusals import refusal  # all that may refuse is imported once something has

        failed = refusal(error)
        if failed is None:  # a mistake of ours
            raise
        terminal.lines((f"orderbell {arguments[0]}: {failed.message}", *failed.more), error=True)
        return failed.status


def _imported(target: str) -> Callable[[Sequence[str]], int]:
    """The function named by `module:function`. Garbage collection is off during the import, which makes none and would
    take a sixth of a start."""
    module, _, function = target.partition(":")
    collecting = gc.isenabled()
    gc.disable()
    try:
        found: Callable[[Sequence[str]], int] = getattr(importlib.import_module(module), function)
    finally:
        if collecting:
            gc.enable()
    return found


def _usage() -> str:
    width = max(map(len, COMMANDS))
    blocks = [
        "\n".join([f"{group}:", *(f"  {name:{width}}  {COMMANDS[name].summary}" for name in names)])
        for group, names in GROUPS.items()
    ]
    return "\n\n".join(
        [
            "usage: orderbell COMMAND [OPTION...]",
            *blocks,
            "`orderbell COMMAND --help` says more, with examples; `orderbell --version` which release this is.\n",
        ]
    )
