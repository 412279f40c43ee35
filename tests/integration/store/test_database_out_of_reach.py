"""The database server goes away, is slow, or loses patience: that is said, nothing is lost, and it is found again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import requests

from core.protocol.feed import Close
from core.store.engine import announcements
from core.store.engine.database import Database
from core.store.engine.writer import Unavailable
from core.store.sql import dialects
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import new_key, order_body
from tests.integration.push.test_feed import snapshot
from tests.integration.push.test_socket import listener
from tests.integration.store.test_several_processes import WITHIN_S, append
from tests.support import databases, postgres, shop
from tests.support.two import Two

pytestmark = pytest.mark.postgresql_only("a file does not go away")


def test_out_of_reach_is_said_and_found_again(two: Two) -> None:
    """It is killed and started anew: nothing acknowledged is lost, and both backends go on by themselves."""
    adas = two.each(calls.customer)
    cursor = snapshot(adas[0]).cursor
    acknowledged = [ada.place() for ada in adas for _ in range(3)]
    postgres.server().stop()
    try:
        for ada in adas:
            for reply in (ada.post("/api/online/orders/", order_body(), key=new_key()), ada.get("/api/menu/")):
                assert (reply.status_code, reply.json()["type"]) == (503, "unavailable")
                assert int(reply.headers["Retry-After"]) > 0
            with listener(ada, cursor) as screen:
                assert screen.closed() == Close.UNAVAILABLE
    finally:
        postgres.server().start()
    for ada in adas:
        for order in acknowledged:
            assert ada.get(f"/api/online/orders/{order['id']}/").json() == order
        ada.place()
    assert two.rows("SELECT count(*) FROM orders") == [(len(acknowledged) + 2,)]


def test_a_backend_that_lost_its_connections_does_not_even_say_so(two: Two) -> None:
    ada = calls.customer(two.servers[0])
    before = ada.place()
    with postgres.server().connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            [databases.name(two.path)],
        )
    assert ada.get(f"/api/online/orders/{before['id']}/").status_code == 200
    assert ada.place()["number"] == "ONLINE-000002"


def test_one_that_freezes_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a transaction, as when its machine is paused: the database ends it."""
    world = shop.lay_out(tmp_path / "orderbell.db")
    impatient = "SET idle_in_transaction_session_timeout = 300"
    with monkeypatch.context() as context:
        hasty = msgspec.structs.replace(dialects.POSTGRESQL, writing=(impatient,))
        context.setattr(dialects, "of", lambda _name: hasty)
        frozen = Database(databases.url(tmp_path / "orderbell.db"))
    other = Database(databases.url(tmp_path / "orderbell.db"))
    written, release = threading.Event(), threading.Event()

    def freeze(transaction: Transaction) -> None:
        append(transaction, world.shop)
        written.set()
        assert release.wait(WITHIN_S)

    with closing(frozen), closing(other), ThreadPoolExecutor(1) as pool:
        held = pool.submit(frozen.write_blocking, freeze, world.shop)
        assert written.wait(WITHIN_S)
        assert other.write_blocking(lambda tx: append(tx, world.shop), world.shop) == 1
        release.set()
        with pytest.raises(Unavailable):
            held.result(WITHIN_S)
        assert frozen.write_blocking(lambda tx: append(tx, world.shop), world.shop) == 2


def test_a_request_is_refused_and_not_lost_when_it_waits_too_long(two: Two) -> None:
    """Somebody with a console open holds the shop: its requests are asked to come again, and then done once."""
    ada = calls.customer(two.servers[0])
    server = two.servers[0]
    server.database.write_blocking(lambda tx: tx.command("SET lock_timeout = 200"))
    key, body = new_key(), order_body()
    with postgres.server().connect(databases.name(two.path)) as console, console.transaction():
        console.execute("UPDATE shops SET name = name")
        refused: requests.Response = ada.post("/api/online/orders/", body, key=key)
        assert (refused.status_code, refused.json()["type"]) == (503, "unavailable")
    assert ada.post("/api/online/orders/", body, key=key).status_code == 201
    assert two.rows("SELECT count(*) FROM orders") == [(1,)]


def test_the_log_says_once_that_it_is_gone(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks and how often, for as long as it is gone."""
    adas = two.each(calls.customer)
    postgres.server().stop()
    try:
        for _ in range(3):
            for ada in adas:
                for path in ("/readyz", "/metrics", "/api/menu/"):
                    ada.get(path)
                ada.post("/api/online/orders/", order_body(), key=new_key())

        def cut_off() -> int:
            return sum("notifications of other processes" in each.getMessage() for each in caplog.records)

        for _ in range(4):  # each a round of those that listen
            threading.Event().wait(announcements.AGAIN_AFTER_S)
        assert "Traceback" not in caplog.text
        assert cut_off() == len(two.servers)
    finally:
        postgres.server().start()
    for ada in adas:
        ada.place()
