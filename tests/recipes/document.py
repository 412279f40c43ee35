"""docs/recipes.md as somebody fresh reads it: which files a recipe names, and which commands."""

import fnmatch
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_CODE: Final = re.compile(r"`([^`\n]+)`")
_FILE: Final = re.compile(r"[\w./<>*-]+\.(?:py|md|svg|json|toml|qss)|[\w./]+/\*\*")
_BLANK: Final = re.compile(r"<\w+>")


class Recipe:
    """One section of the document."""

    def __init__(self, root: Path, heading: str) -> None:
        """Raises `ValueError` when the document has no such section."""
        text = (root / "docs" / "recipes.md").read_text(encoding="utf-8")
        _, found, rest = text.partition(f"## {heading}\n")
        if not found:
            raise ValueError(f"docs/recipes.md has no section “{heading}”")
        self._root = root
        codes = _CODE.findall(rest.partition("\n## ")[0])
        self.names = [code for code in codes if _FILE.fullmatch(code)]
        """Files, some with blanks: `resources/icons/status-<value>.svg`."""
        self.commands = [code.split() for code in codes if code.startswith("python -m ")]
        """What is run, in this order."""

    @property
    def tests(self) -> list[str]:
        """The tests that are there."""
        return [name for name in self.names if Path(name).name.startswith("test_") and (self._root / name).is_file()]

    def has(self, path: str) -> bool:
        """Whether the recipe names this file."""
        return any(fnmatch.fnmatchcase(path, _BLANK.sub("*", name)) for name in self.names)
