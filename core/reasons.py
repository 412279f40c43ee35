"""Reasons of failures and advice, in words for the users of Orderbell.

The texts of systems and libraries are for programmers, and differ between systems: `[Errno 17] File exists`, `Expected
int, got str`. Errors that end a command or a window's start are described by these words instead.
"""

import errno
import re
import socket
import sqlite3
import ssl
from typing import Final, NamedTuple

import msgspec
from typing_extensions import override

from core import urls


class Reason(NamedTuple):
    """A clause that follows a colon, without a full stop, and a sentence on what to do."""

    why: str
    advice: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.why}. {self.advice}".rstrip()


_ELSEWHERE: Final = "Name another place, or move that away."
_NO_RIGHT: Final = Reason(
    "this user has no right to",
    "Run it as the user that it belongs to (sudo -u USER …), or as an administrator, or name another place.",
)
_FULL: Final = Reason("the disk is full", "Make room on it, and try again.")
_FAILS: Final = Reason("the disk fails", "Look at the disk and its cable before anything else.")
_READ_ONLY: Final = Reason("it can be read only", "Name a place that can be written to.")
_IN_USE: Final = Reason("another program has it open", "Close that program, and try again.")
_UNKNOWN_HOST: Final = Reason("no machine of that name is known", "Check how it is spelt, and the network.")
_REFUSED: Final = Reason("nothing answers at that address and port", "Is it running there, and are both right?")
_TOO_LATE: Final = Reason("it does not answer in time", "Check the address, the network and the firewall.")
_TOO_MANY_FILES: Final = Reason("too many files are open on this machine", "Close other programs, and try again.")
_SYSTEM: Final = {
    errno.ENOENT: Reason("there is no such file or folder", "Check how it is spelt."),
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EEXIST: Reason("something of that name is there already", _ELSEWHERE),
    errno.ENOTDIR: Reason("a part of it is a file, and not a folder", "Name another place."),
    errno.EISDIR: Reason("it is a folder, and not a file", "Name a file."),
    errno.ENOTEMPTY: Reason("there is something in that folder", _ELSEWHERE),
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EIO: _FAILS,
    errno.ENAMETOOLONG: Reason("its name is too long", "Choose a shorter one."),
    errno.ELOOP: Reason("it is a link that leads to itself", "Name another place."),
    errno.EBUSY: _IN_USE,
    errno.ETXTBSY: _IN_USE,
    errno.EMFILE: _TOO_MANY_FILES,
    errno.ENFILE: _TOO_MANY_FILES,
    errno.EADDRINUSE: Reason("another program listens there already", "Stop that program, or choose another port."),
    errno.EADDRNOTAVAIL: Reason("this machine has no such address", "Choose one of its own."),
    errno.ECONNREFUSED: _REFUSED,
    errno.ETIMEDOUT: _TOO_LATE,
    errno.EHOSTUNREACH: Reason("no way leads there", "Check the address and the network."),
    errno.ENETUNREACH: Reason("no way leads there", "Check the address and the network."),
}
_SHARING: Final = {32, 33}
"""Windows' ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION, which Python has as EACCES."""
_SQLITE: Final = {
    sqlite3.SQLITE_NOTADB: Reason(
        "it is no SQLite database, or is damaged", "Name another file, or restore a backup: orderbell backup list"
    ),
    sqlite3.SQLITE_CORRUPT: Reason(
        "it is damaged", "Keep a copy of it as it is, and restore a backup: orderbell backup list"
    ),
    sqlite3.SQLITE_CANTOPEN: Reason("it cannot be opened", "Is its folder there, and may this user write to it?"),
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _NO_RIGHT,
    sqlite3.SQLITE_PERM: _NO_RIGHT,
    sqlite3.SQLITE_AUTH: _NO_RIGHT,
    sqlite3.SQLITE_IOERR: _FAILS,
}
_POSTGRESQL: Final = (
    (re.compile(r"resolve host|could not translate host name"), _UNKNOWN_HOST),
    (re.compile(r"Connection refused"), _REFUSED),
    (re.compile(r"timeout expired|timed out"), _TOO_LATE),
    (
        re.compile(r"password authentication failed|no password supplied"),
        Reason("it refuses this user and password", "Check both in the database's address."),
    ),
    (
        re.compile(r"database \"[^\"]*\" does not exist"),
        Reason("that server has no database of this name", "Make it there (createdb), or name another."),
    ),
    (
        re.compile(r"role \"[^\"]*\" does not exist"),
        Reason("that server has no user of this name", "Make it there, or name one."),
    ),
    (
        re.compile(r"no pg_hba.conf entry"),
        Reason("that server lets nobody in from this machine", "Add a line for it to the server's pg_hba.conf."),
    ),
    (re.compile(r"permission denied"), Reason("its user has no right to", "Give it the right, or name another user.")),
    (
        re.compile(r"too many (clients|connections)|connection slots"),
        Reason("that server has no connection left", "Close some, or raise its max_connections."),
    ),
    (
        re.compile(r"(?i)\bssl\b|certificate"),
        Reason("the encrypted connection fails", "Check sslmode in the database's address."),
    ),
)
"""By phrases of the client library, which reports failed connections as English text only."""
_NOISE: Final = re.compile(r"\[Errno -?\d+\] |\(_ssl\.c:\d+\)")
_UNITS: Final = {"str": "character", "bytes": "byte"}
_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "str": "text",
    "bytes": "text",
    "datetime": "a date and time",
    "array": "a list",
    "object": "an object with fields",
    "null": "nothing",
    "uuid": "an id",
}
_BOUNDS: Final = {">=": "of at least", "<=": "of at most", ">": "over", "<": "under"}


