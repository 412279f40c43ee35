"""Output of commands: tables, bars and colours on a terminal, plain text in a pipe, one sentence on an error.

Only this and `core.admin.terminal` write to the terminal: names and notes are escaped. Rich is imported on first use,
so that a server that prints nothing need not wait for it.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from core import printable
from core.admin import terminal
from core.admin.failed import Failed

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH: Final = 200
"""Columns of a table in a file or pipe, so that nothing is cut."""


class Advance(Protocol):
    """A progress callback: `done` of `total`."""

    def __call__(self, done: int, total: int) -> None: ...


def out() -> "Console":
    """Standard output, as it is now."""
    return _console(stderr=False)


def err() -> "Console":
    """Standard error, as it is now."""
    return _console(stderr=True)


def show(text: str, style: str | None = None) -> None:
    """Print a line of text, without markup."""
    out().print(_line(text), style=style, markup=False, highlight=False, soft_wrap=True)


def warn(text: str) -> None:
    """Print a line on standard error."""
    err().print(_line(text), style="yellow", markup=False, highlight=False, soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing.") -> None:
    """Print a table, or `empty` when it has no rows. Columns of numbers are right-aligned."""
    found = [[*row] for row in rows]
    if not found:
        show(empty)
        return
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for at, column in enumerate(columns):
        numeric = all(isinstance(row[at], int | float | Decimal) for row in found)
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in found:
        shown.add_row(*("" if value is None else printable.line(str(value)) for value in row))
    console = out()
    if console.is_terminal:
        console.print(shown)
        return
    with console.capture() as text:  # Rich fills each line up with blanks
        console.print(shown)
    terminal.whole("".join(f"{each.rstrip()}\n" for each in text.get().splitlines()))


def as_json(value: Any) -> None:
    """Print one JSON value on a line, for scripts."""
    terminal.whole(printable.json_text(msgspec.json.encode(value).decode()) + "\n")


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """A progress bar on standard error during the block; nothing when that is no terminal."""
    console = err()
    if not console.is_terminal:
        yield no_bar
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


def confirm(question: str, *, yes: bool = False) -> None:
    """Ask a person to confirm, unless `yes`. Raises `Failed` when they decline or nobody is there."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failed(f"{question} Nobody is here to be asked: add --yes.", status=2)
    if input(printable.line(f"{question} [y/N] ")).strip().casefold() not in {"y", "yes"}:
        raise Failed("Cancelled. Nothing was changed.")


def _line(text: str) -> str:
    body = text.strip("\n")
    return text.replace(body, printable.line(body)) if body else text


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def no_bar(done: int, total: int) -> None:
    """Does nothing: there is no terminal."""
