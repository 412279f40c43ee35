"""Unlocking a till without the server: the PIN's hash, sealed in the window's own file, with the count of failed
attempts (docs/adr/0028)."""

import hashlib
import hmac
import secrets
import threading
from typing import Final

import msgspec

from core.client.storage.seal import Seal
from core.decoding import decode

MOST_WRONG: Final = 5
"""Wrong PINs in a row after which only the server can unlock the till."""
_WORK: Final = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 64 << 20}
"""32 MiB and about a tenth of a second (RFC 7914)."""
_NAME: Final = "pin"
_trying: Final = threading.Lock()


class _Kept(msgspec.Struct, frozen=True):
    subject: str
    salt: bytes
    hash: bytes
    wrong: int = 0


def _hash(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, **_WORK)


def keep(seal: Seal, subject: str, pin: str) -> None:
    """Store the `pin` that the server has just accepted from `subject`, replacing any other."""
    salt = secrets.token_bytes(16)
    _write(seal, _Kept(subject, salt, _hash(pin, salt)))


def forget(seal: Seal) -> None:
    """Delete it at sign-out: unlocking then needs the server."""
    seal.keep(_NAME, None)


def may_attempt(seal: Seal, subject: str) -> bool:
    """Whether a PIN of `subject` is stored, with attempts left."""
    return _read(seal, subject) is not None


def check(seal: Seal, subject: str, pin: str) -> bool:
    """Whether `pin` is the stored one of `subject`. The attempt is counted before it is checked, so that ending the
    program does not give another."""
    with _trying:
        kept = _read(seal, subject)
        if kept is None or not _write(seal, msgspec.structs.replace(kept, wrong=kept.wrong + 1)):
            return False
        if not hmac.compare_digest(_hash(pin, kept.salt), kept.hash):
            return False
        _write(seal, msgspec.structs.replace(kept, wrong=0))
        return True


def _read(seal: Seal, subject: str) -> _Kept | None:
    held = seal.read_last(_NAME)
    kept = decode(held, _Kept) if held is not None else None
    return kept if kept is not None and kept.subject == subject and kept.wrong < MOST_WRONG else None


def _write(seal: Seal, kept: _Kept) -> bool:
    return seal.keep_last(_NAME, msgspec.json.encode(kept))
