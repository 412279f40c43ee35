"""Secrets sealed in the window's own file: the session's tokens, the device's secret, a PIN's hash.

The key is in the system's keyring; where there is none, in a file beside the window's that only its owner may read
(docs/adr/0030). The keyring is accessed once a run, when the key is first needed: it may be slow, and prompt.
"""

import hmac
import logging
import secrets
import threading
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.client.errors import NotKept
from core.client.storage.local_store import LocalStore
from core.files import write_whole

log = logging.getLogger(__name__)

SERVICE: Final = "Orderbell"
"""The keyring's service name; the account is the path of the window's file."""


_MARK_BYTES: Final = 32


class KeptIn(StrEnum):
    """Where the key is stored."""

    KEYRING = "keyring"
    FILE = "file"


class Seal:
    """Thread-safe. Values sealed with another key are treated as missing."""

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
            log.warning("a sealed value cannot be read: its key is gone", extra={"sealed": name})
            return None

    def keep(self, name: str, value: bytes | None) -> None:
        """Seal a value: on the disk when this returns, or with the caller's transaction. None deletes it."""
        sealed = None if value is None else self._opened().encrypt(value)
        with self.store.transaction() as db:
            if sealed is None:
                db.execute("DELETE FROM sealed WHERE name = ?", (name,))
            else:
                db.execute("INSERT OR REPLACE INTO sealed VALUES (?, ?)", (name, sealed))

    def read_last(self, name: str) -> bytes | None:
        """The newest value of `keep_last`. An older one, put back into the file, is treated as missing."""
        held = self._marked(name)
        return None if held is None else held[_MARK_BYTES:]

    def keep_last(self, name: str, value: bytes) -> bool:
        """Seal `value` such that no earlier one can replace it: a mark of the newest is stored with the key. False when
        that cannot be written; then nothing is stored. Not to be called within a transaction.

        Until the value is on the disk the previous one is valid too, so that a full disk loses neither.
        """
        before = (self._marked(name) or b"")[:_MARK_BYTES].decode()
        self._opened()
        mark = secrets.token_hex(_MARK_BYTES // 2)
        try:
            self._set_mark(name, mark + before)
            self.keep(name, mark.encode() + value)
            self._set_mark(name, mark)
        except NotKept:
            raise
        except Exception as error:  # noqa: BLE001 (whatever the platform's keyring raises)
            log.warning(
                "the mark of a sealed value cannot be written", extra={"sealed": name, "cause": type(error).__name__}
            )
            self.keep(name, None)
            return False
        return True

    def _marked(self, name: str) -> bytes | None:
        """The mark and value stored under `name`, if the mark is valid."""
        held = self.read(name)
        if held is None:
            return None
        marks = self._mark(name).encode()
        ends = range(_MARK_BYTES, len(marks) + 1, _MARK_BYTES)
        counts = any(hmac.compare_digest(held[:_MARK_BYTES], marks[end - _MARK_BYTES : end]) for end in ends)
        return held if counts else None

    def _mark(self, name: str) -> str:
        if self._kept_in is KeptIn.FILE:
            return _text(self._mark_file(name))
        import keyring

        try:
            return keyring.get_password(SERVICE, self._mark_account(name)) or ""
        except Exception as error:  # noqa: BLE001
            log.warning("the keyring does not answer", extra={"cause": type(error).__name__})
            return ""

    def _set_mark(self, name: str, mark: str) -> None:
        if self._kept_in is KeptIn.FILE:
            _write(self._mark_file(name), mark)
        else:
            import keyring

            keyring.set_password(SERVICE, self._mark_account(name), mark)

    def _mark_account(self, name: str) -> str:
        return f"{self.store.path} {name}"

    def _mark_file(self, name: str) -> Path:
        return self.store.path.with_suffix(f".{name}.last")

    def _opened(self) -> MultiFernet:
        with self._opening:
            if self._box is None:
                self._box, self._kept_in = _open(self.store.path, keyring=self._keyring)
                log.info("opened the sealing key", extra={"kept_in": self._kept_in})
            return self._box


def _open(path: Path, *, keyring: bool) -> tuple[MultiFernet, KeptIn]:
    file = path.with_suffix(".key")
    filed = _read(file)
    held = _of_keyring(str(path), filed) if keyring else None
    if held is None:
        return MultiFernet([Fernet(filed or _write(file, _new()))]), KeptIn.FILE
    if held == filed:
        file.unlink()
        filed = ""
    # A key file beside the keyring's key was made by a run without a keyring: its values must stay readable.
    return MultiFernet([Fernet(key) for key in (held, filed) if key]), KeptIn.KEYRING


def _of_keyring(account: str, filed: str) -> str | None:
    """The key in the system's keyring, created if missing; None where there is no reliable keyring."""
    import keyring

    try:
        held = keyring.get_password(SERVICE, account)
        if not _is_key(held or ""):
            held = filed or _new()
            keyring.set_password(SERVICE, account, held)
            if keyring.get_password(SERVICE, account) != held:  # a null backend accepts everything and stores nothing
                return None
    except Exception as error:  # noqa: BLE001 (whatever the platform's keyring raises, there is the file)
        log.info("there is no keyring to use", extra={"cause": type(error).__name__})
        return None
    return held


def _read(file: Path) -> str:
    """The key in `file`; empty when there is none."""
    key = _text(file)
    return key if _is_key(key) else ""


def _text(file: Path) -> str:
    """The text of a file; empty when it does not exist."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    file.chmod(0o600)
    return text


def _write(file: Path, text: str) -> str:
    """Write `text` to a file that only its owner may read; on a full disk the previous one stays."""
    write_whole(file, text.encode("ascii"), private=True)
    return text


def _new() -> str:
    return Fernet.generate_key().decode()


def _is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True
