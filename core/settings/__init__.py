"""Settings, declared once as a frozen struct; read from a TOML file, then `ORDERBELL_…` variables, then flags."""

import argparse
import os
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Generic, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import platformdirs
from msgspec import Meta
from typing_extensions import override

from core import urls
from core.decoding import convert
from core.reasons import reason
from core.settings.lines import numbers

PREFIX: Final = "ORDERBELL_"
FILE_VARIABLE: Final = "ORDERBELL_CONFIG"
"""The variable that names the settings file, as `--config` does."""
SECTIONS: Final = ("server", "pos", "customer", "board", "sync")
"""The sections of a settings file; `core.admin.config` declares their contents."""
SECRET: Final = {"secret": True}
"""`Meta(extra=SECRET)`: never shown."""
_FORMER: Final = "former"
T = TypeVar("T", bound=msgspec.Struct)


class SettingsError(Exception):
    """Invalid settings: a line for each, with its origin, to the line, and the valid values."""


class Parser(argparse.ArgumentParser):
    """Says wrong use in one sentence, without the whole usage."""

    @override
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message.removesuffix('.')}. See: {self.prog} --help\n")


class Loaded(msgspec.Struct, Generic[T], frozen=True):
    """The settings, and the origin of each: `default`, a line of a file, a variable, or a flag."""

    values: T
    origins: dict[str, str]


def former(name: str) -> dict[str, str]:
    """`Meta(extra=former("events_most"))`: the setting's name in earlier releases, accepted wherever its own is."""
    return {_FORMER: name}


def default_file() -> Path:
    """The settings file of this user on this platform."""
    return platformdirs.user_config_path("orderbell", appauthor=False) / "orderbell.toml"


def data_dir() -> Path:
    """The directory of this user's databases and keys. Not created."""
    return platformdirs.user_data_path("orderbell", appauthor=False)


def state_dir() -> Path:
    """The directory of what belongs to this machine alone, and is in no copy of its data: on no platform `data_dir`, or
    in it. Not created."""
    return platformdirs.user_state_path("orderbell-state", appauthor=False)


def add_file_flag(parser: argparse._ActionsContainer) -> None:
    """Add `--config`, which names the file."""
    told = f"settings file (default: ${FILE_VARIABLE}, or {default_file()})"
    parser.add_argument("--config", metavar="FILE", help=told)


def add_flags(
    parser: argparse._ActionsContainer, declared: type[msgspec.Struct], only: Collection[str] | None = None
) -> None:
    """Add a flag for every setting, or for those of `only`: `history_refresh_s` → `--history-refresh-s`; and
    `--config`."""
    add_file_flag(parser)
    hints, types = get_type_hints(declared, include_extras=True), get_type_hints(declared)
    for field in msgspec.structs.fields(declared):
        if only is not None and field.name not in only:
            continue
        flag = _flag(field.name)
        default = "" if field.default in ("", False) else f" (default: {field.default})"
        text = f"{description(hints[field.name])}{default}".replace("%", "%%")
        if types[field.name] is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            parser.add_argument(flag, metavar=field.name.rsplit("_", 1)[-1].upper(), default=None, help=text)
            if old := _extra(hints[field.name], _FORMER):
                parser.add_argument(_flag(old), dest=field.name, default=None, help=argparse.SUPPRESS)


