"""The look and sound of the windows, and a first shop: tokens, icons, translations, the demo menus."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

ROOT: Final[Traversable] = files(__name__)


def read_text(*path: str) -> str:
    """The text of one resource: `read_text("icons", "plus.svg")`. Raises `FileNotFoundError`."""
    return ROOT.joinpath(*path).read_text(encoding="utf-8")
