"""Creates the partitions of coming months, and updates their statistics (`core.store.sql.partitions`)."""

import asyncio
import logging
from typing import Final

from core.server.services import Services
from core.store.engine.database import Duty
from core.store.engine.writer import Unavailable

log = logging.getLogger(__name__)

PAUSE_S: Final = 3_600.0
"""Partitions exist two months ahead. Each attempt may block writers for a moment, so a failed one is not repeated
sooner."""


async def maintain_partitions(services: Services) -> None:
    try:
        if await services.database.takes_on(Duty.HOUSEKEEPING):
            await asyncio.to_thread(services.database.maintain_partitions)
    except Unavailable as error:
        log.warning("%s", error)
    await asyncio.sleep(PAUSE_S)