def reason(error: BaseException) -> Reason:
    """The reason of an error of the system, a database's driver, or a decoder."""
    found = getattr(error, "orig", None) or error  # what SQLAlchemy wraps
    match found:
        case sqlite3.Error():
            known = _SQLITE.get(getattr(found, "sqlite_errorcode", 0) & 0xFF)
            return known or Reason(_plain(found))
        case ssl.SSLError():
            return Reason("it is no certificate or key (PEM), or is damaged", "Name another file.")
        case UnicodeError():
            return Reason("it is no text (UTF-8)", "Name another file, or save it as UTF-8.")
        case socket.gaierror():
            return _UNKNOWN_HOST
        case OSError() if getattr(found, "winerror", None) in _SHARING:
            return _IN_USE
        case ConnectionRefusedError():
            return _REFUSED
        case TimeoutError():
            return _TOO_LATE
        case OSError():
            return _SYSTEM.get(found.errno or 0) or Reason(_plain(found.strerror or found))
        case msgspec.ValidationError():
            return Reason(expected(str(found)))
        case msgspec.DecodeError():
            return Reason("it is not what Orderbell writes there, or is damaged")
    if hasattr(found, "sqlstate"):
        text = str(found)
        return next((known for sign, known in _POSTGRESQL if sign.search(text)), Reason(_plain(text)))
    return Reason(_plain(found))


def expected(text: str) -> str:
    """The requirement in a validation error's text without its path: `a whole number of at least 1`."""
    if match := re.fullmatch(r"Expected `(\w+)(?: \| null)?` of length (>=|<=|==) (\d+)", text):
        unit = _UNITS.get(match[1], "entry")
        count = int(match[3])
        plural = unit if count == 1 else "entries" if unit == "entry" else f"{unit}s"
        return f"it has to have {_LENGTHS[match[2]]}{count} {plural}"
    if match := re.fullmatch(r"Expected `(\w+)(?: \| null)?` (>=|<=|>|<) (\S+)", text):
        return f"it has to be {_KINDS.get(match[1], match[1])} {_BOUNDS[match[2]]} {match[3].removesuffix('.0')}"
    if match := re.fullmatch(r"Expected `([^`]+)`, got `[^`]+`.*", text):
        kinds = [_KINDS.get(kind, kind) for kind in match[1].split(" | ")]
        return f"it has to be {' or '.join(kinds)}"
    if re.match(r"Expected `\w+` matching regex", text):
        return "it is not written in the form that is asked for"
    if match := re.fullmatch(r"Invalid enum value (.*)", text):
        return f"{match[1]} is none of the values that it may have"
    if match := re.fullmatch(r"Object missing required field `([^`]+)`", text):
        return f"{match[1]} is missing"
    if match := re.fullmatch(r"Object contains unknown field `([^`]+)`", text):
        return f"there is no field {match[1]}"
    return text


_LENGTHS: Final = {">=": "at least ", "<=": "at most ", "==": ""}


def _plain(text: object) -> str:
    """The first line of a text, without the parts that are for programmers."""
    first = _NOISE.sub("", str(text).strip().partition("\n")[0]).strip().removesuffix(".")
    return urls.hidden(first) or "no reason was given"
