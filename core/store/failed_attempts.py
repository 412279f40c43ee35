"""Failed attempts at secrets, shared by all processes and kept over restarts."""

from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, delete, select, update

from core.decoding import decoder
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import wrong_tries

_w = wrong_tries.c
_this: Final = (_w.scope == bindparam("of"), _w.origin == bindparam("at"))
_INSERT: Final = Prepared.insert(wrong_tries)
_GET: Final = Prepared(select(_w.tried_at).where(*_this))
_ALL_OF: Final = Prepared(select(_w.tried_at).where(_w.scope == bindparam("of")))
# Written first, so that other processes wait for this one's count.
_TAKE: Final = Prepared(update(wrong_tries).where(*_this).values(last_at=bindparam("last")).returning(_w.tried_at))
_KEEP: Final = Prepared(update(wrong_tries).where(*_this).values(tried_at=bindparam("tried")))
_FORGET: Final = Prepared(delete(wrong_tries).where(_w.scope == bindparam("of")))
_OLD: Final = Prepared(
    select(_w.scope, _w.origin).where(_w.last_at < bindparam("before")).order_by(_w.last_at).limit(bindparam("limit"))
)
_DELETE: Final = Prepared(delete(wrong_tries).where(*_this))
_decode: Final[msgspec.json.Decoder[list[int]]] = decoder(list[int])


def read(transaction: Transaction, scope: str, origin: str) -> list[int]:
    """The instants of attempts in `scope` from `origin` (µs), oldest first."""
    row = transaction.first(_GET, of=scope, at=origin)
    return _decode.decode(row[0]) if row else []


def read_all(transaction: Transaction, scope: str) -> list[list[int]]:
    """The instants of attempts in `scope`, a list for each origin."""
    return [_decode.decode(row[0]) for row in transaction.all(_ALL_OF, of=scope)]


def take(transaction: Transaction, scope: str, origin: str, at_us: int) -> list[int] | None:
    """`read`, locked until `keep` writes it back in this transaction. None: there is no row yet, see `insert`."""
    row = transaction.first(_TAKE, of=scope, at=origin, last=at_us)
    return _decode.decode(row[0]) if row else None


def insert(transaction: Transaction, scope: str, origin: str, at_us: int) -> None:
    transaction.run(_INSERT, scope=scope, origin=origin, tried_at=_text([at_us]), last_at=at_us)


def keep(transaction: Transaction, scope: str, origin: str, tried: list[int]) -> None:
    transaction.run(_KEEP, of=scope, at=origin, tried=_text(tried))


def forget(transaction: Transaction, scope: str) -> None:
    """Delete all attempts in `scope`, from anywhere."""
    transaction.run(_FORGET, of=scope)


def trim(transaction: Transaction, before_us: int, step: int) -> int:
    """Delete up to `step` rows whose last attempt was before an instant; returns their number."""
    rows: list[Any] = transaction.all(_OLD, before=before_us, limit=step)
    transaction.run_many(_DELETE, [{"of": scope, "at": origin} for scope, origin in rows])
    return len(rows)


def _text(tried: list[int]) -> str:
    return msgspec.json.encode(tried).decode()
