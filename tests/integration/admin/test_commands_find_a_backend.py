"""A command on the backend's machine: it asks the one that serves, or one of its own, and a file has one owner."""

import os
import time
from pathlib import Path

import pytest

from core.admin.backend import reach
from core.admin.failed import Failed
from core.admin.setup import open_keys, set_up
from core.domain.ids import ShopId
from core.protocol import routes
from core.server.auth import keys
from core.server.auth.tokens import LEEWAY_S, AccessTokens
from core.server.settings import ServerSettings
from core.store.engine.database import Database
from core.store.engine.owner import SUFFIX, AlreadyServed, Ownership
from tests.integration import calls
from tests.integration.calls import Caller
from tests.support import shop
from tests.support.server import ServerProcess

pytestmark = pytest.mark.sqlite_only("one process owns a file; a server has no owner")
BOARD = "/api/pos/orders/"


@pytest.fixture
def configured(tmp_path: Path) -> ServerSettings:
    """A shop that nobody serves."""
    found = ServerSettings(data_dir=str(tmp_path), port=0)
    open_keys(found.keys_path)
    database = Database(found.database)
    set_up(database, demo=True)
    database.close()
    return found


def test_without_a_server_a_command_is_answered_by_one_of_its_own(configured: ServerSettings) -> None:
    with reach(configured) as backend:
        assert backend.call(routes.ORDERS()).total == 0
        with pytest.raises(AlreadyServed), Ownership(configured.database):
            pass
    with Ownership(configured.database):
        """Nobody holds it any more."""


def test_with_a_server_a_command_asks_that_one(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--demo") as server:
        with reach(ServerSettings(data_dir=str(tmp_path))) as backend:
            assert backend.url == server.url
            assert backend.call(routes.ORDERS()).total == 0
        assert Caller(server.url).get("/healthz").status_code == 200


def test_a_second_server_on_the_same_file_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--demo") as server:
        second = ServerProcess(tmp_path)
        with pytest.raises(RuntimeError, match="in use by another process"):
            second.__enter__()
        assert Caller(server.url).get("/healthz").status_code == 200
        with reach(ServerSettings(data_dir=str(tmp_path))) as backend:
            assert backend.url == server.url


def test_a_killed_server_leaves_nothing_locked(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--demo") as server:
        server.kill()
    with reach(ServerSettings(data_dir=str(tmp_path))) as backend:
        assert backend.call(routes.ORDERS()).total == 0


def test_a_file_that_something_else_holds_is_left_alone(configured: ServerSettings, tmp_path: Path) -> None:
    with (
        Ownership(configured.database),
        pytest.raises(Failed, match="no backend that can be asked"),
        reach(configured),
    ):
        pass
    assert (tmp_path / f"orderbell.db{SUFFIX}").exists()


def test_where_there_is_no_shop_a_command_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="orderbell init"), reach(ServerSettings(data_dir=str(tmp_path))):
        pass
    assert not list(tmp_path.iterdir())


def test_a_refusal_is_the_servers_own_sentence(configured: ServerSettings) -> None:
    with reach(configured) as backend, pytest.raises(Failed) as refused:
        backend.call(routes.DETAILS("0"))
    assert refused.value.message


def test_a_local_token_lives_a_minute_and_only_the_keys_make_one(configured: ServerSettings) -> None:
    with reach(configured) as backend:
        signing = AccessTokens(keys.read(configured.keys_path), 600)
        token = signing.sign_local("orderbell", ShopId(""))
        assert signing.verify(token).expires_at <= time.time() + 60 + LEEWAY_S + 1
        assert Caller(backend.url).call("GET", BOARD, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        forged = AccessTokens(keys.make(), 600).sign_local("orderbell", ShopId(""))
        assert Caller(backend.url).call("GET", BOARD, headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_a_file_has_one_owner_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    shop.lay_out(tmp_path / "orderbell.db")
    try:
        (tmp_path / "other" / "orderbell.db").symlink_to(tmp_path / "orderbell.db")
    except OSError:
        pytest.skip("this system makes no such links")
    with ServerProcess(tmp_path) as server:
        ada = calls.customer(server)
        with pytest.raises(RuntimeError, match="in use by another process"), ServerProcess(tmp_path / "other"):
            pass
        assert ada.place()
    with ServerProcess(tmp_path / "other"):
        pass


def test_a_file_with_two_names_is_served_by_neither(tmp_path: Path) -> None:
    """SQLite names its log after the file: two names are two logs, and what is in one is not in the other."""
    file, other = tmp_path / "orderbell.db", tmp_path / "other" / "orderbell.db"
    other.parent.mkdir()
    shop.lay_out(file)
    server = ServerProcess(tmp_path)
    with server:
        ada = calls.customer(server)
        placed = [ada.place()["number"] for _ in range(3)]
        os.link(file, other)
        with pytest.raises(RuntimeError, match="other names too"), ServerProcess(other.parent):
            pass
        server.kill()
    for each in (other.parent, tmp_path):
        with pytest.raises(RuntimeError, match="in a file that ends in -wal"), ServerProcess(each):
            pass
    other.unlink()
    file.with_name(f"{file.name}.replaced-20260504T030000000000").hardlink_to(file)  # as a restore does it
    with ServerProcess(tmp_path) as server:
        found = calls.customer(server).get("/api/online/orders/history/").json()["orders"]
        assert sorted(order["number"] for order in found) == placed
