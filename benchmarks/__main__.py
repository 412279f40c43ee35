"""`python -m benchmarks`: measure what is claimed, and print it."""

import argparse
import importlib
import platform
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from benchmarks.measure import Result

BENCHMARKS: Final = {
    "history": "benchmarks.history_by_size",
    "http": "benchmarks.http_throughput",
    "paint": "benchmarks.first_paint",
    "refresh": "benchmarks.silent_refresh",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="just this one (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter: to see that it runs, not to quote")
    parser.add_argument("--json", action="store_true", help="the results as JSON, one object a line")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()} on {platform.system()}", file=sys.stderr)
    for name in arguments.only or BENCHMARKS:
        measure: Callable[[bool], Result] = importlib.import_module(BENCHMARKS[name]).run
        result = measure(arguments.quick)
        print(msgspec.json.encode(result).decode() if arguments.json else result.shown() + "\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
