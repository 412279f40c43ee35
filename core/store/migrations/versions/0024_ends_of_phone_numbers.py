"""One key for an order's count and one for its phone number, whose ends are kept once (docs/adr/0053).

Before, an order had a key for each end of both: three of four rows of the table.
"""

import sqlalchemy as sa
from alembic import op

from core.domain.search import Facts, end_keys, index_keys

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_AT_ONCE = 2_000
_as_bytes = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COLUMNS = ("shop_id", "word", "placed_at")


def upgrade() -> None:
    connection = op.get_bind()
    columns = (sa.Column("shop_id", _as_bytes), sa.Column("word", _as_bytes), sa.Column("placed_at", sa.BigInteger()))
    unsorted = sa.Table("unsorted_order_words", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    unsorted.create(connection)
    texts = ("id", "shop_id", "number", "customer_name", "customer_phone", "fulfilment")
    orders = sa.table(
        "orders", *(sa.column(name, sa.Text()) for name in texts), sa.column("placed_at", sa.BigInteger())
    )
    after = ""
    while True:
        page = sa.select(orders).where(orders.c.id > after).order_by(orders.c.id).limit(_AT_ONCE)
        rows = list(connection.execute(page))
        if not rows:
            break
        after, found = rows[-1][0], set[tuple[str, str, int]]()
        for _, shop_id, *facts, placed_at in rows:
            of = Facts(*facts)
            found |= {(shop_id, key, placed_at) for key in index_keys(of) if not key.startswith("w")}
            found |= {(shop_id, key, 0) for key in end_keys(of.phone)}
        if found:
            connection.execute(unsorted.insert(), [dict(zip(_COLUMNS, row, strict=True)) for row in found])
    words = sa.table("order_words", *(sa.column(name) for name in _COLUMNS))
    connection.execute(words.delete().where(words.c.word >= "n", words.c.word < "q"))
    in_order = sa.select(unsorted).distinct().order_by(*unsorted.columns)
    connection.execute(words.insert().from_select(list(_COLUMNS), in_order))
    unsorted.drop(connection)
