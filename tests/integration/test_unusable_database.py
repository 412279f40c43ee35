"""The server's database cannot be used: its disk is full, another program locks it, it may only be read. Nothing is
lost, nothing is parked, everybody is told what to do, and all goes on by itself."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from core.client import engine as engines
from core.client.engine import Standing
from core.client.errors import Busy
from core.client.sync import GIVES_UP_ALONE
from core.domain.ids import ShopId
from core.server import keys, problems, readiness
from core.server.tokens import AccessTokens
from core.store import dialects
from core.store.database import file_url
from core.store.dialects import Trouble
from core.store.statements import Transaction
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import databases, shop
from tests.support.full_disk import needs_mount, small_disk
from tests.support.server import ServerProcess, ServerThread
from tests.support.synced import Screen

ORDERS = "/api/online/orders/"


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
            tell(server, "PRAGMA max_page_count = 1073741823")
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
    assert "writes are taken again" in caplog.text


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
        "core.server.problems._TROUBLES", dict.fromkeys(Trouble, ("The server's disk is full.", "x", 0))
    )
    with Screen(place.server.url, tmp_path / "till.db") as till:
        till.staff()
        till.until_live()

        def is_hindered(standing: Standing) -> bool:
            return isinstance(standing.hindered, Busy) and standing.hindered.title == "The server's disk is full"

        with no_room(place.server):
            until_refused(place)
            orders = [till.take() for _ in range(3)]
            till.until(lambda: is_hindered(till.api.standing))
            till.until(
                lambda: len({id(each.hindered) for each in till.standings if is_hindered(each)}) > GIVES_UP_ALONE
            )
            waiting = till.api.operations()  # a small one may have found the last room there was
            assert waiting
            assert {(operation.tries, operation.held) for operation in waiting} == {(0, False)}
        till.until_sent()
        till.until(lambda: till.api.standing.hindered is None)
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


def test_every_way_to_be_unusable_has_words() -> None:
    for trouble in Trouble:
        refusal = problems.unusable(trouble)
        assert refusal.problem.status == 503
        assert refusal.problem.title
        assert refusal.problem.detail
