"""Who records by hand what a silent card terminal has done: whoever works at a POS, as before."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Shops that have changed no role have what every release begins with."""
    connection = op.get_bind()
    for shop_id, text in connection.execute(sa.text("SELECT id, roles FROM shops WHERE roles <> ''")).all():
        roles = json.loads(text)
        for each in roles:
            if all(right["act"] != "record_card" for right in each["rights"]):
                each["rights"].append({"act": "record_card"})
        connection.execute(
            sa.text("UPDATE shops SET roles = :roles WHERE id = :shop"), {"roles": json.dumps(roles), "shop": shop_id}
        )
