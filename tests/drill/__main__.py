"""`python -m tests.drill`: run it, print what was found, and exit 1 if anything was lost, doubled or came apart."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.drill.shop import Drill
from tests.support import databases


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many drills (default: 1)")
    parser.add_argument("--first", type=int, default=1, help="the first one's seed (default: 1)")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long the trouble lasts in each (default: 15)")
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite", help="under the backend")
    parser.add_argument("--keep", metavar="DIR", help="keep files and logs there")
    options = parser.parse_args()
    columns = (
        *("seed", "operations", "acknowledged", "asked", "lost", "doubled"),
        *("reordered", "diverged", "kills", "restores", "recovery_s"),
    )
    print("  ".join(f"{name:>12}" for name in columns))
    failed, total = [], 0
    for seed in range(options.first, options.first + options.seeds):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(options.keep or name) / f"seed-{seed}"
            drill = Drill(directory, seed)
            with databases.standing_on(options.database):
                found = drill.run(options.seconds)
        total += found.acknowledged
        values = (seed, found.accepted, found.acknowledged, found.asked, found.lost, found.doubled, found.reordered)
        more = (found.diverged, drill.kills, drill.restores, f"{drill.recovery_s:.1f}")
        print("  ".join(f"{value!s:>12}" for value in (*values, *more)), flush=True)
        if not found.clean or drill.stuck:
            failed.append(seed)
            print("\n".join([*found.notes[:20], *drill.stuck]), file=sys.stderr, flush=True)
    print(f"{total} acknowledged operations in {options.seeds} drills; {len(failed)} drills failed {failed or ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
