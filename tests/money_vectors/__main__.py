"""`python -m tests.money_vectors FILE`: prints each difference and, last, how many cases passed. Exits with 1 when one
differs, with 2 when the file cannot be read."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.money_vectors.kinds import KINDS, run


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Each value that is not as expected: `lines[0].tax: expected 12, found 11`."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in (*expected, *(each for each in found if each not in expected)):
            where = f"{path}.{key}" if path else str(key)
            if key not in found:
                yield f"{where}: expected {expected[key]!r}, found nothing"
            elif key not in expected:
                yield f"{where}: expected nothing, found {found[key]!r}"
            else:
                yield from differences(expected[key], found[key], where)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for position, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}[{position}]")
    elif type(expected) is not type(found) or expected != found:
        yield f"{path}: expected {expected!r}, found {found!r}"


def failures(cases: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """The name of each case that differs, with its differences."""
    for case in cases:
        if case["kind"] not in KINDS:
            found = [f"there is no kind {case['kind']!r}"]
        else:
            try:
                found = list(differences(case["expected"], run(case["kind"], case["input"])))
            except Exception as error:  # noqa: BLE001 - a case that ends in an error has failed; the others still run
                found = [f"{type(error).__name__}: {error}"]
        if found:
            yield case["name"], found


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tests.money_vectors FILE", file=sys.stderr)
        return 2
    try:
        document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        cases = document["cases"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{arguments[0]} cannot be read: {error}", file=sys.stderr)
        return 2
    failed = 0
    for name, found in failures(cases):
        failed += 1
        print(name, *(f"  {line}" for line in found), sep="\n")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
