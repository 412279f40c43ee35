"""What drills have found, in a file that is added to: one JSON object a line, one line a drill."""

import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from tests.drill.audit import Findings

_ROOT: Final = Path(__file__).resolve().parents[2]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    seed: int
    commit: str
    """With `+` behind it where the checkout was changed."""
    database: str
    scenarios: tuple[str, ...]
    """Those that ran."""
    asked_for: tuple[str, ...] = ()
    """Those that were named; none: the seed chose."""
    seconds: float
    """How long the trouble lasted."""
    started_at: datetime
    took_s: float
    kills: int = 0
    restores: int = 0
    recovery_s: float = 0.0
    found: Findings = msgspec.field(default_factory=Findings)
    stuck: tuple[str, ...] = ()
    """Whoever did not come to an end; or that the drill itself broke off."""

    @property
    def clean(self) -> bool:
        return self.found.clean and not self.stuck

    @property
    def same_run(self) -> tuple[object, ...]:
        """What another drill must have in common with it to be of one long run."""
        return self.commit, self.database, self.asked_for, self.seconds


class Results:
    """Safe to add to from several threads, and from several processes of one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._adding = threading.Lock()

    def add(self, result: Result) -> None:
        line = msgspec.json.encode(result) + b"\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._adding, self._path.open("ab", buffering=0) as file:
            file.write(line)

    def read(self) -> list[Result]:
        if not self._path.exists():
            return []
        return [msgspec.json.decode(line, type=Result) for line in self._path.read_bytes().splitlines()]


def commit() -> str:
    """The commit that is checked out; empty outside of a checkout."""
    head, changed = _git("rev-parse", "--short=12", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    return head + "+" if changed else head


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def summary(results: Iterable[Result]) -> str:
    """Long runs, one a paragraph. Of a seed that was drilled again, every time counts."""
    runs = defaultdict(list)
    for result in results:
        runs[result.same_run].append(result)
    return "\n\n".join(_summary(run) for run in runs.values()) or "no drills"


def _summary(run: list[Result]) -> str:
    first = run[0]
    scenarios = ", ".join(first.asked_for) or "scenarios by seed"
    failed = sorted({result.seed for result in run if not result.clean})
    sums = {
        name: sum(getattr(result.found, name) for result in run)
        for name in Findings.__struct_fields__
        if name != "notes"
    }
    used = sorted({name for result in run for name in result.scenarios})
    times = [f"{name} in {sum(name in result.scenarios for result in run)}" for name in used]
    kills, restores = sum(result.kills for result in run), sum(result.restores for result in run)
    longest_s = max(result.recovery_s for result in run)
    return "\n".join(
        (
            f"{first.commit or 'no commit'} on {first.database}, {scenarios}, {first.seconds:g} s of trouble each",
            f"  {len({result.seed for result in run})} seeds in {len(run)} drills: {', '.join(times)}",
            "  " + ", ".join(f"{value} {name}" for name, value in sums.items()),
            f"  {kills} kills, {restores} restores, settled after {longest_s:.1f} s at most",
            f"  failed: {', '.join(map(str, failed))}" if failed else "  all clean",
        )
    )
