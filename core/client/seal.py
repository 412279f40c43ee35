"""What a window must keep to itself, sealed in its own file: the session's tokens, and its device's secret.

The key to it is in the system's keyring; where there is none, in a file beside the window's that only its owner may
read (docs/adr/0030). The keyring is asked once a run, when the key is first needed: it may take its time, and ask
somebody.
"""

import logging
import os
import threading
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.client.local import LocalStore

log = logging.getLogger(__name__)

SERVICE: Final = "Orderbell"
"""What the system's keyring lists the key under; the account is the path of the window's file."""


class KeptIn(StrEnum):
    """Where the key is."""

    KEYRING = "keyring"
    FILE = "file"


class Seal:
    """Safe to use from several threads. What it cannot read any more, because the key is another one, is not there."""

    def __init__(self, store: LocalStore, *, keyring: bool = True) -> None:
        self.store = store
        self._keyring = keyring
        self._opening = threading.Lock()
        self._box: MultiFernet | None = None
        self._kept_in: KeptIn | None = None

    @property
    def kept_in(self) -> KeptIn | None:
        """Where the key is; None as long as it was not needed."""
        return self._kept_in

    def read(self, name: str) -> bytes | None:
        with self.store.reading() as db:
            row = db.execute("SELECT value FROM sealed WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        try:
            return self._opened().decrypt(row[0])
        except InvalidToken:
            log.warning("what was sealed cannot be read: its key is gone", extra={"sealed": name})
            return None

    def keep(self, name: str, value: bytes | None) -> None:
        """On the disk when this returns, or with the transaction that it is called in. None: nothing is kept."""
        sealed = None if value is None else self._opened().encrypt(value)
        with self.store.transaction() as db:
            if sealed is None:
                db.execute("DELETE FROM sealed WHERE name = ?", (name,))
            else:
                db.execute("INSERT OR REPLACE INTO sealed VALUES (?, ?)", (name, sealed))

    def _opened(self) -> MultiFernet:
        with self._opening:
            if self._box is None:
                self._box, self._kept_in = _open(self.store.path, keyring=self._keyring)
                log.info("the key to what is sealed", extra={"kept_in": self._kept_in})
            return self._box


def _open(path: Path, *, keyring: bool) -> tuple[MultiFernet, KeptIn]:
    file = path.with_suffix(".key")
    filed = _read(file)
    held = _of_keyring(str(path), filed) if keyring else None
    if held is None:
        return MultiFernet([Fernet(filed or _write(file))]), KeptIn.FILE
    if held == filed:
        file.unlink()
        filed = ""
    # A file beside the keyring's key is of a run in which there was no keyring: what it sealed is still to be read.
    return MultiFernet([Fernet(key) for key in (held, filed) if key]), KeptIn.KEYRING


def _of_keyring(account: str, filed: str) -> str | None:
    """The key that the system's keyring has, or has from now on; None where there is none that can be relied on."""
    import keyring

    try:
        held = keyring.get_password(SERVICE, account)
        if not _is_key(held or ""):
            held = filed or _new()
            keyring.set_password(SERVICE, account, held)
            if keyring.get_password(SERVICE, account) != held:  # a null backend takes everything and has nothing
                return None
    except Exception as error:  # noqa: BLE001 (whatever the platform's keyring raises, there is the file)
        log.info("there is no keyring to use", extra={"cause": type(error).__name__})
        return None
    return held


def _read(file: Path) -> str:
    """The key in `file`; empty when there is none."""
    try:
        key = file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    file.chmod(0o600)
    return key if _is_key(key) else ""


def _write(file: Path) -> str:
    """A new key in a file that only its owner may read: by its mode on POSIX, on Windows by the rights of a user's own
    directories."""
    key = _new()
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
        opened.write(key)
        opened.flush()
        os.fsync(opened.fileno())
    return key


def _new() -> str:
    return Fernet.generate_key().decode()


def _is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True
