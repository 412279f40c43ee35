"""The engine's threads: when they try again, what they say about it, and that nobody ever waits for them."""

import contextlib
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from typing_extensions import override

from core.client.errors import Gone, NotKept, OtherServer, ServerFault, Unreachable
from core.client.operations import Operation, State
from core.client.sync import engine as engines
from core.client.sync import synchronizer
from core.client.sync.engine import ConnectionState
from core.client.sync.synchronizer import BACKOFF_MOST_S, GIVES_UP_ALONE, backoff_s
from core.client.sync.transport import Answered, PushSubscription
from core.domain.ids import OpId
from core.domain.menu import Menu
from tests.support.desk import Desk
from tests.support.engines import WITHIN_S, Running
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST
from tests.unit.conftest import OpenDesk


def test_everybody_comes_back_at_a_time_of_their_own() -> None:
    for attempt in range(12):
        waits = [backoff_s(attempt) for _ in range(200)]
        most = min(30.0, 0.5 * 2**attempt)
        assert all(0 <= wait <= most for wait in waits)
        assert max(waits) > 0.9 * most
        assert min(waits) < 0.1 * most
    assert backoff_s(10_000) <= BACKOFF_MOST_S


def test_what_is_accepted_goes_by_itself(run: Callable[[], Running], shop: FakeBackend) -> None:
    running = run()
    running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)
    order_id = running.desk.take().order_id
    running.desk.move(order_id, FIRST)
    running.engine.accepted()
    running.until_sent()
    assert shop.orders[order_id].status is FIRST
    for _ in range(3):
        running.engine.accepted()
    running.engine.stop(WITHIN_S)
    assert all(one != next_one for one, next_one in pairwise(running.sync_statuses)), "what is the same is no news"


def test_it_goes_on_where_it_was_when_the_network_is_back(
    run: Callable[[], Running], transport: ModelTransport, shop: FakeBackend
) -> None:
    def offline(_when: str) -> None:
        raise Unreachable("no network")

    transport.fault = offline
    running = run()
    running.until(lambda sync_status: sync_status.state is ConnectionState.OFFLINE and sync_status.problem is not None)
    operations = [running.desk.take() for _ in range(20)]
    running.engine.accepted()
    assert running.engine.sync_status.counts.waiting == 20
    assert running.engine.sync_status.fresh_at_s is None
    transport.fault = lambda _when: None
    running.until_sent()
    assert sorted(shop.applied) == sorted(operation.op_id for operation in operations)
    running.until(lambda sync_status: sync_status.fresh_at_s is not None)


@pytest.mark.parametrize("error", [NotKept("full"), ServerFault("it broke"), ZeroDivisionError()])
def test_what_fails_again_and_again_is_tried_at_growing_intervals(
    run: Callable[[], Running], transport: ModelTransport, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    attempts: list[int] = []
    tried = threading.Event()

    def wait_s(attempt: int) -> float:
        attempts.append(attempt)
        if len(attempts) == 4:
            tried.set()
        return 0.001

    def failing(_when: str) -> None:
        raise error

    monkeypatch.setattr(engines, "backoff_s", wait_s)
    transport.fault = failing
    running = run()
    assert tried.wait(WITHIN_S)
    assert attempts[:4] == [0, 1, 2, 3]
    transport.fault = lambda _when: None
    running.until(lambda sync_status: sync_status.fresh_at_s is not None)
    assert running.engine.sync_status.hindered is None, "it is over"


def test_a_disk_without_room_for_what_happens_is_said(run: Callable[[], Running], transport: ModelTransport) -> None:
    def full(_when: str) -> None:
        raise NotKept("full")

    transport.fault = full
    running = run()
    running.until(lambda sync_status: isinstance(sync_status.hindered, NotKept))
    assert running.engine.sync_status.state is ConnectionState.POLLING, "the server answers"


def test_without_push_it_looks_again_by_itself(
    transport: ModelTransport, open_desk: OpenDesk, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_UNPUSHED_S", 0.01)
    running = Running(open_desk(), transport, push=False)
    running.engine.start()
    running.until(lambda sync_status: sync_status.fresh_at_s is not None)
    other = open_desk("other", "alex", ModelTransport(shop))
    order_id = other.take(series="POS2").order_id
    other.send_all()
    running.until(lambda _sync_status: running.desk.cache.get(order_id) is not None)
    running.engine.stop(WITHIN_S)


def test_the_menu_is_fetched_once_an_hour(
    transport: ModelTransport,
    open_desk: OpenDesk,
    monkeypatch: pytest.MonkeyPatch,
    sleep: Callable[[float], None],
) -> None:
    monkeypatch.setattr(engines, "_UNPUSHED_S", 0.001)
    running = Running(open_desk(), transport, push=False)

    def after_some_more_looks() -> int:
        """How often the menu was asked for by then."""
        looks = transport.calls.count("events")
        running.until(lambda _sync_status: transport.calls.count("events") > looks + 3)
        return transport.calls.count("menu")

    running.engine.start()
    first = after_some_more_looks()
    assert after_some_more_looks() == first
    sleep(engines._HOUSEKEEPING_S - 60)
    assert after_some_more_looks() == first
    sleep(120)
    assert after_some_more_looks() == first + 1
    running.engine.stop(WITHIN_S)


class Busy(ModelTransport):
    """A server that asks once to be left alone for a while."""

    def __init__(self, shop: FakeBackend) -> None:
        super().__init__(shop)
        self.tried: list[float] = []
        self.asks_s = 0.4

    @override
    def send(self, operation: Operation, cursor: str = "") -> Answered:
        self.tried.append(time.monotonic())
        if len(self.tried) == 1:
            raise Unreachable("busy", retry_after_s=self.asks_s)
        return super().send(operation, cursor)


def test_a_server_that_goes_away_is_told_of_even_without_push(
    run: Callable[[], Running], transport: ModelTransport
) -> None:
    running = run()
    running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)

    def gone(_when: str) -> None:
        raise Unreachable("no network")

    transport.fault = gone
    running.until(lambda sync_status: sync_status.state is ConnectionState.OFFLINE)
    fresh_at_s = running.engine.sync_status.fresh_at_s
    assert fresh_at_s is not None
    assert running.engine.sync_status.age_s(fresh_at_s + 60) == pytest.approx(60), "what is shown grows old"
    transport.fault = lambda _when: None
    running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)


