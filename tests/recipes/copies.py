"""A copy of the tree that a recipe is followed on: edited, compared with what it was, and checked."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po, write_po

from core.own_process import python

GENERATED: Final = ("resources/locale/", "resources/sounds/", "docs/api.md", "docs/settings.md")
"""Catalogues, sounds, and what commands of ours write: they are not counted."""
_KEPT: Final = frozenset({".mypy_cache", ".gitignore", ".pre-commit-config.yaml", ".ci", ".github"})
_LINE: Final = 121
"""The longest line, with its end."""
_MADE: Final = frozenset({"__pycache__", "build", "dist", "out"})


class Lost(Exception):
    """A step cannot be followed as it is written."""


class Copy:
    """`root` as it was, and as a recipe leaves it, in `folder`."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        shutil.copytree(root, folder, ignore=_left_out, dirs_exist_ok=True)

    # -- by hand

    def write(self, path: str, text: str) -> None:
        """A new file. Raises `Lost` where there is one."""
        target = self.folder / path
        if target.exists():
            raise Lost(f"{path} is there already")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """`new` in the one place of `old`. Raises `Lost` where there is not exactly one."""
        target = self.folder / path
        text = target.read_text(encoding="utf-8") if target.is_file() else ""
        if text.count(old) != 1:
            raise Lost(f"{path} has {text.count(old)} places with {old!r}")
        target.write_text(text.replace(old, new), encoding="utf-8")

    def insert(self, path: str, after: str, text: str) -> None:
        """`text` behind the one place of `after`."""
        self.replace(path, after, after + text)

    def add_import(self, path: str, module: str, name: str) -> None:
        """`name` among what is imported from `module`. Raises `Lost` where nothing is."""
        text = (self.folder / path).read_text(encoding="utf-8")
        found = re.search(rf"^from {re.escape(module)} import (\([^)]*\)|[^(\n]*)\n", text, re.MULTILINE)
        if found is None:
            raise Lost(f"{path} imports nothing from {module}")
        names = sorted({*re.findall(r"\w+", found[1]), name})
        line = f"from {module} import {', '.join(names)}\n"
        if len(line) > _LINE or found[1].startswith("("):
            line = f"from {module} import (\n{''.join(f'    {each},{chr(10)}' for each in names)})\n"
        self.replace(path, found[0], line)

    def translate(self, language: str, said: Mapping[str, str | tuple[str, ...]]) -> None:
        """What a translator does: each string of `said` that is still to be translated, or its plurals."""
        path = self.folder / "resources" / "locale" / language / "LC_MESSAGES" / "orderbell.po"
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        for message in catalogue:
            one = message.id[0] if isinstance(message.id, list | tuple) else message.id
            if one in said:
                message.string = said[one]
        with path.open("wb") as file:
            write_po(file, catalogue, sort_output=True, ignore_obsolete=True, width=110, include_lineno=False)

    # -- what became of it

    def touched(self) -> list[str]:
        """The files that are new, or other than they were, and that people write."""
        files = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        kept = (path for path in files if not any(part in _MADE or part.startswith(".") for part in path.parts))
        names = (path.as_posix() for path in kept if not _same(self.root / path, self.folder / path))
        return sorted(name for name in names if not name.startswith(GENERATED))

    def run(self, *arguments: str) -> int:
        """Runs this Python in the copy, on the copy's code. Gives its exit status."""
        environment = os.environ | {"PYTHONPATH": str(self.folder), "QT_QPA_PLATFORM": "offscreen"}
        return subprocess.run(python(*arguments), cwd=self.folder, env=environment, check=False).returncode

    def check(self, tests: Sequence[str]) -> int:
        """The static half of `make check`, then `tests`. Gives the first status that is not 0."""
        checks: list[tuple[str, ...]] = [
            ("-m", "ruff", "check", "-q", "."),
            ("-m", "ruff", "format", "-q", "--check", "."),
            ("-m", "mypy"),
            ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
            ("-m", "tests.long_files"),
            ("-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *tests),
        ]
        return next((status for check in checks if (status := self.run(*check))), 0)


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and one.read_bytes() == other.read_bytes()


def _left_out(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in _MADE or (name.startswith(".") and name not in _KEPT)}
