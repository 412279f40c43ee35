"""Orders in place of orders of earlier days, which can only be refunded; and who allowed an amendment."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Before, none was named, and nobody asked."""
    for column in ("approver_id", "approver_name"):
        op.add_column("amendments", sa.Column(column, sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("orders", sa.Column("follows", sa.Text(), nullable=False, server_default=sa.text("''")))
