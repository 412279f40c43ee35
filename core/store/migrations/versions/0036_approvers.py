"""Who allowed what was done: in the histories of orders, payments and drawers."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Before, nobody was asked."""
    for table in ("status_history", "ledger", "drawer_entries"):
        for column in ("approver_id", "approver_name"):
            op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default=sa.text("''")))
