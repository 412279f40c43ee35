"""What a server last knew of its database, in a small file outside of it: whoever puts the database back to an older
state leaves this file as it was, and at its next start the server notices."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.decoding import decode
from core.files import write_whole

log = logging.getLogger(__name__)

SUFFIX: Final = ".mark"
"""After a database file's name."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    heads: dict[str, str] = {}
    """Of each shop, by id, the cursor of the newest event that was committed or told."""
    believed_us: int = 0
    """How far the clock was believed (`core.clock.Believed`), µs since 1970; 0 for not said."""


def read(paths: Sequence[Path]) -> list[Mark]:
    """Those that are there and can be read."""
    found = []
    for path in paths:
        try:
            found.append(decode(path.read_bytes(), Mark))
        except FileNotFoundError:
            continue
        except (OSError, msgspec.DecodeError) as error:
            log.warning(
                "a mark of what the database had cannot be read", extra={"path": str(path), "cause": str(error)}
            )
    return found


def write(paths: Sequence[Path], mark: Mark) -> None:
    """Put `mark` at each of `paths`, whole or not at all. One that cannot be written is left: it is no more than help.

    Not synced to the disk: it may be older than the database after a power cut, and then proves less, never more.
    """
    content = msgspec.json.encode(mark)
    for path in paths:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, content, private=True, synced=False)
        except OSError as error:
            log.debug("a mark was not written", extra={"path": str(path), "cause": str(error)})
