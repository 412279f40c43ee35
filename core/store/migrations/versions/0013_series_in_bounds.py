"""Resets number series that a client's invalid number had advanced beyond a till's range to their true last number."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# 0.1.0 took any number of a till's own series: POS1-999999999999 left none that could be sent.
_LAST, _DIGITS = 999_999_999, 9


def upgrade() -> None:
    op.execute(
        f"UPDATE number_series SET last = coalesce((SELECT max(CAST(substr(number, length(series) + 2) AS BIGINT)) "  # noqa: S608
        "FROM orders WHERE orders.shop_id = number_series.shop_id "
        "AND substr(number, 1, length(series) + 1) = series || '-' "
        f"AND length(number) <= length(series) + 1 + {_DIGITS}), 0) WHERE last > {_LAST}"
    )
