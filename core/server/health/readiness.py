"""Readiness: whether the backend accepts writes, tested by a real write whose result is shared."""

import asyncio
import os
import time
from functools import partial
from typing import Final

from core.domain.ids import ItemId, OrderId, uuid7
from core.domain.order import Channel, Order, OrderLine, PaymentState, Tender
from core.domain.people import Principal, Role
from core.domain.status import Fulfilment
from core.instants import now, to_us
from core.protocol.events import event_of
from core.store import events, operations, orders, shops
from core.store.engine.database import Database
from core.store.engine.writer import Unavailable
from core.store.operations import Done
from core.store.shops import Shop
from core.store.sql.statements import Transaction

KNOWN_FOR_S: Final = 5.0
"""How long a result is reused, however often it is asked for."""
WITHIN_S: Final = 3.0
"""A write that takes longer counts as not ready."""
PROBE_BYTES: Final = 32 * 1024
"""More than an order needs, and random, so that room has to be allocated: overwriting a row needs none."""


class Slow(Unavailable):
    """The probe write did not end in time. It continues, and a later request may get its result."""

    def __init__(self) -> None:
        super().__init__(f"A write takes more than {WITHIN_S:.0f} s.")


class Readiness:
    """The readiness of one backend. Only for the event loop's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._trying: asyncio.Task[Unavailable | None] | None = None
        self._found: Unavailable | None = None
        self._found_at_s: float | None = None

    async def why_not(self) -> Unavailable | None:
        """Why no write can be made; None when one succeeded, just now or in the last 5 s with none failing since."""
        known_at_s = self._found_at_s
        if known_at_s is not None and time.monotonic() - known_at_s < KNOWN_FOR_S:
            failed_at_s = self._database.writer.failed_at_s
            if self._found is not None or failed_at_s is None or failed_at_s < known_at_s:
                return self._found
        if self._trying is None:
            self._trying = asyncio.create_task(self._try())
        try:
            return await asyncio.wait_for(asyncio.shield(self._trying), WITHIN_S)
        except TimeoutError:
            return Slow()

    def forget(self) -> None:
        """Discard the result, so that the next request tests again."""
        self._found_at_s = None

    async def close(self) -> None:
        """Wait for the running probe."""
        if self._trying is not None:
            await asyncio.wait([self._trying])

    async def _try(self) -> Unavailable | None:
        try:
            key, shop = uuid7(), await self._database.read(shops.default)
            await self._database.write(partial(_write, key=key, shop=shop), shop.id if shop else None)
            await self._database.write(partial(operations.forget, subject="", key=key))
            self._found = None
        except Unavailable as error:
            self._found = error
        finally:
            self._found_at_s, self._trying = time.monotonic(), None
        return self._found


def _write(transaction: Transaction, key: str, shop: Shop | None) -> None:
    if shop is not None:
        _order_on_trial(transaction, shop)
    # Nobody's operation: should it stay, it is forgotten with those of its day.
    operations.keep(transaction, "", key, Done(b"", 0, os.urandom(PROBE_BYTES)), to_us(now()))


def _order_on_trial(transaction: Transaction, shop: Shop) -> None:
    """Write the rows of an order and roll them back: a missing right on one of its tables, or a missing partition file,
    shows only there."""
    at = now()
    order = Order(
        id=OrderId(uuid7()),
        shop_id=shop.id,
        number=f"TRIAL-{uuid7()}",
        channel=Channel.COUNTER,
        status=Channel.COUNTER.first_status,
        version=1,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CASH,
        payment=PaymentState.PAID,
        currency=shop.currency,
        subtotal_minor=0,
        tax_minor=0,
        total_minor=0,
        placed_at=at,
        updated_at=at,
        lines=(OrderLine(item_id=ItemId("trial"), name="", quantity=1, unit_price_minor=0, total_minor=0),),
    )
    by = Principal(subject="", role=Role.ADMIN, name="", session_id="", shop_id=shop.id)
    before = len(transaction.appended), len(transaction.undoing)
    transaction.command("SAVEPOINT trial")
    orders.insert(transaction, order, by)
    events.append(transaction, shop.id, None, to_us(at), event_of(None, order))
    transaction.command("ROLLBACK TO SAVEPOINT trial")
    transaction.command("RELEASE SAVEPOINT trial")
    transaction.take_back(*before)
