"""Whether the database still has what was known of it; and a new beginning of every shop's history where it has not.

A standby that is promoted lacks what the lost server had committed but not yet sent it. Nothing fails then: the numbers
of events are used again, for others. So whoever has to connect anew proves first that its history is the same.
"""

import contextlib
import logging
import threading
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from core.domain.ids import ShopId, uuid7
from core.protocol.feed import Cursor
from core.store import events
from core.store import shops as all_shops
from core.store.events import Standing
from core.store.statements import Prepared, Transaction
from core.store.tables import pairing_codes, shops

log = logging.getLogger(__name__)

_TIMELINES: Final = Prepared(select(shops.c.timeline).distinct())
_RECORD: Final = Prepared(update(shops).where(shops.c.timeline == "").values(timeline=bindparam("now")))
_BEGIN: Final = Prepared(
    update(shops).where(shops.c.id == bindparam("shop")).values(epoch=bindparam("new"), timeline=bindparam("now"))
)
_FORGET_CODES: Final = Prepared(delete(pairing_codes))


def begin_anew(transaction: Transaction) -> None:
    """Every shop's history may have lost its end: it begins a new epoch, so that clients send again what they know of,
    and its number series go on beyond whatever was told and is not known here.

    Unused pairing codes are forgotten: one may be a device's that was revoked since, or was used.
    """
    for shop_id in all_shops.ids(transaction):
        transaction.run(_BEGIN, shop=shop_id, new=uuid7(), now=transaction.timeline)
    all_shops.set_aside(transaction)
    transaction.run(_FORGET_CODES)


class History:
    """The newest event of each shop that this process has committed or told, by any thread."""

    def __init__(self) -> None:
        self._known: dict[ShopId, Cursor] = {}
        self._lock = threading.Lock()

    def learn(self, shop_id: ShopId, cursor: Cursor) -> None:
        """`cursor` is committed. Of an epoch that has ended since it is no news."""
        with self._lock:
            known = self._known.get(shop_id)
            if known is None or (known.epoch == cursor.epoch and known.seq < cursor.seq):
                self._known[shop_id] = cursor

    def prove(self, transaction: Transaction) -> None:
        """Prove on a new connection of the writer's that its server has all of this; or else, unless another process
        has done so, have every shop begin anew. Raises what the driver raises, and then nothing is proven.

        Two proofs: the server's timeline is the one that was kept with the epoch, which also whoever has just started
        can tell; and each event that is known is there, which a server that was put back to an older state has not.
        """
        transaction.command("BEGIN")
        try:
            transaction.run(_RECORD, now=transaction.timeline)
            if not self._holds(transaction):
                all_shops.lock(transaction, all_shops.ids(transaction))
                if not self._holds(transaction):
                    begin_anew(transaction)
                    log.warning(
                        "the database server is another one, or was put back: what the last one had committed may be "
                        "lost. Every shop begins a new epoch, and clients send again what they know of",
                        extra={"timeline": transaction.timeline},
                    )
            heads = {shop_id: events.head(transaction, shop_id) for shop_id in all_shops.ids(transaction)}
            transaction.command("COMMIT")
        except BaseException:
            with contextlib.suppress(Exception):  # the connection may have gone
                transaction.command("ROLLBACK")
            raise
        with self._lock:
            self._known = heads

    def _holds(self, transaction: Transaction) -> bool:
        timelines = {row[0] for row in transaction.all(_TIMELINES)}
        if transaction.timeline and timelines - {transaction.timeline}:
            return False
        return all(self._has(transaction, shop_id, known) for shop_id, known in self._known.items())

    @staticmethod
    def _has(transaction: Transaction, shop_id: ShopId, known: Cursor) -> bool:
        try:
            newest = events.head(transaction, shop_id)
        except LookupError:  # the shop itself is lost
            return False
        # Of another epoch: somebody else has found out, and that is what there is to do.
        return newest.epoch != known.epoch or (
            events.standing(transaction, shop_id, known, newest) is not Standing.DIVERGED
        )
