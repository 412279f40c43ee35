"""Whose a drawer is: the till's, as all were, or a person's."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("drawers", sa.Text(), nullable=False, server_default=sa.text("'device'")))
    op.add_column("drawer_entries", sa.Column("owner_id", sa.Text(), nullable=False, server_default=sa.text("''")))
