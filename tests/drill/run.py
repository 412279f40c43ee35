"""One drill from its options to its result. Its own module, so that a process of a pool finds it."""

import argparse
import multiprocessing
import os
import signal
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from core.admin.cli import INTERRUPTED
from tests.drill.audit import Findings
from tests.drill.results import Result
from tests.drill.scenario import chosen
from tests.drill.scenarios import SCENARIOS
from tests.drill.shop import Drill
from tests.support import databases


def one(seed: int, options: argparse.Namespace, commit: str) -> Result:
    """One drill, whatever becomes of it."""
    started_at, start_s = datetime.now(UTC), time.monotonic()
    scenarios = chosen(SCENARIOS, seed, options.database, options.scenario)
    found, stuck = Findings(), []
    with tempfile.TemporaryDirectory() as name:
        drill = Drill(Path(options.keep or name) / f"seed-{seed}", seed, scenarios)
        try:
            with databases.standing_on(options.database):
                found = drill.run(options.seconds)
        except Exception:  # noqa: BLE001 - one drill that breaks off does not end the others; it has failed
            stuck.append(f"the drill broke off: {traceback.format_exc()}")
    return Result(
        seed=seed,
        commit=commit,
        database=options.database,
        scenarios=tuple(each.name for each in scenarios),
        asked_for=tuple(options.scenario),
        seconds=options.seconds,
        started_at=started_at,
        took_s=round(time.monotonic() - start_s, 1),
        kills=drill.kills,
        restores=drill.restores,
        recovery_s=round(drill.recovery_s, 1),
        found=found,
        stuck=(*drill.stuck, *stuck),
    )


def one_of_a_pool(seed: int, options: argparse.Namespace, commit: str) -> Result:
    """As `one`, in a process of a pool, which ends with it when it is told to."""
    try:
        return one(seed, options, commit)
    except KeyboardInterrupt:  # a pool takes it for the failure of this one, and would begin with the next
        os._exit(INTERRUPTED)


def interrupt_at_the_end() -> None:
    """Ends this process as Ctrl+C does when it is told to end: servers are stopped and small disks unmounted."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the pool says it again, to what is ending already
    for child in multiprocessing.active_children():
        child.terminate()
    raise KeyboardInterrupt
