"""What business days that are over come to, and the orders that were called off."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """They are added up in the background, a day at a time."""
    op.create_table(
        "day_sums",
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("began_us", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "began_us", name="pk_day_sums"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="fk_day_sums_shop_id"),
    )
    where = sa.text("status IN ('cancelled', 'rejected')")
    op.create_index(
        "ix_orders_called_off", "orders", ["shop_id", "updated_at"], sqlite_where=where, postgresql_where=where
    )
