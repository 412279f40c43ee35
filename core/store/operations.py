"""Completed operations and their replies, so that a repeated request gets the same reply and has no effect."""

from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, select, tuple_

from core.store.sql.statements import Prepared, Transaction
from core.store.tables import operations

_o = operations.c
_GET: Final = Prepared(
    select(_o.request_hash, _o.status, _o.reply).where(_o.subject == bindparam("subject"), _o.key == bindparam("key"))
)
_INSERT: Final = Prepared.insert(operations)
_FORGET: Final = Prepared(delete(operations).where(_o.subject == bindparam("of"), _o.key == bindparam("this")))
_oldest = select(_o.subject, _o.key).where(_o.created_at < bindparam("before")).order_by(_o.created_at)
_DELETE: Final = Prepared(delete(operations).where(tuple_(_o.subject, _o.key).in_(_oldest.limit(bindparam("step")))))


class Done(msgspec.Struct, frozen=True):
    """The hash of a request, and the bytes of its reply."""

    request_hash: bytes
    status: int
    reply: bytes


def forget(transaction: Transaction, subject: str, key: str) -> None:
    """Delete a completed operation."""
    transaction.run(_FORGET, of=subject, this=key)


def find(transaction: Transaction, subject: str, key: str) -> Done | None:
    """The operation that `subject` did under `key`. Keys of other subjects are distinct."""
    row = transaction.first(_GET, subject=subject, key=key)
    return Done(*row) if row else None


def keep(transaction: Transaction, subject: str, key: str, done: Done, at_us: int) -> None:
    """Store a completed operation, in its own transaction."""
    transaction.run(
        _INSERT,
        subject=subject,
        key=key,
        request_hash=done.request_hash,
        status=done.status,
        reply=done.reply,
        created_at=at_us,
    )


def trim(transaction: Transaction, before_us: int, step: int) -> int:
    """Delete up to `step` of the oldest operations that were done before an instant; returns their number."""
    return transaction.run(_DELETE, before=before_us, step=step)
