"""Amendments of orders: how often, every version that was replaced, and what each charges more or less."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_TABLE = "amendments"


def _texts(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text(), nullable=False) for name in names)


def _guards(dialect: str) -> tuple[str, ...]:
    refused = "amendments is append-only"
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {_TABLE}_no_{verb} BEFORE {verb.upper()} ON {_TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{refused}'); END"
            for verb in ("update", "delete")
        )
    return (
        (
            f"CREATE FUNCTION {_TABLE}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
            f"EXCEPTION '{refused}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        *(
            f"CREATE TRIGGER {_TABLE}_no_{verb} BEFORE {verb.upper()} ON {_TABLE} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {_TABLE}_is_append_only()"
            for verb in ("update", "delete", "truncate")
        ),
    )


def upgrade() -> None:
    """Earlier releases changed no order that was placed."""
    none, empty = sa.text("0"), sa.text("''")
    op.add_column("orders", sa.Column("amendments", sa.Integer(), nullable=False, server_default=none))
    op.add_column("orders", sa.Column("changed", sa.Text(), nullable=False, server_default=empty))
    op.add_column("ledger", sa.Column("discount_minor", sa.BigInteger(), nullable=False, server_default=none))
    where = sa.text("kind = 'charge'")
    op.create_index("ix_ledger_charges", "ledger", ["order_id", "number"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        _TABLE,
        *_texts("order_id"),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_texts("reason", "by_id", "by_name", "by_role", "device"),
        sa.Column("client_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "version", name="pk_amendments"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_amendments_order_id"),
    )
    for statement in _guards(op.get_bind().dialect.name):
        op.execute(statement)
