"""Discounts of orders and of lines: what was given, and what it took off; and those that a shop offers."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_EMPTY = sa.text("''")
_LIST = sa.text("'[]'")
_NONE = sa.text("0")


def upgrade() -> None:
    """Earlier releases took nothing off."""
    for table in ("orders", "order_lines"):
        op.add_column(table, sa.Column("discount", sa.Text(), nullable=False, server_default=_EMPTY))
        op.add_column(table, sa.Column("discount_minor", sa.BigInteger(), nullable=False, server_default=_NONE))
    op.add_column(
        "order_lines", sa.Column("order_discount_minor", sa.BigInteger(), nullable=False, server_default=_NONE)
    )
    op.add_column("shops", sa.Column("discounts", sa.Text(), nullable=False, server_default=_LIST))
