"""The table of attempts at a card terminal, in the window's file."""

import sqlite3
from typing import Final

import msgspec

from core.client.terminals.attempt import Attempt
from core.decoding import decode_reply
from core.domain.ids import OpId, ShopId

_encode: Final = msgspec.json.Encoder().encode


def keep(db: sqlite3.Connection, shop: ShopId, attempt: Attempt) -> None:
    db.execute(
        "INSERT OR REPLACE INTO card_attempts (key, shop, ended, content) VALUES (?, ?, ?, ?)",
        (attempt.key, shop, attempt.ended, _encode(attempt)),
    )


def get(db: sqlite3.Connection, key: OpId) -> Attempt | None:
    row = db.execute("SELECT content FROM card_attempts WHERE key = ?", (key,)).fetchone()
    return decode_reply(row[0], Attempt) if row else None


def open_ones(db: sqlite3.Connection, shop: ShopId) -> tuple[Attempt, ...]:
    """The attempts of this shop that have not ended, oldest first."""
    rows = db.execute("SELECT content FROM card_attempts WHERE shop = ? AND NOT ended ORDER BY key", (shop,))
    return tuple(decode_reply(row[0], Attempt) for row in rows.fetchall())


def is_booked(db: sqlite3.Connection, key: OpId) -> bool:
    return db.execute("SELECT 1 FROM operations WHERE op_id = ?", (key,)).fetchone() is not None
