"""Past menus: orders that a till took offline are priced by the menu of that time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "past_menus",
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("last_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("categories", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_past_menus_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "last_version", name=op.f("pk_past_menus")),
    )
