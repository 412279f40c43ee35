"""What a window must keep to itself, sealed in its own file: the session's tokens, its device's secret, a PIN's hash.

The key to it is in the system's keyring; where there is none, in a file beside the window's that only its owner may
read (docs/adr/0030). The keyring is asked once a run, when the key is first needed: it may take its time, and ask
somebody.
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
"""What the system's keyring lists the key under; the account is the path of the window's file."""


_MARK_BYTES: Final = 32


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

    def read_last(self, name: str) -> bytes | None:
        """What `keep_last` was given last. A value from before, put back into the file, is not there."""
        held = self._marked(name)
        return None if held is None else held[_MARK_BYTES:]

    def keep_last(self, name: str, value: bytes) -> bool:
        """Keep `value` so that no earlier one can take its place: which is the last is kept where the key is. False
        when that cannot be written; then nothing is kept. Not to be called within a transaction.

        Until the value is on the disk the one before counts too, so that a disk that is full loses neither.
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
            log.warning("what is sealed cannot be marked", extra={"sealed": name, "cause": type(error).__name__})
            self.keep(name, None)
            return False
        return True

    def _marked(self, name: str) -> bytes | None:
        """What is kept under `name`, mark and value, if its mark counts."""
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
                log.info("the key to what is sealed", extra={"kept_in": self._kept_in})
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
    key = _text(file)
    return key if _is_key(key) else ""


def _text(file: Path) -> str:
    """What `_write` has written; empty when there is no such file."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    file.chmod(0o600)
    return text


def _write(file: Path, text: str) -> str:
    """`text`, in a file that only its owner may read; on a full disk the one before stays."""
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
