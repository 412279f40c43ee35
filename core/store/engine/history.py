"""Detects that a database has lost events, and begins a new epoch of every shop when it has.

A promoted standby lacks what the lost server had committed but not yet sent it; a machine, a disk or a file may be put
back to an older snapshot. Nothing fails then: numbers of events and orders are used again, for others. So a process
that starts or reconnects first proves that the history is the one it knew, and a client may prove later that it is not.
"""

import contextlib
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from core.domain.ids import ShopId, uuid7
from core.protocol.feed import Cursor
from core.store import events
from core.store import shops as all_shops
from core.store.engine import mark
from core.store.engine.mark import Mark
from core.store.events import CursorCheck
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import pairing_codes, shops

log = logging.getLogger(__name__)

_TIMELINES: Final = Prepared(select(shops.c.timeline).distinct())
_RECORD: Final = Prepared(update(shops).where(shops.c.timeline == "").values(timeline=bindparam("now")))
_BEGIN: Final = Prepared(
    update(shops).where(shops.c.id == bindparam("shop")).values(epoch=bindparam("new"), timeline=bindparam("now"))
)
_FORGET_CODES: Final = Prepared(delete(pairing_codes).where(pairing_codes.c.shop_id == bindparam("shop")))
_BELIEVED_STEP_US: Final = 60_000_000


def begin_epochs(transaction: Transaction, shop_ids: Iterable[ShopId]) -> None:
    """Begin a new epoch of each shop, so that clients send again what it lacks, and skip number series beyond numbers
    that may have been issued.

    Unused pairing codes are deleted: one may have been used, or its device revoked, in the lost history.
    """
    for shop_id in shop_ids:
        transaction.run(_BEGIN, shop=shop_id, new=uuid7(), now=transaction.timeline)
        all_shops.set_aside(transaction, shop_id)
        transaction.run(_FORGET_CODES, shop=shop_id)


class History:
    """The newest event of each shop that this process, or the last one to write its `marks`, has committed or sent.
    Thread-safe."""

    def __init__(self, marks: Sequence[Path] = ()) -> None:
        self._marks = marks
        self._kept = Mark()
        self._lock = threading.Lock()
        self._known: dict[ShopId, Cursor] = {}
        self.believed_us = 0
        """`Mark.believed_us` of the marks that were found."""
        self.begun: set[ShopId] = set()
        """The shops whose epoch this process has changed: older cursors prove nothing new about them."""
        for found in mark.read(marks):
            self.believed_us = max(self.believed_us, found.believed_us)
            for shop_id, text in found.heads.items():
                with contextlib.suppress(ValueError):
                    cursor, known = Cursor.parse(text), self._known.get(ShopId(shop_id))
                    if known is None or (known.epoch, known.seq) < (cursor.epoch, cursor.seq):
                        self._known[ShopId(shop_id)] = cursor

    def keep(self, believed_us: int) -> None:
        """Write the marks, if anything is new, with the believed time of the clock (µs)."""
        with self._lock:
            heads = {str(shop_id): str(cursor) for shop_id, cursor in self._known.items()}
        kept = Mark(heads=heads, believed_us=believed_us)
        if heads != self._kept.heads or believed_us - self._kept.believed_us > _BELIEVED_STEP_US:
            mark.write(self._marks, kept)
            self._kept = kept

    def record(self, shop_id: ShopId, cursor: Cursor) -> None:
        """`cursor` was committed. Ignored when its epoch has ended since."""
        with self._lock:
            known = self._known.get(shop_id)
            if known is None or (known.epoch == cursor.epoch and known.seq < cursor.seq):
                self._known[shop_id] = cursor

    def prove(self, transaction: Transaction) -> None:
        """Prove on a new connection of the writer's that its database has all recorded events; otherwise, unless
        another process has done so, begin new epochs. Raises the driver's errors, and then nothing is proven.

        Two proofs: the server's timeline is the one that was stored with the epoch, and each recorded event exists,
        which it does not in a database that was put back to an older state.
        """
        transaction.command("BEGIN")
        try:
            transaction.run(_RECORD, now=transaction.timeline)
            if not self._holds(transaction):
                all_shops.lock(transaction, all_shops.ids(transaction))
                if not self._holds(transaction) and all_shops.ids(transaction):
                    self._begin_epochs(transaction, all_shops.ids(transaction))
            heads = _heads(transaction)
            transaction.command("COMMIT")
        except BaseException:
            with contextlib.suppress(Exception):  # the connection may have gone
                transaction.command("ROLLBACK")
            raise
        with self._lock:
            self._known = heads

    def lost(self, transaction: Transaction, shop_id: ShopId, epoch: str, *, alone: bool) -> Mapping[ShopId, Cursor]:
        """A client has proven that the shop lacks events of `epoch`: begin a new epoch of every shop, or of that one
        `alone`, once for each epoch. Returns the shops' new heads, for `began`; empty when it was done before."""
        all_shops.lock(transaction, all_shops.ids(transaction))
        if events.head(transaction, shop_id).epoch != epoch:
            return {}
        self._begin_epochs(transaction, [shop_id] if alone else all_shops.ids(transaction))
        return _heads(transaction)

    def began(self, heads: Mapping[ShopId, Cursor]) -> None:
        """The result of `lost` was committed."""
        with self._lock:
            for shop_id, cursor in heads.items():
                known = self._known.get(shop_id)
                if known is None or known.epoch != cursor.epoch:
                    self._known[shop_id] = cursor

    def _begin_epochs(self, transaction: Transaction, shop_ids: Sequence[ShopId]) -> None:
        begin_epochs(transaction, shop_ids)
        self.begun.update(shop_ids)
        log.warning(
            "the database is another one, or was put back: what was committed since may be lost. A new epoch begins "
            "with numbers further on, and clients send again what they know of",
            extra={"timeline": transaction.timeline, "shops": len(shop_ids)},
        )

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
        if newest.epoch != known.epoch:
            # Epochs sort by their beginning. A later one: another process has begun it already. An earlier one: the
            # database was put back to before it.
            return newest.epoch > known.epoch
        return events.check_cursor(transaction, shop_id, known, newest) is not CursorCheck.DIVERGED


def _heads(transaction: Transaction) -> dict[ShopId, Cursor]:
    return {shop_id: events.head(transaction, shop_id) for shop_id in all_shops.ids(transaction)}
