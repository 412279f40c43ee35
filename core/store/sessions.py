"""Sign-ins, and the chain of refresh tokens each of them has used."""

from typing import Final

import msgspec
from sqlalchemy import bindparam, select, update

from core.domain.ids import DeviceId, ShopId
from core.domain.people import Principal, Role
from core.store.statements import Prepared, Transaction
from core.store.tables import refresh_tokens, sessions

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
_REVOKED_SINCE: Final = Prepared(select(_s.id).where(_s.revoked_at >= bindparam("since")))


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain. Only its SHA-256 is kept."""

    session_id: str
    generation: int
    token_hash: bytes
    expires_us: int
    used_us: int | None = None


def insert(transaction: Transaction, principal: Principal, at_us: int) -> None:
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
    )


def get(transaction: Transaction, session_id: str) -> Principal | None:
    """Whose session it is; None when there is none or it was revoked."""
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
    """End a session for good, with every token it has."""
    transaction.run(_REVOKE, session=session_id, revoked_at=at_us)


def revoked_since(transaction: Transaction, since_us: int) -> list[str]:
    """The sessions that were ended at or after an instant, by whomever."""
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


def use(transaction: Transaction, token: RefreshToken, at_us: int) -> None:
    transaction.run(_USE, session=token.session_id, number=token.generation, used_at=at_us)


def _token(row: tuple[str, int, bytes, int, int | None] | None) -> RefreshToken | None:
    if row is None:
        return None
    session_id, generation, token_hash, expires_us, used_us = row
    return RefreshToken(
        session_id=session_id, generation=generation, token_hash=token_hash, expires_us=expires_us, used_us=used_us
    )
