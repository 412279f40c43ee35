"""What a payment is found by elsewhere: a voucher's number, a slip's."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ledger", sa.Column("reference", sa.Text(), nullable=False, server_default=sa.text("''")))
