"""The tenders of a shop: how each is handled, and in which order a till has their keys."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_THEIRS = (
    '[{"id":"cash","opens_drawer":true,"rounds":true},{"id":"card"},{"id":"cash_on_delivery","rounds":true},'
    '{"id":"voucher"}]'
)


def upgrade() -> None:
    """Every shop has those that earlier releases knew, handled as they were."""
    op.add_column("shops", sa.Column("tenders", sa.Text(), nullable=False, server_default=sa.text("'[]'")))
    shops = sa.table("shops", sa.column("tenders", sa.Text()))
    op.get_bind().execute(sa.update(shops).values(tenders=_THEIRS))