def load(
    declared: type[T],
    section: str,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Loaded[T]:
    """The settings of `section`, declared by `declared`.

    `flags` are parsed arguments, None meaning not given. A named file must exist; the default one need not. Raises
    `SettingsError`, with all mistakes.
    """
    flags = flags or {}
    path = file or named_file(flags, environment)
    source = _Source(path or default_file(), required=path is not None)
    names = [field.name for field in msgspec.structs.fields(declared)]
    hints = get_type_hints(declared, include_extras=True)
    now = {old: name for name in names if (old := _extra(hints[name], _FORMER))}
    values, origins = dict[str, Any](), dict.fromkeys(names, "default")
    wrong = source.unknown(section, names, now)
    table = source.table(section)
    for written, value in table.items():
        name = now.get(written, written)
        if name in origins and (name == written or name not in table):
            values[name], origins[name] = value, source.at(section, written)
    for written, name in (*now.items(), *zip(names, names, strict=True)):  # its own name is stronger than its former
        variable = PREFIX + written.upper()
        if variable in environment:
            values[name], origins[name] = environment[variable], variable
    for name in names:
        if flags.get(name) is not None:
            values[name], origins[name] = flags[name], _flag(name)
    wrong += [told for name, value in values.items() if (told := _refusal(declared, name, value, origins[name]))]
    if wrong:
        raise SettingsError("\n".join(wrong))
    try:
        return Loaded(convert(values, declared, strict=False), origins)
    except msgspec.ValidationError as error:  # Each is possible by itself, but not all of them together.
        raise SettingsError(f"[{section}] {error}.") from None


def named_file(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Path | None:
    """The settings file that was named; None when none was."""
    named = flags.get("config") or environment.get(FILE_VARIABLE)
    return Path(named) if named else None


def shown(declared: type[msgspec.Struct], name: str, value: object) -> object:
    """`value` of a setting with secrets and passwords in URLs hidden."""
    if value and _extra(get_type_hints(declared, include_extras=True)[name], "secret"):
        return urls.HIDDEN
    return urls.shown(value) if isinstance(value, str) else value


def parse(declared: type[T], section: str, parser: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> T:
    """Parse `argv` with the settings' flags added to `parser`; a bad setting ends the program with status 2."""
    add_flags(parser, declared)
    try:
        return load(declared, section, vars(parser.parse_args(argv))).values
    except SettingsError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


class _Source:
    """A settings file, and the lines in it."""

    def __init__(self, path: Path, *, required: bool) -> None:
        self._path = path
        try:
            self._text = path.read_text(encoding="utf-8-sig")  # Windows' editors begin a file with a mark
            self._content = tomllib.loads(self._text)
        except FileNotFoundError:
            if required:
                raise SettingsError(
                    f"There is no settings file {path}. Begin one with: orderbell config template"
                ) from None
            self._text, self._content = "", {}
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{path} is not TOML: {error}. How it is written: orderbell config template") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: {reason(error)}") from None
        self._lines = numbers(self._text) if self._content else {}

    def at(self, *names: str) -> str:
        return f"{self._path}:{self._lines[names]}"

    def table(self, section: str) -> dict[str, Any]:
        found = self._content.get(section, {})
        return found if isinstance(found, dict) else {}

    def unknown(self, section: str, names: Sequence[str], former: Collection[str]) -> list[str]:
        """The mistakes for unknown sections, and unknown settings of this one."""
        sections = dict.fromkeys((section, *SECTIONS))
        wrong = []
        for name, value in self._content.items():
            if not isinstance(value, dict):
                wrong.append(f"{self.at(name)}: {name!r} must be in a table, as [{section}].")
            elif name not in sections:
                wrong.append(f"{self.at(name)}: there is no section [{name}]. {_meant(name, sections)}")
        return wrong + [
            f"{self.at(section, name)}: [{section}] has no setting {name!r}. {_meant(name, names)}"
            for name in self.table(section)
            if name not in names and name not in former
        ]


def _meant(name: str, possible: Iterable[str]) -> str:
    close = get_close_matches(name, possible, 1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(possible)}."


def _refusal(declared: type[msgspec.Struct], name: str, value: object, origin: str) -> str:
    hint = get_type_hints(declared, include_extras=True)[name]
    try:
        convert(value, hint, strict=False)
    except msgspec.ValidationError:
        return f"{name} = {shown(declared, name, value)!r} (from {origin}): it may be {allowed(hint)}."
    return ""


def allowed(hint: Any) -> str:
    """The values that a setting may have, by its type hint: `a whole number from 1 to 365`."""
    from msgspec import inspect  # needed to explain, not to load

    return _allowed(inspect.type_info(hint))


def _allowed(kind: Any) -> str:
    from msgspec import inspect

    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            examples = ", ".join((extra or {}).get("examples", ()))
            return _allowed(inner) + (f", as {examples}" if examples else "")
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return ", ".join(map(str, values))
        case inspect.IntType(ge=least, le=most) | inspect.FloatType(ge=least, le=most):
            bounds = f" from {least}" * (least is not None) + f" to {most}" * (most is not None)
            above = f" over {kind.gt}" * (kind.gt is not None)
            return ("a whole number" if isinstance(kind, inspect.IntType) else "a number") + above + bounds
        case inspect.StrType(min_length=least, max_length=most) if most is not None:
            return f"text of {f'{least} to' if least else 'at most'} {most} characters"
        case _:
            return "text"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _extra(hint: object, key: str) -> Any:
    """The value of `key` in what a setting's `Meta` has beside its limits; None when it has none."""
    return next(((each.extra or {}).get(key) for each in get_args(hint) if isinstance(each, Meta)), None)


def description(hint: object) -> str:
    """The description in a setting's type hint."""
    if get_origin(hint) is Annotated:
        return next((m.description for m in get_args(hint)[1:] if isinstance(m, Meta) and m.description), "")
    return ""
