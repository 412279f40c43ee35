"""The ids of the window in which a session of a till is used, and of the one that last counted its series."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("devices", "sessions"):
        op.add_column(table, sa.Column("window_id", sa.Text(), nullable=False, server_default=sa.text("''")))
