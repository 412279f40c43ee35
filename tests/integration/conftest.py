"""The backend for a test, and the people who call it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from core.store.tables import metadata
from tests.integration import calls
from tests.integration.calls import Caller
from tests.support import databases, shop
from tests.support.customer_synced import Cable, Synced, cable_to, synced_window
from tests.support.server import ServerThread
from tests.support.shop import World
from tests.support.two import Two, running


class Place(msgspec.Struct, frozen=True):
    """A running backend, its world, and everybody in it signed in."""

    server: ServerThread
    world: World
    directory: Path
    nobody: Caller
    ada: Caller
    grace: Caller
    kim: Caller
    alex: Caller
    max: Caller
    sam: Caller
    board: Caller
    other_board: Caller

    @property
    def command(self) -> Caller:
        """A command on the server's own machine: the operator."""
        return Caller(
            self.server.url, {"access_token": self.server.services.access.sign_local("orderbell", self.world.shop)}
        )

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says, read beside the server. Each `?` stands for one of `values`."""
        sql = databases.placed(sql)
        return self.server.database.read_blocking(
            lambda transaction: [tuple(row) for row in transaction.connection.exec_driver_sql(sql, values)]
        )

    def counts(self) -> dict[str, int]:
        """How many rows every table has, but for the security log, which what is refused is written to."""
        names = metadata.tables.keys() - {"security_log"}
        return {name: self.rows(f"SELECT count(*) FROM {name}")[0][0] for name in names}


@pytest.fixture(scope="module", autouse=True)
def _on_every_database(database: databases.Kind) -> None:
    """All of these tests have a backend."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, database: databases.Kind) -> Iterator[Place]:
    """One backend for the tests of a module, so each must do with what the others leave."""
    directory = tmp_path_factory.mktemp("server")
    world = shop.lay_out(directory / "orderbell.db")
    with ServerThread(directory) as server:
        yield Place(
            server,
            world,
            directory,
            nobody=Caller(server.url),
            ada=calls.customer(server, shop.ADA),
            grace=calls.customer(server, shop.GRACE),
            kim=calls.staff(server, shop.KIM),
            alex=calls.staff(server, shop.ALEX),
            max=calls.staff(server, shop.MAX),
            sam=calls.staff(server, shop.SAM, shop.OTHER_DEVICE, world.other_shop),
            board=calls.display(server),
            other_board=calls.display(server, shop.OTHER_DISPLAY, world.other_shop),
        )


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with running(tmp_path) as made:
        yield made


@pytest.fixture
def cable(place: Place) -> Iterator[Cable]:
    with cable_to(place.server.url) as made:
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def screen(qtbot: QtBot, cable: Cable, path: Path) -> Iterator[Synced]:
    with synced_window(qtbot, cable.url, path) as made:
        yield made
