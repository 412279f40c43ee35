"""Trims old events: a client that was away for longer takes a snapshot."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Final

from core.instants import to_us
from core.server.jobs import expiry
from core.server.services import Services
from core.store import events, shops
from core.store.engine.database import Duty

STEP: Final = 500
"""Rows at once, so that no order waits long behind them."""
PAUSE_S: Final = 60.0
_BREATH_S: Final = 0.05


async def forget_old_events(services: Services) -> None:
    """Trim one small batch in every shop, between other writes; then pause, shortly while there is more."""
    settings, database = services.settings, services.database
    if not await database.takes_on(Duty.HOUSEKEEPING):
        await asyncio.sleep(PAUSE_S)
        return
    before_us = to_us(expiry.aged(services) - timedelta(days=settings.events_days))
    step = partial(events.trim, before_us=before_us, most=settings.events_max, step=STEP)
    forgotten = [
        await database.write(partial(step, shop_id=shop_id), shop_id) for shop_id in await database.read(shops.ids)
    ]
    await asyncio.sleep(_BREATH_S if STEP in forgotten else PAUSE_S)
