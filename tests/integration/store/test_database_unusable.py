"""The server's database cannot be used: its disk is full, another program locks it, it may only be read. Nothing is
lost, nothing is parked, everybody is told what to do, and all goes on by itself."""

import logging
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from core.client.errors import Busy
from core.client.sync import engine as engines
from core.client.sync.engine import SyncStatus
from core.client.sync.synchronizer import GIVES_UP_ALONE
from core.domain.ids import ShopId
from core.own_process import python
from core.server.auth import keys
from core.server.auth.tokens import AccessTokens
from core.server.health import readiness
from core.server.http import problems
from core.store.engine.database import file_url
from core.store.engine.writer import Unavailable
from core.store.sql import dialects
from core.store.sql.dialects import Trouble
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import databases, shop
from tests.support.full_disk import needs_mount, small_disk
from tests.support.server import ServerProcess, ServerThread
from tests.support.synced import Screen

ORDERS = "/api/online/orders/"
WITHIN_S = 30


def tell(server: ServerThread, sql: str) -> None:
    """Say something to the connection that writes."""

    def work(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql(sql).close()

    server.database.write_blocking(work)


@contextmanager
def no_room(server: ServerThread) -> Iterator[None]:
    """The file cannot grow any more: what SQLite then says is what a full disk makes it say."""
    if databases.kind() == "sqlite":
        tell(server, "PRAGMA max_page_count = 1")  # no less than it has
        try:
            yield
        finally:
            made_room = False
            while not made_room:
                with suppress(Unavailable):  # it was committed together with what found no room
                    tell(server, "PRAGMA max_page_count = 1073741823")
                    made_room = True
    else:
        tell(
            server,
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
        )
        tell(server, "CREATE TRIGGER no_room BEFORE INSERT ON operations EXECUTE FUNCTION no_room()")
        try:
            yield
        finally:
            tell(server, "DROP TRIGGER no_room ON operations")
            tell(server, "DROP FUNCTION no_room()")


def until_refused(place: Place) -> requests.Response:
    """Order until there is no room left for an order."""
    for _ in range(200):
        reply = place.ada.post(ORDERS, order_body(note="x" * 200), key=new_key())
        if reply.status_code != 201:
            return reply
    raise AssertionError("there is room for everything")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found out is told to the next one only."""
    monkeypatch.setattr(readiness, "KNOWN_FOR_S", 0.0)


def told(reply: requests.Response) -> tuple[int, str, str]:
    found: dict[str, Any] = reply.json()
    return reply.status_code, found["type"], found["title"]


@pytest.mark.usefixtures("at_once")
def test_a_full_disk_is_said_and_what_waits_goes_once_there_is_room(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    key, body = new_key(), order_body(note="y" * 200)
    with no_room(place.server):
        assert told(until_refused(place)) == (503, "unavailable", "The server's disk is full.")
        caplog.clear()
        for _ in range(30):
            reply = place.ada.post(ORDERS, body, key=key)
            assert told(reply) == (503, "unavailable", "The server's disk is full.")
            assert int(reply.headers["Retry-After"]) > 0
        asked = place.nobody.get("/readyz")
        assert (asked.status_code, asked.json()["type"]) == (503, "not_ready")
        assert "The server's disk is full. Make room" in asked.json()["detail"]
        assert place.ada.get("/api/online/orders/history/").status_code == 200, "what is there is still shown"
        assert "Traceback" not in caplog.text
        assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) <= 3
    assert place.ada.post(ORDERS, body, key=key).status_code == 201
    assert place.nobody.get("/readyz").status_code == 200
    assert "writes are accepted again" in caplog.text


def test_what_was_found_out_is_told_again_so_that_asking_is_no_load(place: Place) -> None:
    place.server.services.readiness.forget()
    assert place.nobody.get("/readyz").status_code == 200
    before = place.server.database.writer.groups.up_to()[-1]
    for _ in range(20):
        assert place.nobody.get("/readyz").status_code == 200
    assert place.server.database.writer.groups.up_to()[-1] - before <= 2


@pytest.mark.usefixtures("at_once")
@pytest.mark.sqlite_only("it is of a file")
def test_a_file_that_another_program_locks_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "WITHIN_S", 30.0)
    tell(place.server, "PRAGMA busy_timeout = 100")
    key, body = new_key(), order_body()
    with closing(sqlite3.connect(place.directory / "orderbell.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            reply = place.ada.post(ORDERS, body, key=key)
            assert told(reply) == (503, "unavailable", "The server's database is locked by another program.")
        assert "locked by another program" in place.nobody.get("/readyz").json()["detail"]
        other.execute("ROLLBACK")
    assert place.ada.post(ORDERS, body, key=key).status_code == 201
    assert place.nobody.get("/readyz").status_code == 200
    tell(place.server, f"PRAGMA busy_timeout = {dialects.BUSY_TIMEOUT_MS}")


@pytest.mark.usefixtures("at_once")
def test_a_database_that_may_only_be_read_is_said(place: Place) -> None:
    on, off = (
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
        if databases.kind() == "sqlite"
        else ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
    )
    key, body = new_key(), order_body()
    connection = place.server.database.write_blocking(lambda transaction: transaction).connection
    connection.exec_driver_sql(on).close()
    try:
        reply = place.ada.post(ORDERS, body, key=key)
        assert told(reply) == (503, "unavailable", "The server's database is read-only.")
        assert "read-only" in place.nobody.get("/readyz").json()["detail"]
    finally:
        connection.exec_driver_sql(off).close()
    assert place.ada.post(ORDERS, body, key=key).status_code == 201


@pytest.mark.usefixtures("at_once")
def test_a_till_parks_nothing_says_why_and_sends_by_itself(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "backoff_s", lambda _attempt: 0.01)
    monkeypatch.setattr(
        "core.server.http.problems._TROUBLES", dict.fromkeys(Trouble, ("The server's disk is full.", "x", 0))
    )
    with Screen(place.server.url, tmp_path / "till.db") as till:
        till.staff()
        till.until_live()

        def is_hindered(sync_status: SyncStatus) -> bool:
            return isinstance(sync_status.hindered, Busy) and sync_status.hindered.title == "The server's disk is full"

        with no_room(place.server):
            until_refused(place)
            orders = [till.take() for _ in range(3)]
            till.until(lambda: is_hindered(till.api.sync_status))
            till.until(
                lambda: len({id(each.hindered) for each in till.sync_statuses if is_hindered(each)}) > GIVES_UP_ALONE
            )
            waiting = till.api.operations()  # a small one may have found the last room there was
            assert waiting
            assert {(operation.failed_attempts, operation.held) for operation in waiting} == {(0, False)}
        till.until_sent()
        till.until(lambda: till.api.sync_status.hindered is None)
        for order in orders:
            assert place.kim.get(f"/api/pos/orders/{order.id}/").status_code == 200


@needs_mount
@pytest.mark.sqlite_only("it is of a file")
def test_on_a_real_disk_that_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        shop.lay_out(disk.path / "orderbell.db")
        url = file_url(disk.path / "orderbell.db")
        with ServerProcess(tmp_path / "server", "--database-url", url) as server:
            ada = calls.customer(server, shop.ADA)
            access = AccessTokens(keys.read(tmp_path / "server" / "keys.json"), 60)
            command = Caller(server.url, {"access_token": access.sign_local("orderbell", ShopId(""))})
            accepted = [ada.place()["id"] for _ in range(5)]
            disk.fill()
            key, body = new_key(), order_body()
            refused = [ada.post(ORDERS, body, key=new_key()) for _ in range(60)]
            accepted += [each.json()["id"] for each in refused if each.status_code == 201]
            refused = [each for each in refused if each.status_code != 201]
            assert {told(each)[::2] for each in refused} == {(503, "The server's disk is full.")}
            assert "The server's disk is full." in ada.get("/readyz").json()["detail"]
            examined = command.get("/api/admin/doctor/")
            assert examined.status_code == 200, examined.text
            checks = {each["name"]: each for each in examined.json()["checks"]}
            assert checks["writes"]["result"] == "fail"
            assert "Make room" in checks["writes"]["do"]
            disk.make_room()
            assert ada.post(ORDERS, body, key=key).status_code == 201
            for order in accepted:
                assert ada.get(f"{ORDERS}{order}/").status_code == 200
            log = server.log()
        assert "Traceback" not in log
        assert len(log) < 20_000


@pytest.mark.parametrize(
    ("met", "title"),
    [(None, "The server is busy."), (Trouble.FULL, "The server's disk is full.")],
    ids=["none", "full"],
)
def test_what_has_waited_too_long_for_its_turn_is_refused_and_not_done(
    met: Trouble | None, title: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked has gone by then. Commands and set-up, which wait for as long as it takes, have their turn. A
    trouble that was met meanwhile is said: being busy would send nobody to make room on a disk."""
    writer, begun, release = place.server.database.writer, threading.Event(), threading.Event()

    def hold(_transaction: Transaction) -> None:
        begun.set()
        assert release.wait(WITHIN_S)
        if met is not None:
            raise Unavailable("as it is", met)

    def fail(_transaction: Transaction) -> None:
        raise Unavailable("as it was", Trouble.READ_ONLY if met is None else met)

    assert writer.submit_blocking(fail).exception(WITHIN_S), "which nobody who comes now has to do with"
    key, body, orders = new_key(), order_body(), place.counts()["orders"]
    with ThreadPoolExecutor(1) as pool:
        held = writer.submit_blocking(hold)
        assert begun.wait(WITHIN_S)
        placed = pool.submit(place.ada.post, ORDERS, body, key=key)
        until = time.monotonic() + WITHIN_S
        while writer.waiting < 1:
            assert time.monotonic() < until
        command = writer.submit_blocking(lambda _transaction: "done")
        monkeypatch.setattr("core.store.engine.writer.PATIENCE_S", 0.0)
        release.set()
        assert isinstance(held.exception(WITHIN_S), Unavailable if met else type(None))
        assert told(placed.result(WITHIN_S)) == (503, "unavailable", title)
        assert command.result(WITHIN_S) == "done"
    monkeypatch.undo()
    assert place.counts()["orders"] == orders
    assert place.ada.post(ORDERS, body, key=key).status_code == 201


def test_every_way_to_be_unusable_has_words() -> None:
    for trouble in Trouble:
        refusal = problems.unusable(trouble)
        assert refusal.problem.status == 503
        assert refusal.problem.title
        assert refusal.problem.detail


@contextmanager
def refusing_orders(server: ServerThread, state: str) -> Iterator[None]:
    """PostgreSQL says `state` to each new order, and to nothing else."""
    tell(
        server,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '{state}'; END $$",
    )
    tell(server, "CREATE TRIGGER refuse BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse()")
    try:
        yield
    finally:
        tell(server, "DROP TRIGGER refuse ON orders")
        tell(server, "DROP FUNCTION refuse()")


@pytest.mark.usefixtures("at_once")
@pytest.mark.postgresql_only("SQLite has no such codes")
@pytest.mark.parametrize(
    ("state", "title"),
    [
        ("0A000", "The server's database is out of reach."),
        ("26000", "The server's database is out of reach."),
        ("42P05", "The server's database is out of reach."),
        ("3D000", "The server's database is out of reach."),
        ("53000", "The server's database is out of reach."),
        ("57P05", "The server's database is out of reach."),
        ("F0000", "The server's database is out of reach."),
        ("55000", "The server's database is locked by another program."),
        ("55006", "The server's database is locked by another program."),
        ("42501", "The server's database is read-only."),
        ("58000", "The server's disk fails."),
        ("58P01", "The server's disk fails."),
        ("XX000", "The server's database is damaged."),
        ("42P01", "The server's database is damaged."),
    ],
)
def test_whatever_the_database_server_refuses_orders_for_is_its_own_trouble(
    place: Place, caplog: pytest.LogCaptureFixture, state: str, title: str
) -> None:
    key, body = new_key(), order_body()
    with refusing_orders(place.server, state):
        caplog.clear()
        for _ in range(3):
            assert told(place.ada.post(ORDERS, body, key=key)) == (503, "unavailable", title)
        assert place.ada.get("/api/online/orders/history/").status_code == 200
        asked = place.nobody.get("/readyz")
        assert (asked.status_code, asked.json()["type"]) == (503, "not_ready")
        assert title in asked.json()["detail"]
        assert "Traceback" not in caplog.text
        refused = [each for each in caplog.records if "writes are refused" in each.getMessage()]
        assert [vars(each)["because"] for each in refused] == ["not now"]
    assert place.ada.post(ORDERS, body, key=key).status_code == 201
    assert place.nobody.get("/readyz").status_code == 200


@pytest.mark.postgresql_only("SQLite has no such codes")
@pytest.mark.parametrize("state", ["54000", "22P05"])
def test_what_was_asked_of_the_database_server_is_not_its_trouble(place: Place, state: str) -> None:
    with refusing_orders(place.server, state):
        assert place.ada.post(ORDERS, order_body(), key=new_key()).status_code == 500


@pytest.mark.postgresql_only("SQLite prepares again by itself")
def test_what_a_connection_has_prepared_and_is_no_longer_so_is_prepared_again(place: Place) -> None:
    """A pooler in between has given the statements away, or somebody has altered a table."""

    def placed() -> int:
        order = place.ada.place()
        assert place.ada.get(f"{ORDERS}{order['id']}/").status_code == 200
        return int(order["number"].removeprefix("ONLINE-"))

    for _ in range(7):  # psycopg prepares what it sees for the sixth time
        before = placed()

    def forget(transaction: Transaction) -> None:
        # In a block: psycopg, which prepares by itself, takes no notice of it.
        transaction.connection.exec_driver_sql("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$").close()

    place.server.database.write_blocking(forget)
    place.server.database.read_blocking(forget)
    assert placed() == before + 1
    tell(place.server, "ALTER TABLE shops ADD COLUMN more text")
    tell(place.server, "ALTER TABLE orders ALTER COLUMN total_minor TYPE numeric")
    tell(place.server, "ALTER TABLE orders ALTER COLUMN total_minor TYPE bigint")
    assert placed() == before + 2
    assert place.ada.get("/api/online/orders/history/").status_code == 200


@pytest.mark.usefixtures("at_once")
def test_what_an_order_writes_is_taken_back_when_it_is_on_trial(place: Place) -> None:
    tables = ("orders", "order_lines", "status_history", "ledger", "events")

    def rows() -> list[Any]:
        def work(transaction: Transaction) -> list[Any]:
            count = "SELECT count(*), (SELECT max(seq) FROM shops) FROM"
            return [transaction.connection.exec_driver_sql(f"{count} {table}").all() for table in tables]

        return place.server.database.read_blocking(work)

    place.ada.place()
    before = rows()
    place.server.services.readiness.forget()
    assert place.nobody.get("/readyz").status_code == 200
    assert rows() == before


@pytest.mark.slow
@pytest.mark.sqlite_only("it is of a file")
@pytest.mark.skipif(os.name == "nt", reason="locks as POSIX has them")
def test_a_lock_in_the_shared_memory_is_said_and_keeps_nothing_else_waiting(place: Place) -> None:
    """As a copy tool that locks what it copies, or another SQLite that recovers."""
    code = (
        "import fcntl, sys\n"
        "with open(sys.argv[1], 'r+b') as file:\n"
        "    fcntl.lockf(file, fcntl.LOCK_EX, 3, 120)\n"
        "    fcntl.lockf(file, fcntl.LOCK_EX, 5, 123)\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    key, body = new_key(), order_body()
    shared = f"{place.directory / 'orderbell.db'}-shm"
    with subprocess.Popen(
        python("-c", code, shared), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        locked = (503, "unavailable", "The server's database is locked by another program.")
        began = time.monotonic()
        assert told(place.ada.post(ORDERS, body, key=key)) == locked
        first_s = time.monotonic() - began
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(place.kim.get, "/api/pos/orders/")
            began = time.monotonic()
            for _ in range(20):
                assert place.nobody.get("/healthz").status_code == 200
            assert time.monotonic() - began < first_s / 2, "what waits for the lock keeps nothing else waiting"
            assert told(waiting.result()) == locked
        other.communicate()
    while (reply := place.ada.post(ORDERS, body, key=key)).status_code == 503:
        pass  # as a till does: SQLite asks for the lock only now and then
    assert reply.status_code == 201
