"""The words that orders are found by, and the customers' names as they are compared now (docs/adr/0053).

The words are made by the current code and not by a copy of it: they have to be those that this release's search looks
up. A release that makes other words adds a migration that makes all of them again, after this one.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from core.domain.search import Facts, index_keys, name_key

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_AT_ONCE = 2_000
_as_bytes = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    connection = op.get_bind()
    columns = (sa.Column("shop_id", _as_bytes), sa.Column("word", _as_bytes), sa.Column("placed_at", sa.BigInteger()))
    unsorted = sa.Table("unsorted_order_words", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    unsorted.create(connection)
    texts = ("id", "shop_id", "number", "customer_name", "customer_phone", "fulfilment")
    orders = sa.table(
        "orders", *(sa.column(name, sa.Text()) for name in texts), sa.column("placed_at", sa.BigInteger())
    )
    for page in _pages(connection, orders):
        words = [
            {"shop_id": shop_id, "word": word, "placed_at": placed_at}
            for _, shop_id, *facts, placed_at in page
            for word in index_keys(Facts(*facts))
        ]
        connection.execute(unsorted.insert(), words)
    op.create_table(
        "order_words",
        sa.Column("shop_id", _as_bytes, nullable=False),
        sa.Column("word", _as_bytes, nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("shop_id", "word", "placed_at", name="pk_order_words"),
        sqlite_with_rowid=False,
    )
    # In key order each row is appended; unsorted, each would be written to another page.
    order_words = sa.table("order_words", sa.column("shop_id"), sa.column("word"), sa.column("placed_at"))
    in_order = sa.select(unsorted).distinct().order_by(*unsorted.columns)
    connection.execute(order_words.insert().from_select(["shop_id", "word", "placed_at"], in_order))
    unsorted.drop(connection)
    customers = sa.table("customers", *(sa.column(name, sa.Text()) for name in ("id", "name", "name_key")))
    renamed = customers.update().where(customers.c.id == sa.bindparam("customer")).values(name_key=sa.bindparam("key"))
    for page in _pages(connection, customers):
        changed = [{"customer": id_, "key": name_key(name)} for id_, name, key in page if key != name_key(name)]
        if changed:
            connection.execute(renamed, changed)


def _pages(connection: sa.Connection, table: sa.TableClause) -> Iterator[list[Any]]:
    """All rows, in batches, so that a shop of a million orders is migrated in little memory."""
    after = ""
    while True:
        query = sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(_AT_ONCE)
        rows = list(connection.execute(query))
        if not rows:
            return
        yield rows
        after = rows[-1][0]
