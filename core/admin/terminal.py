"""Plain lines on the terminal. What names and notes contain is shown there as text and does nothing.

With `core.admin.console`, which adds colours and tables and takes longer to import, this is all that writes to it.
"""

import sys
from collections.abc import Iterable

from core import printable


def lines(texts: Iterable[str], *, error: bool = False) -> None:
    """Each of `texts` on one line; on standard error when it says an `error`."""
    print("\n".join(map(printable.line, texts)), file=sys.stderr if error else sys.stdout, flush=True)


def whole(text: str) -> None:
    """Several lines of ours as they are: a usage, a file."""
    print(printable.lines(text), end="", flush=True)


def over(text: str) -> None:
    """`text` on standard error, over the terminal's current line: how far it has come."""
    print(f"\r{printable.line(text)}\r", end="", file=sys.stderr, flush=True)
