"""The demo's orders go through the backend as people's do, and by its limits."""

from collections import Counter
from pathlib import Path

import pytest

from core.admin.demo import shop
from core.admin.demo.orders_file import read
from core.admin.demo.replay import STILL_OPEN
from core.domain.status import OrderStatus
from core.server.settings import ServerSettings
from tests.support import order_files
from tests.support.server import ServerThread

pytestmark = pytest.mark.sqlite_only("the demo makes a file of its own")


@pytest.mark.parametrize("seed", [4, 8])
def test_however_many_there_are_nobody_has_more_open_than_is_allowed(tmp_path: Path, seed: int) -> None:
    """With the server's own limit it takes 200 orders to come to it."""
    expected = order_files.write(tmp_path / "orders.tsv", seed)
    wanted = read(tmp_path / "orders.tsv")
    shop.make(tmp_path, wanted.menu)
    configured = ServerSettings(port=0, data_dir=str(tmp_path), open_orders_max=5)
    with ServerThread(tmp_path, configured) as server:
        shop.fill(server.url, wanted.orders)
        statuses = Counter(
            OrderStatus(row[0])
            for row in server.database.read_blocking(
                lambda transaction: list(transaction.connection.exec_driver_sql("SELECT status FROM orders"))
            )
        )
    assert shop.count(tmp_path) == shop.Sums(*expected)
    left = sum(STILL_OPEN.values())
    assert statuses.pop(OrderStatus.COMPLETED, 0) == expected[0] - left
    assert statuses.total() == left
    assert set(statuses) <= set(STILL_OPEN)
