"""Tax tables: rates by category, fulfilment and date instead of one of the shop, and the taxes of each line."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None

_EMPTY = sa.text("''")
_NONE = sa.text("'[]'")


def upgrade() -> None:
    """A shop's one rate becomes what its table says of the standard category. Orders keep their totals: of those that
    are there no rates are known."""
    op.add_column("shops", sa.Column("taxes", sa.Text(), nullable=False, server_default=_NONE))
    shops = sa.table("shops", sa.column("id", sa.Text()), sa.column("tax_rate_bp", sa.Integer()), sa.column("taxes"))
    connection = op.get_bind()
    for shop_id, rate_bp in connection.execute(sa.select(shops.c.id, shops.c.tax_rate_bp)).all():
        taxes = [{"code": "TAX", "rate": rate_bp * 10}]
        table = json.dumps({"entries": [{"category": "standard", "taxes": taxes}]})
        connection.execute(shops.update().where(shops.c.id == shop_id).values(taxes=table))
    op.drop_column("shops", "tax_rate_bp")
    op.add_column("menu_items", sa.Column("tax_category", sa.Text(), nullable=False, server_default=_EMPTY))
    op.add_column("past_menus", sa.Column("taxes", sa.Text(), nullable=False, server_default=_EMPTY))
    op.add_column("orders", sa.Column("tax_date", sa.Text(), nullable=True))
    op.add_column("order_lines", sa.Column("tax_category", sa.Text(), nullable=False, server_default=_EMPTY))
    op.add_column("order_lines", sa.Column("taxes", sa.Text(), nullable=False, server_default=_NONE))
