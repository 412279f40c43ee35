"""Starts child processes of this program: with the same interpreter, and never with code from the current folder."""

import sys
from typing import Final

_SAFE_PATH: Final = "-P"
"""Without it Python looks for modules in the current folder first: a `core` there would be run."""


def python(*arguments: str) -> list[str]:
    """The command of a child process: `python("-m", "core.admin", "serve")`.

    Modules come from this program's installation, from Python, and from `PYTHONPATH`.
    """
    return [sys.executable, _SAFE_PATH, *arguments]
