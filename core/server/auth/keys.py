"""The server's secrets: what access tokens are signed with, and what refresh tokens are derived from.

A signing key is followed by another one now and then; the old one verifies for as long as a token it signed may live.
What refresh tokens are derived from stays: whoever had it replaced would sign everybody out.
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
"""A process may sign with the old key for so long after another one has made the new."""
KEY_BYTES: Final = 32
"""HS256 keys are at least as long as the hash (RFC 7518 §3.2)."""


class KeyFileError(Exception):
    """The key file cannot be used; the message says why."""


class SigningKey(msgspec.Struct, frozen=True, omit_defaults=True):
    kid: str
    secret: bytes
    made_at: int = 0
    """Seconds since 1970; 0 for one from before that was kept."""
    retired_at: int | None = None
    """When another one took over; None while it signs."""

    def __post_init__(self) -> None:
        if len(self.secret) < KEY_BYTES:
            raise ValueError(f"signing key {self.kid} is shorter than {KEY_BYTES} bytes")

    def verifies_until(self, token_life_s: int) -> float:
        """When the last token that it signed has expired."""
        return float("inf") if self.retired_at is None else self.retired_at + token_life_s + OVERLAP_S


class Keys(msgspec.Struct, frozen=True):
    """The first signing key signs; all of them verify, so that a new one can be brought in beside the old."""

    signing: tuple[SigningKey, ...]
    refresh: bytes

    def __post_init__(self) -> None:
        if not self.signing:
            raise ValueError("there is no signing key")
        if len(self.refresh) < KEY_BYTES:
            raise ValueError(f"the refresh key is shorter than {KEY_BYTES} bytes")


def make() -> Keys:
    """New keys from the system's random source."""
    return Keys((_new_signing_key(time.time()),), secrets.token_bytes(KEY_BYTES))


def rotate(keys: Keys, at: float, token_life_s: int) -> Keys:
    """A new key signs from now on; the one before verifies as long as it may have to. Those that need not are gone."""
    retired = msgspec.structs.replace(keys.signing[0], retired_at=int(at))
    older = prune(keys, at, token_life_s).signing[1:]
    return msgspec.structs.replace(keys, signing=(_new_signing_key(at), retired, *older))


def prune(keys: Keys, at: float, token_life_s: int) -> Keys:
    """Without those that have nothing left to verify."""
    kept = tuple(key for key in keys.signing[1:] if at < key.verifies_until(token_life_s))
    return msgspec.structs.replace(keys, signing=(keys.signing[0], *kept))


def _new_signing_key(at: float) -> SigningKey:
    return SigningKey(secrets.token_hex(4), secrets.token_bytes(KEY_BYTES), int(at))


def backup_key(keys: Keys) -> bytes:
    """What proves that a backup was made by a server with these keys. It lives as long as `refresh`."""
    return hmac.digest(keys.refresh, b"orderbell backup", "sha256")


def backup_key_at(path: Path) -> bytes:
    """The same of the keys in a file; empty when there are none, or none that can be read."""
    try:
        return backup_key(read(path))
    except (OSError, KeyFileError):
        return b""


def read(path: Path) -> Keys:
    """Raises `FileNotFoundError`, and `KeyFileError` on a file that is not one of ours."""
    try:
        return decode(path.read_bytes(), Keys)
    except (msgspec.DecodeError, ValueError) as error:
        raise KeyFileError(f"{path} is no key file: {error}.") from None


def write(path: Path, keys: Keys) -> None:
    """Make the file; raises `FileExistsError` rather than replace one.

    Only the owner may read it: by its mode on POSIX, on Windows by the rights that a user's own directories have.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(msgspec.json.encode(keys))
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, keys: Keys) -> None:
    """Put other keys in the file's place, whole or not at all. Servers that use it notice by themselves."""
    write_whole(path, msgspec.json.encode(keys), private=True)


class KeyFile:
    """The file that a server's keys came from, and may come from again when it has changed."""

    def __init__(self, path: Path, keys: Keys) -> None:
        self._path = path
        self._keys = keys
        self._seen: tuple[int, int, int] | None = None

    def news(self) -> Keys | None:
        """What the file says now, if that is new. It costs a look at the directory.

        A file that cannot be read, or is of another server, changes nothing and is logged.
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
