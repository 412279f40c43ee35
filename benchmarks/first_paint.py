"""How long a person looks at nothing: from a window's `show` to its first paint, against a bare PySide6 window."""

import time
from collections.abc import Callable
from typing import Final

from benchmarks.measure import Claim, Result, Spread, in_turns, probed, ratios

WINDOWS: Final = {"bare": "a bare QMainWindow with a label", "customer": "customer's window", "pos": "cashier's window"}


def run(quick: bool) -> Result:
    started: dict[str, list[float]] = {name: [] for name in WINDOWS}
    contenders = {name: _shown(name, started[name]) for name in WINDOWS}
    for contender in contenders.values():
        contender()
    for times in started.values():
        times.clear()
    painted = in_turns(contenders, 3 if quick else 15)
    rows, claims = [], []
    for name, what in WINDOWS.items():
        ratio = ratios(painted[name], painted["bare"])
        rows.append((what, Spread.of(painted[name]).shown(), ratio.shown(2), Spread.of(started[name]).shown(0)))
        if name != "bare":
            claims.append(Claim(f"shown to first paint, {what} over a bare one", ratio.median, "most", 1.5))
    return Result(
        name="paint",
        title="First paint: milliseconds, each window in a process of its own, offscreen",
        columns=("window", "shown to painted", "x bare", "process start to painted"),
        rows=tuple(rows),
        claims=tuple(claims),
        notes=("Shown as it starts: the sign-in page, with no backend to talk to.",),
    )


def _shown(name: str, started: list[float]) -> Callable[[], float]:
    def show() -> float:
        began = time.perf_counter()
        painted_ms = float(probed("benchmarks.paint_probe", name))
        started.append((time.perf_counter() - began) * 1000)
        return painted_ms

    return show
