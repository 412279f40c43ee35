"""Renames check constraints as `tables.py` names them: a database used to get `ck_orders_ck_orders_total`.

SQLite cannot rename them, and no query uses their names there.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    doubled = connection.exec_driver_sql(
        "SELECT t.relname, c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
        "WHERE c.contype = 'c' AND NOT t.relispartition AND t.relnamespace = current_schema()::regnamespace "
        "AND starts_with(c.conname, 'ck_' || t.relname || '_ck_')"
    ).fetchall()
    for table, name in doubled:
        op.execute(f'ALTER TABLE "{table}" RENAME CONSTRAINT "{name}" TO "{name.removeprefix(f"ck_{table}_")}"')
