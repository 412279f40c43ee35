"""Notes, and no errors, of `make check`: the files of the program that are so long that they may hold two subjects."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LONG: Final = 500


def main() -> None:
    for folder in ("core", "pos_app", "customer_view", "resources"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > LONG:
                print(f"note: {path.relative_to(ROOT).as_posix()} has {lines} lines. Is it one subject?")


if __name__ == "__main__":
    main()
