"""Migrates a database to the newest schema."""

from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, Text, column, inspect, select, table

from core import urls
from core.store.sql import dialects
from core.store.sql.statements import Prepared, Transaction

SCRIPTS: Final = Path(__file__).parent / "migrations"
VERSION_TABLE: Final = "alembic_version"
_VERSION: Final = select(column("version_num", Text)).select_from(table(VERSION_TABLE))
_HELD: Final = Prepared(_VERSION)


class NewerSchema(Exception):
    """A newer Orderbell has migrated the database; this one cannot read it."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"its schema ({revision}) is of a newer Orderbell; this one knows it up to {head()}. "
            "Use the newer one, or restore a backup from before the upgrade"
        )


@cache
def revisions() -> tuple[str, ...]:
    """Every schema known to this code, oldest first."""
    return tuple(sorted(path.name.partition("_")[0] for path in SCRIPTS.glob("versions/[0-9]*_*.py")))


def head() -> str:
    """The newest schema."""
    return revisions()[-1]


def current(engine: Engine) -> str | None:
    """The schema of a database; None when it has none. Raises `NewerSchema`."""
    with engine.connect() as connection:
        known = inspect(connection).has_table(VERSION_TABLE)
        found = connection.execute(_VERSION).scalar_one_or_none() if known else None
    if found is not None and found not in revisions():
        newer = NewerSchema(found)
        newer.add_note(urls.hidden(engine.url.render_as_string(hide_password=True)))
        raise newer
    return found


def held(transaction: Transaction) -> str:
    """The current schema of an open database; another process may have migrated it further."""
    row = transaction.first(_HELD)
    return row[0] if row is not None else ""


def upgrade(engine: Engine, revision: str = "") -> None:
    """Run the missing migrations in one transaction: all of them, or none when the process dies.

    Raises `NewerSchema`.
    """
    wanted = revision or head()
    if current(engine) == wanted:
        return
    from alembic import command  # takes a start a quarter longer, and only a database of an older release needs it
    from alembic.config import Config

    settings, dialect = Config(), dialects.of(engine.dialect.name)
    settings.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        for each in dialect.begin_migration:
            connection.exec_driver_sql(each)
        settings.attributes["connection"] = connection
        try:
            command.upgrade(settings, wanted)
            dialect.after_migration(connection)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