def test_a_menu_that_cannot_be_had_keeps_nobody_from_hearing(
    run: Callable[[], Running], transport: ModelTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_menu() -> Menu:
        raise ServerFault("it broke")

    listened = threading.Event()

    def listen() -> contextlib.AbstractContextManager[PushSubscription]:
        listened.set()
        raise Unreachable("no push")

    monkeypatch.setattr(transport, "menu", no_menu)
    monkeypatch.setattr(transport, "listen", listen)
    run()
    assert listened.wait(WITHIN_S)


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(tmp_path: Path, shop: FakeBackend) -> None:
    transport = Busy(shop)
    with contextlib.closing(Desk(tmp_path / "till.db", transport)) as desk:
        desk.take()
        running = Running(desk, transport)
        running.engine.start()
        running.until_sent()
        running.engine.stop(WITHIN_S)
    assert transport.tried[1] - transport.tried[0] >= 0.4


def test_what_a_sender_finds_out_while_events_arrive_stays_shown(
    open_desk: OpenDesk, transport: ModelTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the server accepts no writes is known to one thread, that it answers reads to another."""
    running = Running(open_desk(), transport)
    refused = Unreachable("busy", retry_after_s=1.0)
    real = transport.connection.answered

    def answered() -> None:
        real()
        sender = threading.Thread(target=running.engine._set, kwargs={"hindered": refused})
        sender.start()
        sender.join(WITHIN_S)

    monkeypatch.setattr(transport.connection, "answered", answered)
    running.engine._set_fresh(ConnectionState.POLLING)
    assert running.engine.sync_status.hindered is refused
    running.engine.stop(WITHIN_S)


@pytest.mark.parametrize("end", ["try now", "back"])
def test_a_wait_that_was_asked_for_ends_when_somebody_presses_try_now_or_the_server_is_back(
    tmp_path: Path, shop: FakeBackend, end: str
) -> None:
    transport = Busy(shop)
    transport.asks_s = 1e9
    with contextlib.closing(Desk(tmp_path / "till.db", transport)) as desk:
        desk.take()
        running = Running(desk, transport)
        running.engine.start()
        running.until(lambda sync_status: sync_status.hindered is not None and sync_status.fresh_at_s is not None)
        assert running.engine.sync_status.counts.waiting == 1
        if end == "try now":
            running.engine.hurry()
        else:
            transport.connection.failed(Unreachable("gone"), time.monotonic() + 60)
            transport.connection.answered()
        running.until_sent()
        running.engine.stop(WITHIN_S)


def test_what_something_else_answers_to_those_who_write_parks_nothing_and_cuts_nobody_off(
    run: Callable[[], Running], transport: ModelTransport, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Semaphore(0)
    real = transport.send

    def blocked(_operation: Operation, _cursor: str) -> Answered:
        tried.release()
        raise OtherServer("http://till:8765")

    monkeypatch.setattr(synchronizer, "backoff_s", lambda _attempt: 0.0)
    monkeypatch.setattr(transport, "send", blocked)
    running = run()
    operations = [running.desk.take() for _ in range(3)]
    running.engine.accepted()
    for _ in range(10 * GIVES_UP_ALONE):
        assert tried.acquire(timeout=WITHIN_S)
    sync_status = running.engine.sync_status
    assert isinstance(sync_status.hindered, OtherServer)
    assert (sync_status.state, sync_status.counts.waiting, sync_status.counts.held) == (ConnectionState.POLLING, 3, 0)
    monkeypatch.setattr(transport, "send", real)
    running.until_sent()
    running.until(lambda sync_status: sync_status.hindered is None)
    assert sorted(shop.applied) == sorted(operation.op_id for operation in operations)


def test_a_fault_of_the_servers_is_not_called_offline_for_ever(
    run: Callable[[], Running], transport: ModelTransport
) -> None:
    def faulty(_when: str) -> None:
        raise ServerFault("it broke")

    transport.fault = faulty
    running = run()
    running.until(lambda sync_status: isinstance(sync_status.problem, ServerFault))
    transport.fault = lambda _when: None
    running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)


def test_a_mistake_of_ours_is_logged_and_the_engine_goes_on(
    run: Callable[[], Running], transport: ModelTransport, shop: FakeBackend, caplog: pytest.LogCaptureFixture
) -> None:
    broken = threading.Event()

    def mistake(_when: str) -> None:
        if not broken.is_set():
            broken.set()
            raise ZeroDivisionError

    transport.fault = mistake
    running = run()
    running.desk.take()
    running.engine.accepted()
    running.until_sent()
    assert len(shop.orders) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_mistake_of_ours_with_one_operation_names_it(
    run: Callable[[], Running], transport: ModelTransport, caplog: pytest.LogCaptureFixture
) -> None:
    running = run()
    running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)

    def mistake(_when: str) -> None:
        raise ZeroDivisionError

    transport.fault = mistake
    operation = running.desk.take()
    running.engine.accepted()
    running.until(lambda _sync_status: any(each.problem for each in running.desk.outbox.open()))
    assert [each.problem for each in running.desk.outbox.open()] == ["A fault here."]
    assert operation.op_id in {getattr(record, "op_id", "") for record in caplog.records}


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError(), ValueError("no such outcome"), Gone("too long ago"), Unreachable("cut")],
)
def test_what_fails_one_operation_every_time_is_given_up(
    tmp_path: Path, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(engines, "backoff_s", lambda _attempt: 0.001)
    monkeypatch.setattr(synchronizer, "backoff_s", lambda _attempt: 0.001)
    transport = Poisoned(shop, error)
    with contextlib.ExitStack() as stack:
        desk = stack.enter_context(contextlib.closing(Desk(tmp_path / "till.db", transport)))
        running = Running(desk, transport, push=False)  # or following would be tried again all the time too
        stack.callback(running.engine.stop, WITHIN_S)
        transport.poison = desk.take().op_id
        running.engine.start()
        running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)
        for _ in range(2 * GIVES_UP_ALONE):
            desk.take()
            running.engine.accepted()
            running.until(lambda sync_status: sync_status.counts.waiting <= 1)  # another one gets through,
            if not transport.tried_again(lambda: bool(running.engine.sync_status.counts.parked)):  # and it does not
                break
        held = desk.outbox.open()
    assert [(each.op_id, each.state) for each in held] == [(transport.poison, State.PARKED)]
    assert held[0].failed_attempts <= GIVES_UP_ALONE
    assert held[0].problem
    assert transport.poison not in shop.applied


def test_a_full_disk_takes_nothing_and_what_waits_goes_once_there_is_room(
    run: Callable[[], Running], transport: ModelTransport, shop: FakeBackend
) -> None:
    running = run()
    running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)
    operations = [running.desk.take() for _ in range(2 * engines.SENDERS)]
    full = [0]

    def fill(when: str) -> None:
        """By the time an answer comes, nothing can be written."""
        if when == "after" and full[0] < 2 * engines.SENDERS:
            full[0] += 1
            _writable(running.desk, "ON")

    transport.fault = fill
    running.engine.accepted()
    running.until(lambda sync_status: full[0] == 2 * engines.SENDERS or isinstance(sync_status.problem, NotKept))
    with pytest.raises(NotKept):
        running.desk.take()
    transport.fault = lambda _when: None
    _writable(running.desk, "OFF")
    running.engine.hurry()
    running.until_sent()
    assert sorted(shop.applied) == sorted(operation.op_id for operation in operations)


def _writable(desk: Desk, query_only: str) -> None:
    with desk.local.reading() as db:
        db.execute(f"PRAGMA query_only = {query_only}")


class Poisoned(ModelTransport):
    """A server, and one operation that comes to nothing every time."""

    def __init__(self, shop: FakeBackend, error: Exception) -> None:
        super().__init__(shop)
        self.poison = OpId("")
        self._tried = threading.Event()
        self._error = error

    @override
    def send(self, operation: Operation, cursor: str = "") -> Answered:
        if operation.op_id == self.poison:
            self._tried.set()
            raise self._error
        return super().send(operation, cursor)

    def tried_again(self, given_up: Callable[[], bool]) -> bool:
        """Wait for a try that begins from now on; False when there is none because it was `given_up`."""
        self._tried.clear()
        for _ in range(round(WITHIN_S * 10)):
            if self._tried.wait(0.1):
                return True
            if given_up():
                return False
        raise AssertionError("it is neither tried again nor given up")
