"""Declares commands: help with examples, one sentence on wrong use, and one on failure."""

import argparse
from collections.abc import Callable, Collection, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from typing_extensions import override

from core import settings

if TYPE_CHECKING:
    from core.server.settings import ServerSettings

Run = Callable[[argparse.Namespace], int | None]
"""Runs a command with its options, and returns the exit status; None is 0."""

WHERE: Final = ("data_dir", "database_url", "key_file")
"""The settings that say where a backend is, as flags of every command that asks it."""
_COMMAND: Final = "COMMAND"
_EXAMPLE: Final = "  orderbell "


class Parser(settings.Parser):
    """The parser of a command or subcommand."""

    def __init__(self, prog: str, description: str | None, epilog: str, **others: Any) -> None:
        super().__init__(
            prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # abbreviations would change their meaning with the next flag
            **others,
        )

    def command(
        self,
        name: str,
        summary: str,
        run: Run,
        *,
        only: Collection[str] | None = None,
        shop: bool = False,
        json: bool = True,
    ) -> "Parser":
        """Add a subcommand. `only`: the server settings that become flags; None: it reads no settings."""
        prog = f"{self.prog} {name}"
        added: Parser = self._commands.add_parser(
            name, prog=prog, help=summary, description=summary, epilog=_examples(self.epilog or "", prog)
        )
        added.set_defaults(run=run)
        if json:
            added.add_argument("--json", action="store_true", help="for a script")
        if only is not None:
            where = added.add_argument_group("where the shop is; stronger than variables and the settings file")
            if shop:
                where.add_argument("--shop", metavar="ID", default="", help="which of several (default: the first one)")
            from core.server.settings import (
                ServerSettings,  # brings SQLAlchemy, which a command of a window's has no use for
            )

            settings.add_flags(where, ServerSettings, only=only)
        return added

    def run(self, argv: Sequence[str]) -> int:
        """Run `argv`, and return the exit status; raises the errors of `core.admin.refusals`."""
        options = self.parse_args(argv)
        return options.run(options) or 0

    @cached_property
    def _commands(self) -> "argparse._SubParsersAction[Parser]":
        return self.add_subparsers(metavar=_COMMAND, title="commands", required=True)

    @override
    def error(self, message: str) -> NoReturn:
        if message.endswith(f" {_COMMAND}"):
            message = f"say which: {', '.join(self._commands.choices)}"
        super().error(message)


def whole_number(text: str) -> int:
    """A flag's value as a number. Raises `ArgumentTypeError`."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def server_settings(options: argparse.Namespace) -> "ServerSettings":
    """The server's settings, as the command's flags, the environment and the file say. Raises `SettingsError`."""
    from core.server.settings import SECTION, ServerSettings

    return settings.load(ServerSettings, SECTION, vars(options)).values


def settings_file(options: argparse.Namespace) -> Path:
    """The settings file that the command reads, if it is there."""
    return settings.named_file(vars(options)) or settings.default_file()


def _examples(of_all: str, prog: str) -> str:
    """The examples of subcommand `prog`; other text applies to all of them."""
    return "\n".join(
        line for line in of_all.splitlines() if not line.startswith(_EXAMPLE) or line.startswith(f"  {prog}")
    )


def day(text: str) -> date:
    """A flag's value: a day of the calendar."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-11-01") from None
