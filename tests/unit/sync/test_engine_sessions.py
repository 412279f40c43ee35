"""The engine of a session that ends: it waits for its person, and nothing of it outlives the session."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from core.client.errors import SignedOut, Unreachable
from core.client.operations import Operation
from core.client.storage.cache import Cache
from core.client.sync.engine import ConnectionState
from core.client.sync.transport import Answered, PushSubscription
from core.domain.ids import OrderId
from core.protocol.feed import Hello, Message
from tests.support.desk import Desk
from tests.support.engines import WITHIN_S, Running
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST


def test_a_session_that_has_ended_waits_for_its_person(
    run: Callable[[], Running], transport: ModelTransport, shop: FakeBackend
) -> None:
    def ended(_when: str) -> None:
        raise SignedOut("over")

    transport.fault = ended
    running = run()
    running.until(lambda sync_status: sync_status.state is ConnectionState.SIGNED_OUT)
    assert isinstance(running.engine.sync_status.problem, SignedOut)
    running.desk.take()
    running.engine.accepted()
    calls = len(transport.calls)
    transport.fault = lambda _when: None
    assert len(transport.calls) == calls
    running.engine.hurry()
    running.until_sent()
    assert len(shop.orders) == 1


def test_a_session_that_a_write_finds_ended_says_so(
    run: Callable[[], Running], transport: ModelTransport, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = run()
    running.until(lambda sync_status: sync_status.state is ConnectionState.POLLING)

    def ended(_operation: Operation, _cursor: str) -> Answered:
        raise SignedOut("over")

    with monkeypatch.context() as patched:
        patched.setattr(transport, "send", ended)
        running.desk.take()
        running.engine.accepted()
        running.until(lambda sync_status: sync_status.state is ConnectionState.SIGNED_OUT)
        assert str(running.engine.sync_status.problem) == "over"
    running.engine.hurry()
    running.until_sent()
    assert len(shop.orders) == 1


class Ending:
    """A socket that is closed because the session it was opened for has ended."""

    latency_s = None

    def __init__(self, transport: ModelTransport, followed: Callable[[], str]) -> None:
        self._transport = transport
        self._followed = followed

    def send_hello(self, hello: Hello) -> None:
        """Whoever was here signs in again, and gets another token."""
        self._transport.token = self._followed  # type: ignore[method-assign]

    def receive(self) -> Message:
        raise SignedOut("The session is over.")

    def close(self) -> None:
        return


def test_the_end_of_the_session_before_signs_nobody_out(run: Callable[[], Running], transport: ModelTransport) -> None:
    heard: list[str] = []

    @contextlib.contextmanager
    def listen() -> Iterator[PushSubscription]:
        heard.append(transport.token())
        if len(heard) > 1:
            raise Unreachable("no push")
        yield Ending(transport, lambda: f"token {len(heard)}")

    transport.listen = listen  # type: ignore[method-assign]
    running = run()
    running.until(lambda _sync_status: len(heard) > 1)
    assert all(sync_status.state is not ConnectionState.SIGNED_OUT for sync_status in running.sync_statuses)


class Stuck(ModelTransport):
    """A server that takes its time."""

    def __init__(self, shop: FakeBackend) -> None:
        super().__init__(shop)
        self.asked = threading.Event()
        self.answer = threading.Event()
        self.fault = self._wait

    def _wait(self, when: str) -> None:
        if when == "after":
            self.asked.set()
            self.answer.wait(WITHIN_S)


def test_accepting_waits_for_no_server(tmp_path: Path, shop: FakeBackend) -> None:
    transport = Stuck(shop)
    with contextlib.closing(Desk(tmp_path / "till.db", transport)) as desk:
        running = Running(desk, transport)
        running.engine.start()
        assert transport.asked.wait(WITHIN_S)
        start = time.monotonic()
        order_id: OrderId = desk.take().order_id
        desk.move(order_id, FIRST)
        running.engine.accepted()
        assert time.monotonic() - start < 1.0
        transport.answer.set()
        running.until_sent()
        running.engine.stop(WITHIN_S)


def test_a_thread_that_outlives_its_session_writes_nothing(tmp_path: Path, shop: FakeBackend) -> None:
    writer = Desk(tmp_path / "writer.db", ModelTransport(shop))
    writer.take()
    writer.send_all()
    writer.close()
    transport = Stuck(shop)
    with contextlib.closing(Desk(tmp_path / "till.db", transport)) as desk:
        running = Running(desk, transport)
        running.engine.start()
        assert transport.asked.wait(WITHIN_S)
        desk.lease.end()  # as at sign-out: the answer is under way
        told = len(desk.told)
        running.engine.stop()
        transport.answer.set()
        running.engine.stop(WITHIN_S)
        kept = Cache(desk.local)
        assert kept.newest() == []
        assert kept.place is None
        assert len(desk.told) == told


class CutOff(ModelTransport):
    """It takes its time, and breaks the connection off in the end."""

    def __init__(self, shop: FakeBackend) -> None:
        super().__init__(shop)
        self.asked, self.answer = threading.Event(), threading.Event()

    @override
    def send(self, operation: Operation, cursor: str = "") -> Answered:
        self.asked.set()
        self.answer.wait(WITHIN_S)
        raise Unreachable("broken off")


def test_a_sender_whose_person_has_left_ends_without_a_fault(
    tmp_path: Path, shop: FakeBackend, caplog: pytest.LogCaptureFixture
) -> None:
    transport = CutOff(shop)
    with contextlib.closing(Desk(tmp_path / "till.db", transport)) as desk:
        desk.sync._unreachable_at[desk.take().op_id] = -1  # others have got through since: this try will count
        running = Running(desk, transport)
        running.engine.start()
        assert transport.asked.wait(WITHIN_S)
        desk.lease.end()
        transport.answer.set()
        running.engine.stop(WITHIN_S)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
