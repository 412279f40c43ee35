"""Sessions, and the chain of refresh tokens that each has used."""

from typing import Final

import msgspec
from sqlalchemy import and_, bindparam, delete, exists, select, update

from core.domain.ids import DeviceId, ShopId
from core.domain.people import Principal, Role
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import devices, refresh_tokens, sessions

_s = sessions.c
_r = refresh_tokens.c
_INSERT: Final = Prepared.insert(sessions)
_INSERT_TOKEN: Final = Prepared.insert(refresh_tokens)
_GET: Final = Prepared(
    select(_s.subject, _s.role, _s.name, _s.shop_id, _s.device_id, _s.revoked_at).where(_s.id == bindparam("session"))
)
_TOKEN: Final = select(_r.session_id, _r.generation, _r.token_hash, _r.expires_at, _r.used_at)
_BY_HASH: Final = Prepared(_TOKEN.where(_r.token_hash == bindparam("token_hash")))
_BY_GENERATION: Final = Prepared(
    _TOKEN.where(_r.session_id == bindparam("session"), _r.generation == bindparam("generation"))
)
_NEWEST: Final = Prepared(_TOKEN.where(_r.session_id == bindparam("session")).order_by(_r.generation.desc()).limit(1))
_USE: Final = Prepared(
    update(refresh_tokens)
    .where(_r.session_id == bindparam("session"), _r.generation == bindparam("number"))
    .values(used_at=bindparam("used_at"))
)
_REVOKE: Final = Prepared(
    update(sessions)
    .where(_s.id == bindparam("session"), _s.revoked_at.is_(None))
    .values(revoked_at=bindparam("revoked_at"))
)
_live: Final = _s.revoked_at.is_(None)
_REVOKE_SUBJECT: Final = Prepared(
    update(sessions).where(_s.subject == bindparam("of"), _live).values(revoked_at=bindparam("at"))
)
_REVOKE_DEVICE: Final = Prepared(
    update(sessions)
    .where(_s.shop_id == bindparam("shop"), _s.device_id == bindparam("device"), _live)
    .values(revoked_at=bindparam("at"))
)
_REVOKE_OTHER_WINDOWS: Final = Prepared(
    update(sessions)
    .where(
        _s.shop_id == bindparam("shop"),
        _s.device_id == bindparam("device"),
        _live,
        _s.window_id.not_in(["", bindparam("window")]),
    )
    .values(revoked_at=bindparam("at"))
)
_LEFT_FOR: Final = Prepared(
    select(devices.c.window_id)
    .join_from(sessions, devices, and_(devices.c.shop_id == _s.shop_id, devices.c.id == _s.device_id))
    .where(_s.id == bindparam("session"), _s.window_id != "", _s.window_id != devices.c.window_id)
)
_EXPIRED: Final = Prepared(
    select(_r.session_id, _r.generation)
    .where(_r.expires_at < bindparam("before"))
    .order_by(_r.expires_at)
    .limit(bindparam("limit"))
)
_DELETE_TOKEN: Final = Prepared(
    delete(refresh_tokens).where(_r.session_id == bindparam("session"), _r.generation == bindparam("number"))
)
_DELETE_EMPTY: Final = Prepared(
    delete(sessions).where(_s.id == bindparam("session"), ~exists().where(_r.session_id == _s.id))
)
_REVOKED_SINCE: Final = Prepared(select(_s.id).where(_s.revoked_at >= bindparam("since")))


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """One token of the chain. Only its SHA-256 is stored."""

    session_id: str
    generation: int
    token_hash: bytes
    expires_us: int
    used_us: int | None = None


def insert(transaction: Transaction, principal: Principal, at_us: int, window_id: str = "") -> None:
    transaction.run(
        _INSERT,
        id=principal.session_id,
        subject=principal.subject,
        role=principal.role,
        name=principal.name,
        shop_id=principal.shop_id,
        device_id=principal.device_id,
        created_at=at_us,
        revoked_at=None,
        window_id=window_id,
    )


