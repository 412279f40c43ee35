"""The months to come have a place before they begin, and the planner knows of all of them: `core.store.partitions`."""

import asyncio
import logging
from typing import Final

from core.server.services import Services
from core.store.database import Duty
from core.store.writer import Unavailable

log = logging.getLogger(__name__)

PAUSE_S: Final = 3_600.0
"""There are two months' time. Each try may hold up writers for a moment, so a vain one is not repeated sooner."""


async def tend_months(services: Services) -> None:
    try:
        if await services.database.takes_on(Duty.HOUSEKEEPING):
            await asyncio.to_thread(services.database.tend_months)
    except Unavailable as error:
        log.warning("%s", error)
    await asyncio.sleep(PAUSE_S)
