"""What customers ask the shop to change of their orders, and until when they may."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0046"
branch_labels = None
depends_on = None

_TABLE = "change_requests"


def _texts(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text(), nullable=False) for name in names)


def _guards(dialect: str) -> tuple[str, ...]:
    refused = "change requests is append-only"
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
    """Nobody could ask. Shops say themselves from when on: tills of earlier releases would not show it."""
    op.add_column("shops", sa.Column("changes_until", sa.Text(), nullable=False, server_default=sa.text("'never'")))
    op.add_column("orders", sa.Column("change_request", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        _TABLE,
        *_texts("order_id"),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        *_texts("state"),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_texts("by_id", "by_name", "by_role", "device"),
        sa.Column("client_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "version", name="pk_change_requests"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_change_requests_order_id"),
    )
    for statement in _guards(op.get_bind().dialect.name):
        op.execute(statement)
