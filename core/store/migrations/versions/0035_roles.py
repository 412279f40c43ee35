"""What the roles of a shop's staff may do, as its admins have changed it."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: what `core.domain.rights.START` says, by which everybody may do what they could before."""
    op.add_column("shops", sa.Column("roles", sa.Text(), nullable=False, server_default=sa.text("''")))
