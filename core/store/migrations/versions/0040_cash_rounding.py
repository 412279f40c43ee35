"""How a shop rounds what is paid in coins."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No shop has rounded."""
    op.add_column("shops", sa.Column("roundings", sa.Text(), nullable=False, server_default=sa.text("'[]'")))
