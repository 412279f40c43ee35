"""The payment history becomes a ledger of entries. Entries without a recorded author stay without one."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TEXTS = ("reason", "by_id", "by_name", "by_role", "device")
_ENTRIES = """
    INSERT INTO ledger (order_id, number, version, kind, amount_minor, tender, payment, corrects, at, reason, by_id,
        by_name, by_role, device, client_at)
    WITH steps AS (
        SELECT p.*, o.total_minor AS total,
            COALESCE(LAG(p.target) OVER of_order, p.source, 'unpaid') AS before,
            COALESCE(LAG(p.tender) OVER of_order, p.tender) AS former
        FROM payment_history p JOIN orders o ON o.id = p.order_id
        WINDOW of_order AS (PARTITION BY p.order_id ORDER BY p.version)
    ), counted AS (
        SELECT steps.*, SUM(CASE WHEN target = 'paid' OR (target = 'refunded' AND before <> 'paid') THEN 1 ELSE 0 END)
            OVER (PARTITION BY order_id ORDER BY version) AS payments
        FROM steps
    ), entries AS (
        SELECT 1 AS part, 'payment' AS kind, -total AS amount, former AS entered, 0 AS payment,
            payments - CASE WHEN target = 'paid' THEN 1 ELSE 0 END AS corrects, counted.*
        FROM counted WHERE before = 'paid' AND target <> 'refunded'
        UNION ALL SELECT 2, 'payment', total, tender, payments, 0, counted.*
        FROM counted WHERE target = 'paid' OR (target = 'refunded' AND before <> 'paid')
        UNION ALL SELECT 3, 'credit', -total, '', 0, 0, counted.* FROM counted WHERE target = 'refunded'
        UNION ALL SELECT 4, 'refund', -total, tender, 0, 0, counted.* FROM counted WHERE target = 'refunded'
        UNION ALL SELECT 5, 'plan', 0, tender, 0, 0, counted.* FROM counted WHERE target = 'unpaid'
    )
    SELECT order_id, ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY version, part), version, kind, amount, entered,
        payment, corrects, at, reason, by_id, by_name, by_role, device, client_at
    FROM entries
"""


def upgrade() -> None:
    connection = op.get_bind()
    on_postgresql = connection.dialect.name == "postgresql"
    op.create_table(
        "ledger",
        sa.Column("order_id", sa.Text(collation="C" if on_postgresql else None), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tender", sa.Text(), nullable=False),
        sa.Column("payment", sa.Integer(), nullable=False),
        sa.Column("corrects", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        sa.Column("client_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_ledger_order_id")),
        sa.PrimaryKeyConstraint("order_id", "number", name=op.f("pk_ledger")),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (order_id)",
    )
    for statement in _postgresql(connection) if on_postgresql else (_ENTRIES, *_SQLITE_GUARDS):
        op.execute(statement)
    op.drop_table("payment_history")
    if on_postgresql:
        op.execute("DROP FUNCTION payment_history_is_append_only()")


_SQLITE_GUARDS = tuple(
    f"CREATE TRIGGER ledger_no_{verb} BEFORE {verb.upper()} ON ledger "
    "BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END"
    for verb in ("update", "delete")
)


def _postgresql(connection: sa.Connection) -> list[str]:
    """Its partitions are those of the history of statuses."""
    bounds = {
        "ledger" + name.removeprefix("status_history"): bound
        for name, bound in connection.exec_driver_sql(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = "
            "i.inhrelid WHERE i.inhparent = to_regclass('status_history')"
        )
    }
    return [
        *(f"CREATE TABLE {name} PARTITION OF ledger {bound}" for name, bound in bounds.items()),
        _ENTRIES,
        (
            "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
            "EXCEPTION 'ledger is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        *(
            f"CREATE TRIGGER ledger_no_{verb} BEFORE {verb.upper()} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
            for table in ("ledger", *bounds)
            for verb in ("update", "delete", "truncate")
        ),
        "ANALYZE ledger",
    ]
