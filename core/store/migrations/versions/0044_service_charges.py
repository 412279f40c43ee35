"""What is charged for service: by a shop, of an order, and in each entry of its ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No order had a charge. Whoever may give a discount may change one."""
    op.add_column("shops", sa.Column("services", sa.Text(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("orders", sa.Column("service", sa.Text(), nullable=False, server_default=sa.text("''")))
    for table in ("orders", "order_lines", "ledger"):
        op.add_column(table, sa.Column("service_minor", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    given = '"act":"discount"'
    op.execute(
        sa.text("UPDATE shops SET roles = replace(roles, :had, :has) WHERE roles <> ''").bindparams(
            had="{" + given, has='{"act":"service"},{' + given
        )
    )
