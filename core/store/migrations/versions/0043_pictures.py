"""Pictures of items."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No item had one."""
    op.create_table(
        "pictures",
        sa.Column("shop_id", sa.Text(), sa.ForeignKey("shops.id"), primary_key=True),
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.add_column("menu_items", sa.Column("picture", sa.Text(), nullable=False, server_default=sa.text("''")))
