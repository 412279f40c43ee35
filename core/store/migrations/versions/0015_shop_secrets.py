"""Each shop's secret, from which the keys of sealed data and number proofs are derived: it moves with the database."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("secret", sa.LargeBinary(), nullable=True))
    shops = sa.table("shops", sa.column("id", sa.Text()), sa.column("secret", sa.LargeBinary()))
    connection = op.get_bind()
    for (shop_id,) in connection.execute(sa.select(shops.c.id)).all():
        connection.execute(shops.update().where(shops.c.id == shop_id).values(secret=secrets.token_bytes(32)))
