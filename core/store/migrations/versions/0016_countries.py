"""Each shop's country (ISO 3166-1 alpha-2), for phone numbers without a country code."""

import sqlalchemy as sa
from alembic import op

from core.countries import likely_country

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("country", sa.Text(), nullable=False, server_default=sa.text("''")))
    shops = sa.table("shops", *(sa.column(name, sa.Text()) for name in ("id", "time_zone", "currency", "country")))
    connection = op.get_bind()
    for shop_id, time_zone, currency in connection.execute(sa.select(shops.c.id, shops.c.time_zone, shops.c.currency)):
        found = likely_country(time_zone, currency)
        connection.execute(shops.update().where(shops.c.id == shop_id).values(country=found))
