"""The database server's timeline of each shop's epoch, by which another server's history is detected."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("timeline", sa.Text(), nullable=False, server_default=sa.text("''")))
