"""Turns errors of lower layers into the sentence that ends a command."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError

from core.admin.failed import Failed, sentence
from core.server.auth.authority import AuthorityError
from core.server.auth.keys import KeyFileError
from core.server.auth.tls import TlsError
from core.settings import SettingsError
from core.store.backups.backup import BackupError, BadBackup
from core.store.backups.copy import CopyError
from core.store.backups.restore import RestoreError
from core.store.engine.database import CannotOpen
from core.store.engine.owner import AlreadyServed, SeveralNames
from core.store.migrate import NewerSchema

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
"""Errors whose message is written for the user of the command."""


def refusal(error: Exception) -> Failed | None:
    """The `Failed` for `error`; None for an unexpected one, which is not hidden."""
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
