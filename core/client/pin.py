"""Coming back to a locked till while the server is away: the PIN's hash, in the window's own file (docs/adr/0028)."""

import hashlib
import hmac
import secrets
from typing import Final

from core.client.local import LocalStore

MOST_WRONG: Final = 5
"""Wrong PINs in a row after which only the server can unlock the till."""
_WORK: Final = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 64 << 20}
"""32 MiB and about a tenth of a second (RFC 7914): 10,000 PINs are a quarter of an hour's work for who has the file."""


def _hash(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, **_WORK)


def keep(store: LocalStore, subject: str, pin: str) -> None:
    """The server has just accepted `pin` from `subject`. Nobody else's is kept."""
    salt = secrets.token_bytes(16)
    kept = (subject, salt, _hash(pin, salt))
    with store.transaction() as db:
        db.execute("INSERT OR REPLACE INTO pin (one, subject, salt, hash, wrong) VALUES (1, ?, ?, ?, 0)", kept)


def forget(store: LocalStore) -> None:
    """Whoever it was signed out: without the server nobody comes back as them."""
    with store.transaction() as db:
        db.execute("DELETE FROM pin")


def may_try(store: LocalStore, subject: str) -> bool:
    """Whether there is anything to compare a PIN of `subject` with, and it was not guessed at too often."""
    with store.reading() as db:
        row = db.execute("SELECT wrong FROM pin WHERE subject = ?", (subject,)).fetchone()
    return row is not None and row[0] < MOST_WRONG


def check(store: LocalStore, subject: str, pin: str) -> bool:
    """Whether `pin` is the one that the server accepted last from `subject`. A try is counted before it is made, so
    that ending the program does not give another."""
    with store.transaction() as db:
        row = db.execute(
            "UPDATE pin SET wrong = wrong + 1 WHERE subject = ? AND wrong < ? RETURNING salt, hash",
            (subject, MOST_WRONG),
        ).fetchone()
    if row is None or not hmac.compare_digest(_hash(pin, row[0]), row[1]):
        return False
    with store.transaction() as db:
        db.execute("UPDATE pin SET wrong = 0 WHERE subject = ?", (subject,))
    return True
