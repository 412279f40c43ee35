"""The ledger by time, for reports."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_ledger_at", "ledger", ["at"])
