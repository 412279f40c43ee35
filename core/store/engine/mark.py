"""What a server last knew of its database, in a small file outside of it: whoever puts the database back to an older
state leaves this file as it was, and at its next start the server notices."""

import contextlib
import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.decoding import decode

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
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            beside.replace(path)
        except OSError as error:
            log.debug("a mark was not written", extra={"path": str(path), "cause": str(error)})
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
