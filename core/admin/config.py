"""`orderbell config`: every setting and where it came from; the settings file checked, and one to begin with."""

import argparse
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from core import settings
from core.admin import console
from core.admin.failed import Failed
from core.settings import Loaded, SettingsError, document
from core.settings.document import Section

DECLARED: Final = {
    "server": ("core.server.settings:ServerSettings", "The backend: `orderbell serve` and every command about it."),
    "pos": ("pos_app.settings:PosSettings", "The counter's window: `orderbell pos`."),
    "customer": ("customer_view.settings:CustomerSettings", "The customer's window: `orderbell customer`."),
    "board": ("customer_view.board.settings:BoardSettings", "The numbers over the counter: `orderbell board`."),
    "sync": ("core.admin.sync:SyncSettings", "A window's file without its window: `orderbell sync`."),
}
"""Where each section is declared, and what it is about. Windows stand above this package: named here, not imported."""
_EXAMPLES: Final = """examples:
  orderbell config show                  every value, and whether it is a default, a line of the file or a variable
  orderbell config show server --json
  orderbell config check                 0 when the file can be used, else every mistake with its line
  orderbell config path                  which file is read
  orderbell config template > orderbell.toml

A flag is stronger than a variable (ORDERBELL_PORT), a variable stronger than the file, the file than the default."""
_PAGE: Final = """# Settings

Made from the source by `orderbell config template --markdown`; a test keeps it current.

Every setting stands in one file, `orderbell.toml`, in the section of its program. Where the file is,
`orderbell config path` says; `--config FILE` and the variable `ORDERBELL_CONFIG` name another. A variable
(`ORDERBELL_PORT`) is stronger than the file, and a flag (`--port`) stronger than both. `orderbell config check` names
every mistake with its line.

"""


class Shown(msgspec.Struct, frozen=True):
    """A setting as it is now. Secrets are hidden."""

    value: Any
    origin: str
    """`default`, a file and its line, a variable or a flag."""


def main(argv: Sequence[str]) -> int:
    """Gives 0, or 2 when the settings cannot be used."""
    parser = argparse.ArgumentParser(
        prog="orderbell config",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    show = _command(commands, "show", "every setting and where it came from", _show)
    show.add_argument("section", nargs="?", choices=sorted(DECLARED), help="only this one")
    show.add_argument("--json", action="store_true", help="for a script")
    _command(commands, "check", "whether the settings can be used, and every mistake in them", _check)
    _command(commands, "path", "which settings file is read", _path)
    template = _command(commands, "template", "a settings file with everything in it, as comments", _template)
    template.add_argument("--markdown", action="store_true", help="as a page: docs/settings.md")
    options = parser.parse_args(argv)
    status: int = options.run(options)
    return status


def sections() -> Mapping[str, Section]:
    """Every section of the settings file."""
    found = {}
    for section, (target, about) in DECLARED.items():
        module, _, name = target.partition(":")
        found[section] = Section(getattr(importlib.import_module(module), name), about)
    return found


def page() -> str:
    """The text of docs/settings.md."""
    return _PAGE + document.markdown(sections())


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, says: str, run: object
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=says, description=says)
    settings.add_file_flag(parser)
    parser.set_defaults(run=run)
    return parser


def _loaded(options: argparse.Namespace) -> dict[str, Loaded[msgspec.Struct]]:
    """All sections. Raises `Failed` with every mistake of every section, each once."""
    found, wrong = {}, dict[str, None]()
    for name, section in sections().items():
        try:
            found[name] = settings.load(section.declared, name, {"config": options.config})
        except SettingsError as error:
            wrong |= dict.fromkeys(str(error).splitlines())
    if wrong:
        raise Failed("\n".join(wrong), status=2)
    return found


def _show(options: argparse.Namespace) -> int:
    found = {
        section: {
            name: Shown(settings.shown(type(loaded.values), name, getattr(loaded.values, name)), origin)
            for name, origin in loaded.origins.items()
        }
        for section, loaded in _loaded(options).items()
        if options.section in (None, section)
    }
    if options.json:
        console.as_json(found)
        return 0
    for section, values in found.items():
        console.say(f"[{section}]", style="bold")
        rows = [(name, document.literal(each.value), each.origin) for name, each in values.items()]
        console.table(("setting", "value", "from"), rows)
    return 0


def _check(options: argparse.Namespace) -> int:
    _loaded(options)
    path = settings.named_file(vars(options)) or settings.default_file()
    console.say(f"{path} can be used." if path.exists() else f"There is no {path}: everything is at its default.")
    return 0


def _path(options: argparse.Namespace) -> int:
    path = settings.named_file(vars(options)) or settings.default_file()
    console.say(str(path))
    if not path.exists():
        console.warn("It does not exist: everything is at its default.")
    return 0


def _template(options: argparse.Namespace) -> int:
    print(page() if options.markdown else document.toml(sections()), end="")
    return 0
