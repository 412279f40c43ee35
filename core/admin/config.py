"""`orderbell config`: shows every setting and its origin, checks the settings file, and writes a template."""

import argparse
import importlib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from core import settings
from core.admin import console, terminal
from core.admin.command import Parser
from core.admin.failed import Failed
from core.admin.serving import url_of
from core.client.settings import ServerAddress
from core.server.settings import ServerSettings
from core.settings import Loaded, SettingsError, data_dir, document
from core.settings.document import Section

DECLARED: Final = {
    "server": ("core.server.settings:ServerSettings", "The backend: `orderbell serve` and every command about it."),
    "pos": ("pos_app.settings:PosSettings", "The counter's window: `orderbell pos`."),
    "customer": ("customer_view.settings:CustomerSettings", "The customer's window: `orderbell customer`."),
    "board": (
        "customer_view.status_display.settings:StatusDisplaySettings",
        "The order status display: `orderbell board`.",
    ),
    "sync": ("core.admin.sync:SyncSettings", "A window's file without its window: `orderbell sync`."),
}
"""The module and topic of each section. Windows are layers above this package: named here, not imported."""
WINDOWS: Final = ("pos", "customer", "board", "sync")
"""The sections with a server address."""
_EXAMPLES: Final = """examples:
  orderbell config show                  every value, and whether it is a default, a line of the file or a variable
  orderbell config show server --json
  orderbell config check                 0 when the file can be used, else every mistake with its line
  orderbell config path                  which file is read
  orderbell config template > orderbell.toml

A flag is stronger than a variable (ORDERBELL_PORT), a variable stronger than the file, the file than the default."""
_DEFAULTS: Final = "everything is at its default."
_PAGE: Final = """# Settings

Made from the source by `orderbell config template --markdown`; a test keeps it current.

Every setting stands in one file, `orderbell.toml`, in the section of its program. Where the file is,
`orderbell config path` says; `--config FILE` and the variable `ORDERBELL_CONFIG` name another. A variable
(`ORDERBELL_PORT`) is stronger than the file, and a flag (`--port`) stronger than both. `orderbell config check` names
every mistake with its line.

"""


class Shown(msgspec.Struct, frozen=True):
    """A setting with its value. Secrets are hidden."""

    value: Any
    origin: str
    """`default`, a file and its line, a variable or a flag."""


class File(msgspec.Struct, frozen=True):
    """The settings file that is read. Without one everything has its default."""

    path: str
    exists: bool


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the settings cannot be used."""
    parser = Parser("orderbell config", __doc__, _EXAMPLES)
    show = parser.command("show", "every setting and where it came from", _show)
    show.add_argument("section", nargs="?", choices=sorted(DECLARED), help="only this one")
    check = parser.command("check", "whether the settings can be used, and every mistake in them", _check)
    path = parser.command("path", "which settings file is read", _path)
    template = parser.command("template", "a settings file with everything in it, as comments", _template, json=False)
    template.add_argument("--markdown", action="store_true", help="as a page: docs/settings.md")
    for each in (show, check, path):
        settings.add_file_flag(each)
    return parser.run(argv)


def sections() -> Mapping[str, Section]:
    """Every section of the settings file."""
    found = {}
    for section, (target, about) in DECLARED.items():
        module, _, name = target.partition(":")
        found[section] = Section(getattr(importlib.import_module(module), name), about)
    return found


def address_of(server: ServerSettings) -> Mapping[str, str]:
    """The settings by which a window on the server's own machine reaches it; empty where the defaults do."""
    url = url_of(server.host, server.port, tls=server.tls_files is not None)
    if server.ca_path is not None:
        return {"server_url": url, "ca_file": str(server.ca_path.absolute())}
    return {} if url == ServerAddress().server_url else {"server_url": url}


def astray(path: Path, server: ServerSettings) -> list[str]:
    """The sections of the settings file that point a window on this machine to another server."""
    present, default = tomllib.loads(path.read_text(encoding="utf-8")), ServerAddress().server_url
    url = address_of(server).get("server_url", default)
    return [window for window in WINDOWS if present.get(window, {}).get("server_url", default) != url]


def page() -> str:
    """The text of docs/settings.md."""
    return _PAGE + document.markdown(sections())


def _loaded(options: argparse.Namespace) -> dict[str, Loaded[msgspec.Struct]]:
    """All sections. Raises `Failed` with every mistake of every section, each once."""
    found, wrong = {}, dict[str, None]()
    for name, section in sections().items():
        try:
            found[name] = settings.load(section.declared, name, {"config": options.config})
        except SettingsError as error:
            wrong |= dict.fromkeys(str(error).splitlines())
    if wrong:
        raise Failed(*wrong, status=2)
    return found


def _show(options: argparse.Namespace) -> None:
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
        return
    for section, values in found.items():
        if section == "server" and not values["data_dir"].value:
            # The effective path, for moving or copying the data.
            values["data_dir"] = Shown(str(data_dir()), "default: the user's data directory")
        console.show(f"[{section}]", style="bold")
        rows = [(name, document.literal(each.value), each.origin) for name, each in values.items()]
        console.table(("setting", "value", "from"), rows)


def _check(options: argparse.Namespace) -> None:
    _loaded(options)
    file = _file(options)
    if options.json:
        console.as_json(file)
    else:
        console.show(f"{file.path} can be used." if file.exists else f"There is no {file.path}: {_DEFAULTS}")


def _path(options: argparse.Namespace) -> None:
    file = _file(options)
    if options.json:
        console.as_json(file)
        return
    console.show(file.path)
    if not file.exists:
        console.warn(f"It does not exist: {_DEFAULTS}")


def _file(options: argparse.Namespace) -> File:
    path = settings.named_file(vars(options)) or settings.default_file()
    return File(path=str(path), exists=path.exists())


def _template(options: argparse.Namespace) -> None:
    terminal.whole(page() if options.markdown else document.toml(sections()))
