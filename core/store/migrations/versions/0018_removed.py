"""The time at which a device or a member of staff was removed from the lists. Rows stay, since history and receipts
name them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("devices", "staff"):
        op.add_column(table, sa.Column("removed_at", sa.BigInteger(), nullable=True))
