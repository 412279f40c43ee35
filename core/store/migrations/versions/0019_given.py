"""The cash that was handed over for an order: a receipt that is printed again has it, and the change."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of older orders nobody knows it."""
    op.add_column("orders", sa.Column("given_minor", sa.BigInteger(), nullable=True))
