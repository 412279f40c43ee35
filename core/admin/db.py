"""`orderbell db`: shows, upgrades and checks the database, and copies it to another one."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Engine

from core.admin import backend, console
from core.admin.command import WHERE, Parser, server_settings
from core.admin.failed import Failed
from core.admin.serving import owned, private
from core.protocol import routes
from core.protocol.health import Finding
from core.server.backups import open_database
from core.server.settings import ServerSettings
from core.store import migrate
from core.store.backups import check
from core.store.backups.copy import copy
from core.store.engine.database import file_url, make_engine, shown
from core.store.engine.owner import AlreadyServed, Ownership, file_of

_WHERE: Final = (*WHERE, "backup_dir")
_CHECK_WITHIN_S: Final = 3_600.0
_STOP: Final = "Stop the server first: what it accepted after the copy would stay behind."
_EXAMPLES: Final = """examples:
  orderbell db current
  orderbell db check --json
  orderbell db upgrade
  orderbell db copy data/orderbell.db postgresql+psycopg://shop@db.example/orderbell

`serve` upgrades by itself when it starts; `upgrade` is for who wants to see it done. Both make a backup first. A copy
keeps what screens know of the shop, so they go on with the new database without noticing."""


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """A database's schema, and the newest. `current` is None for an empty one."""

    database: str
    current: str | None
    newest: str


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    table: str
    rows: int
    hash: str


def main(argv: Sequence[str]) -> int:
    """Returns 0, or 1 when a check failed (`check`) or the schema is not the newest (`current`). Raises `Failed`."""
    parser = Parser("orderbell db", __doc__, _EXAMPLES)
    parser.command("current", "which schema the database has, and which is the newest", _current, only=_WHERE)
    parser.command("upgrade", "bring the database to the newest schema, after a backup", _upgrade, only=_WHERE)
    parser.command("check", "look at every page, reference and rule of the database", _check, only=_WHERE)
    copying = parser.command("copy", "copy a database into an empty one, and prove that all has arrived", _copy)
    copying.add_argument("source", metavar="SRC", help="a database's URL, or an SQLite file")
    copying.add_argument("destination", metavar="DST", help="the same; it must be empty")
    return parser.run(argv)


def _current(options: argparse.Namespace) -> int:
    with _opened(_existing(server_settings(options).database)) as engine:
        found = Schema(database=_shown(engine), current=migrate.current(engine), newest=migrate.head())
    if options.json:
        console.as_json(found)
    else:
        console.show(f"{found.database}: schema {found.current or 'none'}, the newest is {found.newest}.")
    return 0 if found.current == found.newest else 1


def _upgrade(options: argparse.Namespace) -> None:
    configured = server_settings(options)
    with _opened(_existing(configured.database)) as engine:
        try:
            with owned(configured):
                before = migrate.current(engine)
                open_database(configured).close()
        except AlreadyServed as error:
            raise Failed(f"{error} The server has upgraded it when it started.") from None
        found = Schema(database=_shown(engine), current=migrate.head(), newest=migrate.head())
    if options.json:
        console.as_json(found)
    elif before == found.newest:
        console.show(f"Nothing to do: {found.database} has schema {before}, the newest.")
    else:
        console.show(f"Upgraded {found.database} from {before or 'nothing'} to {found.current}.")


def _check(options: argparse.Namespace) -> int:
    findings = _findings(server_settings(options))
    if options.json:
        console.as_json(findings)
    else:
        for each in findings:
            broken = f"{each.count} times not, as in {', '.join(each.examples)}" if each.count else "ok"
            console.show(f"{each.says}: {broken}", "red" if each.count else "green")
    return 1 if any(each.count for each in findings) else 0


def _findings(configured: ServerSettings) -> Sequence[Finding]:
    """The findings of the running backend, or of this process when none runs: a file has one owner."""
    url = _existing(configured.database)
    try:
        with Ownership(url), _opened(url) as engine, console.progress("checking") as advance:
            if migrate.current(engine) != migrate.head():
                raise Failed("The database is not upgraded: orderbell db upgrade")
            with engine.connect() as connection:
                return [*check.soundness(connection), *check.invariants(connection, advance)]
    except AlreadyServed:
        with backend.reach(configured) as api:
            return api.call(routes.CHECK(), _CHECK_WITHIN_S).findings


def _copy(options: argparse.Namespace) -> None:
    source_url, destination_url = _existing(_url(options.source)), _url(options.destination)
    try:
        with (
            _opened(source_url) as source,
            _opened(destination_url) as destination,
            Ownership(source_url, alone=True),
            Ownership(destination_url, alone=True),
            console.progress("copying") as advance,
        ):
            private(destination_url)
            copied = copy(source, destination, advance)
    except AlreadyServed as error:
        raise Failed(f"{error} {_STOP}") from None
    rows = [Copied(table=name, rows=digest.rows, hash=digest.hash) for name, digest in copied.items()]
    if options.json:
        console.as_json(rows)
    else:
        console.table(("table", "rows", "hash of both"), [(row.table, row.rows, row.hash[:16]) for row in rows])
        console.show(
            f"All {sum(row.rows for row in rows)} rows have arrived. Point database_url at {_shown(destination)}."
        )


def _url(text: str) -> str:
    return text if "://" in text else file_url(Path(text))


def _existing(url: str) -> str:
    """The URL of an existing database, since SQLite would create an empty one. Raises `Failed`."""
    with _opened(url) as engine:
        path = file_of(engine.url)
    if path is not None and not path.exists():
        raise Failed(f"There is no database {path}. Name another, or begin with: orderbell init")
    return url


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    """An engine for the length of the block. Raises `CannotOpen`."""
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _shown(engine: Engine) -> str:
    return shown(engine.url)
