"""Several backends on one database: one truth, however they are interleaved, and nobody misses what another did."""

import asyncio
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from core.client.sync import engine
from core.client.sync.engine import ConnectionState
from core.domain.ids import ShopId
from core.domain.status import Fulfilment, steps_of
from core.protocol.health import Diagnosis, Result
from core.server.doctor.diagnosis import examine
from core.server.push import hub
from core.store import events
from core.store.engine import announcements
from core.store.engine.database import Database
from core.store.events import Kept
from core.store.sql.dialects import CHANNEL
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.push.test_feed import follow, snapshot
from tests.integration.push.test_socket import listener
from tests.support import databases, postgres, shop
from tests.support.fault_proxy import FaultProxy
from tests.support.server import ServerProcess, ServerThread
from tests.support.synced import Screen
from tests.support.two import Two, running

pytestmark = pytest.mark.postgresql_only("a file has one process")
WITHIN_S = 30
AHEAD_S = 7.0
EVENT = b'{"kind":"none"}'


@pytest.fixture
def only_notified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by themselves: what is heard was announced."""
    monkeypatch.setattr(hub, "TICK_S", 3600.0)


def until_waiting(path: Path) -> None:
    """Until somebody waits for a lock in the database."""
    with postgres.server().connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        tries = 0
        while connection.execute(waiting, [databases.name(path)]).fetchone() == (0,):
            tries += 1
            assert tries < 100_000, "nobody waits"


# -- the order of commits is the order of seq


def test_what_is_written_first_and_committed_late_is_skipped_by_nobody(two: Two) -> None:
    late, early = (server.database for server in two.servers)
    written, release = threading.Event(), threading.Event()

    def slowly(transaction: Transaction) -> int:
        seq = append(transaction, two.world.shop)
        written.set()
        assert release.wait(WITHIN_S)
        return seq

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(late.write_blocking, slowly, two.world.shop)
        assert written.wait(WITHIN_S)
        second = pool.submit(early.write_blocking, lambda tx: append(tx, two.world.shop), two.world.shop)
        until_waiting(two.path)
        assert late.read_blocking(lambda tx: _after(tx, two.world.shop, 0)) == []
        release.set()
        assert (first.result(WITHIN_S), second.result(WITHIN_S)) == (1, 2)
    assert [kept.seq for kept in early.read_blocking(lambda tx: _after(tx, two.world.shop, 0))] == [1, 2]


def test_even_without_naming_its_shop(two: Two) -> None:
    """The counter's row is the lock: whoever has the next number has it until the end."""
    late, early = (server.database for server in two.servers)
    written, release = threading.Event(), threading.Event()

    def slowly(transaction: Transaction) -> int:
        seq = append(transaction, two.world.shop)
        written.set()
        assert release.wait(WITHIN_S)
        return seq

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(late.write_blocking, slowly)
        assert written.wait(WITHIN_S)
        second = pool.submit(early.write_blocking, lambda tx: append(tx, two.world.shop))
        until_waiting(two.path)
        release.set()
        assert (first.result(WITHIN_S), second.result(WITHIN_S)) == (1, 2)


def append(transaction: Transaction, shop_id: ShopId) -> int:
    return events.append(transaction, shop_id, None, 0, msgspec.Raw(EVENT)).seq  # type: ignore[arg-type]


def _after(transaction: Transaction, shop_id: ShopId, seq: int) -> list[Kept]:
    return events.after(transaction, shop_id, seq, 100)


# -- everybody at the same things


def test_two_backends_and_everybody_at_the_same_orders(two: Two) -> None:
    """Eight people at either of two backends: no error, no gap, nothing twice, and each version made once."""
    kims, alexes, adas = (
        two.each(calls.staff),
        two.each(lambda at: calls.staff(at, shop.ALEX)),
        two.each(calls.customer),
    )
    wanted = [adas[n % 2].place() for n in range(6)]
    start = "0"
    steps = dict(itertools.pairwise(steps_of(Fulfilment.PICKUP)))
    found: Counter[int] = Counter()

    def press(number: int) -> None:
        chance = random.Random(number)
        me = (*kims, *alexes)[number % 4]
        for _ in range(25):
            if chance.random() < 0.25:
                found[adas[number % 2].post("/api/online/orders/", order_body(), key=new_key()).status_code] += 1
                continue
            order = me.get(f"/api/pos/orders/{chance.choice(wanted)['id']}/").json()["order"]
            if order["status"] in steps:
                found[me.move(order, steps[order["status"]]).status_code] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(press, range(8)))
    assert set(found) <= {200, 201, 409}, found
    assert found[200] == 4 * len(wanted) or found[200] > 0
    seqs = [seq for (seq,) in two.rows(f"SELECT seq FROM events WHERE shop_id = '{two.world.shop}' ORDER BY seq")]
    assert seqs == list(range(1, len(seqs) + 1)), start
    numbers = [number for (number,) in two.rows("SELECT number FROM orders ORDER BY number")]
    assert numbers == [f"ONLINE-{n:06d}" for n in range(1, len(numbers) + 1)]
    unlike = (
        "SELECT o.number FROM orders o WHERE version <> (SELECT count(*) FROM status_history h WHERE h.order_id = o.id)"
    )
    assert two.rows(unlike) == []
    told = "SELECT order_count, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customers c"
    assert all(counted == there for counted, there in two.rows(told))


