"""The feed as it is pushed: from hello to goodbye, on real sockets."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from core.client.storage.cache import after, order_id_of
from core.domain.order import Order
from core.instants import now, to_us
from core.protocol.feed import HEARTBEAT_S, MESSAGE_LIMIT, Close, Cursor, Frame
from core.server.auth import tokens
from core.server.auth.tokens import AccessTokens
from core.server.push import hub, socket
from core.server.settings import ServerSettings
from core.store import events, sessions
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.integration.push.test_feed import owner, seq, snapshot, some_traffic
from tests.support import databases, shop
from tests.support.listener import Listener, chained, hello
from tests.support.server import ServerThread
from tests.support.steps import NEXT

SOON_S = 5
T = TypeVar("T")


def listener(caller: Caller, cursor: str | None = None, witness: str = "") -> Listener:
    """Somebody who says hello, from where things stand or from `cursor`."""
    return Listener(caller.url, hello(caller.token, snapshot(caller).cursor if cursor is None else cursor, witness))


def test_what_happens_is_heard_by_those_whom_it_concerns(place: Place) -> None:
    with listener(place.ada) as ada, listener(place.grace) as grace, listener(place.kim) as kim:
        for one in (ada, grace, kim):
            one.caught_up()
        order = place.ada.place()
        moved = place.kim.move(order, NEXT).json()
        last = seq(snapshot(place.kim).cursor)
        for one in (ada, kim):
            frames = one.until(last)
            assert [frame.seq for frame in frames] == [last - 1, last]
            assert after(after(None, frames[0].event), frames[1].event) == msgspec.convert(moved, Order)
        grace.until_about(place.grace.place()["id"])
        assert len(grace.heard) == 1


def test_what_happens_while_somebody_joins_breaks_no_chain(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    database = place.server.services.database
    read = database.read
    meanwhile: list[str] = []

    def happen() -> None:
        meanwhile.append(place.ada.place()["id"])
        grace.until_about(place.grace.place()["id"])  # so the feed has moved on, too

    async def slowly(work: Callable[[Transaction], T]) -> T:
        found = await read(work)
        if isinstance(work, partial) and work.func is events.last_for and not meanwhile:
            await asyncio.to_thread(happen)
        return found

    with listener(place.grace) as grace:
        grace.caught_up()
        start = snapshot(place.ada).cursor
        monkeypatch.setattr(database, "read", slowly)
        with listener(place.ada, start) as ada:
            ada.caught_up()
            order = place.ada.place()
            frames = ada.until_about(order["id"])
            assert [order_id_of(frame.event) for frame in ada.heard] == [meanwhile[0], order["id"]]
            assert ada.heard[1].prev == ada.heard[0].seq, frames


def test_a_heartbeat_says_that_one_has_everything(place: Place) -> None:
    start = snapshot(place.ada).cursor
    order = place.ada.place()
    place.grace.place()
    with listener(place.ada, start) as ada:
        beat = ada.caught_up()
        assert [order_id_of(frame.event) for frame in ada.heard] == [order["id"]]
        assert beat.head == ada.heard[-1].seq
        assert seq(beat.cursor) == beat.head + 1  # past what she may not see
    with listener(place.ada, beat.cursor) as ada:
        assert ada.caught_up() == beat
        assert ada.heard == []


def test_nothing_is_lost_between_the_backlog_and_what_happens(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor doubled, nor out of order, though events are committed all the while."""
    monkeypatch.setattr(socket, "PAGE_LIMIT", 5)
    start = snapshot(place.kim).cursor
    some_traffic(place, 30, seed=2)
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            place.ada.place()

    meanwhile = threading.Thread(target=go_on)
    meanwhile.start()
    try:
        for _ in range(5):
            with listener(place.kim, start) as kim:
                kim.caught_up()
                kim.until(kim.heard[-1].seq + 10)
                numbers = [frame.seq for frame in kim.heard]
                assert numbers == list(range(seq(start) + 1, numbers[-1] + 1))
                assert chained(kim.heard, seq(start))
    finally:
        stop.set()
        meanwhile.join()


def test_coming_back_one_goes_on_where_one_left_off(place: Place) -> None:
    start = cursor = snapshot(place.ada).cursor
    heard: list[Frame] = []
    for seed in range(4):
        with listener(place.ada, cursor) as ada:
            ada.caught_up()
            some_traffic(place, 8, seed)
            ada.until_about(place.ada.place()["id"])
            heard += ada.heard
            cursor = ada.cursor
        some_traffic(place, 8, seed + 10)
    with listener(place.ada, cursor) as ada:
        ada.caught_up()
        heard += ada.heard
    theirs = place.rows("SELECT seq FROM events WHERE customer_id = ? AND seq > ?", place.world.ada, seq(start))
    assert [frame.seq for frame in heard] == sorted(number for (number,) in theirs)
    assert chained(heard, seq(start))


