"""`orderbell db`: the database's schema, whether it is sound, and moving it to another one."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core import settings
from core.admin import backend, console
from core.admin.failed import Failed
from core.protocol.care import Finding, Findings
from core.server.backups import open_database
from core.server.settings import ServerSettings
from core.store import check, migrate
from core.store.copy import CopyError, copy
from core.store.database import CannotOpen, file_url, make_engine
from core.store.owner import AlreadyServed, Ownership, file_of

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
    """Where a database stands. `current` is None for an empty one."""

    database: str
    current: str | None
    newest: str


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    table: str
    rows: int
    hash: str


def main(argv: Sequence[str]) -> int:
    """Gives 0; 1 when something is not well, not upgraded (`current`) or was not done."""
    parser = argparse.ArgumentParser(
        prog="orderbell db",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, says, run in (
        ("current", "which schema the database has, and which is the newest", _current),
        ("upgrade", "bring the database to the newest schema, after a backup", _upgrade),
        ("check", "look at every page, reference and rule of the database", _check),
        ("copy", "copy a database into an empty one, and prove that all has arrived", _copy),
    ):
        command = commands.add_parser(name, help=says, description=says)
        command.set_defaults(run=run)
        command.add_argument("--json", action="store_true", help="for a script")
        if name == "copy":
            command.add_argument("source", metavar="SRC", help="a database's URL, or an SQLite file")
            command.add_argument("destination", metavar="DST", help="the same; it must be empty")
        else:
            settings.add_flags(command, ServerSettings, only=("data_dir", "database_url", "key_file", "backup_dir"))
    options = parser.parse_args(argv)
    status: int = options.run(options)
    return status


def _current(options: argparse.Namespace) -> int:
    configured = backend.configured(options)
    engine = _engine(_existing(configured.database))
    try:
        found = Schema(database=_shown(engine), current=migrate.current(engine), newest=migrate.head())
    except (SQLAlchemyError, migrate.NewerSchema) as error:
        raise Failed(f"{_shown(engine)}: {error}.") from None
    finally:
        engine.dispose()
    if options.json:
        console.as_json(found)
    else:
        console.say(f"{found.database}: schema {found.current or 'none'}, the newest is {found.newest}.")
    return 0 if found.current == found.newest else 1


def _upgrade(options: argparse.Namespace) -> int:
    configured = backend.configured(options)
    engine = _engine(_existing(configured.database))
    try:
        with Ownership(configured.database):
            before = migrate.current(engine)
            open_database(configured).close()
    except AlreadyServed as error:
        raise Failed(f"{error} The server has upgraded it when it started.") from None
    except (CannotOpen, SQLAlchemyError, migrate.NewerSchema) as error:
        raise Failed(f"{error}.") from None
    finally:
        engine.dispose()
    found = Schema(database=_shown(engine), current=migrate.head(), newest=migrate.head())
    if options.json:
        console.as_json(found)
    elif before == found.newest:
        console.say(f"Nothing to do: {found.database} has schema {before}, the newest.")
    else:
        console.say(f"Upgraded {found.database} from {before or 'nothing'} to {found.current}.")
    return 0


def _check(options: argparse.Namespace) -> int:
    findings = _findings(backend.configured(options))
    if options.json:
        console.as_json(findings)
    else:
        for each in findings:
            broken = f"{each.count} times not, as in {', '.join(each.examples)}" if each.count else "ok"
            console.say(f"{each.says}: {broken}", "red" if each.count else "green")
    return 1 if any(each.count for each in findings) else 0


def _findings(configured: ServerSettings) -> Sequence[Finding]:
    """Found out here when nobody serves the database, and else by whoever does: a file has one owner."""
    try:
        with Ownership(configured.database), console.progress("checking") as advance:
            engine = _engine(_existing(configured.database))
            try:
                if migrate.current(engine) != migrate.head():
                    raise Failed("The database is not upgraded: orderbell db upgrade")
                with engine.connect() as connection:
                    return [*check.soundness(connection), *check.invariants(connection, advance)]
            finally:
                engine.dispose()
    except AlreadyServed:
        with backend.reach(configured) as api:
            return api.call("GET", "/api/admin/check/", reply=Findings, within_s=_CHECK_WITHIN_S).findings
    except (SQLAlchemyError, migrate.NewerSchema) as error:
        raise Failed(f"The database cannot be read: {error}") from None


def _copy(options: argparse.Namespace) -> int:
    urls = [_url(options.source), _url(options.destination)]
    source, destination = _engine(_existing(urls[0])), _engine(urls[1])
    try:
        with (
            Ownership(urls[0], alone=True),
            Ownership(urls[1], alone=True),
            console.progress("copying") as advance,
        ):
            copied = copy(source, destination, advance)
    except AlreadyServed as error:
        raise Failed(f"{error} {_STOP}") from None
    except (CopyError, SQLAlchemyError, migrate.NewerSchema) as error:
        raise Failed(f"{error}") from None
    finally:
        source.dispose()
        destination.dispose()
    rows = [Copied(table=name, rows=digest.rows, hash=digest.hash) for name, digest in copied.items()]
    if options.json:
        console.as_json(rows)
    else:
        console.table(("table", "rows", "hash of both"), [(row.table, row.rows, row.hash[:16]) for row in rows])
        console.say(
            f"All {sum(row.rows for row in rows)} rows have arrived. Point database_url at {_shown(destination)}."
        )
    return 0


def _url(text: str) -> str:
    return text if "://" in text else file_url(Path(text))


def _existing(url: str) -> str:
    """SQLite makes a file that is not there, and then there would be an empty shop."""
    path = file_of(_engine(url).url)
    if path is not None and not path.exists():
        raise Failed(f"There is no database {path}.")
    return url


def _engine(url: str) -> Engine:
    try:
        return make_engine(url)
    except (SQLAlchemyError, ImportError, LookupError) as error:
        raise Failed(f"{url!r} is no database we know: {error}.", status=2) from None


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
