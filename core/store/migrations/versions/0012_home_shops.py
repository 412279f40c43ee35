"""The shop that looks after a customer's account: where it was made (docs/adr/0041)."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Set the home shop of existing accounts, which was not recorded.

    With one shop it is that one. With several it is the shop of the customer's first online order: orders at the
    counter were entered by staff. Without one it stays NULL, and the operator administers the account.
    """
    op.add_column("customers", sa.Column("home_shop_id", sa.Text(), nullable=True))
    op.execute(
        "UPDATE customers SET home_shop_id = (SELECT shop_id FROM orders WHERE orders.customer_id = customers.id "
        "AND orders.channel = 'online' ORDER BY orders.placed_at, orders.id LIMIT 1)"
    )
    op.execute("UPDATE customers SET home_shop_id = (SELECT min(id) FROM shops) WHERE (SELECT count(*) FROM shops) = 1")
