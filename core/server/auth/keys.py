"""The server's keys: for signing access tokens, and for deriving refresh tokens.

Signing keys are rotated; an old one verifies for as long as a token it signed may live. The refresh key stays:
replacing it would sign everybody out.
"""

import hmac
import logging
import os
import secrets
import time
from pathlib import Path
from typing import Final

import msgspec

from core.decoding import decode
from core.files import write_whole

log = logging.getLogger(__name__)

OVERLAP_S: Final = 60
"""How long another process may still sign with the old key after a rotation."""
KEY_BYTES: Final = 32
"""HS256 keys are at least as long as the hash (RFC 7518 §3.2)."""


class KeyFileError(Exception):
    """The key file cannot be used; the message gives the reason."""


class SigningKey(msgspec.Struct, frozen=True, omit_defaults=True):
    kid: str
    secret: bytes
    made_at: int = 0
    """Seconds since 1970; 0 when unknown (earlier releases)."""
    retired_at: int | None = None
    """When another key took over; None while it signs."""

    def __post_init__(self) -> None:
        if len(self.secret) < KEY_BYTES:
            raise ValueError(f"signing key {self.kid} is shorter than {KEY_BYTES} bytes")

    def verifies_until(self, token_life_s: int) -> float:
        """When the last token that it signed has expired."""
        return float("inf") if self.retired_at is None else self.retired_at + token_life_s + OVERLAP_S


class Keys(msgspec.Struct, frozen=True):
    """The first signing key signs; all of them verify."""

    signing: tuple[SigningKey, ...]
    refresh: bytes

    def __post_init__(self) -> None:
        if not self.signing:
            raise ValueError("there is no signing key")
        if len(self.refresh) < KEY_BYTES:
            raise ValueError(f"the refresh key is shorter than {KEY_BYTES} bytes")


def make() -> Keys:
    """New random keys."""
    return Keys((_new_signing_key(time.time()),), secrets.token_bytes(KEY_BYTES))


def rotate(keys: Keys, at: float, token_life_s: int) -> Keys:
    """The keys with a new signing key; the previous one verifies as long as needed, and older ones are removed."""
    retired = msgspec.structs.replace(keys.signing[0], retired_at=int(at))
    older = prune(keys, at, token_life_s).signing[1:]
    return msgspec.structs.replace(keys, signing=(_new_signing_key(at), retired, *older))


def prune(keys: Keys, at: float, token_life_s: int) -> Keys:
    """The keys without those that have nothing left to verify."""
    kept = tuple(key for key in keys.signing[1:] if at < key.verifies_until(token_life_s))
    return msgspec.structs.replace(keys, signing=(keys.signing[0], *kept))


def _new_signing_key(at: float) -> SigningKey:
    return SigningKey(secrets.token_hex(4), secrets.token_bytes(KEY_BYTES), int(at))


def backup_key(keys: Keys) -> bytes:
    """The key that proves backups of a server with these keys. It lives as long as `refresh`."""
    return hmac.digest(keys.refresh, b"orderbell backup", "sha256")


def report_key(keys: Keys) -> bytes:
    """The key by which the reports of drawers are chained. It is in no database, and lives as long as `refresh`."""
    return hmac.digest(keys.refresh, b"orderbell z reports", "sha256")


def approval_key(keys: Keys) -> bytes:
    """The key that proves managers' approvals. It lives as long as `refresh`."""
    return hmac.digest(keys.refresh, b"orderbell approvals", "sha256")


def backup_key_at(path: Path) -> bytes:
    """The `backup_key` of the keys in a file; empty when it does not exist or cannot be read."""
    try:
        return backup_key(read(path))
    except (OSError, KeyFileError):
        return b""


def read(path: Path) -> Keys:
    """Read a key file. Raises `FileNotFoundError`, and `KeyFileError` on an invalid one."""
    try:
        return decode(path.read_bytes(), Keys)
    except (msgspec.DecodeError, ValueError):
        raise KeyFileError(f"{path} is no key file of Orderbell's, or is damaged") from None


def write(path: Path, keys: Keys) -> None:
    """Create a key file; raises `FileExistsError` when there is one.

    Only the owner may read it: by its mode on POSIX, on Windows by the rights of a user's own directories.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(msgspec.json.encode(keys))
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, keys: Keys) -> None:
    """Replace a key file atomically. Servers that use it reload it."""
    write_whole(path, msgspec.json.encode(keys), private=True)


class KeyFile:
    """The file of a server's keys, reloaded when it changes."""

    def __init__(self, path: Path, keys: Keys) -> None:
        self._path = path
        self._keys = keys
        self._seen: tuple[int, int, int] | None = None

    def changed_keys(self) -> Keys | None:
        """The keys in the file if they changed since the last call; checking costs one `stat`.

        A file that cannot be read, or is of another server, is logged and ignored.
        """
        try:
            found = self._path.stat()
        except OSError:
            return None
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if seen == self._seen:
            return None
        self._seen = seen
        try:
            keys = read(self._path)
        except (KeyFileError, OSError):
            log.exception("the key file cannot be read; going on with the keys from before")
            return None
        if keys.refresh != self._keys.refresh:
            log.error("the key file is another server's; going on with the keys from before")
            return None
        if keys == self._keys:
            return None
        self._keys = keys
        return keys
