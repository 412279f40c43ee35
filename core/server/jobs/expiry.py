"""Deletes what has expired: sessions, failed attempts, completed operations, ids of baskets that are gone, and old
entries of the security log."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from core.instants import now, to_us
from core.logs import Repeats
from core.server.accounts import throttle
from core.server.services import Services
from core.store import failed_attempts, held_baskets, operations, security_log, sessions
from core.store.engine.database import Duty

log = logging.getLogger(__name__)

STEP: Final = 500
PAUSE_S: Final = 60.0
_BREATH_S: Final = 0.05
_SPARED: Final = timedelta(days=1)
"""An access token lives no longer, and may be the last that a session has."""
_AHEAD_S: Final = 86_400.0
_MARK_S: Final = 0.5
"""The interval between marks."""
_repeats: Final = Repeats()
OPERATIONS_KEPT: Final = timedelta(days=100)
"""After a restore clients send again what was acknowledged in the last 90 days (`outbox.KEPT_FOR`), so completed
operations are kept as long."""


def aged(services: Services) -> datetime:
    """The current time for ages: the wall clock as far as it is believed. One that is far ahead is logged and expires
    nothing."""
    aging = services.database.aging
    at = datetime.fromtimestamp(aging.now_s(), UTC)
    if aging.ahead_s > _AHEAD_S and (count := _repeats.due("clock")) is not None:
        log.warning(
            "this machine's clock says %s, far beyond what has passed since anything last happened here: nothing is "
            "forgotten for its age by that. Is the clock right?",
            f"{now():%Y-%m-%d %H:%M} UTC",
            extra={"believed": f"{at:%Y-%m-%d %H:%M} UTC", "times": count},
        )
    return at


async def keep_mark(services: Services) -> None:
    """Write the mark that the next start compares the database with."""
    await asyncio.to_thread(services.database.keep_mark)
    await asyncio.sleep(_MARK_S)


async def forget_expired(services: Services) -> None:
    """Delete one small batch, between other writes; then pause, shortly while there is more."""
    if not await services.database.takes_on(Duty.HOUSEKEEPING):
        await asyncio.sleep(PAUSE_S)
        return
    at = aged(services)
    steps = (
        partial(sessions.trim, before_us=to_us(at - _SPARED), step=STEP),
        partial(operations.trim, before_us=to_us(at - OPERATIONS_KEPT), step=STEP),
        partial(held_baskets.trim, before_us=to_us(at - OPERATIONS_KEPT), step=STEP),
        partial(failed_attempts.trim, before_us=to_us(at - timedelta(seconds=throttle.WINDOW_S)), step=STEP),
        partial(
            security_log.trim, before_us=to_us(at - timedelta(days=services.settings.security_log_days)), step=STEP
        ),
    )
    forgotten = [await services.database.write(step) for step in steps]
    await asyncio.sleep(_BREATH_S if STEP in forgotten else PAUSE_S)
