"""The event feed: whose an event is, what closed lately, which sessions ended, and the client's clock in history."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("customer_id", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":  # the only one that can hold events by now
        op.execute(
            "UPDATE events SET customer_id = coalesce(json_extract(CAST(payload AS TEXT), '$.customer_id'), "
            "json_extract(CAST(payload AS TEXT), '$.order.customer_id'))"
        )
    _partial_index("ix_events_customer", "events", ["shop_id", "customer_id", "seq"], "customer_id IS NOT NULL")
    _partial_index("ix_orders_closed", "orders", ["shop_id", "updated_at"], "is_open = 0")
    _partial_index("ix_sessions_revoked", "sessions", ["revoked_at"], "revoked_at IS NOT NULL")
    op.add_column("status_history", sa.Column("client_at", sa.BigInteger(), nullable=True))


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
