"""Reading the feed: audiences, pages after a cursor, and snapshots."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from core.domain.ids import CustomerId, ShopId
from core.domain.people import Principal, Role
from core.instants import now
from core.protocol.feed import Batch, Cursor, Framed, Pulled, Snapshot, SnapshotQuery
from core.protocol.requests import HISTORY_MAX, HistoryQuery
from core.server.devices import display
from core.server.http import problems
from core.store import drawers, events, held_baskets, order_pages, shops
from core.store.engine.database import Database
from core.store.events import CursorCheck, Kept
from core.store.sql.statements import Transaction
from core.store.tickets import Rules

CLOSED_FOR: Final = timedelta(hours=24)
"""How long a closed order stays in the staff's snapshot."""
_encode: Final = msgspec.json.Encoder().encode
_USUAL: Final = Rules()


class Audience(msgspec.Struct, frozen=True):
    """A group that may see the same events: the staff of a shop, one customer there, or its status displays."""

    shop_id: ShopId
    customer_id: CustomerId | None = None
    display: bool = False
    """Displays get the events as rewritten by `core.server.devices.display.moves`."""

    @property
    def kind(self) -> str:
        return "display" if self.display else "staff" if self.customer_id is None else "customer"

    @classmethod
    def of(cls, principal: Principal) -> "Audience":
        if principal.role is Role.DISPLAY:
            return cls(principal.shop_id, display=True)
        return cls(principal.shop_id, None if principal.role.is_staff else principal.customer_id)


class Page(msgspec.Struct, frozen=True):
    """Encoded frames, the subscriber's cursor after them, and whether there are more."""

    frames: list[bytes]
    end: Cursor
    more: bool
    start: int
    """The position before them."""

    def encoded(self) -> bytes:
        """The bytes of a `core.protocol.feed.EventPage`."""
        return _encode(Pulled(frames=_raw(self.frames), cursor=str(self.end), more=self.more))


def encode_frame(event: Kept, prev: int) -> bytes:
    """A `core.protocol.feed.Frame`. The event itself was encoded in the transaction that made it."""
    return _encode(Framed(seq=event.seq, prev=prev, event=msgspec.Raw(event.payload)))


def encode_frames(frames: Sequence[bytes], cursor: str) -> bytes:
    """A `core.protocol.feed.Frames` of encoded frames."""
    return _encode(Batch(frames=_raw(frames), cursor=cursor))


def _raw(frames: Sequence[bytes]) -> tuple[msgspec.Raw, ...]:
    return tuple(msgspec.Raw(frame) for frame in frames)


async def read_page(
    database: Database, audience: Audience, cursor: str, witness: str, limit: int, rules: Rules = _USUAL
) -> Page:
    """`page`, which may also prove that the database was put back to an older state: when the shop's own staff have a
    cursor of its current epoch that it lacks, that shop begins a new epoch. It alone, and once in a process, as a
    cursor is not signed; a customer's proof is an issued number (`orders.numbers`); a display has none."""

    def read(transaction: Transaction) -> Page:
        return page(transaction, audience, cursor, witness, limit, rules)

    try:
        return await database.read(read)
    except problems.Refusal as refusal:
        is_new = audience.shop_id not in database.history.begun
        if refusal.problem.type == "diverged" and audience.kind == "staff" and is_new:
            known = [Cursor.parse(text) for text in (cursor, witness) if text]
            epoch = await database.read(lambda transaction: events.head(transaction, audience.shop_id).epoch)
            if any(each.epoch >= epoch for each in known):
                await database.begin_epoch(audience.shop_id, epoch, alone=True)
        raise


def page(
    transaction: Transaction, audience: Audience, cursor: str, witness: str, limit: int, rules: Rules = _USUAL
) -> Page:
    """The events that `audience` may see after `cursor`; displays get what `rules` let them show.

    Raises `Refusal`: 422 for an invalid cursor, 409 `diverged` when it or the witness is of another history, 410 `gone`
    when the events after it have been trimmed. A witness too old to be looked up proves nothing.
    """
    start = _parsed(cursor, "cursor")
    newest = events.head(transaction, audience.shop_id)
    proofs = [start, _parsed(witness, "witness")] if witness else [start]
    checks = [events.check_cursor(transaction, audience.shop_id, proof, newest) for proof in proofs]
    if CursorCheck.DIVERGED in checks:
        raise problems.diverged()
    if checks[0] is CursorCheck.GONE:
        raise problems.gone()
    found = events.after(transaction, audience.shop_id, start.seq, limit + 1, audience.customer_id)
    more = len(found) > limit
    frames = []
    prev = events.last_for(transaction, audience.shop_id, start.seq, audience.customer_id) if found else 0
    seen = found[:limit]
    for event in display.moves(transaction, seen, rules) if audience.display else seen:
        frames.append(encode_frame(event, prev))
        prev = event.seq
    last = found[limit - 1] if more else None
    return Page(frames, Cursor(newest.epoch, last.seq, last.event_id) if last else newest, more, start.seq)


def snapshot(transaction: Transaction, principal: Principal, query: SnapshotQuery) -> Snapshot:
    """The orders that `principal` may see, or a page of them, and the cursor, from one moment. A customer's is
    complete."""
    newest = events.head(transaction, principal.shop_id)
    shop = shops.get(transaction, principal.shop_id)
    if shop is None:
        raise problems.not_found("shop")
    if principal.role.is_staff:
        since = now() - CLOSED_FOR
        page_orders, total = order_pages.open_or_closed_since(transaction, shop.id, since, query.after, query.limit)
        series = principal.device_id
        return Snapshot(
            cursor=str(newest),
            orders=tuple(page_orders),
            total=total,
            menu_version=shop.menu_version,
            series=series,
            series_last=shops.last_number(transaction, shop.id, series) if series else 0,
            drawer=drawers.newest(transaction, shop.id, series) if series else None,
            own_drawers=drawers.of_people(transaction, shop.id, series, principal.subject) if series else (),
            baskets=() if query.after else held_baskets.held(transaction, shop.id),
            roles=shops.roles(transaction, shop.id),
            next_after=page_orders[-1].id if query.limit and len(page_orders) == query.limit else "",
        )
    own = order_pages.history(transaction, principal.customer_id, HistoryQuery(limit=HISTORY_MAX))
    return Snapshot(cursor=str(newest), orders=own.orders, total=own.total, menu_version=shop.menu_version)


def _parsed(text: str, field: str) -> Cursor:
    try:
        return Cursor.parse(text)
    except ValueError:
        raise problems.invalid("This cursor is not one we gave out.", field) from None
