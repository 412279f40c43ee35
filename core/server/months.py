"""The months to come have a place before they begin (PostgreSQL: `core.store.partitions`)."""

import asyncio
import logging
from typing import Final

from core.server.services import Services
from core.store.writer import Unavailable

log = logging.getLogger(__name__)

PAUSE_S: Final = 3_600.0
"""There are two months' time. Each try may hold up writers for a moment, so a vain one is not repeated sooner."""


async def make_months_ahead(services: Services) -> None:
    try:
        await asyncio.to_thread(services.database.make_months_ahead)
    except Unavailable as error:
        log.warning("%s", error)
    await asyncio.sleep(PAUSE_S)
