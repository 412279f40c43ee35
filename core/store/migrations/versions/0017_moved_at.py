"""When an order came to its status: a change of its payment changed the only time that it had."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of open orders the history knows it. Those that have ended are not looked at again: it stays NULL, and the last
    change of anything is told instead."""
    op.add_column("orders", sa.Column("moved_at", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE orders SET moved_at = (SELECT max(at) FROM status_history WHERE status_history.order_id = orders.id) "
        "WHERE is_open = 1"
    )