def at_both(call: Callable[..., requests.Response], *values: Any) -> list[requests.Response]:
    """`call(0, *values)` and `call(1, *values)` at the same moment."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda n: call(n, *values), range(2)))


def test_the_same_request_at_both_at_once_is_done_once(two: Two) -> None:
    adas = two.each(calls.customer)
    for _ in range(10):
        body, key = order_body(), new_key()
        replies = at_both(lambda n, body, key: adas[n].post("/api/online/orders/", body, key=key), body, key)
        assert [reply.status_code for reply in replies] == [201, 201]
        assert replies[0].content == replies[1].content
    assert two.rows("SELECT count(*) FROM orders") == [(10,)]


def test_the_same_move_at_both_at_once_is_made_once(two: Two) -> None:
    kims, ada = two.each(calls.staff), calls.customer(two.servers[0])
    for _ in range(10):
        order = ada.place()
        replies = at_both(lambda n, order: kims[n].move(order, "confirmed"), order)
        assert [reply.status_code for reply in replies] == [200, 200]
        assert replies[0].json() == replies[1].json()


def test_two_who_sign_up_with_one_number_at_both(two: Two) -> None:
    for number in range(10):
        body = {"name": "Nia", "phone": f"+1 555 09{number:02d}", "password": "long enough"}
        replies = at_both(lambda n, body: Caller(two.servers[n].url).post("/api/auth/sign-up/", body), body)
        assert sorted(reply.status_code for reply in replies)[1:] == [409], [reply.text for reply in replies]
        assert min(reply.status_code for reply in replies) in (200, 201)


def test_one_refresh_token_at_both_at_once(two: Two) -> None:
    """Under one key, as when an answer was slow and the screen asked again, it gives the same successor."""
    for _ in range(10):
        ada = calls.customer(two.servers[0])
        body, key = {"refresh_token": ada.signed_in["refresh_token"]}, new_key()
        replies = at_both(
            lambda n, body, key: Caller(two.servers[n].url).post("/api/auth/refresh/", body, key=key), body, key
        )
        assert [reply.status_code for reply in replies] == [200, 200], [reply.text for reply in replies]
        assert len({reply.json()["refresh_token"] for reply in replies}) == 1


# -- what one does, the other knows


def test_what_happens_at_one_is_pushed_by_the_other(two: Two, only_notified: None) -> None:
    adas = two.each(calls.customer)
    with listener(adas[1]) as elsewhere, listener(adas[0]) as here:
        elsewhere.caught_up()
        here.caught_up()
        for _ in range(3):
            order = adas[0].place()
            elsewhere.until_about(order["id"])
            here.until_about(order["id"])


def test_an_ear_that_was_cut_off_is_grown_again(two: Two, only_notified: None) -> None:
    adas = two.each(calls.customer)
    with listener(adas[1]) as elsewhere:
        elsewhere.caught_up()
        with postgres.server().connect() as connection:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LISTEN%%'"
            assert len(connection.execute(cut, [databases.name(two.path)]).fetchall()) == 2
        # Whatever is committed before it listens again is looked for when it does.
        elsewhere.until_about(adas[0].place()["id"])
        elsewhere.until_about(adas[0].place()["id"])


def test_who_signs_out_at_one_is_out_at_the_other(two: Two) -> None:
    adas = two.each(calls.customer)
    with listener(adas[1]) as elsewhere:
        elsewhere.caught_up()
        assert adas[1].get("/api/online/orders/history/").status_code == 200
        assert adas[0].post("/api/auth/sign-out/").status_code == 204
        elsewhere.closed()
    assert adas[1].get("/api/online/orders/history/").status_code == 401


def test_everybody_may_go_on_at_the_other(two: Two) -> None:
    """Cursors, keys, versions and tokens are the database's and not a backend's."""
    adas, kims = two.each(calls.customer), two.each(calls.staff)
    start = snapshot(adas[0]).cursor
    order, key = adas[0].place(), new_key()
    path, body = f"/api/pos/orders/{order['id']}/status/", {"to": "confirmed", "version": 1}
    done = kims[0].post(path, body, key=key)
    again = kims[1].post(path, body, key=key)
    assert (again.status_code, again.content) == (200, done.content)
    frames, end = follow(adas[1], start)
    assert [frame.seq for frame in frames] == [1, 2]
    assert follow(adas[0], end)[0] == []


# -- when a backend goes


def test_its_screens_go_on_at_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the middle of its work. What it acknowledged is there, what it did not is sent again to the other, and
    nobody is signed out or takes the other for a server that was restored: no snapshot is taken."""
    monkeypatch.setattr(engine, "backoff_s", lambda _attempt: 0.1)
    shop.lay_out(tmp_path / "server" / "orderbell.db")
    with ExitStack() as stack:
        first, second = (stack.enter_context(ServerProcess(tmp_path / "server")) for _ in range(2))
        address = stack.enter_context(FaultProxy(first.url))
        pos = stack.enter_context(Screen(address.url, tmp_path / "pos.db"))
        ada = stack.enter_context(Screen(address.url, tmp_path / "ada.db"))
        pos.staff()
        ada.customer()
        pos.until_live()
        ada.until_live()
        before = ada.place()
        ada.until_sent()
        pos.until(lambda: pos.store.get(before.id) is not None)
        whole = [sum(changed.whole for changed in screen.told) for screen in (pos, ada)]
        placed = [before]
        for backend, kill in ((second, False), (first, False), (second, True)):
            placed.append(ada.place())
            if kill:
                first.kill()
            address.upstream = backend.url
            address.cut()
            placed.append(ada.place())
            ada.until_sent()
            pos.until(lambda: all(pos.store.server_row(order.id) is not None for order in placed))
        ada.until(lambda: all(ada.store.server_row(order.id) is not None for order in placed))
        ada.until_live()
        pos.until_live()
        assert whole == [sum(changed.whole for changed in screen.told) for screen in (pos, ada)]
        assert not any(
            sync_status.state is ConnectionState.SIGNED_OUT
            for screen in (pos, ada)
            for sync_status in screen.sync_statuses
        )
        rows = [ada.store.server_row(order.id) for order in placed]
        assert sorted(row.number for row in rows if row) == [f"ONLINE-{n:06d}" for n in range(1, len(placed) + 1)]


