"""Jobs that run beside the requests, for as long as the backend runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from core.logs import Repeats
from core.store.engine.writer import Unavailable

log = logging.getLogger(__name__)

AFTER_FAILURE_S: Final = 1.0
Step = Callable[[], Awaitable[None]]


@asynccontextmanager
async def repeating(*steps: Step) -> AsyncIterator[None]:
    """Repeat each of `steps` until the end of the block. A failed step is logged and repeated."""
    tasks = [asyncio.create_task(_for_ever(step)) for step in steps]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _for_ever(step: Step) -> None:
    repeats = Repeats()
    while True:
        try:
            await step()
        except Unavailable as error:
            if (count := repeats.due(error.trouble)) is not None:
                log.warning("background work waits: %s", error, extra={"times": count})
            await asyncio.sleep(AFTER_FAILURE_S)
        except Exception as error:
            if (count := repeats.due(type(error).__name__)) is not None:
                log.exception("background work failed; trying again", extra={"times": count})
            await asyncio.sleep(AFTER_FAILURE_S)
