"""Bring a database to the newest schema."""

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, column, select, table

from core.store.engine import dialects
from core.store.engine.statements import Prepared, Transaction

SCRIPTS: Final = Path(__file__).parent / "migrations"
VERSION_TABLE: Final = "alembic_version"
_HELD: Final = Prepared(select(column("version_num")).select_from(table(VERSION_TABLE)))


class NewerSchema(Exception):
    """A newer Orderbell has been at the database; this one would not know what it reads."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"its schema ({revision}) is of a newer Orderbell; this one knows it up to {head()}. "
            "Use the newer one, or restore a backup from before the upgrade"
        )


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    found.set_main_option("path_separator", "os")
    return found


@cache
def revisions() -> tuple[str, ...]:
    """Every schema that this code knows, oldest first."""
    scripts = ScriptDirectory.from_config(config())
    return tuple(script.revision for script in reversed(list(scripts.walk_revisions())))


def head() -> str:
    """The newest schema."""
    return revisions()[-1]


def current(engine: Engine) -> str | None:
    """The schema that a database has; None for none at all. Raises `NewerSchema`."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in revisions():
        raise NewerSchema(found)
    return found


def held(transaction: Transaction) -> str:
    """The schema that an open database has now; another process may have brought it further."""
    row = transaction.first(_HELD)
    return row[0] if row is not None else ""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the missing migrations in one transaction: all of them, or none when the process dies on the way.

    Raises `NewerSchema`.
    """
    current(engine)
    settings, dialect = config(), dialects.of(engine.dialect.name)
    with engine.connect() as connection:
        for each in dialect.begin_migration:
            connection.exec_driver_sql(each)
        settings.attributes["connection"] = connection
        try:
            command.upgrade(settings, revision)
            dialect.after_migration(connection)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
