"""The security log. Triggers refuse updates of entries, and deletes of those younger than 89 days."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXTS = ("shop_id", "event", "by_id", "by_name", "by_role", "device", "address", "about")
_LEAST_AGE_US = 89 * 86_400 * 1_000_000
_GUARDS = {
    "sqlite": (
        (
            "CREATE TRIGGER security_log_no_update BEFORE UPDATE ON security_log "
            "BEGIN SELECT RAISE(ABORT, 'the security log is append-only'); END"
        ),
        (
            "CREATE TRIGGER security_log_no_delete BEFORE DELETE ON security_log "
            f"WHEN OLD.at > (julianday('now') - 2440587.5) * 86400000000 - {_LEAST_AGE_US} "
            "BEGIN SELECT RAISE(ABORT, 'the security log is append-only'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION security_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF TG_OP = 'DELETE' THEN "
            f"IF OLD.at <= CAST(extract(epoch FROM clock_timestamp()) AS bigint) * 1000000 - {_LEAST_AGE_US} "
            "THEN RETURN OLD; END IF; END IF; "
            "RAISE EXCEPTION 'the security log is append-only' USING ERRCODE = 'integrity_constraint_violation'; "
            "END $$"
        ),
        (
            "CREATE TRIGGER security_log_no_change BEFORE UPDATE OR DELETE ON security_log "
            "FOR EACH ROW EXECUTE FUNCTION security_log_is_append_only()"
        ),
        (
            "CREATE TRIGGER security_log_no_truncate BEFORE TRUNCATE ON security_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION security_log_is_append_only()"
        ),
    ),
}


def upgrade() -> None:
    op.create_table(
        "security_log",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_log")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_security_log_shop_id_at"), "security_log", ["shop_id", "at"])
    op.create_index(op.f("ix_security_log_at"), "security_log", ["at"])
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)
