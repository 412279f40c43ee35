"""Threads that keep running: an exception is logged and passed to a callback, and the work is started again."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

PAUSE_S: Final = 0.1
PAUSE_MOST_S: Final = 5.0
_WENT_WELL_S: Final = 60.0
"""After so long without an error the pause is reset."""


def keep_running(
    work: Callable[[], None], name: str, *, failed: Callable[[Exception], None] | None = None, daemon: bool = True
) -> threading.Thread:
    """A thread, not started yet, that calls `work` until it returns.

    An exception is logged and passed to `failed`, in the thread, so that it can be shown; after a pause (0.1 s, doubled
    each time, at most 5 s) `work` is called again.
    """

    def run() -> None:
        pause_s = PAUSE_S
        while True:
            began_s = time.monotonic()
            try:
                work()
            except Exception as error:
                log.exception("a worker failed; it is started again", extra={"worker": name})
                _report(failed, error)
            else:
                return
            pause_s = PAUSE_S if time.monotonic() - began_s > _WENT_WELL_S else pause_s
            time.sleep(pause_s)
            pause_s = min(PAUSE_MOST_S, 2 * pause_s)

    return threading.Thread(target=run, name=name, daemon=daemon)


def run_aside(work: Callable[[], None], name: str) -> threading.Thread:
    """Run `work` once, in a daemon thread. An exception is logged."""

    def run() -> None:
        try:
            work()
        except Exception:
            log.exception("a worker failed", extra={"worker": name})

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def _report(failed: Callable[[Exception], None] | None, error: Exception) -> None:
    if failed is None:
        return
    try:
        failed(error)
    except Exception:
        log.exception("a worker's error could not be shown")
