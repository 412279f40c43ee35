"""Adds up business days that are over, so that a year's report is the sum of what is kept (`core.store.day_sums`)."""

import asyncio
import time
from functools import partial
from typing import Final

from core.domain.ids import ShopId
from core.instants import now
from core.server.services import Services
from core.store import day_sums, shops
from core.store.day_sums import Day
from core.store.engine.database import Duty

STEP: Final = 50
"""How many days are looked for at once."""
PAUSE_S: Final = 60.0


async def add_up_days(services: Services) -> None:
    """Add up what is missing, a day at a time and with a pause as long as each took; then wait for more."""
    more = False
    if await services.database.takes_on(Duty.HOUSEKEEPING):
        for shop_id in await services.database.search(shops.ids):
            more = await add_up(services, shop_id) == STEP or more
    if not more:
        await asyncio.sleep(PAUSE_S)


async def add_up(services: Services, shop_id: ShopId) -> int:
    """Add up some days of a shop that are over, the newest first; returns how many were missing, at most `STEP`."""
    days = await services.database.report(partial(day_sums.missing, shop_id=shop_id, at=now(), most=STEP))
    for day in days:
        began_s = time.monotonic()
        await _add_up(services, shop_id, day)
        await asyncio.sleep(time.monotonic() - began_s)  # others report, too
    return len(days)


async def _add_up(services: Services, shop_id: ShopId, day: Day) -> None:
    database = services.database
    claimed = await database.write(partial(day_sums.claim, shop_id=shop_id, day=day), shop_id)
    sums = await database.report(partial(day_sums.content, shop_id=shop_id, day=day))
    await database.write(partial(day_sums.keep, shop_id=shop_id, day=day, claimed=claimed, sums=sums), shop_id)
