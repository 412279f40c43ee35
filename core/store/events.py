"""A shop's events: appended in the transaction of their cause, read from a cursor, trimmed by age and number."""

from enum import Enum
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, delete, func, literal_column, select, update
from sqlalchemy.sql.elements import ColumnElement

from core.domain.ids import CustomerId, ShopId, uuid7
from core.protocol.events import Event
from core.protocol.feed import Cursor
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import events, shops

_e = events.c
_s = shops.c
_one: Final[ColumnElement[int]] = literal_column("1")
_shop: Final[ColumnElement[bool]] = _e.shop_id == bindparam("shop")
_customer: Final[ColumnElement[bool]] = _e.customer_id == bindparam("customer")
_NEXT: Final = Prepared(
    update(shops).where(_s.id == bindparam("shop")).values(seq=_s.seq + _one).returning(_s.seq, _s.epoch)
)
_INSERT: Final = Prepared.insert(events)
_HEAD: Final = Prepared(
    select(_s.epoch, _s.seq, _e.event_id)
    .select_from(shops.outerjoin(events, (_e.shop_id == _s.id) & (_e.seq == _s.seq)))
    .where(_s.id == bindparam("shop"))
)
_HEADS: Final = Prepared(select(_s.id, _s.epoch, _s.seq))
_ID_AT: Final = Prepared(select(_e.event_id).where(_shop, _e.seq == bindparam("seq")))
_LAST_AT: Final = Prepared(select(_e.at).where(_shop).order_by(_e.seq.desc()).limit(1))
_FIRST_LEFT: Final = Prepared(select(func.min(_e.seq)).where(_shop))
_after = select(_e.seq, _e.event_id, _e.customer_id, _e.payload).where(_shop, _e.seq > bindparam("seq"))
_after = _after.order_by(_e.seq).limit(bindparam("limit"))
_AFTER: Final = Prepared(_after)
AFTER_FOR_CUSTOMER: Final = Prepared(_after.where(_customer))
"""One customer's events after a position: one seek in `ix_events_customer`."""
EVERYBODY: Final = CustomerId("")
"""The `customer_id` of events that every customer may see."""
_LAST_FOR_CUSTOMER: Final = Prepared(select(func.max(_e.seq)).where(_shop, _customer, _e.seq <= bindparam("seq")))
_OLDEST: Final = Prepared(select(_e.seq, _e.at).where(_shop).order_by(_e.seq).limit(bindparam("limit")))
_DELETE: Final = Prepared(delete(events).where(_shop, _e.seq <= bindparam("seq")))
_encode: Final = msgspec.json.Encoder().encode


class Kept(msgspec.Struct, frozen=True):
    """A stored event: its encoded bytes, and who may see it besides staff."""

    seq: int
    event_id: str
    customer_id: CustomerId | None
    """A customer's id, `EVERYBODY`, or None."""
    payload: bytes


class CursorCheck(Enum):
    """The result of comparing a cursor with a shop's history."""

    KNOWN = "known"
    GONE = "gone"
    """The events after it have been trimmed."""
    DIVERGED = "diverged"
    """The cursor is of another history than this one."""


def append(
    transaction: Transaction, shop_id: ShopId, customer_id: CustomerId | None, at_us: int, event: Event
) -> Cursor:
    """Append an event to the shop's, in this transaction, and return its cursor.

    The shop's counter row is updated first, so that the next writer waits for this commit.
    """
    row = transaction.first(_NEXT, shop=shop_id)
    if row is None:
        raise LookupError(f"there is no shop {shop_id}")
    cursor = Cursor(row[1], row[0], uuid7())
    transaction.run(
        _INSERT,
        shop_id=shop_id,
        seq=cursor.seq,
        event_id=cursor.event_id,
        customer_id=customer_id,
        at=at_us,
        payload=_encode(event),
    )
    transaction.appended.append((shop_id, cursor))
    return cursor


def head(transaction: Transaction, shop_id: ShopId) -> Cursor:
    """The shop's newest event. Raises `LookupError` when there is no such shop."""
    row = transaction.first(_HEAD, shop=shop_id)
    if row is None:
        raise LookupError(f"there is no shop {shop_id}")
    return Cursor(row[0], row[1], row[2] or "")


def last_at(transaction: Transaction, shop_id: ShopId) -> int | None:
    """The instant of the shop's newest event, µs; None when it has none."""
    row = transaction.first(_LAST_AT, shop=shop_id)
    return row[0] if row is not None else None


def heads(transaction: Transaction) -> dict[ShopId, tuple[str, int]]:
    """Every shop's epoch, and the `seq` of its newest event."""
    return {row[0]: (row[1], row[2]) for row in transaction.all(_HEADS)}


def check_cursor(transaction: Transaction, shop_id: ShopId, cursor: Cursor, newest: Cursor) -> CursorCheck:
    """Whether the shop's history, up to `newest`, contains `cursor`.

    The number alone proves nothing: a database that was put back counts on and uses numbers again.
    """
    if cursor.epoch != newest.epoch or cursor.seq > newest.seq:
        return CursorCheck.DIVERGED
    if cursor.seq == 0:
        first = transaction.first(_FIRST_LEFT, shop=shop_id)
        untrimmed = first is None or first[0] is None or first[0] == 1
        return CursorCheck.KNOWN if untrimmed else CursorCheck.GONE
    row = transaction.first(_ID_AT, shop=shop_id, seq=cursor.seq)
    if row is None:
        return CursorCheck.GONE
    return CursorCheck.KNOWN if row[0] == cursor.event_id else CursorCheck.DIVERGED


def after(
    transaction: Transaction, shop_id: ShopId, seq: int, limit: int, customer_id: CustomerId | None = None
) -> list[Kept]:
    """The next events after `seq`, oldest first: all of the shop's, or those that one customer may see."""
    if customer_id is None:
        return [Kept(*row) for row in transaction.all(_AFTER, shop=shop_id, seq=seq, limit=limit)]
    rows = [
        row
        for owner in (customer_id, EVERYBODY)  # a seek each: one statement would have to sort them
        for row in transaction.all(AFTER_FOR_CUSTOMER, shop=shop_id, seq=seq, limit=limit, customer=owner)
    ]
    return [Kept(*row) for row in sorted(rows)[:limit]]


def last_for(transaction: Transaction, shop_id: ShopId, seq: int, customer_id: CustomerId | None) -> int:
    """The last event at or before `seq` that a customer (None: staff) may see; 0 when none is left."""
    if customer_id is None:
        return seq
    rows = [
        transaction.first(_LAST_FOR_CUSTOMER, shop=shop_id, seq=seq, customer=owner)
        for owner in (customer_id, EVERYBODY)
    ]
    return max((int(row[0]) for row in rows if row is not None and row[0] is not None), default=0)


def trim(transaction: Transaction, shop_id: ShopId, before_us: int, most: int, step: int) -> int:
    """Delete up to `step` of the oldest events: those from before `before_us`, and those beyond the newest `most`.

    Returns their number. The newest event always stays: it is what cursors are proven by.
    """
    newest = head(transaction, shop_id)
    forgotten = 0
    last = 0
    rows: list[Any] = transaction.all(_OLDEST, shop=shop_id, limit=step)
    for seq, at in rows:
        if seq >= newest.seq or (at >= before_us and seq > newest.seq - most):
            break
        forgotten, last = forgotten + 1, seq
    if forgotten:
        transaction.run(_DELETE, shop=shop_id, seq=last)
    return forgotten