def test_what_is_sold_out_at_one_is_not_sold_by_the_other(two: Two) -> None:
    kim, adas = calls.staff(two.servers[0]), two.each(calls.customer)
    menus = [ada.get("/api/menu/").json() for ada in adas]  # both have it in memory
    assert menus[0] == menus[1]
    path = f"/api/pos/menu/{shop.FRIES}/availability/"
    assert kim.post(path, {"available": False}, key=new_key()).status_code == 200
    for ada in adas:
        refused = ada.post("/api/online/orders/", order_body(), key=new_key())
        assert refused.status_code == 422, refused.text
        assert ada.get("/api/menu/").json()["version"] == menus[0]["version"] + 1


def test_migrations_of_those_that_start_at_once_wait_for_each_other(tmp_path: Path) -> None:
    url = databases.url(tmp_path / "new.db")
    with ThreadPoolExecutor(3) as pool:
        for opened in pool.map(Database, [url] * 3):
            opened.close()


# -- and their clocks


def test_servers_whose_clocks_differ_let_each_others_people_in_and_say_so(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other's is a few seconds ahead: what it signs now is of the future here."""
    here, other = two.servers
    with monkeypatch.context() as ahead:
        clock = time.time
        ahead.setattr(time, "time", lambda: clock() + AHEAD_S)
        signed_in = calls.customer(other).signed_in
    at_here = Caller(here.url, signed_in)
    assert at_here.get("/api/online/orders/history/").status_code == 200
    with listener(at_here) as ada:
        ada.caught_up()
    other.database.writer.announcement = lambda: f"NOTIFY {CHANNEL}, 'x {time.time() + AHEAD_S} shop-2 (process 7)'"
    Caller(other.url, signed_in).place()
    _until(lambda: any(each.where == "shop-2 (process 7)" for each in here.database.others()))
    found = {check.name: check for check in asyncio.run(_examined(here, two.world.shop)).checks}
    assert found["clock of database"].result is Result.OK
    told = found["clock of shop-2 (process 7)"]
    assert told.result is Result.WARN
    assert " s ahead of this machine's" in told.says
    assert "NTP" in told.do


async def _examined(server: ServerThread, shop_id: ShopId) -> Diagnosis:
    return await examine(server.services, shop_id)


def test_whoever_serves_the_same_database_is_heard_of_without_being_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "PRESENT_EVERY_S", 0.1)
    with running(tmp_path) as both:
        databases = [server.database for server in both.servers]
        _until(lambda: all(len(database.others()) == 1 for database in databases))
        assert all(abs(database.others()[0].ahead_s) < AHEAD_S for database in databases)


def _until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < until
