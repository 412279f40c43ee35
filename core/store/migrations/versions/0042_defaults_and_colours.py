"""Options that are taken by default, and categories with a colour of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No option was taken by default, and every category had the colour of its place."""
    op.add_column("menu_categories", sa.Column("colour", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("menu_modifiers", sa.Column("is_default", sa.Integer(), nullable=False, server_default=sa.text("0")))
