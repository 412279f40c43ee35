"""The security log. The database refuses changes: rows are inserted, and deleted when they are old."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, func, select

from core.domain.ids import uuid7
from core.instants import from_us, now, to_us
from core.protocol.security import FAILURES, SecurityEntry, SecurityEvent
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import security_log

NO_SHOP: Final = ""
"""The shop of an entry when none was named, or an unknown one."""
_l = security_log.c
_INSERT: Final = Prepared.insert(security_log)
_OLD: Final = Prepared(select(_l.id).where(_l.at < bindparam("before")).order_by(_l.at).limit(bindparam("limit")))
_LAST: Final = Prepared(
    select(_l.about)
    .where(_l.shop_id == NO_SHOP, _l.event == bindparam("event"))
    .order_by(_l.at.desc(), _l.id.desc())
    .limit(1)
)
_DELETE: Final = Prepared(delete(security_log).where(_l.id == bindparam("of")))
_COLUMNS: Final = select(_l.id, _l.at, _l.event, _l.by_id, _l.by_name, _l.by_role, _l.device, _l.address, _l.about)


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The author of an act, and their address; unknown fields are empty."""

    shop_id: str
    id: str = ""
    name: str = ""
    role: str = ""
    device: str = ""
    address: str = ""


def insert(transaction: Transaction, actor: Actor, event: SecurityEvent, about: str = "") -> None:
    transaction.run(
        _INSERT,
        id=uuid7(),
        at=to_us(now()),
        shop_id=actor.shop_id,
        event=event,
        by_id=actor.id,
        by_name=actor.name,
        by_role=actor.role,
        device=actor.device,
        address=actor.address,
        about=about,
    )


def page(
    transaction: Transaction, shops: Sequence[str], *, failures: bool, before: str, limit: int
) -> list[SecurityEntry]:
    """Up to `limit` entries of `shops`, newest first, older than the entry `before`."""
    wanted = _COLUMNS.where(_l.shop_id.in_(shops)).order_by(_l.at.desc(), _l.id.desc()).limit(limit)
    if failures:
        wanted = wanted.where(_l.event.in_(FAILURES))
    if before:
        at = select(_l.at).where(_l.id == before).scalar_subquery()
        wanted = wanted.where((_l.at < at) | ((_l.at == at) & (_l.id < before)))
    return [
        SecurityEntry(
            id=row[0],
            at=from_us(row[1]),
            event=SecurityEvent(row[2]),
            by_id=row[3],
            by_name=row[4],
            by_role=row[5],
            device=row[6],
            address=row[7],
            about=row[8],
        )
        for row in transaction.search(wanted)
    ]


def failures_since(transaction: Transaction, shop_id: str, since_us: int) -> int:
    """The number of failures at a shop, or without a known shop."""
    counted = select(func.count()).where(_l.shop_id.in_((shop_id, NO_SHOP)), _l.at >= since_us, _l.event.in_(FAILURES))
    return int(transaction.search(counted)[0][0])


def last_about(transaction: Transaction, event: SecurityEvent) -> str | None:
    """The `about` of the newest entry of this kind without a shop; None when there is none."""
    row = transaction.first(_LAST, event=event)
    return str(row[0]) if row else None


def trim(transaction: Transaction, before_us: int, step: int) -> int:
    """Delete up to `step` entries from before an instant; returns their number."""
    rows = transaction.all(_OLD, before=before_us, limit=step)
    transaction.run_many(_DELETE, [{"of": row[0]} for row in rows])
    return len(rows)
