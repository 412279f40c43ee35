"""Turns errors of lower layers into the sentences that end a command: what is wrong, where, and what to do."""

import sqlite3
from typing import Final

import msgspec
from sqlalchemy.exc import DBAPIError

from core.admin.demo.orders_file import OrdersFileError
from core.admin.demo.processes import ProcessFailed
from core.admin.failed import Failed, sentence
from core.client.errors import ClientError
from core.client.storage.local_store import LocalStoreError
from core.protocol.problem import blame
from core.reasons import reason
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

_SENTENCES: Final = {
    AlreadyServed: "Stop that first.",
    AuthorityError: "",
    BackupError: "",
    BadBackup: "Choose another: orderbell backup list",
    CannotOpen: "",
    ClientError: "",
    CopyError: "",
    KeyFileError: "Put a copy of it back: orderbell keys recover FILE",
    LocalStoreError: "",
    OrdersFileError: "",
    ProcessFailed: "",
    RestoreError: "",
    SeveralNames: "",
    TlsError: "",
}
"""Errors whose message is written for the user of the command, and the advice to append."""


def refusal(error: Exception) -> Failed | None:
    """The `Failed` for `error`; None for an unexpected one, which is not hidden."""
    match error:
        case Failed():
            return error
        case SettingsError():
            return Failed(*str(error).splitlines(), status=2)
        case DBAPIError() | sqlite3.Error():
            return Failed(sentence(f"{_where(error)} cannot be used: {reason(error)}"))
        case NewerSchema():
            return Failed(sentence(f"{_where(error)} cannot be used: {error}"))
        case msgspec.ValidationError():  # of typed values; files are validated by their readers
            what, field = blame(error)
            return Failed(sentence(f"{field}: {what}" if field else what), status=2)
        case EOFError():
            return Failed("There was no answer, and nothing was changed. Run it again.")
        case OSError(filename=str(name)):
            return Failed(sentence(f"{name} cannot be used: {reason(error)}"))
        case OSError():
            return Failed(sentence(f"The system refuses: {reason(error)}"))
    for kind, advice in _SENTENCES.items():
        if isinstance(error, kind):
            return Failed(f"{sentence(str(error))} {advice}".rstrip())
    return None


def _where(error: Exception) -> str:
    """The database that an error is of, as the store has noted it."""
    return next(iter(getattr(error, "__notes__", ())), "The database")
