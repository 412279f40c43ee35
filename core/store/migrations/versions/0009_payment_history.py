"""The history of payments. Earlier payments get an entry without an author, which was not recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXTS = ("reason", "by_id", "by_name", "by_role", "device")
_KEPT = (
    "INSERT INTO payment_history (order_id, version, source, target, tender, at, reason, by_id, by_name, by_role, "
    "device, client_at) SELECT id, version, NULL, payment, tender, updated_at, '', '', '', '', '', NULL FROM orders "
    "WHERE payment <> 'unpaid'"
)


def upgrade() -> None:
    connection = op.get_bind()
    on_postgresql = connection.dialect.name == "postgresql"
    op.create_table(
        "payment_history",
        sa.Column("order_id", sa.Text(collation="C" if on_postgresql else None), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("tender", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        sa.Column("client_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payment_history_order_id")),
        sa.PrimaryKeyConstraint("order_id", "version", name=op.f("pk_payment_history")),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (order_id)",
    )
    for statement in _postgresql(connection) if on_postgresql else (_KEPT, *_SQLITE_GUARDS):
        op.execute(statement)


_SQLITE_GUARDS = tuple(
    f"CREATE TRIGGER payment_history_no_{verb} BEFORE {verb.upper()} ON payment_history "
    "BEGIN SELECT RAISE(ABORT, 'payment history is append-only'); END"
    for verb in ("update", "delete")
)


def _postgresql(connection: sa.Connection) -> list[str]:
    """Its partitions are those of the history of statuses."""
    bounds = {
        "payment" + name.removeprefix("status"): bound
        for name, bound in connection.exec_driver_sql(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = "
            "i.inhrelid WHERE i.inhparent = to_regclass('status_history')"
        )
    }
    return [
        *(f"CREATE TABLE {name} PARTITION OF payment_history {bound}" for name, bound in bounds.items()),
        _KEPT,
        (
            "CREATE FUNCTION payment_history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
            "EXCEPTION 'payment history is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        *(
            f"CREATE TRIGGER payment_history_no_{verb} BEFORE {verb.upper()} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only()"
            for table in ("payment_history", *bounds)
            for verb in ("update", "delete", "truncate")
        ),
        "ANALYZE payment_history",
    ]
