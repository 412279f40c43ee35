"""The index of open orders after that of all: where SQLite has no statistics, it takes the later of two that cost the
same."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every board is read by it. Since 0031 the table is so wide that SQLite expects both to cost the same."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP INDEX ix_orders_open")
        op.execute("CREATE INDEX ix_orders_open ON orders (shop_id, placed_at, id) WHERE is_open = 1")
