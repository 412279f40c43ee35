"""Partitions an order's lines and history by month on PostgreSQL. Queries stay the same."""

from datetime import UTC, datetime

from alembic import op

from core.store.sql.partitions import Month, ahead, with_orders

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    to_come = ahead(datetime.now(UTC))
    months = sorted({*with_orders(connection, to_come[-1]), *to_come})
    op.execute('ALTER TABLE orders ALTER COLUMN id TYPE text COLLATE "C"')  # a new database's is not yet
    for table, second in (("order_lines", "position"), ("status_history", "version")):
        _partition(table, second, months)
    for table in (
        "status_history",
        "status_history_default",
        *(month.partition_of("status_history") for month in months),
    ):
        for verb in ("update", "delete", "truncate"):
            op.execute(
                f"CREATE TRIGGER status_history_no_{verb} BEFORE {verb.upper()} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION status_history_is_append_only()"
            )


def _partition(table: str, second: str, months: list[Month]) -> None:
    """Replace a table by a partitioned one. Keys are made after the rows are moved, so that each index is built
    once."""
    old = f"{table}_of_before"
    for each in (
        f"ALTER TABLE {table} RENAME TO {old}",
        f"ALTER TABLE {old} DROP CONSTRAINT pk_{table}",
        f'ALTER TABLE {old} ALTER COLUMN order_id TYPE text COLLATE "C"',
        f"CREATE TABLE {table} (LIKE {old} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (order_id)",
        f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT",
        *(
            f"CREATE TABLE {month.partition_of(table)} PARTITION OF {table} "
            f"FOR VALUES FROM ('{month.first_id}') TO ('{month.later(1).first_id}')"
            for month in months
        ),
        f"INSERT INTO {table} SELECT * FROM {old}",  # noqa: S608
        f"DROP TABLE {old}",
        f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY (order_id, {second})",
        f"ALTER TABLE {table} ADD CONSTRAINT fk_{table}_order_id FOREIGN KEY (order_id) REFERENCES orders (id)",
        f"ANALYZE {table}",
    ):
        op.execute(each)
