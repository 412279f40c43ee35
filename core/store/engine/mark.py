"""Marks: the last known state of a database, in a small file outside of it. When the database is put back to an older
state, the mark is newer, and the server notices at its next start."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.decoding import decode
from core.files import write_whole

log = logging.getLogger(__name__)

SUFFIX: Final = ".mark"
"""The mark's suffix after the name of a database file."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    heads: dict[str, str] = {}
    """The cursor of the newest event that was committed or sent, by shop."""
    believed_us: int = 0
    """The believed time of the clock (`core.clock.Believed`), µs since 1970; 0 when unknown."""


def read(paths: Sequence[Path]) -> list[Mark]:
    """The marks that exist and can be read."""
    found = []
    for path in paths:
        try:
            found.append(decode(path.read_bytes(), Mark))
        except FileNotFoundError:
            continue
        except (OSError, msgspec.DecodeError) as error:
            log.warning("a mark cannot be read", extra={"path": str(path), "cause": str(error)})
    return found


def write(paths: Sequence[Path], mark: Mark) -> None:
    """Write `mark` to each of `paths`, atomically. Failures are ignored: a mark is additional evidence.

    Not synced to the disk: after a power cut it may be older than the database, and then proves less, never more.
    """
    content = msgspec.json.encode(mark)
    for path in paths:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, content, private=True, synced=False)
        except OSError as error:
            log.debug("a mark was not written", extra={"path": str(path), "cause": str(error)})
