"""Disabled accounts, pairing and revocation of devices, and failed sign-in attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("disabled_at", sa.BigInteger(), nullable=True))
    op.add_column("customers", sa.Column("disabled_at", sa.BigInteger(), nullable=True))
    for name in ("paired_at", "revoked_at", "contact_at", "position"):
        op.add_column("devices", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("devices", sa.Column("app_version", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE devices SET kind = 'board' WHERE kind = 'display'")  # there were no other displays
    op.create_table(
        "pairing_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_pairing_codes")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_pairing_codes_shop_id")),
        sa.UniqueConstraint("shop_id", "device_id", name=op.f("uq_pairing_codes_shop_id_device_id")),
    )
    op.create_table(
        "wrong_tries",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.Text(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "origin", name=op.f("pk_wrong_tries")),
    )
    op.create_index("ix_wrong_tries_last_at", "wrong_tries", ["last_at"])
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    op.create_index(
        "ix_sessions_device",
        "sessions",
        ["shop_id", "device_id"],
        sqlite_where=sa.text("device_id IS NOT NULL"),
        postgresql_where=sa.text("device_id IS NOT NULL"),
    )
