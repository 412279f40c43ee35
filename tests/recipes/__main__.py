"""Follow recipes of docs/recipes.md on a copy of the tree, count the files, and run what each recipe names.

Ends with 1 when a recipe touches more files than it may or one that it does not name, when a step cannot be followed as
it is written, or when a check is red.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from tests.recipes import endpoint, panel, status
from tests.recipes.copies import Copy, Lost
from tests.recipes.document import ROOT, Recipe

RECIPES: dict[str, ModuleType] = {"status": status, "endpoint": endpoint, "panel": panel}
UPDATE = ["python", "-m", "resources.locale.update"]


def follow(module: ModuleType, copy: Copy) -> list[str]:
    """Does all that a recipe says but for its checks. Gives the files touched by hand, of which it names each.

    Raises `Lost` when a step cannot be followed, or a file is touched that the recipe does not name.
    """
    recipe = Recipe(copy.root, module.HEADING)
    module.follow(copy)
    touched = copy.touched()
    if unnamed := [path for path in touched if not recipe.has(path)]:
        raise Lost(f"the recipe does not name {', '.join(unnamed)}")
    return touched


def generate(module: ModuleType, copy: Copy) -> None:
    """Runs what the recipe says to run. Raises `Lost` when one of these fails."""
    for command in Recipe(copy.root, module.HEADING).commands:
        if copy.run(*command[1:]):
            raise Lost(f"`{' '.join(command)}` fails")
        if command == UPDATE:
            module.translate(copy)
            copy.run(*command[1:])


def cook(name: str, *, whole: bool) -> bool:
    """Whether the recipe comes out as it should. What it does is told on standard output."""
    module, begun_s = RECIPES[name], time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"orderbell-{name}-") as folder:
        copy = Copy(ROOT, Path(folder))
        try:
            touched = follow(module, copy)
            generate(module, copy)
        except Lost as lost:
            print(f"{name}: {lost}")
            return False
        print(f"{name}: {len(touched)} files of at most {module.MOST}: {', '.join(touched)}", flush=True)
        own = [path for path in touched if Path(path).name.startswith("test_")]
        named = dict.fromkeys([*Recipe(ROOT, module.HEADING).tests, *own])
        tests = ["tests"] if whole else ["tests/architecture", *named]
        status = copy.check(tests)
        more = [path for path in copy.touched() if path not in touched]
    good = not status and not more and len(touched) <= module.MOST
    spent_s = time.perf_counter() - begun_s
    print(
        f"{name}: {'green' if good else 'red'} after {spent_s:.0f} s",
        *(f"and left {path}" for path in more),
        flush=True,
    )
    return good


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recipes", description=__doc__, allow_abbrev=False)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"{', '.join(RECIPES)} (default: all)")
    parser.add_argument("--whole", action="store_true", help="run every test there, and not only those named")
    options = parser.parse_args(argv)
    if unknown := set(options.recipes) - set(RECIPES):
        parser.error(f"there is no recipe {', '.join(sorted(unknown))}")
    good = [cook(name, whole=options.whole) for name in options.recipes or RECIPES]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
