"""The server's secrets: what access tokens are signed with, and what refresh tokens are derived from."""

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

KEY_BYTES: Final = 32
"""HS256 keys are at least as long as the hash (RFC 7518 §3.2)."""


class KeyFileError(Exception):
    """The key file cannot be used; the message says why."""


class SigningKey(msgspec.Struct, frozen=True):
    kid: str
    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) < KEY_BYTES:
            raise ValueError(f"signing key {self.kid} is shorter than {KEY_BYTES} bytes")


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
    return Keys((SigningKey(secrets.token_hex(4), secrets.token_bytes(KEY_BYTES)),), secrets.token_bytes(KEY_BYTES))


def read(path: Path) -> Keys:
    """Raises `FileNotFoundError`, and `KeyFileError` on a file that is not one of ours."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Keys)
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
