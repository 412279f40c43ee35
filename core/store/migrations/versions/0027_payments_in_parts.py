"""Payments in parts: of which orders the ledger says more than the order's row, and which entries are no whole sale."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0024"
branch_labels = None
depends_on = None

_NO = sa.text("0")


def upgrade() -> None:
    """Earlier releases booked each payment whole."""
    op.add_column("orders", sa.Column("in_parts", sa.Integer(), nullable=False, server_default=_NO))
    op.add_column("ledger", sa.Column("in_part", sa.Integer(), nullable=False, server_default=_NO))
