"""The cash handed over for an order, for printing its receipt again with the change."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. It stays NULL for existing orders."""
    op.add_column("orders", sa.Column("given_minor", sa.BigInteger(), nullable=True))
