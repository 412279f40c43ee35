"""How everything here is measured: contenders take turns in one run, and their ratios in a turn are compared."""

import os
import statistics
import subprocess
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

import msgspec

from core.own_process import python

Key = TypeVar("Key")


class Spread(msgspec.Struct, frozen=True):
    """A figure measured several times."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))

    def shown(self, digits: int = 1) -> str:
        return f"{self.median:,.{digits}f} ({self.least:,.{digits}f}-{self.most:,.{digits}f})"


class Claim(msgspec.Struct, frozen=True):
    """What is claimed, and what was found."""

    text: str
    found: float
    at: Literal["least", "most"]
    bound: float

    @property
    def holds(self) -> bool:
        return self.found >= self.bound if self.at == "least" else self.found <= self.bound

    def shown(self) -> str:
        return f"{'holds ' if self.holds else 'MISSED'}  {self.text}: {self.found:.2f} (at {self.at} {self.bound:g})"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark's table, its claims, and what has to be known to read them."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    claims: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = ()

    def shown(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [self.title, ""]
        for row in (self.columns, tuple("-" * width for width in widths), *self.rows):
            cells = [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
            lines.append("  ".join(cells).rstrip())
        lines += ["", *(claim.shown() for claim in self.claims), *self.notes]
        return "\n".join(lines)


def probed(module: str, *arguments: str) -> bytes:
    """What a process with windows, offscreen, prints until it ends. Raises `RuntimeError` with its complaint."""
    ended = subprocess.run(
        python("-m", module, *arguments),
        cwd=Path(__file__).parents[1],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        timeout=300,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"{module} ended with {ended.returncode}: {ended.stderr.decode()}")
    return ended.stdout


def end_at_a_mistake(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """`sys.excepthook` of such a process: a mistake inside an event ends the program, and not only the event."""
    traceback.print_exception(kind, error, trace)
    os._exit(1)


def in_turns(contenders: Mapping[Key, Callable[[], float]], rounds: int) -> dict[Key, list[float]]:
    """Each contender's figure, once a round. Every other round goes backwards, so that nobody always goes first."""
    figures: dict[Key, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name in list(contenders) if turn % 2 == 0 else reversed(list(contenders)):
            figures[name].append(contenders[name]())
    return figures


def ratios(upper: Sequence[float], lower: Sequence[float]) -> Spread:
    """`upper` over `lower`, round by round: what slows the machine down for a while slows both."""
    return Spread.of([above / below for above, below in zip(upper, lower, strict=True)])
