"""Settings, declared once as a frozen struct; read from a TOML file, then `ORDERBELL_…` variables, then flags."""

import argparse
import os
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import platformdirs
from msgspec import Meta

PREFIX: Final = "ORDERBELL_"
T = TypeVar("T", bound=msgspec.Struct)


class SettingsError(Exception):
    """A setting that cannot be used; the message names it, where it came from, and what it may be."""


class Loaded(msgspec.Struct, Generic[T], frozen=True):
    """The settings, and for each one where it came from: `default`, a file, a variable, or a flag."""

    values: T
    origins: dict[str, str]


def default_file() -> Path:
    """The settings file of this user on this platform."""
    return platformdirs.user_config_path("orderbell", appauthor=False) / "orderbell.toml"


def data_dir() -> Path:
    """Where this user's Orderbell keeps its databases and keys. Not created."""
    return platformdirs.user_data_path("orderbell", appauthor=False)


def add_flags(
    parser: argparse.ArgumentParser, declared: type[msgspec.Struct], only: Collection[str] | None = None
) -> None:
    """One flag for every setting, or for those of `only`: `history_refresh_s` → `--history-refresh-s`; `--config`
    names the file.
    """
    parser.add_argument("--config", metavar="FILE", help=f"settings file (default: {default_file()})")
    hints, types = get_type_hints(declared, include_extras=True), get_type_hints(declared)
    for field in msgspec.structs.fields(declared):
        if only is not None and field.name not in only:
            continue
        flag = "--" + field.name.replace("_", "-")
        described = _description(hints[field.name])
        text = f"{described} (default: {field.default})".replace("%", "%%")
        if types[field.name] is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            parser.add_argument(flag, metavar=field.name.rsplit("_", 1)[-1].upper(), default=None, help=text)


def load(
    declared: type[T],
    section: str,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Loaded[T]:
    """The settings of `section`, as `declared` says they are.

    `flags` are parsed arguments, None meaning not given. A `file` that was asked for must exist; the default one
    need not. Raises `SettingsError`.
    """
    flags = flags or {}
    chosen = file or (Path(flags["config"]) if flags.get("config") else None)
    source = str(chosen or default_file())
    names = [field.name for field in msgspec.structs.fields(declared)]
    values: dict[str, Any] = {}
    origins = dict.fromkeys(names, "default")
    for name, value in _section(chosen, section).items():
        if name not in origins:
            raise SettingsError(f"{source}: [{section}] has no setting {name!r}. It has: {', '.join(names)}.")
        values[name], origins[name] = value, source
    for name in names:
        variable = PREFIX + name.upper()
        if variable in environment:
            values[name], origins[name] = environment[variable], variable
        if flags.get(name) is not None:
            values[name], origins[name] = flags[name], "--" + name.replace("_", "-")
    for name, value in values.items():
        _check(declared, name, value, origins[name])
    try:
        return Loaded(msgspec.convert(values, declared, strict=False), origins)
    except msgspec.ValidationError as error:  # Each is possible by itself, but not all of them together.
        raise SettingsError(f"[{section}] {error}.") from None


def parse(declared: type[T], section: str, parser: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> T:
    """Parse `argv` with the settings' flags added to `parser`; a bad setting ends the program with status 2."""
    add_flags(parser, declared)
    try:
        return load(declared, section, vars(parser.parse_args(argv))).values
    except SettingsError as error:
        parser.error(str(error))


def _section(file: Path | None, section: str) -> dict[str, Any]:
    path = file or default_file()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if file is None:
            return {}
        raise SettingsError(f"There is no settings file {path}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from None
    found = content.get(section, {})
    if not isinstance(found, dict):
        raise SettingsError(f"{path}: {section!r} must be a table: [{section}].")
    return found


def _check(declared: type[msgspec.Struct], name: str, value: object, origin: str) -> None:
    hint = get_type_hints(declared, include_extras=True)[name]
    try:
        msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{name} = {value!r} (from {origin}): {error}.") from None


def _description(hint: object) -> str:
    if get_origin(hint) is Annotated:
        return next((m.description for m in get_args(hint)[1:] if isinstance(m, Meta) and m.description), "")
    return ""
