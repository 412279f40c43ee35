"""A shop with two tills."""

from core.store.sql.statements import Transaction
from tests.support.server import ServerThread


def add_second_till(server: ServerThread) -> None:
    """POS2, unless it is there."""

    def add(transaction: Transaction) -> None:
        run = transaction.connection.exec_driver_sql
        if not run("SELECT 1 FROM devices WHERE id = 'POS2'").first():
            of_shop = "FROM devices WHERE id = 'POS1'"
            run(f"INSERT INTO devices (shop_id, id, created_at) SELECT shop_id, 'POS2', 1 {of_shop}")
            run(f"INSERT INTO number_series (shop_id, series, last) SELECT shop_id, 'POS2', 0 {of_shop}")

    server.database.write_blocking(add)
