"""Displays: devices that sign in by themselves. Existing devices are terminals."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("kind", sa.Text(), nullable=False, server_default=sa.text("'terminal'")))
    op.add_column("devices", sa.Column("secret_hash", sa.Text(), nullable=True))
