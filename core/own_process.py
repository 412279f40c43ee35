"""How this program starts itself: with the same interpreter, and never with code from the current folder."""

import sys
from typing import Final

_SAFE_PATH: Final = "-P"
"""Without it Python looks for modules in the current folder first: a `core` that lies there would be run."""


def python(*arguments: str) -> list[str]:
    """The command for a process of our own: `python("-m", "core.admin", "serve")`.

    Modules come from where this program is installed, from Python, and from what `PYTHONPATH` names.
    """
    return [sys.executable, _SAFE_PATH, *arguments]
