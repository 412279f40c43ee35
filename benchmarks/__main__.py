"""`python -m benchmarks`: measure what is claimed, and print it."""

import argparse
import importlib
import os
import platform
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.measure import Result

BENCHMARKS: Final = {
    "history": "benchmarks.history_by_size",
    "search": "benchmarks.order_search",
    "http": "benchmarks.http_throughput",
    "paint": "benchmarks.first_paint",
    "refresh": "benchmarks.silent_refresh",
    "click": "benchmarks.click_to_paint",
    "push": "benchmarks.push_fanout",
    "push-idle": "benchmarks.push_idle",
    "push-stalled": "benchmarks.push_stalled",
    "unchanged": "benchmarks.push_unchanged",
    "outbox": "benchmarks.outbox",
    "hanging": "benchmarks.hanging",
    "catch-up": "benchmarks.catch_up",
    "day": "benchmarks.day",
    "z": "benchmarks.z_report",
    "totals": "benchmarks.totals",
    "year": "benchmarks.year_report",
}
RESULTS: Final = Path(__file__).with_name("results.md")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="just this one (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter: to see that it runs, not to quote")
    parser.add_argument("--json", action="store_true", help="the results as JSON, one object a line")
    parser.add_argument("--write", action="store_true", help=f"keep the results in {RESULTS.name} too")
    arguments = parser.parse_args()
    machine = (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )
    print(machine, file=sys.stderr)
    shown = []
    for name in arguments.only or BENCHMARKS:
        measure: Callable[[bool], Result] = importlib.import_module(BENCHMARKS[name]).run
        result = measure(arguments.quick)
        shown.append(result.shown())
        print(msgspec.json.encode(result).decode() if arguments.json else shown[-1] + "\n", flush=True)
        if arguments.write:  # each time: the next one may take ten minutes, or fail
            tables = "\n\n".join(f"```\n{table}\n```" for table in shown)
            today = datetime.now(UTC).date()
            RESULTS.write_text(f"# The last run\n\n{today}, {machine}.\n\n{tables}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
