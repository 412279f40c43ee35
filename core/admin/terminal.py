"""Plain output on the terminal. Control characters in names and notes are escaped.

Only this and `core.admin.console`, which adds colours and tables and takes longer to import, write to it.
"""

import sys
from collections.abc import Iterable

from core import printable


def lines(texts: Iterable[str], *, error: bool = False) -> None:
    """Print each of `texts` on one line; on standard error for an `error`."""
    print("\n".join(map(printable.line, texts)), file=sys.stderr if error else sys.stdout, flush=True)


def whole(text: str) -> None:
    """Print our own text with several lines: a usage, a file."""
    print(printable.lines(text), end="", flush=True)
