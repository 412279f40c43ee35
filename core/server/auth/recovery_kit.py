"""The recovery kit: what a backup does not contain, in one encrypted file kept away from the machine.

With the server's keys, sessions continue on another machine, backups are proven, and sealed data can be opened; with
the authority's key, screens trust that machine; with the settings file, it serves as before. A kit contains all of
them: the file may have the database's password. It is encrypted by a code that is generated and
shown once: whoever has kit and code can be the shop's server.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from core.decoding import decode
from core.files import write_whole
from core.instants import now
from core.protocol.trust import ALPHABET
from core.reasons import reason
from core.server.auth import keys
from core.server.auth.authority import CA_FILE, CA_KEY_FILE, SERVER_FILE
from core.server.auth.keys import KeyFileError, Keys
from core.server.settings import ServerSettings

GROUPS: Final = 6
GROUP_LETTERS: Final = 4
CODE_LETTERS: Final = GROUPS * GROUP_LETTERS
"""119 random bits: a code cannot be guessed, so its derivation needs no great cost."""
_NOTE_FILE: Final = "recovery-kit.json"
_TLS_FILES: Final = (CA_KEY_FILE, SERVER_FILE, CA_FILE)
"""In order of writing: a directory with the authority's certificate is complete."""


class RecoveryError(Exception):
    """The kit cannot be made or used; the message gives the reason."""


class _Kit(msgspec.Struct, frozen=True, kw_only=True):
    """The file. The shop's name is in clear text, for its finder; `sealed` is a `_Contents`."""

    orderbell_recovery_kit: int = 1
    shop_name: str
    made_at: datetime
    salt: bytes
    sealed: bytes


class _Contents(msgspec.Struct, frozen=True, kw_only=True):
    keys: bytes
    tls: dict[str, bytes]
    settings: bytes = b""
    """The settings file; empty where there was none, and in kits of earlier releases."""


class KitNote(msgspec.Struct, frozen=True, kw_only=True):
    """A data directory's record of its newest kit; it opens nothing."""

    made_at: datetime
    of: str
    """A hash of the contents, to detect later changes."""


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    shop_name: str
    made_at: datetime
    files: tuple[str, ...]
    """The files that were written."""


def make(settings: ServerSettings, settings_file: Path, shop_name: str, path: Path) -> str:
    """Write a kit of the server's keys, authority and settings to `path`, and return its code, which is not stored.

    Raises `RecoveryError`, also when there is a file at `path`: it may be the kit of another shop.
    """
    if path.exists():
        raise RecoveryError(f"{path} is there already. Name another file, or move that one away.")
    contents = _contents(settings, settings_file)
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    salt, made_at = secrets.token_bytes(16), now()
    sealed = Fernet(_key(code, salt)).encrypt(msgspec.json.encode(contents))
    kit = _Kit(shop_name=shop_name, made_at=made_at, salt=salt, sealed=sealed)
    note = KitNote(made_at=made_at, of=_hash(contents))
    try:
        write_whole(path, msgspec.json.format(msgspec.json.encode(kit)), private=True)
        write_whole(settings.directory / _NOTE_FILE, msgspec.json.encode(note), private=True)
    except OSError as error:
        raise RecoveryError(f"{path} could not be written: {reason(error)}") from error
    return "-".join(code[at : at + GROUP_LETTERS] for at in range(0, CODE_LETTERS, GROUP_LETTERS))


