"""From nothing to the newest schema, in one step or not at all."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.store import migrate
from core.store.database import file_url, make_engine
from core.store.tables import metadata


def test_the_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    engine = make_engine(file_url(tmp_path / "new.db"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    migrated = _schema(engine)
    engine.dispose()
    engine = make_engine(file_url(tmp_path / "created.db"))
    metadata.create_all(engine)
    created = _schema(engine)
    engine.dispose()
    assert created == migrated, "triggers and partial indexes too"


def test_the_devices_of_before_displays_are_terminals(tmp_path: Path) -> None:
    engine = make_engine(file_url(tmp_path / "old.db"))
    migrate.upgrade(engine, "0002")
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO shops VALUES ('s', 'Shop', 'EUR', 0, 1, 'UTC', 1, 'epoch', 0, 0)")
        connection.exec_driver_sql("INSERT INTO devices (shop_id, id, created_at) VALUES ('s', 'POS1', 0)")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT id, kind, secret_hash FROM devices").fetchall()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("POS1", "terminal", None)]


def _schema(engine: sqlalchemy.Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).fetchall()
    return {name: " ".join(sql.split()) for name, sql in rows}


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    engine = make_engine(file_url(tmp_path / "new.db"))
    migrate.upgrade(engine)
    before = _schema(engine)
    migrate.upgrade(engine)
    assert _schema(engine) == before
    engine.dispose()


def test_there_is_one_line_of_migrations() -> None:
    scripts = ScriptDirectory.from_config(migrate.config())
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade

    def dying(*arguments: Any) -> None:
        upgrade(*arguments)
        raise KeyboardInterrupt

    engine = make_engine(file_url(tmp_path / "new.db"))
    monkeypatch.setattr(command, "upgrade", dying)
    with pytest.raises(KeyboardInterrupt):
        migrate.upgrade(engine)
    assert _schema(engine) == {}
    monkeypatch.undo()
    migrate.upgrade(engine)
    assert "ix_orders_history" in _schema(engine)
    engine.dispose()
