"""Refunds of a part of an order: what was given back of it and of each line, and of which line an entry is."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NONE = sa.text("0")


def upgrade() -> None:
    """Earlier releases refunded orders whole: of those the lines are not told apart."""
    op.add_column("orders", sa.Column("refunded_minor", sa.BigInteger(), nullable=False, server_default=_NONE))
    op.execute("UPDATE orders SET refunded_minor = total_minor WHERE payment = 'refunded'")
    op.add_column("order_lines", sa.Column("refunded_quantity", sa.Integer(), nullable=False, server_default=_NONE))
    op.add_column("order_lines", sa.Column("refunded_minor", sa.BigInteger(), nullable=False, server_default=_NONE))
    op.add_column("order_lines", sa.Column("refunded_tax_minor", sa.BigInteger(), nullable=False, server_default=_NONE))
    op.add_column("ledger", sa.Column("line_id", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("ledger", sa.Column("quantity", sa.Integer(), nullable=False, server_default=_NONE))
    op.add_column("ledger", sa.Column("tax_minor", sa.BigInteger(), nullable=False, server_default=_NONE))
