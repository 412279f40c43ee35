"""Passwords and PINs: Argon2id, a few at a time, equally slow for unknown and known names. Device secrets."""

import asyncio
import hashlib
import hmac
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.store.engine.threads import started_pool

# OWASP's floor for Argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
MEMORY_KIB: Final = 19_456
AT_ONCE: Final = 2
_QUICK: Final = "$sha256$"
_hasher: Final = PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)


def hash_secret(secret: str) -> str:
    """The salted hash of a password or PIN. Takes about 25 ms of a core."""
    return _hasher.hash(secret)


def hash_device_secret(secret: str) -> str:
    """The hash of a generated secret. 256 random bits cannot be guessed, so it need not be slow."""
    return _QUICK + hashlib.sha256(secret.encode()).hexdigest()


def is_device_secret(known_hash: str | None, secret: str) -> bool:
    """Whether `known_hash` is `hash_device_secret(secret)`."""
    return known_hash is not None and hmac.compare_digest(known_hash, hash_device_secret(secret))


class Passwords:
    """Hashing in threads. More than two at once would slow down orders.

    Sign-ins at a shop's own paired devices have a lane of their own: however many others sign in or up, the shop's
    staff only wait for each other.
    """

    def __init__(self) -> None:
        self._threads = started_pool(AT_ONCE - 1, "passwords")
        self._staff = started_pool(1, "staff-pins")
        self._nobody = _nobodys()

    async def hash(self, secret: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, hash_secret, secret)

    async def verify(self, known_hash: str | None, secret: str, *, at_own_device: bool = False) -> bool:
        """Whether `secret` made `known_hash`. None, for an unknown login, is False after the same work, as is a
        device's hash, for `is_device_secret`. `at_own_device`: at a paired device that has sent its secret."""
        is_slow = known_hash is not None and not known_hash.startswith(_QUICK)
        matches = await asyncio.get_running_loop().run_in_executor(
            self._staff if at_own_device else self._threads,
            _matches,
            known_hash if is_slow and known_hash else self._nobody,
            secret,
        )
        return matches and is_slow

    def close(self) -> None:
        self._threads.shutdown()
        self._staff.shutdown()


@cache
def _nobodys() -> str:
    """The hash that unknown logins are verified against."""
    return hash_secret("nobody signs in with this")


def _matches(known_hash: str, secret: str) -> bool:
    try:
        return _hasher.verify(known_hash, secret)
    except (VerificationError, InvalidHashError):
        return False