def test_no_heartbeat_takes_one_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever just read the newest may know more than the hub has told; its heartbeat waits until the hub has."""
    behind = threading.Event()
    advance = hub.Hub._advance

    async def once_allowed(self: hub.Hub, feed: hub.Feed) -> bool:
        return behind.is_set() and await advance(self, feed)

    with listener(place.kim) as kim:
        kim.caught_up()
        monkeypatch.setattr(hub.Hub, "_advance", once_allowed)
        place.grace.place()
        newest = snapshot(place.ada).cursor
        with listener(place.ada, newest) as ada:
            with pytest.raises(TimeoutError):
                ada.message(within_s=1.5)  # a round of the hub's housekeeping, and then some
            began = time.monotonic()
            behind.set()
            assert ada.caught_up().cursor == newest
            assert time.monotonic() - began < HEARTBEAT_S / 2, "what is owed does not wait for the next that is due"


@pytest.mark.parametrize("seed", [34, 55])
def test_nobodys_events_reach_another(place: Place, seed: int) -> None:
    """Over random traffic, every frame that a customer hears is theirs, it chains, and it names nobody else."""
    starts = seq(snapshot(place.kim).cursor)
    with listener(place.ada) as ada, listener(place.grace) as grace:
        some_traffic(place, 40, seed)
        for one, caller, customer_id, other in (
            (ada, place.ada, place.world.ada, shop.GRACE.name),
            (grace, place.grace, place.world.grace, shop.ADA.name),
        ):
            one.until_about(caller.place()["id"])
            assert {owner(frame.event) for frame in one.heard} == {customer_id}
            assert chained(one.heard, starts)
            said = "".join(one.texts)
            for secret in (other, shop.KIM.name, f'"{shop.DEVICE}"', place.world.kim):
                assert secret not in said


def test_staff_hear_nothing_of_another_shop(place: Place) -> None:
    with listener(place.kim) as kim, listener(place.sam) as sam:
        theirs = place.sam.post("/api/pos/orders/", order_body(), key=new_key()).json()
        sam.until_about(theirs["id"])
        kim.until_about(place.ada.place()["id"])
        assert len(sam.heard) == len(kim.heard) == 1


def test_what_another_process_commits_is_heard_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own commits wake the hub; somebody else's it finds by looking."""
    with listener(place.kim) as kim:
        kim.caught_up()
        monkeypatch.setattr(place.server.database._writer, "on_events", None)
        order = place.ada.place()
        began = time.monotonic()
        kim.until_about(order["id"])
        assert time.monotonic() - began < SOON_S


def test_whoever_says_nothing_is_closed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "HELLO_WITHIN_S", 0.2)
    with Listener(place.server.url) as silent:
        assert silent.closed() == Close.NO_HELLO


@pytest.mark.parametrize(
    "first",
    ["", "hello", "[]", "{}", '{"token": 1}', '{"token": ""}', "\x00", '{"token": "x", "cursor": 5}', b"\xff\xfe"],
    ids=repr,
)
def test_whoever_says_something_else_first_is_closed(place: Place, first: str | bytes) -> None:
    with Listener(place.server.url, first) as strange:
        assert strange.closed() == Close.MALFORMED


def test_a_message_that_is_too_long_is_not_read(place: Place) -> None:
    with Listener(place.server.url, "x" * (MESSAGE_LIMIT + 1)) as strange:
        assert strange.closed() == 1009


@pytest.mark.parametrize("cursor", ["", "x", "a.b.c"])
def test_a_hello_without_a_cursor_is_closed(place: Place, cursor: str) -> None:
    with listener(place.ada, cursor) as ada:
        assert ada.closed() == Close.MALFORMED


def test_garbage_after_the_hello_is_closed(place: Place) -> None:
    with listener(place.ada) as ada:
        ada.caught_up()
        ada.socket.send("and another thing")
        assert ada.closed() == Close.MALFORMED


def test_a_token_that_is_not_valid_is_closed(place: Place) -> None:
    cursor = snapshot(place.ada).cursor
    for token in ("x", place.ada.token[:-4] + "AAAA"):
        with Listener(place.server.url, hello(token, cursor)) as nobody:
            assert nobody.closed() == Close.SIGNED_OUT


def test_a_token_in_the_address_is_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "HELLO_WITHIN_S", 0.2)
    with Listener(place.server.url, query=f"?token={place.ada.token}") as nobody:
        assert nobody.closed() == Close.NO_HELLO


def test_there_is_no_socket_elsewhere(place: Place) -> None:
    with pytest.raises(InvalidStatus), Listener(place.server.url + "/else"):
        pass


