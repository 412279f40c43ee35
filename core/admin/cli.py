"""`orderbell COMMAND`: finds the command in one table and hands it the rest of the line."""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from core.admin.failed import Failed


class Command(NamedTuple):
    """`module:function`, imported only when it is called for, so that `orderbell --help` is quick."""

    target: str
    summary: str


COMMANDS: Final = {
    "demo": Command("core.admin.demo.command:main", "show the whole shop at work on this machine"),
    "serve": Command("core.admin.serve:main", "run the backend; the first time, set it up"),
    "backup": Command("core.admin.backup:main", "make, list, verify and restore backups"),
    "db": Command("core.admin.db:main", "upgrade, check and copy the database"),
    "pos": Command("core.admin.windows:pos", "open the counter's window"),
    "customer": Command("core.admin.windows:customer", "open the customer's window"),
    "board": Command("core.admin.windows:board", "show the numbers over the counter"),
    "sync": Command("core.admin.sync:main", "send what waits in a window's file, fetch what it missed"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that `argv` names (the process's own arguments by default). Gives the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(_usage())
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        print(f"orderbell: there is no command {arguments[0]!r}.\n\n{_usage()}", file=sys.stderr)
        return 2
    module, _, function = command.target.partition(":")
    run: Callable[[Sequence[str]], int] = getattr(importlib.import_module(module), function)
    try:
        return run(arguments[1:])
    except Failed as error:
        print(f"orderbell {arguments[0]}: {error.message}", file=sys.stderr)
        return error.status


def _usage() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:{width}}  {command.summary}" for name, command in COMMANDS.items())
    return f"usage: orderbell COMMAND [OPTION...]\n\n{rows}\n\n`orderbell COMMAND --help` says more."
