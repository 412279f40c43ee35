"""The documentation of settings, made from their declarations: a settings file to fill in, and a page."""

import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_type_hints

import msgspec

from core.settings import allowed, description

_WIDTH: Final = 110


class Section(msgspec.Struct, frozen=True):
    """A section of the settings file: its declaration, and its program."""

    declared: type[msgspec.Struct]
    about: str


def toml(sections: Mapping[str, Section], chosen: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """A settings file with every setting: what was `chosen`, and the rest as comments with their defaults."""
    lines: list[str] = []
    for name, section in sections.items():
        taken = (chosen or {}).get(name, {})
        lines += [f"[{name}]", f"# {section.about}", ""]
        for row in _rows(section.declared):
            lines += [f"# {line}" for line in _wrapped(f"{row.description} ({row.allowed})")]
            value = taken.get(row.name, row.default)
            lines += [f"{'' if row.name in taken else '# '}{row.name} = {literal(value)}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def markdown(sections: Mapping[str, Section]) -> str:
    """A page with a table for every section."""
    blocks = []
    for name, section in sections.items():
        rows = (
            f"| `{row.name}` | `{literal(row.default)}` | {row.allowed} | {_escaped(row.description)} |"
            for row in _rows(section.declared)
        )
        head = ("| setting | default | may be | what it is |", "|---|---|---|---|")
        blocks.append("\n".join((f"## [{name}]", "", section.about, "", *head, *rows)))
    return "\n\n".join(blocks) + "\n"


def literal(value: object) -> str:
    """A TOML value. JSON's strings, numbers and booleans are TOML's."""
    return json.dumps(value, ensure_ascii=False)


class _Row(msgspec.Struct, frozen=True):
    name: str
    default: Any
    allowed: str
    description: str


def _rows(declared: type[msgspec.Struct]) -> Iterable[_Row]:
    hints = get_type_hints(declared, include_extras=True)
    for field in msgspec.structs.fields(declared):
        told = description(hints[field.name]).rstrip(".")
        yield _Row(field.name, field.default, allowed(hints[field.name]), told[:1].upper() + told[1:])


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH)


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")