def get(transaction: Transaction, session_id: str) -> Principal | None:
    """The principal of a session; None when there is none or it was revoked."""
    row = transaction.first(_GET, session=session_id)
    if row is None or row[5] is not None:
        return None
    return Principal(
        subject=row[0],
        role=Role(row[1]),
        name=row[2],
        session_id=session_id,
        shop_id=ShopId(row[3]),
        device_id=DeviceId(row[4]) if row[4] else None,
    )


def revoke(transaction: Transaction, session_id: str, at_us: int) -> None:
    """End a session with all its tokens."""
    transaction.run(_REVOKE, session=session_id, revoked_at=at_us)


def revoke_subject(transaction: Transaction, subject: str, at_us: int) -> None:
    """End all sessions of a person."""
    transaction.run(_REVOKE_SUBJECT, of=subject, at=at_us)


def revoke_device(transaction: Transaction, shop_id: ShopId, device_id: DeviceId, at_us: int) -> None:
    """End all sessions at a device, of any person."""
    transaction.run(_REVOKE_DEVICE, shop=shop_id, device=device_id, at=at_us)


def revoke_other_windows(
    transaction: Transaction, shop_id: ShopId, device_id: DeviceId, window_id: str, at_us: int
) -> int:
    """End the sessions in other windows of a till; returns their number."""
    return transaction.run(_REVOKE_OTHER_WINDOWS, shop=shop_id, device=device_id, window=window_id, at=at_us)


def was_taken_over(transaction: Transaction, session_id: str) -> bool:
    """Whether another window of the session's till is in use now."""
    return transaction.first(_LEFT_FOR, session=session_id) is not None


def trim(transaction: Transaction, before_us: int, step: int) -> int:
    """Delete up to `step` of the refresh tokens that expired before an instant, and the sessions that have none left.

    Returns the number of tokens.
    """
    rows: list[tuple[str, int]] = transaction.all(_EXPIRED, before=before_us, limit=step)
    transaction.run_many(_DELETE_TOKEN, [{"session": session, "number": number} for session, number in rows])
    transaction.run_many(_DELETE_EMPTY, [{"session": session} for session in dict.fromkeys(row[0] for row in rows)])
    return len(rows)


def revoked_since(transaction: Transaction, since_us: int) -> list[str]:
    """The sessions that were ended at or after an instant."""
    return [row[0] for row in transaction.all(_REVOKED_SINCE, since=since_us)]


def insert_token(transaction: Transaction, token: RefreshToken) -> None:
    transaction.run(
        _INSERT_TOKEN,
        session_id=token.session_id,
        generation=token.generation,
        token_hash=token.token_hash,
        expires_at=token.expires_us,
        used_at=token.used_us,
    )


def token_by_hash(transaction: Transaction, token_hash: bytes) -> RefreshToken | None:
    return _token(transaction.first(_BY_HASH, token_hash=token_hash))


def token_by_generation(transaction: Transaction, session_id: str, generation: int) -> RefreshToken | None:
    return _token(transaction.first(_BY_GENERATION, session=session_id, generation=generation))


def newest_token(transaction: Transaction, session_id: str) -> RefreshToken | None:
    """The last token of a session's chain, as far as the database knows."""
    return _token(transaction.first(_NEWEST, session=session_id))


def use(transaction: Transaction, token: RefreshToken, at_us: int) -> None:
    transaction.run(_USE, session=token.session_id, number=token.generation, used_at=at_us)


def _token(row: tuple[str, int, bytes, int, int | None] | None) -> RefreshToken | None:
    if row is None:
        return None
    session_id, generation, token_hash, expires_us, used_us = row
    return RefreshToken(
        session_id=session_id, generation=generation, token_hash=token_hash, expires_us=expires_us, used_us=used_us
    )
