"""The shop that looks after a customer's account: where it was made (docs/adr/0041)."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of accounts that are there already nobody has kept where they were made.

    With one shop it was that one. Of several it is the one that the customer first ordered from: online, as an order at
    the counter is what somebody else has put under their name. Who has done neither is the operator's alone.
    """
    op.add_column("customers", sa.Column("home_shop_id", sa.Text(), nullable=True))
    op.execute(
        "UPDATE customers SET home_shop_id = (SELECT shop_id FROM orders WHERE orders.customer_id = customers.id "
        "AND orders.channel = 'online' ORDER BY orders.placed_at, orders.id LIMIT 1)"
    )
    op.execute("UPDATE customers SET home_shop_id = (SELECT min(id) FROM shops) WHERE (SELECT count(*) FROM shops) = 1")
