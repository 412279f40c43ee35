"""`python -m tests.drill`: run it, print what was found, and exit 1 if anything was lost, doubled or came apart."""

import argparse
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from core.admin.cli import INTERRUPTED
from tests.drill import results
from tests.drill.audit import Findings
from tests.drill.results import Result, Results
from tests.drill.run import interrupt_at_the_end, one, one_of_a_pool
from tests.drill.scenario import chosen
from tests.drill.scenarios import SCENARIOS
from tests.support import databases

_RESULTS: Final = Path("build") / "drill.jsonl"
_FOUND: Final = tuple(name for name in Findings.__struct_fields__ if name != "notes")
_COLUMNS: Final = ("seed", *_FOUND, "kills", "restores", "recovery_s")
_EXAMPLES: Final = """
A long run in parts, two drills at a time, and what all of it came to:
  python -m tests.drill --seeds 100 --jobs 2
  python -m tests.drill --seeds 100 --first 101 --jobs 2
  python -m tests.drill --summary
"""


def _each(seeds: Sequence[int], options: argparse.Namespace, commit: str) -> Iterator[Result]:
    if options.jobs == 1:
        for seed in seeds:
            yield one(seed, options, commit)
        return
    # Processes, as a drill has the choice of database in a global; they stay, and with them the PostgreSQL of each.
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn"), interrupt_at_the_end) as pool:
        try:
            for ended in as_completed([pool.submit(one_of_a_pool, seed, options, commit) for seed in seeds]):
                yield ended.result()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.drill",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=1, help="how many drills (default: 1)")
    parser.add_argument("--first", type=int, default=1, help="the first one's seed (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="drills at a time (default: 1)")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long the trouble lasts in each (default: 15)")
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite", help="under the backend")
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        choices=[each.name for each in SCENARIOS],
        help="with this trouble; may be repeated (default: a mix that the seed chooses)",
    )
    parser.add_argument("--keep", metavar="DIR", help="keep files and logs there")
    parser.add_argument(
        "--results",
        type=Path,
        default=_RESULTS,
        metavar="FILE",
        help=f"add a line for each drill (default: {_RESULTS})",
    )
    parser.add_argument("--again", action="store_true", help="also seeds that the results have for the same commit")
    parser.add_argument("--summary", action="store_true", help="run nothing; sum the results up")
    return parser


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    interrupt_at_the_end()
    kept = Results(options.results)
    if options.summary:
        everything = kept.read()
        print(results.summary(everything))
        return 0 if all(result.clean for result in everything) else 1
    try:
        chosen(SCENARIOS, 0, options.database, options.scenario)
    except ValueError as error:
        parser.error(str(error))
    commit = results.commit()
    run = (commit, options.database, tuple(options.scenario), options.seconds)
    done = {each.seed for each in kept.read() if each.same_run == run and each.clean}
    if options.again or commit.endswith("+") or not commit:
        done = set()
    seeds = [seed for seed in range(options.first, options.first + options.seeds) if seed not in done]
    if len(seeds) < options.seeds:
        print(f"{options.seeds - len(seeds)} seeds are in {options.results} already, clean on this commit")
    print("  ".join(f"{name:>12}" for name in _COLUMNS), " scenarios")
    failed, total = [], 0
    for result in _each(seeds, options, commit):
        kept.add(result)
        total += result.found.acknowledged
        values = [result.seed, *(getattr(result.found, name) for name in _FOUND)]
        values += [result.kills, result.restores, result.recovery_s]
        print("  ".join(f"{value!s:>12}" for value in values), f" {' '.join(result.scenarios)}", flush=True)
        if not result.clean:
            failed.append(result.seed)
            print("\n".join([*result.found.notes[:20], *result.stuck]), file=sys.stderr, flush=True)
    print(f"{total} acknowledged operations in {len(seeds)} drills; {len(failed)} drills failed {failed or ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