class Opened:
    """A kit that was opened by its code."""

    def __init__(self, path: Path, typed: str) -> None:
        """Raises `RecoveryError`: not a kit, or a wrong code."""
        self.kit = _read(path)
        try:
            sealed = Fernet(_key(_letters(typed), self.kit.salt)).decrypt(self.kit.sealed)
            self._contents = decode(sealed, _Contents)
        except (InvalidToken, msgspec.DecodeError):
            raise RecoveryError(f"This is not the code of {path}, or the file is damaged.") from None

    def differs_from(self, file: Path) -> bool:
        """Whether the kit has settings, and other ones than `file`."""
        return bool(self._contents.settings) and file.exists() and file.read_bytes() != self._contents.settings

    def recover_settings(self, file: Path) -> bool:
        """Write the settings file, unless there is one; returns whether it was written. Raises `RecoveryError`."""
        if not self._contents.settings or file.exists():
            return False
        _write([(file, self._contents.settings)])
        return True

    def recover(self, settings: ServerSettings) -> Recovered:
        """Write keys and authority to the server's files. Existing files are not replaced. Raises `RecoveryError` when
        different ones exist already."""
        tls = self._contents.tls
        wanted = [(settings.tls_directory / name, tls[name]) for name in _TLS_FILES if name in tls]
        wanted.append((settings.keys_path, self._contents.keys))
        other = [str(file) for file, content in wanted if file.exists() and file.read_bytes() != content]
        if other:
            raise RecoveryError(f"Something else is there already: {', '.join(other)}. Move it away first.")
        missing = [(file, content) for file, content in wanted if not file.exists()]
        _write(missing)
        files = tuple(str(file) for file, _ in missing)
        return Recovered(shop_name=self.kit.shop_name, made_at=self.kit.made_at, files=files)


def _write(files: Iterable[tuple[Path, bytes]]) -> None:
    try:
        for file, content in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, content, private=file.name != CA_FILE)
    except OSError as error:
        raise RecoveryError(f"{error.filename} could not be written: {reason(error)}") from error


def note(settings: ServerSettings) -> KitNote | None:
    """The record of the newest kit; None when there is none."""
    try:
        return decode((settings.directory / _NOTE_FILE).read_bytes(), KitNote)
    except (OSError, msgspec.DecodeError):
        return None


def is_current(settings: ServerSettings, settings_file: Path, known: KitNote) -> bool:
    """Whether the kit contains the server's current keys, authority and settings."""
    try:
        return hmac.compare_digest(known.of, _hash(_contents(settings, settings_file)))
    except RecoveryError:
        return False


def _contents(settings: ServerSettings, settings_file: Path) -> _Contents:
    try:
        keys.read(settings.keys_path)
        tls = {name: settings.tls_directory / name for name in _TLS_FILES}
        return _Contents(
            keys=settings.keys_path.read_bytes(),
            tls={name: file.read_bytes() for name, file in tls.items() if file.exists()},
            settings=settings_file.read_bytes() if settings_file.exists() else b"",
        )
    except FileNotFoundError:
        raise RecoveryError(f"There are no keys here yet ({settings.keys_path}). Begin with: orderbell init") from None
    except KeyFileError as error:
        raise RecoveryError(str(error)) from None
    except OSError as error:
        raise RecoveryError(f"{error.filename} cannot be read: {reason(error)}") from error


def _hash(contents: _Contents) -> str:
    """A hash of the lasting contents: rotating signing keys or renewing the server's certificate does not change it."""
    authority = [contents.tls.get(name, b"") for name in (CA_FILE, CA_KEY_FILE)]
    lasting = (decode(contents.keys, Keys).refresh, *authority, *filter(None, [contents.settings]))
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in lasting)).hexdigest()


def _read(path: Path) -> _Kit:
    try:
        return decode(path.read_bytes(), _Kit)
    except OSError as error:
        raise RecoveryError(f"{path} cannot be read: {reason(error)}") from None
    except msgspec.DecodeError:
        raise RecoveryError(f"{path} is no recovery kit. Name another file.") from None


def _letters(typed: str) -> str:
    return "".join(filter(str.isalnum, typed)).upper()


def _key(code: str, salt: bytes) -> bytes:
    return urlsafe_b64encode(hashlib.scrypt(code.encode(), salt=salt, n=1 << 14, r=8, p=1, dklen=32))
