"""A server whose database was put back by other means than a restore notices, and gives no told number to others."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.clock import Believed
from core.domain.ids import ShopId, new_order_id, uuid7
from core.domain.numbers import AHEAD
from core.domain.order import order_number
from core.protocol.feed import Cursor
from core.protocol.headers import EVENT_CURSOR, ORDER_NUMBER
from core.server.backups import marks_of, open_database
from core.server.jobs import expiry
from core.server.push import retention
from core.server.settings import ServerSettings
from core.store import events, shops
from core.store.engine import mark
from core.store.engine.database import Database
from core.store.engine.mark import Mark
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.support import databases, shop
from tests.support.server import ServerProcess, ServerThread

ORDERS = "/api/online/orders/"


def online(n: int) -> str:
    return order_number("ONLINE", n)


def numbered(caller: Caller) -> str:
    return str(caller.post(ORDERS, order_body(), key=new_key()).json()["number"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerThread]:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as running:
        yield running


def head(database: Database) -> Cursor:
    return database.read_blocking(lambda transaction: events.head(transaction, default(transaction)))


def default(transaction: Transaction) -> ShopId:
    found = shops.default(transaction)
    assert found is not None
    return found.id


@pytest.mark.sqlite_only("its file is put back")
@pytest.mark.parametrize("what", ["the file", "the folder"])
def test_a_server_process_notices_at_its_start(tmp_path: Path, what: str) -> None:
    home, kept = tmp_path / "shop", tmp_path / "snapshot"
    shop.lay_out(home / "orderbell.db")
    with ServerProcess(home) as server:
        assert numbered(calls.customer(server)) == online(1)
    shutil.copytree(home, kept)
    with ServerProcess(home) as server:
        ada = calls.customer(server)
        assert [numbered(ada) for _ in range(3)] == [online(2), online(3), online(4)]
    if what == "the folder":
        shutil.rmtree(home)
        shutil.copytree(kept, home)
    else:
        shutil.copyfile(kept / "orderbell.db", home / "orderbell.db")
    with ServerProcess(home) as server:
        assert numbered(calls.customer(server, shop.GRACE)) == online(1 + AHEAD + 1)
    with ServerProcess(home) as server:
        assert numbered(calls.customer(server, shop.GRACE)) == online(1 + AHEAD + 2), "once, and not at each start"


def test_a_mark_that_the_database_falls_short_of_begins_anew(server: ServerThread, tmp_path: Path) -> None:
    assert numbered(calls.customer(server)) == online(1)
    before = head(server.database)
    server.stop()
    kept = tmp_path / "kept.mark"
    url = databases.url(tmp_path / "orderbell.db")
    with closing(Database(url)) as database:
        shop_id = database.read_blocking(default)
    for told, is_lost in (
        (before, False),
        (Cursor(before.epoch, before.seq, uuid7()), True),
        (Cursor(before.epoch, before.seq + 1, uuid7()), True),
        (Cursor("ffffffff-0000-7000-8000-000000000000", 1, uuid7()), True),  # an epoch that began later
        (Cursor("00000000-0000-7000-8000-000000000000", 9_999, uuid7()), False),  # one that has ended
    ):
        with closing(Database(url)) as database:
            now = head(database)
        if told.epoch == before.epoch:
            told = Cursor(now.epoch, told.seq, told.event_id)
        mark.write([kept], Mark(heads={shop_id: str(told)}))
        with closing(Database(url, [kept])) as database:
            assert (head(database).epoch != now.epoch) is is_lost, told
            assert bool(database.history.begun) is is_lost


def test_a_mark_is_of_one_database_and_a_broken_one_is_none(tmp_path: Path) -> None:
    one, other = (ServerSettings(data_dir=str(tmp_path / name)) for name in ("one", "other"))
    assert not {*marks_of(one)} & {*marks_of(other)}
    shop.lay_out(tmp_path / "one" / "orderbell.db")
    one = ServerSettings(data_dir=str(tmp_path / "one"), database_url=databases.url(tmp_path / "one" / "orderbell.db"))
    for each in marks_of(one):
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_bytes(b"\0" * 20)
    with closing(open_database(one)) as database:
        assert not database.history.begun
        known = database.read_blocking(
            lambda transaction: {each: str(events.head(transaction, each)) for each in shops.ids(transaction)}
        )
    assert [found.heads for found in mark.read(marks_of(one))] == [known, known]


# -- by what a client proves


def test_a_staff_members_cursor_proves_it_once(server: ServerThread) -> None:
    ada, kim = calls.customer(server), calls.staff(server)
    numbered(ada)
    known = head(server.database)
    lost = Cursor(known.epoch, known.seq + 3, uuid7())
    for caller, begins in ((ada, False), (kim, True), (kim, False)):
        before = head(server.database)
        beyond = Cursor(before.epoch, lost.seq, lost.event_id)
        reply = caller.get("/api/events/", params={"cursor": str(beyond)})
        assert (reply.status_code, reply.json()["type"]) == (409, "diverged")
        assert (head(server.database).epoch != before.epoch) is begins
    assert numbered(ada) == online(1 + AHEAD + 1)
    reply = kim.get("/api/events/", params={"cursor": str(known)})
    assert reply.json()["type"] == "diverged"
    assert numbered(ada) == online(1 + AHEAD + 2), "a cursor of an epoch that has ended proves nothing"


def test_nothing_is_done_that_is_based_on_another_history(server: ServerThread) -> None:
    """There the version that it names may have another content."""
    ada, kim = calls.customer(server), calls.staff(server)
    order, key = ada.place(), new_key()
    path, body = f"/api/pos/orders/{order['id']}/status/", {"to": "confirmed", "version": 1}
    now = head(server.database)
    for other in (Cursor(uuid7(), now.seq, now.event_id), Cursor(now.epoch, now.seq, uuid7())):
        refused = kim.post(path, body, key=key, headers={EVENT_CURSOR: str(other)})
        assert (refused.status_code, refused.json()["type"]) == (409, "diverged")
    assert ada.get(f"{ORDERS}{order['id']}/").json()["version"] == 1
    assert kim.post(path, body, key=key, headers={EVENT_CURSOR: "1"}).status_code == 400
    moved = kim.post(path, body, key=key, headers={EVENT_CURSOR: str(now)})
    assert (moved.status_code, moved.json()["version"]) == (200, 2)
    again = kim.post(path, body, key=key, headers={EVENT_CURSOR: str(other)})
    assert (again.status_code, again.content) == (200, moved.content), "what was done here is answered"


def test_a_number_that_the_server_signed_and_has_not_reached_proves_it(server: ServerThread) -> None:
    ada, grace = calls.customer(server), calls.customer(server, shop.GRACE)
    body, key = order_body() | {"id": new_order_id()}, new_key()
    numbered(ada)
    shown = ada.post(ORDERS, body, key=key).headers[ORDER_NUMBER]
    assert shown.startswith(online(2))
    before = head(server.database)
    _put_back(server, body["id"], key, last=1)
    assert ada.post(ORDERS, body, key=key, headers={ORDER_NUMBER: shown}).json()["number"] == online(2)
    assert head(server.database).epoch != before.epoch
    assert numbered(grace) == online(1 + AHEAD + 1)
    epoch = head(server.database).epoch
    assert ada.post(ORDERS, body, key=key, headers={ORDER_NUMBER: shown}).json()["number"] == online(2)
    assert head(server.database).epoch == epoch, "what is there proves nothing"


def test_so_does_one_that_another_order_has(server: ServerThread) -> None:
    ada, grace = calls.customer(server), calls.customer(server, shop.GRACE)
    sent = [(order_body() | {"id": new_order_id()}, new_key()) for _ in range(3)]
    shown = [ada.post(ORDERS, body, key=key).headers[ORDER_NUMBER] for body, key in sent]
    for body, key in sent:
        _put_back(server, body["id"], key, last=0)
    assert numbered(grace) == online(1)
    again = [
        ada.post(ORDERS, body, key=key, headers={ORDER_NUMBER: number}).json()["number"]
        for (body, key), number in zip(sent, shown, strict=True)
    ]
    assert again == [online(1 + AHEAD + 1), online(2), online(3)], "only what another has is numbered anew"


def _put_back(server: ServerThread, order_id: str, key: str, last: int) -> None:
    """As if the server had never heard of this order, and its series had come to `last` only."""

    def work(transaction: Any) -> None:
        run = transaction.connection.exec_driver_sql
        if transaction.connection.dialect.name == "sqlite":
            guards = [row[0] for row in run("SELECT name FROM sqlite_schema WHERE type = 'trigger'")]
            for guard in guards:
                run(f"DROP TRIGGER {guard}")
        else:
            run("SET LOCAL session_replication_role = replica")
        for table in ("status_history", "ledger", "order_lines"):
            run(databases.placed(f"DELETE FROM {table} WHERE order_id = ?"), (order_id,))
        run(databases.placed("DELETE FROM orders WHERE id = ?"), (order_id,))
        run(databases.placed("DELETE FROM operations WHERE key = ?"), (key,))
        run(databases.placed("UPDATE number_series SET last = ? WHERE series = 'ONLINE'"), (last,))

    server.database.write_blocking(work)


# -- a clock that is ahead


def test_a_clock_that_is_a_year_ahead_makes_nothing_old(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = calls.customer(server)
    for _ in range(3):
        numbered(ada)
    assert ada.post("/api/auth/sign-in/", {"login": shop.ADA.phone, "password": "wrong"}).status_code == 401

    def counts() -> dict[str, int]:
        tables = ("events", "operations", "sessions", "refresh_tokens", "security_log", "wrong_tries")
        return server.database.read_blocking(
            lambda transaction: {
                table: transaction.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
                for table in tables
            }
        )

    before = counts()
    assert all(before.values()), before
    real = server.database.aging
    hands = SimpleNamespace(monotonic=0.0, wall=real.believed_s + 400 * 86_400)
    ahead = Believed(real.believed_s, lambda: hands.monotonic, lambda: hands.wall)
    monkeypatch.setattr(server.database, "aging", ahead)
    monkeypatch.setattr(expiry, "PAUSE_S", 0.0)
    monkeypatch.setattr(retention, "PAUSE_S", 0.0)
    hands.monotonic += 20  # as long as it was wrong
    _housekeep(server)
    assert counts() == before
    hands.monotonic += 40 * 86_400  # it was right after all: time goes on, and what is old goes
    hands.wall += 40 * 86_400
    _housekeep(server)
    left = counts()
    assert (left["operations"], left["wrong_tries"], left["events"]) == (0, 0, 1)


def _housekeep(server: ServerThread) -> None:
    # The database's own clock is right, and refuses to let go of what is young in the security log.
    settings = SimpleNamespace(events_days=server.settings.events_days, events_max=100, security_log_days=3_650)
    services: Any = SimpleNamespace(database=server.database, settings=settings)

    async def once() -> None:
        await expiry.forget_expired(services)
        await retention.forget_old_events(services)

    asyncio.run(once())


def test_it_is_remembered_how_far_the_clock_was_believed(tmp_path: Path) -> None:
    url, kept = databases.url(tmp_path / "orderbell.db"), tmp_path / "kept.mark"
    shop.lay_out(tmp_path / "orderbell.db")
    long_ago_us = 1_600_000_000_000_000
    mark.write([kept], Mark(believed_us=long_ago_us))
    with closing(Database(url, [kept])) as database:
        assert database.aging.now_s() - long_ago_us / 1e6 < 24 * 3_600
    (found,) = mark.read([kept])
    assert long_ago_us <= found.believed_us < long_ago_us + 86_400_000_000
    with closing(Database(url)) as database:
        assert database.aging.ahead_s < 86_400, "without a mark by what last happened in the database"


def test_what_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    mark.write([tmp_path / "file" / "x.mark", tmp_path / "good.mark"], Mark(believed_us=7))
    assert mark.read([tmp_path / "good.mark"]) == [Mark(believed_us=7)]
    if os.name == "posix":
        assert (tmp_path / "good.mark").stat().st_mode & 0o777 == 0o600
