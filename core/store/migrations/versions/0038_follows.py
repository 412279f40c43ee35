"""Orders in place of orders of earlier days, which can only be refunded."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Earlier releases named none."""
    op.add_column("orders", sa.Column("follows", sa.Text(), nullable=False, server_default=sa.text("''")))