def test_diverged_is_said_by_code(place: Place) -> None:
    here = Cursor.parse(snapshot(place.ada).cursor)
    other = str(msgspec.structs.replace(here, epoch="another"))
    for cursor, witness in ((other, ""), (str(here), other)):
        with listener(place.ada, cursor, witness) as ada:
            assert ada.closed() == Close.DIVERGED


def test_gone_is_said_by_code(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        ada = calls.customer(server)
        start = snapshot(ada).cursor
        for _ in range(2):
            ada.place()
        server.database.write_blocking(lambda tx: tx.connection.exec_driver_sql("DELETE FROM events WHERE seq = 1"))
        with listener(ada, start) as listening:
            assert listening.closed() == Close.GONE


def test_signing_out_closes_the_socket(place: Place) -> None:
    here = calls.customer(place.server)
    with listener(here) as one, listener(place.ada) as another:
        one.caught_up()
        another.caught_up()
        began = time.monotonic()
        assert here.post("/api/auth/sign-out/").status_code == 204
        assert one.closed() == Close.SIGNED_OUT
        assert time.monotonic() - began < SOON_S
        another.until_about(place.ada.place()["id"])  # the other session goes on


def test_a_revocation_by_whomever_closes_the_socket_and_ends_the_token(place: Place) -> None:
    """As an admin's command does it: in the database, past this process."""
    here = calls.customer(place.server)
    with listener(here) as one:
        one.caught_up()
        session = place.rows("SELECT id FROM sessions ORDER BY created_at DESC")[0][0]
        place.server.database.write_blocking(lambda tx: sessions.revoke(tx, session, to_us(now())))
        began = time.monotonic()
        assert one.closed() == Close.SIGNED_OUT
        assert time.monotonic() - began < SOON_S
    assert here.get("/api/snapshot/").status_code == 401


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerThread]:
    """A backend whose tokens live for two seconds."""
    monkeypatch.setattr(tokens, "LEEWAY_S", 0)
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path, ServerSettings(port=0, data_dir=str(tmp_path), access_token_s=2)) as server:
        yield server


def test_the_tokens_end_closes_the_socket_and_a_newer_one_extends_it(short: ServerThread) -> None:
    first = calls.customer(short)
    principal = AccessTokens(short.keys, 2).verify(first.token).principal
    newer = AccessTokens(short.keys, 600).sign(principal)
    with listener(first) as left, listener(first) as ada:
        ada.caught_up()
        left.caught_up()
        ada.renew(newer)
        ada.caught_up()
        began = time.monotonic()
        assert left.closed() == Close.SIGNED_OUT
        assert time.monotonic() - began < SOON_S
        ada.until_about(calls.customer(short).place()["id"])


def test_a_socket_stays_its_persons(place: Place) -> None:
    with listener(place.ada) as ada:
        ada.caught_up()
        ada.renew(place.grace.token)
        assert ada.closed() == Close.MALFORMED


def test_a_quiet_socket_hears_a_heartbeat(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HEARTBEAT_S", 1)
    with listener(place.ada) as ada:
        first = ada.caught_up()
        place.grace.place()
        second = ada.caught_up()
        while second.cursor == first.cursor:
            second = ada.caught_up()
        assert (second.head, seq(second.cursor)) == (first.head, seq(first.cursor) + 1)
        assert ada.heard == []


def test_a_stopping_server_says_that_it_will_be_back(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server, listener(calls.customer(server)) as listening:
        listening.caught_up()
        server.stop()
        assert listening.closed() == 1012


def test_a_server_put_back_to_an_older_state_is_found_out(tmp_path: Path) -> None:
    """By a raw copy, without anybody telling the server; then its numbers are used again."""
    kept, file = tmp_path / "kept.db", tmp_path / "orderbell.db"
    shop.lay_out(file)
    with ServerThread(tmp_path) as server:
        ada = calls.customer(server)
        for _ in range(3):
            ada.place()
        before = snapshot(ada).cursor
    databases.copy(file, kept)
    with ServerThread(tmp_path) as server:
        ada = calls.customer(server)
        witness = ada.post("/api/online/orders/", order_body(), key=new_key()).headers["Event-Cursor"]
        lost = snapshot(ada).cursor
    databases.copy(kept, file)
    with ServerThread(tmp_path) as server:
        ada, grace = calls.customer(server), calls.customer(server, shop.GRACE)
        for _turn in ("the number is not there yet", "the number is another event's"):
            assert ada.get("/api/events/", params={"cursor": lost}).json()["type"] == "diverged"
            for cursor, proof in ((lost, ""), (before, witness)):
                with listener(ada, cursor, proof) as one:
                    assert one.closed() == Close.DIVERGED
            grace.place()
            grace.place()
        with listener(ada, before) as one:  # whoever had nothing of what was lost goes on
            one.caught_up()
            assert one.heard == []
        assert len(snapshot(ada).orders) == 3
