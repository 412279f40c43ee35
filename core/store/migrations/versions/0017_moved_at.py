"""The time of an order's last change of status; `updated_at` is changed by payments as well."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Set it for open orders, from their history. For closed orders it stays NULL, and readers use `updated_at`."""
    op.add_column("orders", sa.Column("moved_at", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE orders SET moved_at = (SELECT max(at) FROM status_history WHERE status_history.order_id = orders.id) "
        "WHERE is_open = 1"
    )
