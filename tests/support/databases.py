"""The databases of a test's backends.

A database is named by the path of its SQLite file. With PostgreSQL it is a database of our own server; the path's
directory then only holds keys and logs.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Final, Literal

from core.store.engine.database import file_url
from tests.support import postgres
from tests.support.postgres import Pair, Postgres

Kind = Literal["sqlite", "postgresql"]
KINDS: Final[tuple[Kind, ...]] = ("sqlite", "postgresql")
VARIABLE: Final = "ORDERBELL_TEST_DATABASES"
_asked: Final = os.environ.get(VARIABLE, "")
_kind: Kind = "sqlite"
_pair: Pair | None = None
_made: list[str] = []


@cache
def wanted() -> tuple[Kind, ...]:
    """The kinds to test on: those in `ORDERBELL_TEST_DATABASES`, or all that this machine has."""
    if not _asked:
        return KINDS if postgres.binaries() is not None else ("sqlite",)
    return tuple(kind for kind in KINDS if kind in _asked.split(","))


def kind() -> Kind:
    """The kind of database of a backend that is started now."""
    return _kind


@contextmanager
def standing_on(chosen: Kind, pair: Pair | None = None) -> Iterator[None]:
    """Use databases of the `chosen` kind in the block, perhaps on a `pair` of servers, and drop them afterwards."""
    global _kind, _pair
    before, _kind, _pair = (_kind, _pair), chosen, pair
    try:
        yield
    finally:
        while _made:
            _server().drop(_made.pop())
        _kind, _pair = before


def _server() -> Postgres:
    """The server on which databases are created and copied."""
    return postgres.server() if _pair is None else _pair.primary


def name(path: Path) -> str:
    """The name of a PostgreSQL database."""
    return f"t_{blake2b(str(path).encode(), digest_size=12).hexdigest()}"


def url(path: Path) -> str:
    """The URL of a database. A missing PostgreSQL database is created, empty."""
    if _kind == "sqlite":
        return file_url(path)
    if name(path) not in _made:
        create(path)
    return (_pair or _server()).url(name(path))


def create(path: Path, template: str = "template1") -> None:
    """Create a PostgreSQL database as a copy of `template`."""
    _server().create(name(path), template)
    if name(path) not in _made:
        _made.append(name(path))


def copy(source: Path, target: Path) -> None:
    """Replace `target` by a raw copy of `source`. Neither may be open."""
    if _kind == "postgresql":
        create(target, name(source))
        return
    for suffix in ("", "-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    for suffix in ("", "-wal"):
        file = source.with_name(source.name + suffix)
        if file.exists():
            shutil.copyfile(file, target.with_name(target.name + suffix))


def placed(sql: str) -> str:
    """A statement with `?` for values, as the database's driver takes it."""
    numbers = count(1)
    return sql if _kind == "sqlite" else re.sub(r"[?]", lambda _: f"${next(numbers)}", sql)
