"""Drawer sessions of tills and their reports, and in which session an entry of the ledger was made."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_TABLES = ("drawer_entries", "z_reports")


def _texts(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text(), nullable=False) for name in names)


def _guards(table: str, dialect: str) -> tuple[str, ...]:
    refused = f"{table.replace('_', ' ')} is append-only"
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{refused}'); END"
            for verb in ("update", "delete")
        )
    return (
        (
            f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
            f"EXCEPTION '{refused}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        *(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
            for verb in ("update", "delete", "truncate")
        ),
    )


def upgrade() -> None:
    """What was booked before belongs to no session."""
    op.add_column("ledger", sa.Column("drawer", sa.Text(), nullable=False, server_default=sa.text("''")))
    where = sa.text("drawer <> ''")
    op.create_index("ix_ledger_drawer", "ledger", ["drawer"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "drawer_entries",
        *_texts("shop_id", "device"),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        *_texts("drawer_session_id", "act"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *_texts("denominations", "reason"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("client_at", sa.BigInteger(), nullable=True),
        *_texts("by_id", "by_name", "by_role", "op_id"),
        sa.PrimaryKeyConstraint("shop_id", "device", "place", name="pk_drawer_entries"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="fk_drawer_entries_shop_id"),
    )
    op.create_index("ix_drawer_entries_drawer_session_id_place", "drawer_entries", ["drawer_session_id", "place"])
    op.create_table(
        "z_reports",
        *_texts("shop_id", "device"),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("supplement", sa.Integer(), nullable=False),
        *_texts("drawer_session_id"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        *_texts("hash"),
        sa.PrimaryKeyConstraint("shop_id", "device", "place", name="pk_z_reports"),
        sa.UniqueConstraint(
            "shop_id", "drawer_session_id", "supplement", name="uq_z_reports_shop_id_drawer_session_id_supplement"
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="fk_z_reports_shop_id"),
    )
    dialect = op.get_bind().dialect.name
    for table in _TABLES:
        for statement in _guards(table, dialect):
            op.execute(statement)
