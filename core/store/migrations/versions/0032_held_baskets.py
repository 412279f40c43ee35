"""Held baskets."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A shop holds none before."""
    op.create_table(
        "held_baskets",
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("is_gone", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name="pk_held_baskets"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="fk_held_baskets_shop_id"),
    )
    op.create_index("ix_held_baskets_is_gone_at", "held_baskets", ["is_gone", "at"])
