"""What the layers below refuse, as the sentence that ends a command."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError

from core.admin.failed import Failed, sentence
from core.server.authority import AuthorityError
from core.server.keys import KeyFileError
from core.server.tls import TlsError
from core.settings import SettingsError
from core.store.backup import BackupError, BadBackup
from core.store.copy import CopyError
from core.store.database import CannotOpen
from core.store.migrate import NewerSchema
from core.store.owner import AlreadyServed, SeveralNames
from core.store.restore import RestoreError

_SENTENCES: Final = (
    AlreadyServed,
    AuthorityError,
    BackupError,
    BadBackup,
    CannotOpen,
    CopyError,
    KeyFileError,
    NewerSchema,
    RestoreError,
    SeveralNames,
    TlsError,
)
"""Errors whose message is written for whoever typed the command."""


def refusal(error: Exception) -> Failed | None:
    """How `error` ends a command; None for a mistake of ours, which is not hidden."""
    match error:
        case Failed():
            return error
        case SettingsError():
            return Failed(*str(error).splitlines(), status=2)
        case DBAPIError():
            return Failed(f"The database refuses: {_first_line(error.orig or error)}")
        case sqlite3.Error():
            return Failed(f"{sentence(str(error))} Is the database's directory there, and may you write to it?")
        case EOFError():
            return Failed("There was no answer. Nothing was done.")
        case OSError(filename=str(name), strerror=str(why)):
            return Failed(f"{name}: {why}.")
        case OSError():
            return Failed(sentence(str(error)))
        case _ if isinstance(error, _SENTENCES):
            return Failed(sentence(str(error)))
    return None


def _first_line(error: BaseException) -> str:
    return sentence(str(error).strip().partition("\n")[0])
