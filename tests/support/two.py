"""Two backends on one database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from core.server.auth import keys
from core.server.settings import ServerSettings
from tests.integration.calls import Caller
from tests.support import shop
from tests.support.server import ServerThread
from tests.support.shop import World


class Two(msgspec.Struct, frozen=True):
    """Two backends with one database and one set of keys, as behind a load balancer."""

    world: World
    path: Path
    servers: tuple[ServerThread, ServerThread]

    def each(self, of: Callable[[ServerThread], Caller]) -> tuple[Caller, Caller]:
        """A caller signed in at the first, and the same session at the second."""
        here = of(self.servers[0])
        return here, Caller(self.servers[1].url, here.signed_in)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.servers[0].database.read_blocking(
            lambda transaction: [tuple(row) for row in transaction.connection.exec_driver_sql(sql)]
        )


@contextmanager
def running(directory: Path) -> Iterator[Two]:
    """Run both of them, over `directory`/orderbell.db."""
    path = directory / "orderbell.db"
    world = shop.lay_out(path)
    shared, settings = keys.make(), ServerSettings(port=0, data_dir=str(directory), open_orders_max=100_000)
    with (
        ServerThread(directory, settings, keys=shared) as first,
        ServerThread(directory, settings, keys=shared) as second,
    ):
        yield Two(world, path, (first, second))
